"""Turns one published figure of a macro series into custom data that the engine delivers at its publication time."""

from nautilus_trader.model import CustomData, DataType, NautilusDataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass


@customdataclass
class MacroObservation:
    """One figure of a macro series; one class for all series, since mixed metadata breaks the engine's catalog.

    Attributes
    ----------
    series : str
        Name of the series.
    value : float
        The figure, in the unit of the series.
    source : str
        Who vouches for the figure and its publication time.
    ts_event : int
        End of the reference period, nanoseconds UTC.
    ts_init : int
        Publication time, nanoseconds UTC: the first moment at which anyone can know the figure.

    """

    series: str = ""
    value: float = 0.0
    source: str = ""


register_custom_data_class(MacroObservation)

OBSERVATION_TYPE = DataType(MacroObservation.__name__)
"""What a component subscribes to in order to receive macro observations."""

CATALOG_TYPE = NautilusDataType.Custom(MacroObservation.__name__)
"""What the engine's catalog calls the same thing."""


def observation(series: str, value: float, source: str, ts_event: int, ts_init: int) -> CustomData:
    """Wrap one figure for the engine and its catalog."""
    data = MacroObservation(ts_event, ts_init, series, value, source)  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
    return CustomData(OBSERVATION_TYPE, data)

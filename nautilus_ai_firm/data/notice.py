"""Turns one scheduled event or one headline into custom data that the engine delivers when it was published."""

from typing import Literal

from nautilus_trader.model import CustomData, DataType, NautilusDataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass

type Content = Literal["event", "news"]


@customdataclass
class ScheduledEvent:
    """Something that happens, or will, at a stated time: a rate decision, an earnings call, an index rebalance.

    Attributes
    ----------
    series : str
        Name of the series.
    text : str
        What happens.
    source : str
        Who said when it was published.
    ts_event : int
        When it happens, nanoseconds UTC; after `ts_init` for what was announced before.
    ts_init : int
        Publication time, nanoseconds UTC: the first moment at which anyone can know of it.

    """

    series: str = ""
    text: str = ""
    source: str = ""


@customdataclass
class NewsHeadline:
    """One headline; attributes as `ScheduledEvent`, but never published before `ts_event`, what it reports on."""

    series: str = ""
    text: str = ""
    source: str = ""


_CLASSES = {"event": ScheduledEvent, "news": NewsHeadline}

for _class in _CLASSES.values():
    register_custom_data_class(_class)


def notice_type(content: Content) -> DataType:
    """Make what a component subscribes to in order to receive events or news."""
    return DataType(_CLASSES[content].__name__)


def notice_catalog_type(content: Content) -> NautilusDataType:
    """Make what the engine's catalog calls the same thing."""
    return NautilusDataType.Custom(_CLASSES[content].__name__)


def notice(content: Content, series: str, text: str, source: str, ts_event: int, ts_init: int) -> CustomData:
    """Wrap one event or headline for the engine and its catalog."""
    data = _CLASSES[content](ts_event, ts_init, series, text, source)  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
    return CustomData(notice_type(content), data)

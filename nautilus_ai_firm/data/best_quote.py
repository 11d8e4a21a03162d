"""Turns the best bid and ask of one moment into custom data, which the engine's matching never hears."""

from nautilus_trader.model import CustomData, DataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass


@customdataclass
class BestQuote:
    """The best bid and ask of one instrument at one moment; one class for all instruments.

    Attributes
    ----------
    instrument_id : str
        Whose quote it is.
    bid, ask : float
        Prices in the currency of the instrument; NaN for a side that is not quoted.
    bid_size, ask_size : float
        Quantities at these prices; NaN for a side that is not quoted.
    ts_event, ts_init : int
        When it stood, nanoseconds UTC.

    """

    instrument_id: str = ""
    bid: float = 0.0
    ask: float = 0.0
    bid_size: float = 0.0
    ask_size: float = 0.0


register_custom_data_class(BestQuote)

BEST_QUOTE_TYPE = DataType(BestQuote.__name__)
"""What a component subscribes to in order to receive best quotes."""


def best_quote(instrument_id: str, bid: float, ask: float, bid_size: float, ask_size: float, ts: int) -> CustomData:
    """Wrap one quote for the engine."""
    data = BestQuote(ts, ts, instrument_id, bid, ask, bid_size, ask_size)  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
    return CustomData(BEST_QUOTE_TYPE, data)

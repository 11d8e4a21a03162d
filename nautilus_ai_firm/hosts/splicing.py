"""Bars of the catalog and of the gateway -> one series, where they agree in returns over what both have."""

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns, joined
from nautilus_ai_firm.gateways.errors import HistoryError
from nautilus_ai_firm.models.market.splice import Side, Splice, SpliceError, splice

CENT, BELOW_A_DOLLAR = 0.01, 0.0001  # steps of prices of shares


def compared(name: str, old: BarColumns, new: BarColumns, increment: float) -> Splice:
    """Hold the catalog's bars against the gateway's.

    Parameters
    ----------
    name : str
        Of the series, for messages.
    old, new : BarColumns
        Of the catalog and of the gateway.
    increment : float
        Step of the catalog's prices.

    Raises
    ------
    HistoryError
        They do not continue each other.

    """
    try:
        return splice(_side(old, increment), _side(new, CENT if new.close.min() >= 1 else BELOW_A_DOLLAR))
    except SpliceError as error:
        raise HistoryError(f"{name}: catalog (old) and gateway (new) do not continue each other: {error}") from None


def continued(old: BarColumns, new: BarColumns, how: Splice) -> BarColumns:
    """Put the catalog's bars, as far as the gateway has none, before the gateway's and on their level."""
    before = old.take(old.ts_close_ns < how.ts_first)
    scaled = before.adjusted(np.full(len(before), how.price_factor), np.full(len(before), 1 / how.volume_factor))
    return joined([scaled, new])


def _side(bars: BarColumns, increment: float) -> Side:
    return Side(ts=bars.ts_close_ns, close=bars.close, volume=bars.volume, increment=increment)

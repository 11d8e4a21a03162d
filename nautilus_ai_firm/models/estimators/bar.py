"""A snapshot becomes the highs, lows and closes that can be used."""

import numpy as np

from nautilus_ai_firm.messages import Floats, MarketSnapshot


def usable_bar(market: MarketSnapshot) -> Floats:
    """Return high, low and close, shape (3, n_instruments).

    NaN in all three where the bar is stale, a price is not finite and positive, or the high lies below the low.
    """
    bar = np.stack([market.high, market.low, market.close])
    usable = market.fresh & np.isfinite(bar).all(axis=0) & (bar > 0).all(axis=0) & (market.high >= market.low)
    return np.where(usable, bar, np.nan)

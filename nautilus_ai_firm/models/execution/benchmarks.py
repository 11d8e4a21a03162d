"""Bars of the time in which an order was worked -> the average prices that it is measured against.

A bar tells its prices and its volume, and not how they went together. So its volume is taken at the typical price
(high + low + close) / 3 and its time at (open + high + low + close) / 4; bars that the time covers in part count whole.
"""

from dataclasses import dataclass
from math import isfinite, nan


@dataclass(slots=True)
class BenchmarkWindow:
    """Volume-weighted and time-weighted average price of the bars so far.

    Attributes
    ----------
    bars : int
        How many there were.

    """

    bars: int = 0
    _volume: float = 0.0
    _traded: float = 0.0
    _prices: float = 0.0

    def add(self, *, high: float, low: float, close: float, volume: float, open_: float) -> None:
        """Take a bar; prices in currency, volume in instrument units, one that is not finite counts as none."""
        self.bars += 1
        self._prices += (open_ + high + low + close) / 4.0
        if isfinite(volume):
            self._volume += volume
            self._traded += volume * (high + low + close) / 3.0

    @property
    def volume_weighted(self) -> float:
        """Average price weighted by volume; NaN where nothing was traded."""
        return self._traded / self._volume if self._volume > 0.0 else nan

    @property
    def time_weighted(self) -> float:
        """Average price over time, bars weighing equally; NaN without a bar."""
        return self._prices / self.bars if self.bars else nan


def signed_bps(side: int, price: float, benchmark: float) -> float:
    """Return how much worse a price is than a benchmark, basis points of it: a buy above it costs, a sale below it.

    Parameters
    ----------
    side : int
        +1 buys, -1 sells.
    price, benchmark : float
        Currency; a benchmark that is not above 0 gives NaN.

    """
    return side * (price / benchmark - 1.0) * 1e4 if benchmark > 0.0 else nan

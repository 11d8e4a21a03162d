"""Bars become the average true range: how far a price goes in a round, gaps included."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.wilder import WilderMean


class AverageTrueRange:
    """Wilder's mean of the true range, max(high, last close) - min(low, last close) (Wilder 1978, section 3).

    Parameters
    ----------
    period : int
        Bars in the mean; Wilder's is 14.
    n : int
        Number of instruments.

    Notes
    -----
    In price units. NaN before `period` true ranges, the first of which needs two bars. An instrument without a bar in a
    round keeps its average; the next bar is compared with the instrument's own last close, over whatever gap.

    """

    def __init__(self, period: int, n: int) -> None:
        self._mean = WilderMean(period, n)
        self._close: Floats = np.full(n, np.nan)
        self._average: Floats = np.full(n, np.nan)

    def update(self, high: Floats, low: Floats, close: Floats, fresh: Bools) -> Floats:
        """Take a round's bars and return the averages, shape (n,)."""
        true_range = np.maximum(high, self._close) - np.minimum(low, self._close)
        seen = fresh & np.isfinite(true_range)
        self._close = np.where(fresh & np.isfinite(close), close, self._close)
        average = self._mean.update(np.where(seen, true_range, np.nan))
        self._average = np.where(seen, average, self._average)
        return self._average

"""Prices become a count of the observations since they last moved."""

import numpy as np

from nautilus_ai_firm.messages import Floats, Times


class Standstill:
    """Observations in a row in which nothing of an instrument moved.

    A volatility forgets while prices stand still, and a slower average does not: what is divided by it grows without a
    single return. Over as many observations as its span, an exponentially weighted volatility falls to 1 / e = 0.37 of
    what it was; from then on it is no unit.

    Parameters
    ----------
    n : int
        Number of instruments.

    Notes
    -----
    An instrument with a NaN among its prices keeps its count.

    """

    def __init__(self, n: int) -> None:
        self._last: Floats = np.full(n, np.nan)
        self._count: Times = np.zeros(n, dtype=np.int64)

    def update(self, prices: Floats) -> Times:
        """Take prices of one observation, shape (k, n), the last one at its end, and return the counts, shape (n,)."""
        observed = np.isfinite(prices).all(axis=0)
        moved = (prices != self._last).any(axis=0)
        self._count = np.where(observed, np.where(moved, 0, self._count + 1), self._count)
        self._last = np.where(observed, prices[-1], self._last)
        return self._count

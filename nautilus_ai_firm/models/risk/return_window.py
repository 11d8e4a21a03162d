"""Closes become the returns of the last rounds, as the books saw them."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class ReturnWindow:
    """Simple returns of the last `length` rounds, and the volatility that was known before each.

    Parameters
    ----------
    length : int
        Rounds, at least 1.
    n : int
        Number of instruments.

    Attributes
    ----------
    returns : ndarray of shape (length, n)
        Oldest first. A round without a bar has 0, as the mark of a position does not move, and the return over the gap
        stands in the round that ends it; NaN before the first return of an instrument.
    standardised : ndarray of shape (length, n)
        The same over the volatility known before the round; NaN where there was none.

    Raises
    ------
    ValueError
        A length below 1.

    """

    def __init__(self, length: int, n: int) -> None:
        if length < 1:
            raise ValueError(f"length is {length}, allowed is 1 or more")
        self._close: Floats = np.full(n, np.nan)
        self.returns: Floats = np.full((length, n), np.nan)
        self.standardised: Floats = np.full((length, n), np.nan)

    def update(self, close: Floats, fresh: Bools, volatility_before: Floats) -> Floats:
        """Take the closes of a round and return its returns, shape (n,), NaN where there is no bar to make one of.

        `volatility_before` is a fraction per round, of the rounds before this one; NaN is not known. A close that is
        not a finite positive number counts as no bar.
        """
        usable = fresh & np.isfinite(close) & (close > 0)
        returns = np.where(usable, close, np.nan) / self._close - 1.0
        marked = np.where(np.isfinite(self._close) & ~usable, 0.0, returns)
        self._close = np.where(usable, close, self._close)
        # a price that has never moved has no scale: its first move is no multiple of anything
        scale = np.where((volatility_before > 0) | (marked != 0), volatility_before, 1.0)
        scale = np.where(np.isfinite(volatility_before) & (scale > 0), scale, np.nan)
        self.returns = np.concatenate([self.returns[1:], marked[np.newaxis]])
        self.standardised = np.concatenate([self.standardised[1:], (marked / scale)[np.newaxis]])
        return returns

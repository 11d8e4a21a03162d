"""Closed bars -> what trading conditions they show: average volume and volatility of each instrument."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma


class Conditions:
    """Exponentially weighted averages over rounds, of what is fresh alone.

    Parameters
    ----------
    span : float
        Rounds over which is averaged.
    n_instruments : int
        Size of the universe.

    Attributes
    ----------
    volume : ndarray of shape (n_instruments,)
        Average volume of a bar, instrument units; NaN before the first.
    volatility : ndarray of shape (n_instruments,)
        Root mean square of the log returns from close to close, a bar; NaN before the second close.

    """

    __slots__ = ("_last", "_squares", "_volumes", "volatility", "volume")

    def __init__(self, span: float, n_instruments: int) -> None:
        self._volumes = Ewma(span, n_instruments)
        self._squares = Ewma(span, n_instruments)
        self._last: Floats = np.full(n_instruments, np.nan)
        self.volume: Floats = np.full(n_instruments, np.nan)
        self.volatility: Floats = np.full(n_instruments, np.nan)

    def update(self, close: Floats, volume: Floats, fresh: Bools) -> None:
        """Take a closed round; all arrays of shape (n_instruments,)."""
        self.volume = self._volumes.update(np.where(fresh, volume, np.nan))
        known = fresh & (close > 0)
        returns = np.log(np.where(known, close, np.nan) / self._last)
        self.volatility = np.sqrt(self._squares.update(np.square(returns)))
        self._last = np.where(known, close, self._last)

"""Pairs of log prices become p-values of cointegration, a few tests a round."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.engle_granger import engle_granger


class CointegrationTests:
    """Engle-Granger tests of many pairs on their last joint observations, each pair at its own turn.

    Pair k of n is tested in every `every`-th round, k rounds after the first, once its window is full: so no round has
    more than n / `every` tests, rounded up, and each costs the same. Between its turns a pair keeps its p-value.

    Parameters
    ----------
    length : int
        Joint observations in a window, more than 2 (`max_lag` + 2).
    max_lag : int
        Largest lag of the test, see `engle_granger`.
    every : int
        Rounds between two tests of a pair.
    n : int
        Number of pairs.

    Attributes
    ----------
    p_values : ndarray of shape (n,)
        Those of the last test of each pair; 1 before the first one, and where there was no spread to test.

    Notes
    -----
    An observation in which either log price is NaN is none of that pair, but the round counts for the turns.

    """

    def __init__(self, length: int, max_lag: int, every: int, n: int) -> None:
        self._length, self._max_lag, self._every = length, max_lag, every
        self.p_values: Floats = np.ones(n)
        self._ring: Floats = np.full((2, n, length), np.nan)
        self._count = np.zeros(n, dtype=np.int64)
        self._pairs = np.arange(n)
        self._round = 0

    def update(self, y: Floats, x: Floats) -> list[int]:
        """Take a log price of each, shape (n,), and return the places of the pairs that were tested, rising."""
        observed: Bools = np.isfinite(y) & np.isfinite(x)
        places = self._pairs[observed]
        self._ring[0, places, self._count[places] % self._length] = y[places]
        self._ring[1, places, self._count[places] % self._length] = x[places]
        self._count = self._count + observed
        turn = self._pairs[self._round % self._every :: self._every]
        tested = [int(place) for place in turn if self._count[place] >= self._length]
        self._round += 1
        for place in tested:
            _, p_value = engle_granger(*self.window(place), self._max_lag)
            self.p_values = np.where(self._pairs == place, p_value, self.p_values)
        return tested

    def window(self, place: int) -> tuple[Floats, Floats]:
        """Return the last joint log prices y and x of a pair, each of shape (length,), oldest first."""
        y, x = np.roll(self._ring[:, place], -(int(self._count[place]) % self._length), axis=1)
        return y, x

"""A stream of values becomes the sum of its last few."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class RollingSum:
    """Sums of the last `length` observations of each instrument, at the same work in every round.

    The present observation is added and the one that leaves the window is subtracted. Each time an instrument has
    filled its window anew, its sums are added up afresh, so rounding errors do not build up beyond one window.

    Parameters
    ----------
    length : int
        Observations in a sum, at least 1.
    rows, n : int
        Values in an observation of one instrument, and number of instruments.

    Attributes
    ----------
    full : ndarray of shape (n,)
        Instruments with `length` observations.

    Raises
    ------
    ValueError
        A length below 1.

    Notes
    -----
    An instrument without an observation keeps its window.

    """

    def __init__(self, length: int, rows: int, n: int) -> None:
        if length < 1:
            raise ValueError(f"length is {length}, allowed is 1 or more")
        self._length = length
        self._ring: Floats = np.zeros((length, rows, n))
        self._place = np.zeros(n, dtype=np.int64)
        self._columns = np.arange(n)
        self._sums: Floats = np.zeros((rows, n))
        self.full: Bools = np.zeros(n, dtype=np.bool_)

    def update(self, x: Floats, observed: Bools) -> Floats:
        """Take values, shape (rows, n), finite where `observed`, and return the sums; NaN before a window is full."""
        at = self._place[observed]
        columns = self._columns[observed]
        new = x[:, observed].T
        leaving = self._ring[at, :, columns]
        self._ring[at, :, columns] = new
        self._sums[:, columns] += (new - leaving).T
        wraps = at == self._length - 1
        if bool(wraps.any()):
            filled = columns[wraps]
            self._sums[:, filled] = np.add.accumulate(self._ring[:, :, filled])[-1]
            self.full[filled] = True
        self._place[columns] = (at + 1) % self._length
        return np.where(self.full, self._sums, np.nan)

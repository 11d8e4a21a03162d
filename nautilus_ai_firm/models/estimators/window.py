"""A stream of values becomes its last few, oldest first."""

import numpy as np

from nautilus_ai_firm.messages import Floats


class RollingWindow:
    """The last `length` observations of each entry of an array.

    Parameters
    ----------
    length : int
        Observations kept, at least 2.
    shape : int or tuple of int
        Shape of one observation.

    Attributes
    ----------
    values : ndarray of shape (length, *shape)
        The observations, oldest first; NaN where there have been fewer, so that whatever is computed from a window that
        is not full is NaN.

    Raises
    ------
    ValueError
        A length below 2.

    Notes
    -----
    An entry that is NaN or infinite is no observation and leaves that entry's window as it was. What is computed from a
    window is computed afresh from these values: work is the same in every round and rounding errors do not build up, as
    they would in a sum that is corrected by the value that leaves.

    """

    def __init__(self, length: int, shape: int | tuple[int, ...]) -> None:
        if length < 2:  # noqa: PLR2004 - one value has no spread and no slope
            raise ValueError(f"length is {length}, allowed is 2 or more")
        self.values: Floats = np.full((length, *np.atleast_1d(shape)), np.nan)

    def update(self, x: Floats) -> Floats:
        """Take one observation of each entry and return the windows, an array that stays as it is."""
        observed = np.isfinite(x)
        moved = np.concatenate([self.values[1:], x[np.newaxis]])
        self.values = moved if bool(observed.all()) else np.where(observed, moved, self.values)
        return self.values


def total(window: Floats) -> Floats:
    """Return the sum over the first axis, added from the oldest to the newest.

    `sum` picks its order by the layout of the array, so that an instrument alone and among others could differ in the
    last bit.
    """
    return np.add.accumulate(window)[-1]

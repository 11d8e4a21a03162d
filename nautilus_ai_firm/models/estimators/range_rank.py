"""Values become their place between the lowest and the highest of the last ones."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.window import RollingWindow


class RangeRank:
    """(x - lowest) / (highest - lowest) over the last values, the present one included: 0 at a low, 1 at a high.

    Of implied volatilities this is the IV rank of option traders.

    Parameters
    ----------
    length : int
        Values, at least 2.
    n : int
        Number of entries.

    Raises
    ------
    ValueError
        A length below 2.

    Notes
    -----
    NaN until there are `length` values, where all of them are equal, and for an entry without a present value, whose
    state stays as it was.

    """

    def __init__(self, length: int, n: int) -> None:
        self._window = RollingWindow(length, n)

    def update(self, x: Floats) -> Floats:
        """Take a value of each entry, shape (n,), and return the ranks in [0, 1], shape (n,)."""
        values = self._window.update(x)
        lowest, width = values.min(axis=0), np.ptp(values, axis=0)
        return (x - lowest) / np.where(np.isfinite(x) & (width > 0), width, np.nan)

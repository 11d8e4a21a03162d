"""Log prices become the moments of their last returns, from which a reversion can be tested and fitted."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.rolling_sum import RollingSum


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Moments of the changes of a level over a window, and of what came before each.

    Attributes
    ----------
    length : int
        Changes in the window.
    level, change : ndarray of shape (n,)
        Mean of the levels before each change, and mean change.
    products : tuple of tuples of ndarray of shape (n,)
        Sums of products of deviations from the means, lower triangle: first the changes before (the newest first),
        then the level before, then the change itself.

    """

    length: int
    level: Floats
    change: Floats
    products: tuple[tuple[Floats, ...], ...]


class RollingAutoregression:
    """Moments of the last changes of each series, at the same work in every round.

    Parameters
    ----------
    length : int
        Changes in the window.
    lag : int
        Changes before each change among the moments, from 0.
    n : int
        Number of series.

    Notes
    -----
    A value of NaN leaves its series as it was. All moments are NaN before `length` + `lag` changes, and where none
    of the changes in the window differs from 0. Levels are summed as differences from the first one of the series.

    """

    def __init__(self, length: int, lag: int, n: int) -> None:
        self._length, self._size = length, lag + 2
        self._first, self._second = np.tril_indices(self._size)
        self._sums = RollingSum(length, len(self._first) + self._size + 1, n)
        self._origin: Floats = np.full(n, np.nan)
        self._level: Floats = np.full(n, np.nan)
        self._changes: Floats = np.full((lag + 1, n), np.nan)  # the newest first

    def update(self, x: Floats) -> Moments:
        """Take a value of each series, shape (n,), NaN where there is none, and return the moments."""
        observed = np.isfinite(x)
        self._origin = np.where(np.isnan(self._origin), x, self._origin)
        before, change = self._level, x - self._level
        changes = np.concatenate([change[np.newaxis], self._changes[:-1]])
        self._changes = np.where(observed, changes, self._changes)
        self._level = np.where(observed, x, self._level)
        columns = np.concatenate([changes[1:], (before - self._origin)[np.newaxis], changes[:1]])
        products = columns[self._first] * columns[self._second]
        rows = np.concatenate([products, columns, (change != 0)[np.newaxis]])
        sums = self._sums.update(rows, observed & np.isfinite(changes[-1]))
        # whether anything moved is counted exactly; sums of squares may keep a rounding error
        sums = np.where(sums[-1] > 0, sums, np.nan)
        means = sums[-self._size - 1 : -1] / self._length
        centred = sums[: len(products)] - self._length * means[self._first] * means[self._second]
        lines = iter(centred)
        return Moments(
            length=self._length,
            level=self._origin + means[-2],
            change=means[-1],
            products=tuple(tuple(next(lines) for _ in range(row + 1)) for row in range(self._size)),
        )

"""Moves at a time of the day become their mean over past sessions, with its t-value."""

import numpy as np

from nautilus_ai_firm.messages import Floats, Times
from nautilus_ai_firm.models.estimators.ewma import decay


class Seasonality:
    """Exponentially weighted mean over sessions of the moves in each bin of the session's time, and its t-value.

    Moves that fall into one bin in one session are one observation x: their sum over the root of their number. With
    weights w of the observations of a bin, λ^age divided by their sum:

        m = Σ w x,   s² = Σ w (x - m)² / (1 - Σ w²),   t = m / (s √Σ w²)

    s² is the unbiased variance under such weights, as in pandas' `ewm(span=span, adjust=True).var(bias=False)`; with
    λ = 1 t would be the usual one of a mean.

    Parameters
    ----------
    span : float
        Span in sessions, at least 1.
    n_bins, n : int
        Number of bins and of instruments.

    Raises
    ------
    ValueError
        A span that is below 1 or not finite.

    Notes
    -----
    A move that is NaN, and one in a bin that there is not, counts for nothing. An observation is complete when the
    instrument moves in another bin, or with `close`; until then it counts for nothing. Work and memory are constant.

    """

    def __init__(self, span: float, n_bins: int, n: int) -> None:
        self._decay = float(decay(span))
        self._n_bins = n_bins
        self._columns = np.arange(n)
        self._bin: Times = np.zeros(n, dtype=np.int64)  # of the observation that is being added up
        self._sum: Floats = np.zeros(n)
        self._moves: Times = np.zeros(n, dtype=np.int64)
        shape = (n_bins, n)
        self._weight: Floats = np.zeros(shape)  # Σ λ^age
        self._squares: Floats = np.zeros(shape)  # Σ λ^(2 age)
        self._mean: Floats = np.zeros(shape)
        self._deviation: Floats = np.zeros(shape)  # Σ λ^age (x - m)²
        self._count: Times = np.zeros(shape, dtype=np.int64)

    def update(self, bins: Times, x: Floats) -> None:
        """Take one move x of each instrument in its bin, both of shape (n,)."""
        moved = np.isfinite(x) & (bins >= 0) & (bins < self._n_bins)
        self._complete(moved & (bins != self._bin))
        self._bin = np.where(moved, bins, self._bin)
        self._sum = self._sum + np.where(moved, x, 0.0)
        self._moves = self._moves + moved

    def close(self) -> None:
        """End the session: what was added up so far is complete."""
        self._complete(np.ones(len(self._columns), dtype=np.bool_))

    def measure(self, place: int, least: int) -> tuple[Floats, Floats]:
        """Return m and t of a bin, shape (n,); NaN with fewer than `least` observations, and where all are equal."""
        if not 0 <= place < self._n_bins:
            return np.full(len(self._columns), np.nan), np.full(len(self._columns), np.nan)
        weight, mean = self._weight[place], self._mean[place]
        known = (self._count[place] >= max(least, 2)) & (self._deviation[place] > 0)
        share = self._squares[place] / np.where(known, weight**2, np.nan)
        error = np.sqrt(self._deviation[place] / np.where(known, weight, np.nan) / (1 - share) * share)
        return np.where(known, mean, np.nan), mean / error

    def _complete(self, which: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
        ending = which & (self._moves > 0)
        rows, columns = self._bin[ending], self._columns[ending]
        x = self._sum[ending] / np.sqrt(self._moves[ending])
        before = self._mean[rows, columns]
        weight = self._decay * self._weight[rows, columns] + 1
        mean = before + (x - before) / weight
        self._weight[rows, columns] = weight
        self._squares[rows, columns] = self._decay**2 * self._squares[rows, columns] + 1
        self._mean[rows, columns] = mean
        self._deviation[rows, columns] = self._decay * self._deviation[rows, columns] + (x - before) * (x - mean)
        self._count[rows, columns] += 1
        self._sum = np.where(which, 0.0, self._sum)
        self._moves = np.where(which, 0, self._moves)

"""Returns become the correlation matrix of the last rounds."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class RollingCorrelation:
    """Pearson's correlation of returns over the last `length` rounds, each pair over the rounds in which both have one.

    Parameters
    ----------
    length : int
        Rounds in the window, at least 3.
    n : int
        Number of instruments.
    warm_up : int
        Joint returns in the window before a pair has a correlation, from 3 to `length`; until then it is 0.

    Attributes
    ----------
    known : ndarray of shape (n, n)
        Pairs with enough joint returns.

    Raises
    ------
    ValueError
        A length below 3, or a warm-up that no window holds.

    Notes
    -----
    Computed afresh from the window when somebody asks, so rounding errors do not build up. A pair in which one never
    moved has correlation 0. With gaps, pairwise estimates can contradict each other: the matrix is there to be looked
    at, and no portfolio is measured with it.

    """

    def __init__(self, length: int, n: int, warm_up: int) -> None:
        if not 3 <= warm_up <= length:  # noqa: PLR2004 - two points always fit a line
            raise ValueError(f"length is {length} and warm_up {warm_up}, allowed are 3 or more and 3 to length")
        self._warm_up = warm_up
        self._window: Floats = np.full((n, length), np.nan)
        self._oldest = 0  # column that the next round takes
        self.known: Bools = np.zeros((n, n), dtype=np.bool_)

    def observe(self, returns: Floats) -> None:
        """Take the returns of a round, NaN where there is none."""
        self._window[:, self._oldest] = returns
        self._oldest = (self._oldest + 1) % self._window.shape[1]

    def update(self, returns: Floats) -> Floats:
        """Take the returns of a round, NaN where there is none, and return correlations, shape (n, n)."""
        self.observe(returns)
        return self.matrix()

    def matrix(self) -> Floats:
        """Return the correlations of the window, shape (n, n), and learn which are known."""
        window = np.roll(self._window, -self._oldest, axis=1)  # by time, as sums are rounded in their order
        seen = np.isfinite(window)
        there = seen.astype(np.float64)
        count = _products(there, there)
        # about the own mean, so that the sums below do not cancel; what is left of it goes with the pair's own means
        own = np.where(seen, window, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1.0)
        x = np.where(seen, window - own[:, np.newaxis], 0.0)
        sums = _products(x, there)
        shared = np.maximum(count, 1.0)
        covariance = _products(x, x) - sums * sums.T / shared
        variance = np.maximum(_products(x**2, there) - sums**2 / shared, 0.0)
        scale = np.sqrt(variance) * np.sqrt(variance).T
        self.known = count >= self._warm_up
        matrix: Floats = np.zeros_like(scale)
        np.divide(covariance, scale, out=matrix, where=self.known & (scale > 0))
        matrix = np.clip(matrix, -1.0, 1.0)
        np.fill_diagonal(matrix, 1.0)
        return matrix


def _products(a: Floats, b: Floats) -> Floats:
    return np.einsum("it,jt->ij", a, b)

"""A stream of values becomes their exponentially weighted mean."""

from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from nautilus_ai_firm.messages import Floats


def decay(span: ArrayLike) -> Floats:
    """Return the weight of the observation before relative to the present one, λ = 1 - 2 / (span + 1).

    Parameters
    ----------
    span : array_like
        Span in observations, at least 1: the weights have the centre of mass (span - 1) / 2.

    Raises
    ------
    ValueError
        A span that is below 1 or not finite.

    """
    spans = np.asarray(span, dtype=np.float64)
    if not bool(np.all(np.isfinite(spans) & (spans >= 1))):
        raise ValueError(f"span is {span}, allowed are finite numbers of at least 1")
    return 1 - 2 / (spans + 1)


class Ewma:
    """Exponentially weighted mean of each entry of an array, one observation at a time.

    With W_0 = 0: W_t = λ W_{t-1} + 1 and m_t = m_{t-1} + (x_t - m_{t-1}) / W_t. This is the finite-sample ("adjusted")
    weighting: equal to pandas' `ewm(span=span, adjust=True, ignore_na=True).mean()`.

    Parameters
    ----------
    span : float or array_like
        Span in observations, at least 1; an array that broadcasts to `shape` gives entries spans of their own.
    shape : int or tuple of int
        Shape of the observations.

    Attributes
    ----------
    count : ndarray of int64 of the given shape
        Observations so far.
    mean : ndarray of the given shape
        The mean so far, in the unit of the observations; NaN before the first.

    Raises
    ------
    ValueError
        A span that is below 1 or not finite.

    Notes
    -----
    An entry that is NaN or infinite is no observation: it leaves that entry's state as it was, so weights decay per
    observation, not per call. A constant series has exactly its value as mean.

    """

    def __init__(self, span: ArrayLike | SupportsFloat, shape: int | tuple[int, ...]) -> None:
        self._decay = decay(np.asarray(span, dtype=np.float64))
        self._weight: Floats = np.zeros(shape)
        self.mean: Floats = np.full(shape, np.nan)
        self.count = np.zeros(shape, dtype=np.int64)
        self._begun = False  # whether every entry has been observed

    def update(self, x: Floats) -> Floats:
        """Take one observation of each entry and return the means, an array of the given shape that stays as it is."""
        observed = np.isfinite(x)
        weight = self._decay * self._weight + 1
        if self._begun and np.count_nonzero(observed) == observed.size == self.count.size:  # as below, in fewer steps
            self.mean = self.mean + (x - self.mean) / weight
            self._weight = weight
            self.count = self.count + 1
            return self.mean
        before = np.where(self.count > 0, self.mean, 0.0)
        self.mean = np.where(observed, before + (x - before) / weight, self.mean)
        self._weight = np.where(observed, weight, self._weight)
        self.count = self.count + observed
        self._begun = bool(np.count_nonzero(self.count) == self.count.size)
        return self.mean

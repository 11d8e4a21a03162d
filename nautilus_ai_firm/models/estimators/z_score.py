"""A stream of values becomes their distance from their own moving average, in units of its usual size."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma


class EwmaZScore:
    """Deviation from the own exponentially weighted mean over the usual size of such deviations.

    d_t = x_t - EWMA(x; mean_span)_t and z_t = d_t / √EWMA(d²; scale_span)_{t-1}. The scale is that of the deviations
    before the present one, so an outlier does not hide itself.

    Parameters
    ----------
    mean_span, scale_span : float
        Spans in observations, at least 1.
    shape : int or tuple of int
        Shape of the observations.
    warm_up : int
        Observations before there is a z-score.

    Raises
    ------
    ValueError
        A span below 1 or not finite.

    Notes
    -----
    An entry that is NaN or infinite leaves its state as it was and gets NaN; so does one that has never moved.

    """

    def __init__(self, mean_span: float, scale_span: float, shape: int | tuple[int, ...], warm_up: int) -> None:
        self._warm_up = warm_up
        self._mean = Ewma(mean_span, shape)
        self._squares = Ewma(scale_span, shape)

    def update(self, x: Floats) -> Floats:
        """Take one observation of each entry and return the z-scores, an array of the given shape."""
        deviation = x - self._mean.update(x)
        usual = np.sqrt(self._squares.mean)
        # the first deviation is zero by construction and says nothing about the scale
        self._squares.update(np.where(self._mean.count > 1, deviation**2, np.nan))
        usable = np.isfinite(x) & (usual > 0) & (self._mean.count >= self._warm_up)
        return deviation / np.where(usable, usual, np.nan)

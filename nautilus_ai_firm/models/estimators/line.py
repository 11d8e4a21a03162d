"""Windows become straight lines fitted to them."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.window import total


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Least-squares lines through windows, each array of the shape of one observation.

    Attributes
    ----------
    end : ndarray
        Value of the line at the newest observation, in the unit of the observations.
    slope : ndarray
        Rise per observation.
    r_squared : ndarray
        Share of the variance that the line explains, in [0, 1]; 0 for a constant.

    """

    end: Floats
    slope: Floats
    r_squared: Floats


def fit_line(window: Floats) -> Line:
    """Fit a line to each window by ordinary least squares on the places 0, 1, ... of its observations.

    slope = Σ (i - ī) x_i / Σ (i - ī)², end = x̄ + slope (L - 1) / 2, R² = slope² Σ (i - ī)² / Σ (x_i - x̄)².

    Parameters
    ----------
    window : ndarray of shape (length, ...)
        Observations, oldest first, at least two; one that is NaN makes the whole line NaN.

    """
    length = len(window)
    place = (np.arange(length) - (length - 1) / 2).reshape(-1, *[1] * (window.ndim - 1))
    spread = length * (length**2 - 1) / 12  # Σ (i - ī)²
    mean = total(window) / length
    deviation = window - mean
    slope = total(place * deviation) / spread
    varies = total(deviation**2)
    explained = np.divide(slope**2 * spread, varies, out=np.zeros_like(varies), where=varies != 0)
    return Line(end=mean + slope * (length - 1) / 2, slope=slope, r_squared=np.minimum(explained, 1.0))

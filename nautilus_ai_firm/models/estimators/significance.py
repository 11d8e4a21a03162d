"""A t-value becomes a confidence, a normal variable a probability, a weighted correlation a t-value."""

from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.ewma import decay

SQRT_2 = sqrt(2)


def confidence(t: Floats) -> Floats:
    """Return 2 Φ(|t|) - 1: how likely a standard normal variable is to stay below |t| in size.

    Parameters
    ----------
    t : ndarray of shape (n,)
        Values that are standard normal where there is nothing to see.

    Returns
    -------
    ndarray of shape (n,)
        Confidence in [0, 1]; NaN where t is NaN.

    """
    return np.array([erf(value) for value in (np.abs(t) / SQRT_2).tolist()], dtype=np.float64)


def probability_below(z: Floats) -> Floats:
    """Return Φ(z): how likely a standard normal variable is to stay below z.

    Parameters
    ----------
    z : ndarray of shape (n,)
        Values in standard deviations.

    Returns
    -------
    ndarray of shape (n,)
        Probabilities in [0, 1]; NaN where z is NaN.

    """
    return np.array([(1 + erf(value)) / 2 for value in (z / SQRT_2).tolist()], dtype=np.float64)


def correlation_t(correlation: Floats, count: NDArray[np.int64], span: float) -> Floats:
    """Return the t-value of an exponentially weighted correlation of two series whose means are zero.

    t = ρ √((m - 1) / (1 - ρ²)) (Fisher 1921) with the effective number of observations m = (Σ w)² / Σ w² (Kish 1965),
    which for the weights λ^k of n observations is span (1 - λⁿ) / (1 + λⁿ).

    Parameters
    ----------
    correlation : ndarray of shape (n,)
        Correlations in [-1, 1].
    count : ndarray of shape (n,)
        Observations of which they were made.
    span : float
        Span of the weights, observations.

    Returns
    -------
    ndarray of shape (n,)
        About standard normal for unrelated series; NaN where there is no correlation or less than two effective
        observations, and infinite for a perfect correlation.

    """
    faded = decay(span) ** count
    effective = span * (1 - faded) / (1 + faded)
    freedom = np.where(effective >= 2, effective - 1, np.nan)  # noqa: PLR2004 - one observation always fits
    with np.errstate(divide="ignore"):
        return correlation * np.sqrt(freedom / (1 - correlation**2))

"""A t-value becomes a confidence, and a normal variable a probability."""

from math import erf, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats

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

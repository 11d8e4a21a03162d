"""A t-value becomes a confidence."""

from math import erf, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats


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
    return np.array([erf(abs(value) / sqrt(2)) for value in t.tolist()], dtype=np.float64)

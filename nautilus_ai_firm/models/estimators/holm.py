"""p-values of many tests become p-values that hold for all of them together."""

import numpy as np

from nautilus_ai_firm.messages import Floats


def holm(p_values: Floats) -> Floats:
    """Adjust p-values so that rejecting those up to a level errs anywhere with at most that probability (Holm 1979).

    The k-th smallest of m becomes the largest of (m - j + 1) p_(j) over j <= k, at most 1. It holds whatever the tests
    have in common.

    Parameters
    ----------
    p_values : ndarray of shape (m,)
        In [0, 1]; one that is not known yet counts as 1.

    Returns
    -------
    ndarray of shape (m,)
        Adjusted p-values, in the order given.

    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate((m - np.arange(m)) * p_values[order]), 1.0)
    return adjusted

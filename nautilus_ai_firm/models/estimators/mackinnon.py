"""Statistics of unit-root and cointegration tests become p-values."""

from math import erfc

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.significance import SQRT_2

FITS = {
    1: ((-18.83, -1.61, 2.74), (2.1659, 1.4412, 0.038269), (1.7339, 0.93202, -0.12745, -0.010368)),
    2: ((-18.86, -2.62, 0.92), (2.92, 1.5012, 0.039796), (2.1945, 0.64695, -0.29198, -0.042377)),
}
"""Number of series to where the fit begins, changes and ends, and the terms left and right of the change."""


def mackinnon_p(statistic: Floats, n_series: int) -> Floats:
    """Return the approximate probability of a lower statistic where there is nothing to find, with a constant.

    Φ of a polynomial in the statistic, fitted to simulated distributions (MacKinnon 1994, tables 3 and 4).

    Parameters
    ----------
    statistic : ndarray of shape (n,)
        t-values of a Dickey-Fuller regression.
    n_series : int
        1 for a unit root, 2 for the cointegration of two series.

    Returns
    -------
    ndarray of shape (n,)
        p-values in [0, 1]; 0 and 1 beyond the range of the fit, and 1 where the statistic is NaN: no evidence.

    """
    (begins, changes, ends), left, right = FITS[n_series]
    inside = np.clip(statistic, begins, ends)
    z = np.where(inside <= changes, _polynomial(left, inside), _polynomial(right, inside))
    p = np.array([erfc(value) / 2 for value in (z / -SQRT_2).tolist()], dtype=np.float64)
    return np.where(statistic < begins, 0.0, np.where(statistic <= ends, p, 1.0))


def _polynomial(terms: tuple[float, ...], x: Floats) -> Floats:
    value = np.full(x.shape, terms[-1])
    for term in terms[-2::-1]:
        value = value * x + term
    return value

"""Moments of log prices become test statistics of whether they revert."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.autoregression import Moments


def dickey_fuller(moments: Moments) -> Floats:
    """Return augmented Dickey-Fuller statistics (Dickey and Fuller 1979; Said and Dickey 1984).

    The t-value of φ in Δx_t = a + φ x_{t-1} + Σ_i c_i Δx_{t-i} + e_t, with the changes before that the moments have:
    low where the series reverts. Its p-value is `mackinnon_p` with one series.

    Returns
    -------
    ndarray of shape (n,)
        t-values; NaN where the moments are, and where the regression has no unique solution.

    """
    *before, level, _ = rows = _factor(moments.products)
    rest = moments.products[-1][-1]
    for part in rows[-1][:-1]:
        rest = rest - part**2
    freedom = moments.length - len(before) - 2
    return rows[-1][len(level) - 1] / np.sqrt(np.where(rest > 0, rest, np.nan) / freedom)


def _factor(products: tuple[tuple[Floats, ...], ...]) -> list[list[Floats]]:
    # Cholesky factor of the products, for all series at once, without the last diagonal; written out, so that results
    # do not depend on the machine's linear algebra library.
    rows: list[list[Floats]] = []
    for i, line in enumerate(products):
        row: list[Floats] = []
        for j in range(i):
            inner = line[j]
            for a, b in zip(row, rows[j], strict=False):
                inner = inner - a * b
            row.append(inner / rows[j][j])
        square = line[i]
        for part in row:
            square = square - part**2
        rows.append([*row, np.sqrt(np.where(square > 0, square, np.nan))])
    return rows

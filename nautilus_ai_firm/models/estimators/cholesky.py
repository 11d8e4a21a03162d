"""A covariance matrix becomes its triangular factor."""

import numpy as np

from nautilus_ai_firm.messages import Floats

_SINGULAR = 1e-10
"""Share of a variance left below which a row is a combination of the rows before it."""


def cholesky(matrix: Floats) -> Floats:
    """Return the lower triangular L with L L' equal to a positive semi-definite matrix, column by column.

    A row that the ones before it explain gets no direction of its own, so a singular matrix, as of a portfolio with
    more instruments than observations, has a factor too. Written out: results must not depend on the machine's linear
    algebra library.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric and positive semi-definite up to rounding.

    Returns
    -------
    ndarray of shape (n, n)
        In the unit of the square root of the entries.

    Raises
    ------
    ValueError
        A matrix that is not positive semi-definite, or has a value that is not finite.

    """
    if not bool(np.all(np.isfinite(matrix))):
        raise ValueError("the matrix has values that are not finite")
    n = len(matrix)
    factor: Floats = np.zeros((n, n))
    for j in range(n):
        column = matrix[j:, j] - np.einsum("ik,k->i", factor[j:, :j], factor[j, :j])
        pivot, scale = float(column[0]), float(matrix[j, j])
        if pivot < -1e-6 * abs(scale) or scale < 0:
            raise ValueError(f"the matrix is not positive semi-definite: row {j} leaves {pivot} of {scale}")
        if pivot > _SINGULAR * scale:
            factor[j:, j] = column / np.sqrt(pivot)
    return factor

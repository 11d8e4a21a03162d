"""Observations with outliers become a linear fit that few of them cannot pull away, and its covariance."""

from dataclasses import dataclass
from math import inf

import numpy as np

from nautilus_ai_firm.messages import Floats

TUNING = 1.345
"""Deviations beyond which an observation counts less: 95 % as efficient as least squares where errors are normal."""

_NORMAL_MAD = 0.6744897501960817  # median of |x| of a standard normal x
_ENOUGH = 1e-12
_ROUNDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustFit:
    """A linear fit.

    Attributes
    ----------
    coefficients : ndarray of shape (n_columns,)
        Of the columns of the design.
    unscaled : ndarray of shape (n_columns, n_columns)
        (XᵀX)⁻¹: the covariance of the coefficients for errors of variance 1.
    variance : float
        Variance of the errors that, times `unscaled`, is the covariance of the coefficients.

    """

    coefficients: Floats
    unscaled: Floats
    variance: float


def huber_fit(design: Floats, observed: Floats, tuning: float = TUNING) -> RobustFit:
    """Fit y = X b + e by Huber's M-estimator with the scale of the errors re-estimated in each round.

    Weights min(1, c / |u|) with u = e / s and s = median |e| / 0.6745, repeated until nothing changes (Huber 1981,
    Robust Statistics, section 7.8). The covariance is Huber's first one (section 7.6),

        K² s² Σ ψ(u)² / (n - p) / (mean ψ'(u))² (XᵀX)⁻¹,   K = 1 + p var(ψ') / (n mean(ψ')²).

    Parameters
    ----------
    design : ndarray of shape (n, n_columns)
        X, of full rank, n above its number of columns.
    observed : ndarray of shape (n,)
        y, finite.
    tuning : float
        c, above 0; infinite for ordinary least squares, whose covariance it then is.

    Raises
    ------
    ValueError
        Too few observations, or columns that cannot be told apart.

    Notes
    -----
    Where more than half of the errors are 0 they have no scale, and the fit is that of least squares.

    """
    n, columns = design.shape
    if n <= columns:
        raise ValueError(f"{n} observations, allowed are more than the {columns} coefficients")
    gram = _product(design.T, design)
    if np.linalg.matrix_rank(gram, hermitian=True) < columns:
        raise ValueError(f"{columns} columns of the design cannot be told apart")
    unscaled = np.linalg.inv(gram)
    least_squares = coefficients = _applied(unscaled, _applied(design.T, observed))
    for _ in range(_ROUNDS):
        scale = _scale(observed - _applied(design, coefficients))
        if not scale > 0:
            coefficients, tuning = least_squares, inf
            break
        weights = _weights((observed - _applied(design, coefficients)) / scale, tuning)
        weighted = design.T * weights
        found = np.linalg.solve(_product(weighted, design), _applied(weighted, observed))
        moved = float(np.abs(found - coefficients).max())
        coefficients = found
        if moved <= _ENOUGH * float(np.abs(found).max()):
            break
    return RobustFit(
        coefficients=coefficients,
        unscaled=unscaled,
        variance=_variance(observed - _applied(design, coefficients), columns, tuning),
    )


def _product(a: Floats, b: Floats) -> Floats:
    return np.einsum("ij,jk->ik", a, b)  # the same bits whatever the processor


def _applied(a: Floats, x: Floats) -> Floats:
    return np.einsum("ij,j->i", a, x)


def _scale(errors: Floats) -> float:
    return float(np.median(np.abs(errors))) / _NORMAL_MAD


def _weights(u: Floats, tuning: float) -> Floats:
    return np.minimum(1.0, tuning / np.maximum(np.abs(u), 1e-300))


def _variance(errors: Floats, columns: int, tuning: float) -> float:
    n = len(errors)
    if tuning == inf:
        return float(np.square(errors).sum()) / (n - columns)
    scale = _scale(errors)
    u = errors / scale
    inside = np.abs(u) <= tuning
    correction = 1 + columns / n * float(inside.var()) / float(inside.mean()) ** 2
    psi = float(np.square(np.clip(u, -tuning, tuning)).sum()) / (n - columns)
    return correction**2 * scale**2 * psi / float(inside.mean()) ** 2

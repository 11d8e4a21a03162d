"""What own orders of many sizes paid becomes the exponent of the square-root law, where they can tell it."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.huber import huber_fit
from nautilus_ai_firm.models.estimators.student_t import quantile

LEAST_ORDERS = 50
WIDEST = 0.3
"""Distance of the bounds from the exponent beyond which orders have not told it: 1/2 and 3/5 would be alike, and 1."""

_LEAST, _MOST = 0.05, 1.5
_LONGEST = 0.1  # step of the exponent
_ROUNDS = 200
_ENOUGH = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedExponent:
    """The exponent d of the law, its bounds, and the coefficient Y that goes with it."""

    exponent: float
    low: float
    high: float
    coefficient: float


def calibrate_exponent(
    participation: Floats, volatility: Floats, cost: Floats, *, confidence: float = 0.95
) -> CalibratedExponent | None:
    """Estimate d and Y together: c / σ = Y p^d + e, by the method of Gauss and Newton with Huber's regression.

    Sizes count in units of their geometric mean, where errors of d and of Y are least alike. Bounds are those of the
    linear fit at the solution, with Student's t of n - 2 degrees of freedom.

    Parameters
    ----------
    participation, volatility, cost : ndarray of shape (n,)
        As for `calibrate_impact`, which refuses what is not allowed.
    confidence : float
        Of the bounds, in (0, 1).

    Returns
    -------
    CalibratedExponent or None
        None where the orders do not tell: fewer than 50, all of one size, no impact that stands out from the noise, no
        solution with d between 0.05 and 1.5, or bounds further than 0.3 away.

    """
    n = len(participation)
    if n < LEAST_ORDERS or float(np.ptp(participation)) == 0:
        return None
    logs = np.log(participation)
    sizes, observed = logs - logs.mean(), cost / volatility
    level, exponent = float(huber_fit(np.exp(sizes / 2)[:, np.newaxis], observed).coefficients[0]), 0.5
    t = quantile((1 + confidence) / 2, n - 2)
    for _ in range(_ROUNDS):
        powers = np.exp(exponent * sizes)
        design = np.column_stack([powers, level * powers * sizes])
        try:
            fit = huber_fit(design, observed - level * powers)
        except ValueError:  # without impact every exponent is the same
            return None
        step = fit.coefficients.tolist()
        part = min(1.0, _LONGEST / max(abs(step[1]), _LONGEST))
        level, exponent = level + part * step[0], exponent + part * step[1]
        if not _LEAST < exponent < _MOST:
            return None
        if abs(step[0]) <= _ENOUGH * abs(level) and abs(step[1]) <= _ENOUGH:
            reach, level_reach = (t * sqrt(fit.variance * fit.unscaled[i, i]) for i in (1, 0))
            if reach > WIDEST or level <= level_reach:
                return None
            coefficient = level * float(np.exp(-exponent * logs.mean()))
            return CalibratedExponent(
                exponent=exponent, low=exponent - reach, high=exponent + reach, coefficient=coefficient
            )
    return None

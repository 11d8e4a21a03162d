"""What own orders paid beyond their arrival prices becomes the coefficient of the square-root law, with its bounds.

One observation is one order i: of the share p_i = Q_i / V_i of the daily volume it paid the fraction c_i of its arrival
price, in the direction of its side, while the instrument moved by σ_i a day. In daily volatilities the law is a line
through the origin whose errors, the moves that the market made meanwhile, are of one size:

    c_i / σ_i = Y p_i^d + e_i.

A logarithm of both sides would have to drop every order that the market happened to favour, which is near to half of
them, and what is left would show impact where there is none. So the line is fitted as it is.
"""

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.huber import huber_fit
from nautilus_ai_firm.models.estimators.student_t import quantile

LEAST_ORDERS = 10
"""Orders that tell how large their errors are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactPrior:
    """What is believed before own orders tell.

    Attributes
    ----------
    coefficient, deviation : float
        Mean and standard deviation of Y: 0.5 to 1 in published work, with room beside; the deviation may be infinite.
    noise : float
        Size of the errors e, daily volatilities, above 0.
    noise_orders : float
        How many orders the belief in that size is worth, above 0.

    """

    coefficient: float = 0.75
    deviation: float = 0.5
    noise: float = 0.5
    noise_orders: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedImpact:
    """The coefficient of the square-root law after own orders.

    Attributes
    ----------
    orders : int
        Observations.
    exponent : float
        d, which was given.
    coefficient, low, high : float
        Y with what was believed before, and its bounds.
    own_coefficient, own_low, own_high : float
        Y from the orders alone, and its bounds; NaN with fewer than 10 orders.
    noise : float
        Size of the errors, daily volatilities.
    prior_share : float
        Share of what was believed before in the precision of `coefficient`, in [0, 1].
    confidence : float
        Of the bounds.

    """

    orders: int
    exponent: float
    coefficient: float
    low: float
    high: float
    own_coefficient: float
    own_low: float
    own_high: float
    noise: float
    prior_share: float
    confidence: float


def calibrate_impact(
    participation: Floats,
    volatility: Floats,
    cost: Floats,
    *,
    exponent: float = 0.5,
    prior: ImpactPrior | None = None,
    confidence: float = 0.95,
) -> CalibratedImpact:
    """Estimate Y at a given exponent: robust regression, then the conjugate normal prior.

    The regression is Huber's (`huber_fit`), so that a few orders on days of great moves do not decide. Its estimate Ŷ
    with the variance v, and the prior N(m, s²), make the normal posterior with the precision 1 / v + 1 / s² and the
    mean (Ŷ / v + m / s²) over it (Gelman et al. 2013, Bayesian Data Analysis, section 2.5). v rests on the variance of
    the errors, which is the mean of the one that was found and the one that was believed, weighted by n - 1 orders and
    by `noise_orders` (section 2.6); bounds take Student's t with as many degrees of freedom. Fewer than 10 orders do
    not tell how large their errors are: then what was believed counts alone, and Ŷ is that of least squares.

    Parameters
    ----------
    participation : ndarray of shape (n,)
        Quantity over the average daily volume, above 0; one row an order, for the fills of one order move together.
    volatility : ndarray of shape (n,)
        Daily, a fraction, above 0.
    cost : ndarray of shape (n,)
        (average price of the fills / arrival price - 1), times -1 for sales.
    exponent : float
        d, in (0, 1].
    prior : ImpactPrior, optional
        That of published work when absent.
    confidence : float
        Of the bounds, in (0, 1).

    Raises
    ------
    ValueError
        Arrays that do not fit together or hold what is not allowed, or an argument out of range.

    """
    believed = prior or ImpactPrior()
    _refuse_out_of_range(believed, exponent, confidence)
    regressor, observed = _line(participation, volatility, cost, exponent)
    n, square = len(regressor), float(np.square(regressor).sum())
    tells = n >= LEAST_ORDERS
    freedom = believed.noise_orders
    if tells:
        fit = huber_fit(regressor[:, np.newaxis], observed)
        own, found = float(fit.coefficients[0]), fit.variance
        freedom += n - 1
        noise = sqrt((believed.noise_orders * believed.noise**2 + (n - 1) * found) / freedom)
        own_reach = quantile((1 + confidence) / 2, n - 1) * sqrt(found / square)
    else:
        own = float((regressor * observed).sum()) / square if square > 0 else 0.0
        noise, own_reach = believed.noise, nan
    of_orders, of_belief = square / noise**2, believed.deviation**-2
    precision = of_orders + of_belief
    if not precision > 0:
        raise ValueError("no order and no belief: the coefficient is not known")
    mean = (of_orders * own + of_belief * believed.coefficient) / precision
    reach = quantile((1 + confidence) / 2, freedom) / sqrt(precision)
    return CalibratedImpact(
        orders=n,
        exponent=exponent,
        coefficient=mean,
        low=mean - reach,
        high=mean + reach,
        own_coefficient=own if tells else nan,
        own_low=own - own_reach,
        own_high=own + own_reach,
        noise=noise,
        prior_share=of_belief / precision,
        confidence=confidence,
    )


def _line(participation: Floats, volatility: Floats, cost: Floats, exponent: float) -> tuple[Floats, Floats]:
    arrays = {"participation": participation, "volatility": volatility, "cost": cost}
    for name, values in arrays.items():
        if values.shape != (len(participation),):
            raise ValueError(f"{name} has the shape {values.shape}, allowed is ({len(participation)},) for all three")
        allowed = np.isfinite(values) & ((values > 0) | (name == "cost"))
        if not bool(allowed.all()):
            wrong = float(values[~allowed][0])
            raise ValueError(f"{name} has {wrong}, allowed are finite numbers{'' if name == 'cost' else ' above 0'}")
    return participation**exponent, cost / volatility


def _refuse_out_of_range(prior: ImpactPrior, exponent: float, confidence: float) -> None:
    if not 0 < exponent <= 1 or not 0 < confidence < 1:
        raise ValueError(f"exponent is {exponent} and confidence {confidence}, allowed are (0, 1] and (0, 1)")
    if not (isfinite(prior.coefficient) and prior.deviation > 0 and prior.noise > 0 and prior.noise_orders > 0):
        raise ValueError(f"{prior} is no belief: all but the coefficient are above 0")

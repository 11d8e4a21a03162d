"""Contracts and volatilities become values of American options: European ones, and the right to exercise early."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.european_option import Options, Terms, Value

_ITERATIONS = 50
_TOLERANCE = 1e-6
"""Newton's steps for the price of exercise: how many at most, and the relative step that is the last one. What remains
is of the order of its square, and the value depends on the square of that."""

_LEAST = 1e-6
"""Yield per year up to which nobody exercises early."""


def american_value(options: Options, volatility: Floats) -> Value:
    """Value American options by the quadratic approximation of Barone-Adesi and Whaley (1987).

    With x = spot / strike, φ = 1 for calls and -1 for puts, and the European value e(x), all in units of the strike:
    value = e(x) + A (x / x*)^q before the price of exercise x*, and φ (x - 1) from there on, where

        q = (1 - n + φ √((n - 1)² + 4 m)) / 2,  m = 2 r / (σ² (1 - exp(-r T))),  n = 2 b / σ²
        A = φ (x* - 1) - e(x*) = x* (φ - e'(x*)) / q

    (Haug 2007, section 3.1, from whose seed Newton's method finds x*). A call is never exercised early without a
    dividend yield (b ≥ r), nor a put without interest (r = 0 ≥ b): then it is European.

    Parameters
    ----------
    options : Options
        The contracts.
    volatility : ndarray of shape (n_contracts,)
        σ per year, above 0; NaN gives NaN.

    Notes
    -----
    Each contract's numbers are the same alone and among others. Dividends are a yield; a call on a share with one known
    payment is best exercised just before it, which this does not see.

    """
    spot, sign = options.spot / options.strike, options.sign
    value, delta, density = Terms.of(options, volatility).value(spot)
    gamma, premium = density / spot, np.zeros(len(spot))
    dividends = options.rate - options.carry
    early = np.where(options.is_call, dividends, np.maximum(options.rate, -dividends)) > _LEAST
    early &= np.isfinite(value)
    if early.any():
        x, side = spot[early], sign[early]
        exercise, q, weight = _exercise(options.of(early), volatility[early])
        due = side * (x - exercise) >= 0
        right = weight * np.where(due, 1.0, x / exercise) ** q
        premium[early] = np.where(due, side * (x - 1) - value[early], right)
        delta[early] = np.where(due, side, delta[early] + right * q / x)
        gamma[early] = np.where(due, 0.0, gamma[early] + right * q * (q - 1) / x**2)
    return Value(
        price=(value + premium) * options.strike,
        premium=premium * options.strike,
        delta=delta,
        gamma=gamma / options.strike,
    )


def _exercise(options: Options, volatility: Floats) -> tuple[Floats, Floats, Floats]:
    # Price of exercise x*, power q and weight A of contracts for which early exercise may pay.
    years, rate, carry, sign = options.years, options.rate, options.carry, options.sign
    n = 2 * carry / volatility**2
    faded = -np.expm1(-rate * years) / rate if rate > 0 else years
    m, m_without_end = 2 / (volatility**2 * faded), 2 * rate / volatility**2
    q, q_without_end = ((1 - n + sign * np.sqrt((n - 1) ** 2 + 4 * one)) / 2 for one in (m, m_without_end))
    furthest = q_without_end / (q_without_end - 1)
    decay = (carry * years + 2 * sign * volatility * np.sqrt(years)) / (furthest - 1)
    exercise = furthest + (1 - furthest) * np.exp(-np.maximum(decay, 0.0))
    terms, moving = Terms.of(options, volatility), np.ones(len(years), dtype=np.bool_)
    for _ in range(_ITERATIONS):
        value, delta, density = terms.value(exercise)
        left = sign - delta
        step = (value + left * exercise / q - sign * (exercise - 1)) / (left / q - density / q - left)
        # halfway to the strike or to 0 instead of across: exercise pays beyond the strike only
        nearer = (exercise + 1) / 2
        after = np.where(sign > 0, np.maximum(exercise - step, nearer), np.minimum(exercise - step, nearer))
        after = np.maximum(after, exercise / 2)
        last = np.abs(after - exercise) <= _TOLERANCE * exercise
        exercise = np.where(moving, after, exercise)
        moving &= ~last
        if not moving.any():
            break
    return exercise, q, sign * (exercise - 1) - terms.value(exercise)[0]

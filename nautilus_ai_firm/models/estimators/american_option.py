"""Contracts and volatilities become values of American options: European ones, and the right to exercise early."""

from math import exp, expm1, isfinite, sqrt

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.european_option import Contract, Options, Terms, Value, Worth, value_of

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
    return value_of(list(map(american_worth, options.contracts(), volatility.tolist())), options.strike)


def american_worth(contract: Contract, volatility: float) -> Worth:
    """Value one American option, as `american_value`, at a volatility, per year, above 0; NaN gives NaN."""
    x, _, rate, carry, sign = contract
    terms = Terms.of(contract, volatility)
    value, delta, density = terms.value(x)
    gamma, dividends = density / x, rate - carry
    gained = dividends if sign > 0 else max(rate, -dividends)
    if not (gained > _LEAST and isfinite(value)):
        return Worth(value, 0.0, delta, gamma)
    exercise, q, weight = _exercise(contract, volatility, terms)
    if sign * (x - exercise) >= 0:
        premium = sign * (x - 1) - value
        return Worth(value + premium, premium, sign, 0.0)
    right = weight * (x / exercise) ** q
    return Worth(value + right, right, delta + right * q / x, gamma + right * q * (q - 1) / (x * x))


def _exercise(contract: Contract, volatility: float, terms: Terms) -> tuple[float, float, float]:
    # Price of exercise x*, power q and weight A of a contract for which early exercise may pay.
    _, years, rate, carry, sign = contract
    variance = volatility * volatility
    n = 2 * carry / variance
    faded = -expm1(-rate * years) / rate if rate > 0 else years
    m, m_without_end = 2 / (variance * faded), 2 * rate / variance
    q, q_without_end = ((1 - n + sign * sqrt((n - 1) ** 2 + 4 * one)) / 2 for one in (m, m_without_end))
    furthest = q_without_end / (q_without_end - 1)
    decay = (carry * years + 2 * sign * volatility * sqrt(years)) / (furthest - 1)
    exercise = furthest + (1 - furthest) * exp(-max(decay, 0.0))
    for _ in range(_ITERATIONS):
        value, delta, density = terms.value(exercise)
        left = sign - delta
        slope = left / q - density / q - left
        if not slope:  # so far out that nothing changes any more
            break
        after = exercise - (value + left * exercise / q - sign * (exercise - 1)) / slope
        # halfway to the strike or to 0 instead of across: exercise pays beyond the strike only
        nearer = (exercise + 1) / 2
        after = max(max(after, nearer) if sign > 0 else min(after, nearer), exercise / 2)
        last = abs(after - exercise) <= _TOLERANCE * exercise
        exercise = after
        if last:
            break
    return exercise, q, sign * (exercise - 1) - terms.value(exercise)[0]

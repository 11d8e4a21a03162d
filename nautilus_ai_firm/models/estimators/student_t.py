"""A probability becomes a value of Student's t distribution, whatever its degrees of freedom."""

from math import exp, lgamma, log, pi

_TINY = 1e-300
_ROUNDING = 1e-15
_MOST_TERMS = 1000
_LARGEST = 1e6
"""Degrees of freedom from which the normal distribution is meant."""


def density(t: float, degrees_of_freedom: float) -> float:
    """Return the density of Student's t at t."""
    d = degrees_of_freedom
    return exp(lgamma((d + 1) / 2) - lgamma(d / 2) - 0.5 * log(d * pi) - (d + 1) / 2 * log(1 + t * t / d))


def probability_above(t: float, degrees_of_freedom: float) -> float:
    """Return P(T > t) for t of at least 0: I_x(d/2, 1/2) / 2 with x = d / (d + t²) (Abramowitz and Stegun 26.7.1)."""
    d = degrees_of_freedom
    return 0.5 * _incomplete_beta(d / 2, 0.5, d / (d + t * t))


def quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the value that Student's t stays below with a probability, by halving the interval.

    Parameters
    ----------
    probability : float
        Above 0 and below 1.
    degrees_of_freedom : float
        d, above 0; the variance is finite above 2 and then d / (d - 2).

    Raises
    ------
    ValueError
        A probability or degrees of freedom out of range.

    """
    if not 0 < probability < 1 or not 0 < degrees_of_freedom < _LARGEST:
        raise ValueError(
            f"probability is {probability} and degrees_of_freedom {degrees_of_freedom}, "
            f"allowed are numbers above 0, below 1 and below {_LARGEST:g}"
        )
    if probability < 0.5:  # noqa: PLR2004 - the median
        return -quantile(1 - probability, degrees_of_freedom)
    low, high = 0.0, 1.0
    while probability_above(high, degrees_of_freedom) > 1 - probability:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        if probability_above(middle, degrees_of_freedom) > 1 - probability:
            low = middle
        else:
            high = middle


def _incomplete_beta(a: float, b: float, x: float) -> float:
    # Regularised, by the continued fraction of DLMF 8.17.22, which converges fast for x below (a + 1) / (a + b + 2).
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(a * log(x) + b * log(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return front * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    # The method of Lentz (1976): the fraction as a product of the ratios of its convergents.
    upper = 1.0
    lower = 1.0 / _away_from_0(1.0 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower = 1.0 / _away_from_0(1.0 + term * lower)
            upper = _away_from_0(1.0 + term / upper)
            value *= lower * upper
        if abs(lower * upper - 1.0) <= _ROUNDING:
            break
    return value


def _away_from_0(x: float) -> float:
    return x if abs(x) > _TINY else _TINY

"""Joint limits become the one factor by which all trades that add exposure are scaled."""

from collections.abc import Callable, Sequence
from math import isfinite

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.limit_kinds import Joint, Linear

ROUNDING = 1e-12
"""Relative excess over a limit that is a rounding error of a sum and no breach."""

HALVINGS = 40
"""Of the search: the factor is within 2^-40 of the largest one, and always on the side that keeps the limit."""


def keeps(value: float, limit: float) -> bool:
    """Whether a value is within its limit; one that is not known is not."""
    return value <= limit + ROUNDING * limit


def largest_factor(allowed: Callable[[float], bool], lowest: float = 0.0, highest: float = 1.0) -> float:
    """Return the largest factor that is allowed, by bisection.

    Parameters
    ----------
    allowed : callable
        From a factor to whether it keeps the limits; what is allowed is meant to be an interval that begins at `lowest`
        (as with a measure that is convex in the weights and is kept there). Where it is several intervals, the factor
        found is an allowed one but perhaps not the largest.
    lowest, highest : float
        Bounds of the search.

    Returns
    -------
    float
        `highest` if it is allowed, 0 if `lowest` is not, else the allowed end of the last interval of the bisection.

    """
    if allowed(highest):
        return highest
    if not allowed(lowest):
        return 0.0
    inside, outside = lowest, highest
    for _ in range(HALVINGS):
        middle = 0.5 * (inside + outside)
        if allowed(middle):
            inside = middle
        else:
            outside = middle
    return inside


def joint_factor(linear: Sequence[Linear], joint: Sequence[Joint], base: Floats, weights: Floats) -> float:
    """Return the largest factor k in [0, 1] for which base + k (weights - base) keeps every joint limit.

    Linear limits bound k in closed form, |first + k (last - first)| <= limit; the others are searched between those
    bounds. Where nothing keeps them all it is 0: nothing is added. What eases keeps its limit, or its value at the base
    where that is over it, and does not go over it on the other side.

    Parameters
    ----------
    linear, joint : sequence
        The limits.
    base, weights : ndarray of shape (n,)
        Reducing part and whole of the trades.

    """
    lowest, highest = 0.0, 1.0
    for limit in linear:
        first, last = _bounds(limit, base, weights)
        lowest, highest = max(lowest, first), min(highest, last)
    if lowest > highest:
        return 0.0
    steps = weights - base
    allowed = [(limit.measure, _allowed(limit, base)) for limit in joint]
    return largest_factor(
        lambda k: all(measure(base + k * steps) <= most for measure, most in allowed), lowest, highest
    )


def passes(limit: Linear | Joint, base: Floats, weights: Floats) -> bool:
    """Whether a limit that eases lets the whole of the trades through."""
    if isinstance(limit, Linear):
        return _bounds(limit, base, weights) == (0.0, 1.0)
    return limit.measure(weights) <= _allowed(limit, base)


def _allowed(limit: Joint, base: Floats) -> float:
    return max(limit.limit, limit.measure(base)) if limit.eases else limit.limit  # of NaN the limit


def _bounds(limit: Linear, base: Floats, weights: Floats) -> tuple[float, float]:
    """Factors at which a linear limit is kept; an empty interval where none is."""
    at_base, at_weights = limit.value(base), limit.value(weights)
    if limit.eases:
        return _eased(limit.limit, at_base, at_weights)
    allowed = limit.limit * (1.0 + ROUNDING)
    step = at_weights - at_base
    if abs(at_base) <= allowed and abs(at_weights) <= allowed:
        return 0.0, 1.0
    if not abs(step) > ROUNDING * max(abs(at_base), abs(at_weights)):
        return 1.0, 0.0
    bound = limit.limit if abs(at_base) <= limit.limit else allowed
    first, last = sorted(((-bound - at_base) / step, (bound - at_base) / step))
    return max(0.0, first), min(1.0, last)


def _eased(limit: float, at_base: float, at_weights: float) -> tuple[float, float]:
    """Factors at which a number is within its limit, or no further out than at the base on that side."""
    step = at_weights - at_base
    room = max(limit, at_base) - at_base if step > 0 else at_base - min(-limit, at_base)
    if abs(step) <= room + ROUNDING * (abs(at_base) + abs(at_weights)):
        return 0.0, 1.0
    return (0.0, room / abs(step)) if isfinite(step) else (1.0, 0.0)

"""Joint limits become the one factor by which all trades that add exposure are scaled."""

from collections.abc import Callable, Sequence

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
    bounds. Where nothing keeps them all it is 0: nothing is added.

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
    return largest_factor(
        lambda k: all(limit.measure(base + k * steps) <= limit.limit for limit in joint), lowest, highest
    )


def _bounds(limit: Linear, base: Floats, weights: Floats) -> tuple[float, float]:
    """Factors at which a linear limit is kept; an empty interval where none is."""
    at_base, at_weights = limit.value(base), limit.value(weights)
    allowed = limit.limit * (1.0 + ROUNDING)
    step = at_weights - at_base
    if abs(at_base) <= allowed and abs(at_weights) <= allowed:
        return 0.0, 1.0
    if not abs(step) > ROUNDING * max(abs(at_base), abs(at_weights)):
        return 1.0, 0.0
    bound = limit.limit if abs(at_base) <= limit.limit else allowed
    first, last = sorted(((-bound - at_base) / step, (bound - at_base) / step))
    return max(0.0, first), min(1.0, last)

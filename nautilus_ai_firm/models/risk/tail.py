"""Losses of equally likely scenarios become value at risk and expected shortfall, as weights on the worst of them."""

from math import ceil, floor, isfinite, nan
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats


class TailRisk(NamedTuple):
    """Value at risk and expected shortfall: positive losses as fractions of equity, NaN where there is no figure."""

    value_at_risk: float
    expected_shortfall: float


UNKNOWN = TailRisk(nan, nan)
"""No figure: something is held of which too little is known."""


class Measure(Protocol):
    """A way to measure a portfolio at one moment; measuring changes nothing, so it can be asked within a search."""

    def risk(self, weights: Floats) -> TailRisk:
        """Return the risk of weights, shape (n,), fractions of equity; UNKNOWN where one that is held is not known."""
        ...

    def marginals(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the derivatives of both figures by each weight, shape (n,); NaN where an instrument is not known."""
        ...


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is no tail.

    Raises
    ------
    ValueError
        A confidence outside [0.5, 1).

    """
    if not 0.5 <= confidence < 1:  # noqa: PLR2004 - the median
        raise ValueError(f"confidence is {confidence}, allowed is from 0.5 to below 1")


def holds_unknown(weights: Floats, known: Bools) -> bool:
    """Return whether a weight that is not 0 stands where nothing is known, or is itself not finite."""
    return bool(np.any((weights != 0) & ~known) or not np.all(np.isfinite(weights)))


def tail_weights(count: int, confidence: float) -> tuple[Floats, Floats]:
    """Return the weights of both figures on the ordered losses, the worst first.

    Value at risk is numpy's linear quantile: between the losses at place (n - 1) (1 - c) from the worst, counted from 0
    (Hyndman and Fan 1996, type 7). Expected shortfall is the mean of the worst share 1 - c of the mass, the last loss
    in part (Acerbi and Tasche 2002, Journal of Banking and Finance 26): so it is sub-additive, and
    never below that quantile. With less mass than one scenario both rest on the worst ones.

    Parameters
    ----------
    count : int
        Number of scenarios n, at least 1.
    confidence : float
        c, in [0.5, 1).

    Returns
    -------
    value_at_risk, expected_shortfall : ndarray of shape (m,)
        Not negative, each with sum 1; all losses beyond the m worst have none.

    """
    check_confidence(confidence)
    if count < 1:
        raise ValueError("there is no scenario")
    share = 1 - confidence
    place = (count - 1) * share
    mass = count * share
    size = min(count, max(floor(place) + 2, ceil(mass)))
    at_risk: Floats = np.zeros(size)
    at_risk[floor(place)] = 1 - (place - floor(place))
    if floor(place) + 1 < size:
        at_risk[floor(place) + 1] = place - floor(place)
    shortfall = np.clip(mass - np.arange(size), 0.0, 1.0)
    return at_risk, shortfall / shortfall.sum()


def tail_risk(losses: Floats, confidence: float) -> TailRisk:
    """Return both figures of the losses of equally likely scenarios, shape (n,), positive where money is lost."""
    at_risk, shortfall = tail_weights(len(losses), confidence)
    first = len(losses) - len(at_risk)
    worst = np.sort(np.partition(losses, first)[first:])[::-1]
    both = TailRisk(float((at_risk * worst).sum()), float((shortfall * worst).sum()))
    return both if isfinite(both.expected_shortfall) else UNKNOWN


def worst_places(losses: Floats, size: int) -> NDArray[np.int64]:
    """Return the places of the worst losses, the worst first; of equal ones the earlier is the worse."""
    return np.argsort(-losses, kind="stable")[:size]

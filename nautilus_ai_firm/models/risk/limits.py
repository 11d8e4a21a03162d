"""Decided weights become weights within the position, gross and net limits, with a record of what was hit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats
from nautilus_ai_firm.models.risk.halt import reducing_part

_ROUNDING = 1e-12
"""Relative excess over a joint limit that is a rounding error of the sum and no breach."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits as fractions of equity; None is not configured and refuses every trade that adds exposure.

    Attributes
    ----------
    max_position : float or None
        Largest size of one weight.
    max_gross : float or None
        Largest sum of sizes.
    max_net : float or None
        Largest size of the sum.

    Raises
    ------
    ValueError
        A limit that is negative or not finite.

    """

    max_position: float | None
    max_gross: float | None
    max_net: float | None

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        for name, value in self.by_name():
            if value is not None and not 0 <= value < inf:
                raise ValueError(f"{name} is {value}, allowed is a finite number from 0")

    def by_name(self) -> tuple[tuple[str, float | None], ...]:
        """Return the limits in a fixed order."""
        return (("max_position", self.max_position), ("max_gross", self.max_gross), ("max_net", self.max_net))


def apply_limits(
    current: Floats, decided: Floats, fresh: Bools, limits: Limits, instrument_ids: Sequence[str]
) -> tuple[Floats, tuple[Breach, ...]]:
    """Shrink decided weights until they keep the limits.

    1. A decided weight that is not finite holds the current one.
    2. While a limit is missing, and for stale instruments, only the reducing part of a trade passes: growth is held at
       the current weight, a flip ends at 0.
    3. Each weight is clipped to ±max_position, a current weight above it included.
    4. If the sum of sizes or the size of the sum is too large, all trades that add exposure are scaled by one factor k:
       base + k (weight - base), where base is the reducing part (current for growth, 0 for a flip, the weight
       itself for a reduction). k is the largest in [0, 1] that meets both limits, in closed form, since gross and net
       are linear in k; if none does, k = 0.

    So each result lies between current and decided or between decided and 0, and is never larger in size than both.
    A joint limit that current positions break already is not enforced by selling; nothing is added to it.

    Parameters
    ----------
    current : ndarray of shape (n,)
        Current weights, working orders included, fractions of equity, signed, finite.
    decided : ndarray of shape (n,)
        Decided weights.
    fresh : ndarray of shape (n,)
        Whether the instrument has a bar in this round.
    limits : Limits
        What is allowed.
    instrument_ids : sequence of str
        Names for the breaches, n of them.

    Returns
    -------
    weights : ndarray of shape (n,)
        Weights to hand on.
    breaches : tuple of Breach
        What was hit, in the order of the steps and of the instruments; sizes as fractions of equity. A missing limit
        counts as 0.

    Raises
    ------
    ValueError
        A current weight that is not finite, or arrays of different lengths.

    """
    if not len(current) == len(decided) == len(fresh) == len(instrument_ids):
        raise ValueError("current, decided, fresh and instrument_ids have different lengths")
    if not bool(np.all(np.isfinite(current))):
        raise ValueError(f"current weights are {current.tolist()}, allowed are finite numbers")
    breaches: list[Breach] = []
    weights = np.where(np.isfinite(decided), decided, current)
    held = reducing_part(current, weights)
    adds = held != weights
    missing = [name for name, value in limits.by_name() if value is None]
    for i in np.flatnonzero(adds).tolist():
        breaches.extend(
            _breach(f"limit_missing:{name}", instrument_ids[i], weights[i], 0.0, "reducing part only")
            for name in missing
        )
        if not missing and not fresh[i]:
            breaches.append(_breach("stale", instrument_ids[i], weights[i], abs(current[i]), "reducing part only"))
    weights = np.where(fresh & (not missing), weights, held)
    if limits.max_position is not None:
        breaches.extend(
            _breach("max_position", instrument_ids[i], weights[i], limits.max_position, "clipped")
            for i in np.flatnonzero(np.abs(weights) > limits.max_position).tolist()
        )
        weights = np.clip(weights, -limits.max_position, limits.max_position)
    if limits.max_gross is not None and limits.max_net is not None:
        weights = _within_joint_limits(
            reducing_part(current, weights), weights, limits.max_gross, limits.max_net, breaches
        )
    return weights + 0.0, tuple(breaches)  # adding 0 turns -0.0 into 0.0


def _within_joint_limits(
    base: Floats, weights: Floats, max_gross: float, max_net: float, breaches: list[Breach]
) -> Floats:
    gross, net = float(np.abs(weights).sum()), float(weights.sum())
    slack = _ROUNDING * gross
    gross_broken, net_broken = gross > max_gross + slack, abs(net) > max_net + slack
    if not gross_broken and not net_broken:
        return weights
    steps = weights - base
    k = _factor(base, steps, max_gross, max_net, slack)
    action = f"increases scaled by {k:.6g}"
    if gross_broken:
        breaches.append(_breach("max_gross", None, gross, max_gross, action))
    if net_broken:
        breaches.append(_breach("max_net", None, net, max_net, action))
    # rounding must not carry a scaled trade past either end
    return np.clip(base + k * steps, np.minimum(base, weights), np.maximum(base, weights))


def _factor(base: Floats, steps: Floats, max_gross: float, max_net: float, slack: float) -> float:
    gross, gross_step = float(np.abs(base).sum()), float(np.abs(steps).sum())
    net, net_step = float(base.sum()), float(steps.sum())
    if max_net < abs(net) <= max_net + slack:
        net = max_net if net > 0 else -max_net
    lowest, highest = 0.0, 1.0
    if gross_step > 0:
        highest = min(highest, (max_gross - gross) / gross_step)
    if abs(net_step) > slack:
        first, last = sorted(((-max_net - net) / net_step, (max_net - net) / net_step))
        lowest, highest = max(lowest, first), min(highest, last)
    elif abs(net) > max_net:
        return 0.0
    return highest if highest >= lowest else 0.0


def _breach(rule: str, instrument_id: str | None, observed: float, limit: float, action: str) -> Breach:
    return Breach(
        rule=rule, instrument_id=instrument_id, observed=abs(float(observed)), limit=float(limit), action=action
    )

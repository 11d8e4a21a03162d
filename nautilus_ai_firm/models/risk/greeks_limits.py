"""Decided positions become positions within the limits on delta, gamma, vega and theta."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures
from nautilus_ai_firm.models.risk.halt import reducing_part

_ROUNDING = 1e-12
"""Relative excess over a limit that is a rounding error of the sum and no breach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreekLimits:
    """Largest sizes of exposures, fractions of equity; None is not configured and refuses what adds to it.

    Attributes
    ----------
    max_delta : float or None
        Per 1 % move of the underlying.
    max_gamma : float or None
        Change of delta per 1 % move of the underlying.
    max_vega : float or None
        Per volatility point.
    max_theta : float or None
        Per calendar day.

    Raises
    ------
    ValueError
        A limit that is negative or not finite.

    """

    max_delta: float | None
    max_gamma: float | None
    max_vega: float | None
    max_theta: float | None

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        for name, value in zip(GREEKS, self.in_order, strict=True):
            if value is not None and not 0 <= value < inf:
                raise ValueError(f"max_{name} is {value}, allowed is a finite number from 0")

    @property
    def in_order(self) -> tuple[float | None, ...]:
        """The limits in the order of `GREEKS`."""
        return (self.max_delta, self.max_gamma, self.max_vega, self.max_theta)


def apply_greek_limits(
    current: Floats,
    decided: Floats,
    of_one: GreekExposures,
    each: GreekLimits,
    together: GreekLimits,
    names: Sequence[str],
) -> tuple[Floats, tuple[Breach, ...]]:
    """Shrink decided positions until their exposures keep the limits.

    1. A decided position that is not finite holds the current one. Only the reducing part of a trade passes (growth is
       held, a flip ends at 0) where an exposure is not known (NaN), and where one that is not 0 has no limit or is not
       known of another position that is held.
    2. Each trade that adds is scaled by the largest k in [0, 1] at which its position keeps the limits on each.
    3. All trades that add are scaled by the largest k at which the sums over positions keep the limits on all together.

    k is in closed form, for exposures are linear in it. What does not add passes whole, and a limit that it leaves
    broken already is not to be broken further; so a trade that adds a position and hedges passes where it makes the
    sum smaller.

    Parameters
    ----------
    current, decided : ndarray of shape (n,)
        Positions, signed, working orders included, in one unit: contracts, or fractions of equity.
    of_one : GreekExposures
        Exposures of one unit of each position.
    each, together : GreekLimits
        What is allowed for one position, and for the sums over positions of different sign and underlying.
    names : sequence of str
        Names for the breaches, n of them.

    Returns
    -------
    positions : ndarray of shape (n,)
        Each between current and decided or between decided and 0, in size not above both.
    breaches : tuple of Breach
        In the order of the steps, positions and Greeks: `unknown:` and `limit_missing:` with the name of the
        Greek, `max_position_delta` and so on, `max_delta` and so on.

    Raises
    ------
    ValueError
        A current position that is not finite, or arrays of different lengths.

    """
    rows = of_one.rows
    if not len(current) == len(decided) == rows.shape[1] == len(names):
        raise ValueError("current, decided, exposures and names have different lengths")
    if not bool(np.isfinite(current).all()):
        raise ValueError(f"current positions are {current.tolist()}, allowed are finite numbers")
    breaches: list[Breach] = []
    wanted = np.where(np.isfinite(decided), decided, current)
    base = reducing_part(current, wanted)
    steps = np.where(_is_free(rows, base, wanted != base, each, together, names, breaches), wanted - base, 0.0)
    known = np.where(np.isfinite(rows), rows, 0.0)  # an unknown one has no step and is left out of the sums
    for row, limit, greek in zip(known, each.in_order, GREEKS, strict=True):
        if limit is not None:
            steps = _scaled_alone(row, base, steps, limit, f"max_position_{greek}", names, breaches)
    k = 1.0
    for row, limit, greek in zip(known, together.in_order, GREEKS, strict=True):
        if limit is not None:
            start, step = float(np.add.reduce(row * base)), float(np.add.reduce(row * steps))
            kept = float(_largest_factor(np.array([start]), np.array([step]), limit)[0])
            if kept < 1:
                breaches.append(_breach(f"max_{greek}", None, start + step, limit, f"increases scaled by {kept:.6g}"))
            k = min(k, kept)
    out = np.clip(base + k * steps, np.minimum(base, wanted), np.maximum(base, wanted))
    return out + 0.0, tuple(breaches)  # adding 0 turns -0.0 into 0.0


def _is_free(
    rows: Floats,
    base: Floats,
    adds: Bools,
    each: GreekLimits,
    together: GreekLimits,
    names: Sequence[str],
    breaches: list[Breach],
) -> Bools:
    free = adds.copy()
    for row, one, all_, greek in zip(rows, each.in_order, together.in_order, GREEKS, strict=True):
        unlimited = one is None or all_ is None
        unknown = np.isnan(row) | (bool(np.any(np.isnan(row) & (base != 0))) & (row != 0))
        for i in np.flatnonzero(adds & (unknown | (unlimited & (row != 0)))).tolist():
            rule = "unknown" if unknown[i] else "limit_missing"
            breaches.append(_breach(f"{rule}:{greek}", names[i], row[i], 0.0, "reducing part only"))
            free[i] = False
    return free


def _scaled_alone(
    row: Floats, base: Floats, steps: Floats, limit: float, rule: str, names: Sequence[str], breaches: list[Breach]
) -> Floats:
    k = _largest_factor(row * base, row * steps, limit)
    breaches.extend(
        _breach(rule, names[i], row[i] * (base[i] + steps[i]), limit, f"increase scaled by {k[i]:.6g}")
        for i in np.flatnonzero(k < 1).tolist()
    )
    return k * steps


def _largest_factor(start: Floats, step: Floats, limit: float) -> Floats:
    # inside the limit, and on a side where the start is outside of it, no further out than the start
    slack = _ROUNDING * (np.abs(start) + np.abs(step))
    room = np.where(step > 0, np.maximum(limit, start) - start, start - np.minimum(-limit, start))
    fits = np.abs(step) <= room + slack
    return np.where(fits, 1.0, room / np.where(fits, 1.0, np.abs(step)))


def _breach(rule: str, name: str | None, observed: float, limit: float, action: str) -> Breach:
    return Breach(rule=rule, instrument_id=name, observed=abs(float(observed)), limit=float(limit), action=action)

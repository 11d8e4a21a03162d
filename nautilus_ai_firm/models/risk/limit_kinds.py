"""The kinds of limits: boxes and bands of single weights, groups of weights, measures of all weights together."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A limit of each weight alone: |weight - anchor| / unit is at most the limit.

    Attributes
    ----------
    rule : str
        Name in breaches.
    limit : float
        Largest value.
    anchor : ndarray of shape (n,)
        From where the weight is measured, a fraction of equity.
    unit : ndarray of shape (n,)
        Weight that counts as 1, above 0; infinite where nothing is limited.
    trims : bool
        Whether a weight that is not growing is brought back into the box too, which is right for an anchor of 0 only.

    """

    rule: str
    limit: float
    anchor: Floats
    unit: Floats
    trims: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        _refuse_boundless(self.rule, self.limit)

    def values(self, weights: Floats) -> Floats:
        """Return what is limited, shape (n,)."""
        return np.abs(weights - self.anchor) / self.unit

    def clipped(self, base: Floats, weights: Floats) -> Floats:
        """Return weights inside the box, and never on the other side of the reducing part `base`."""
        room = self.limit * self.unit
        inside = np.clip(weights, self.anchor - room, self.anchor + room)
        if self.trims:
            return inside
        return np.clip(inside, np.minimum(base, weights), np.maximum(base, weights))


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeBand:
    """A limit of one weight together with what is held of its instrument beside the firm: both may be so far apart.

    What comes nearer to the weight that hedges passes, also from outside of the band; what leaves it does not.

    Attributes
    ----------
    rule : str
        Name in breaches.
    limit : float
        What is allowed, as breaches tell it.
    place : int
        The instrument.
    hedge : float
        The weight that offsets what is held beside the firm, a fraction of equity.
    width : float
        Largest distance from it; at 0 a trade can only come nearer.
    value : callable
        From the weight to what is limited.
    group : str or None
        Whose limit it is, as breaches tell it; None is the whole portfolio's.

    """

    rule: str
    limit: float
    place: int
    hedge: float
    width: float
    value: Callable[[float], float]
    group: str | None = None

    def __post_init__(self) -> None:
        """Refuse a band that limits nothing."""
        _refuse_boundless(self.rule, self.limit)
        _refuse_boundless(f"{self.rule}: width", self.width)

    def clipped(self, base: float, weight: float) -> float:
        """Return the weight inside the band, or as near to it as it is from the reducing part `base` on."""
        inside = min(max(weight, self.hedge - self.width), self.hedge + self.width)
        return min(max(inside, min(base, weight)), max(base, weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """A limit of each of several groups of weights: sum of share x size is at most its limit.

    Attributes
    ----------
    rule : str
        Name in breaches.
    subjects : tuple of str
        What the groups are called.
    limits : ndarray of shape (n_groups,)
        Largest values, fractions of equity.
    share : ndarray of shape (n_groups, n)
        How much of a weight counts in a group, in [0, 1].
    floor : ndarray of shape (n,)
        Sizes that orders which work already can reach: no weight counts as less.

    """

    rule: str
    subjects: tuple[str, ...]
    limits: Floats
    share: Floats
    floor: Floats

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        for limit in self.limits:
            _refuse_boundless(self.rule, limit)

    def values(self, weights: Floats) -> Floats:
        """Return the exposure of every group, shape (n_groups,)."""
        sizes: Floats = np.maximum(np.abs(weights), self.floor)
        return np.einsum("gn,n->g", self.share, sizes)

    def value(self, group: int, weights: Floats) -> float:
        """Return the exposure of one group."""
        return float(self.values(weights)[group])

    def scaled(self, group: int, base: Floats, steps: Floats, factor: float) -> Floats:
        """Return weights whose increases are scaled by factor ** share: who has no share in a group is left alone."""
        return base + np.power(factor, self.share[group]) * steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A limit of the size of a number that is linear in the factor by which increases are scaled.

    Attributes
    ----------
    rule : str
        Name in breaches.
    limit : float
        Largest size.
    value : callable
        From weights, shape (n,), to the number, signed.
    eases : bool
        Whether what is over the limit without any increase may come nearer to it, as where something is held beside the
        firm; else only what keeps the limit passes.

    """

    rule: str
    limit: float
    value: Callable[[Floats], float]
    eases: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        _refuse_boundless(self.rule, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A limit of any measure of all weights: leverage, concentration, value at risk, a loss under stress.

    Attributes
    ----------
    rule : str
        Name in breaches.
    limit : float
        Largest value.
    measure : callable
        From weights, shape (n,), to the measure; NaN is not known and lets nothing be added.
    eases : bool
        As of `Linear`.

    """

    rule: str
    limit: float
    measure: Callable[[Floats], float]
    eases: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        _refuse_boundless(self.rule, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything that a decision must keep, in the order in which it is applied.

    Attributes
    ----------
    missing : tuple of str
        Limits that are not configured: while there is one, nothing grows.
    unknown : tuple of (str, ndarray of bool of shape (n,))
        Limits for which something is not known of some instruments, and of which: those do not grow.
    boxes : tuple of Box
        Applied first, weight by weight.
    bands : tuple of HedgeBand
        Applied next; their use is told by whoever knows what is held beside the firm.
    trim : float or None
        Largest sum of sizes, to which all weights are scaled down, old ones included: what may be held through a close.
    groups : tuple of Groups
        Each scales its own increases.
    linear : tuple of Linear
        With the joint ones: all increases are scaled by one factor.
    joint : tuple of Joint
        As `linear`, found by a search.

    """

    missing: tuple[str, ...] = ()
    unknown: tuple[tuple[str, Bools], ...] = ()
    boxes: tuple[Box, ...] = ()
    bands: tuple[HedgeBand, ...] = ()
    trim: float | None = None
    groups: tuple[Groups, ...] = ()
    linear: tuple[Linear, ...] = ()
    joint: tuple[Joint, ...] = ()


def _refuse_boundless(rule: str, limit: float | np.float64) -> None:
    if not 0 <= limit < inf:
        raise ValueError(f"{rule} is {limit}, allowed is a finite number from 0")

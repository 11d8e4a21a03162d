"""Drawdown becomes the tier that the firm is in, and what the tier does to weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.halt import reducing_part


class TierAction(StrEnum):
    """What a tier does, from the mildest to the strictest."""

    WARN = "warn"
    HALVE = "halve"
    NO_NEW_RISK = "no_new_risk"
    FLATTEN = "flatten"


_STRICTNESS = tuple(TierAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A step down.

    Attributes
    ----------
    action : TierAction
        What it does.
    drawdown : float
        Entered at this distance from the high-water mark or more, a fraction above 0 and up to 1.
    recovery : float or None
        Left at this drawdown or less, a fraction from 0 and below `drawdown`; None is left by a person's word alone,
        as flattening always is.

    Raises
    ------
    ValueError
        A level out of range, or a recovery from flattening.

    """

    action: TierAction
    drawdown: float
    recovery: float | None

    def __post_init__(self) -> None:
        """Refuse a tier that would be left as it is entered."""
        if not 0 < self.drawdown <= 1:
            raise ValueError(f"{self.action}: drawdown is {self.drawdown}, allowed is above 0 and up to 1")
        if self.recovery is not None and not 0 <= self.recovery < self.drawdown:
            raise ValueError(f"{self.action}: recovery is {self.recovery}, allowed is from 0 and below {self.drawdown}")
        if self.action is TierAction.FLATTEN and self.recovery is not None:
            raise ValueError(f"{self.action}: recovery is {self.recovery}, allowed is none: a person resumes")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """A tier that was entered or left, at which drawdown."""

    tier: Tier
    entered: bool
    drawdown: float


class DrawdownTiers:
    """The tier that the firm is in: down at once, up at the level of recovery of each.

    Parameters
    ----------
    tiers : sequence of Tier
        From the mildest: drawdowns ascending, each action stricter than the one before, and no recovery below the one
        before's.
    level : int
        How many tiers the firm is in already: what was saved before a restart.

    Attributes
    ----------
    level : int
        How many tiers the firm is in.

    Raises
    ------
    ValueError
        Tiers out of order, or a level that is not from 0 to their number.

    """

    __slots__ = ("level", "tiers")

    def __init__(self, tiers: Sequence[Tier], level: int = 0) -> None:
        for milder, stricter in pairwise(tiers):
            if stricter.drawdown <= milder.drawdown or not _is_stricter(stricter.action, milder.action):
                raise ValueError(
                    f"tier {stricter} follows {milder}: allowed is a larger drawdown and a stricter action"
                )
            if (stricter.recovery or 0.0) < (milder.recovery or 0.0) and stricter.recovery is not None:
                raise ValueError(f"{stricter} follows {milder}: allowed is no recovery below the milder one's")
        if not 0 <= level <= len(tiers):
            raise ValueError(f"level is {level}, allowed is 0 to {len(tiers)}, the number of tiers")
        self.tiers = tuple(tiers)
        self.level = level

    @property
    def tier(self) -> Tier | None:
        """The strictest tier that the firm is in."""
        return self.tiers[self.level - 1] if self.level else None

    def update(self, drawdown: float) -> tuple[TierChange, ...]:
        """Take the drawdown of a round and return what was entered (mildest first) or left (strictest first).

        Parameters
        ----------
        drawdown : float
            From the high-water mark, a fraction; above 1 where equity is negative.

        Raises
        ------
        ValueError
            A drawdown that is not a number from 0.

        """
        if not drawdown >= 0:
            raise ValueError(f"drawdown is {drawdown}, allowed is a number from 0")
        changes: list[TierChange] = []
        while self.level < len(self.tiers) and drawdown >= self.tiers[self.level].drawdown:
            changes.append(TierChange(tier=self.tiers[self.level], entered=True, drawdown=drawdown))
            self.level += 1
        while self.tier is not None and self.tier.recovery is not None and drawdown <= self.tier.recovery:
            changes.append(TierChange(tier=self.tier, entered=False, drawdown=drawdown))
            self.level -= 1
        return tuple(changes)

    def go_on_in(self, action: TierAction | None) -> None:
        """Be in every tier up to this action, the strictest before a restart; None is in none."""
        self.level = 0 if action is None else sum(not _is_stricter(tier.action, action) for tier in self.tiers)

    def resume(self, drawdown: float) -> tuple[TierChange, ...]:
        """Leave every tier by a person's word; the next update enters again what the drawdown then reaches."""
        left = tuple(
            TierChange(tier=tier, entered=False, drawdown=drawdown) for tier in reversed(self.tiers[: self.level])
        )
        self.level = 0
        return left


def within_tier(action: TierAction | None, current: Floats, decided: Floats) -> Floats:
    """Return the weights that a tier leaves of a decision.

    Outside of tiers and under a warning that is the decision; halved it is half of each weight; without new risk the
    reducing part of each trade; flattened 0. What is held is not halved again in every round: half is of the decided
    weight, and a decided one that is not finite holds the current one, except that flattening means all.

    Parameters
    ----------
    action : TierAction or None
        The strictest tier's; None is outside of tiers.
    current, decided : ndarray of shape (n,)
        Weights, fractions of equity, signed; current ones are finite.

    Returns
    -------
    ndarray of shape (n,)
        Each between current and decided or between decided and 0; 0 where flattened.

    """
    if action is TierAction.FLATTEN:
        return np.zeros(len(current))
    weights = np.where(np.isfinite(decided), decided, current)
    if action is TierAction.HALVE:
        return np.where(np.isfinite(decided), decided / 2, current) + 0.0  # adding 0 turns -0.0 into 0.0
    return reducing_part(current, weights) if action is TierAction.NO_NEW_RISK else weights


def _is_stricter(one: TierAction, other: TierAction) -> bool:
    return _STRICTNESS.index(one) > _STRICTNESS.index(other)

"""Equity becomes the speed of losses, and whether it is normal, fast or a crash by what is usual."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan, sqrt

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.models.estimators.ewma import decay


class Speed(StrEnum):
    """How fast equity falls."""

    NORMAL = "normal"
    FAST = "fast"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class VelocityLimits:
    """What is fast, in multiples of what is usual.

    Attributes
    ----------
    span : float
        Rounds over which the usual size is averaged, at least 2.
    warm_up : int
        Rounds before there is a usual size, at least 2.
    fast, crash : float
        Multiples of the usual size from which a loss is fast, and a crash; above 1, the second above the first.
    floor : float
        The usual size of a minute is never taken for less: a fraction of equity, above 0. An account that held little
        would else call its first ordinary loss a crash.
    longest_minutes : float
        An interval counts for so many minutes at most, at least 1: what a pause of trading is worth.

    Raises
    ------
    ValueError
        A number out of range.

    """

    span: float
    warm_up: int
    fast: float
    crash: float
    floor: float
    longest_minutes: float

    def __post_init__(self) -> None:
        """Refuse limits that say nothing."""
        fits = 2 <= self.span < inf and self.warm_up >= 2 and 1 < self.fast < self.crash < inf  # noqa: PLR2004 - see above
        if not fits or not 0 < self.floor < 1 or not 1 <= self.longest_minutes < inf:
            raise ValueError(
                f"{self} (allowed: span and warm_up from 2, 1 < fast < crash, floor above 0 and below 1, "
                "longest_minutes from 1, all finite)"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class VelocityState:
    """What the next loss is measured against, in plain values: save it to go on after a restart.

    Attributes
    ----------
    ts_ns : int
        Time of the last round, nanoseconds UTC.
    equity : float
        Its equity, account currency, above 0.
    count : int
        Intervals so far.
    weight, usual : float
        Sum of the weights of the sizes so far, and their mean, a fraction of equity per square root of a minute.

    Raises
    ------
    ValueError
        Numbers that no state has.

    """

    ts_ns: int
    equity: float
    count: int = 0
    weight: float = 0.0
    usual: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what nothing can be measured against."""
        if not 0 < self.equity < inf or self.count < 0 or not 0 <= self.weight < inf or not 0 <= self.usual < inf:
            raise ValueError(f"{self}: allowed are finite numbers from 0, equity above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """The speed of the last interval.

    Attributes
    ----------
    loss_per_minute : float
        Fraction of equity lost a minute; negative is a gain.
    multiple : float
        Of the usual loss of so many minutes; NaN before the warm-up, negative for a gain.
    speed : Speed
        What that is called; normal before the warm-up.

    """

    loss_per_minute: float
    multiple: float
    speed: Speed


class CrashVelocity:
    """Compares each loss with the losses and gains before it, at constant memory.

    With l the loss of an interval of m minutes, a fraction of the equity before it, net of cash paid in or out, the
    size of the interval is x = l / √m: the loss per minute l / m times √m, since the sizes of a random walk grow with
    the square root of time and losses of intervals of different length would else not compare. The usual size u is the
    exponentially weighted mean of |x| with finite-sample weights; one larger than fast x u counts as that, as in the
    robust smoothing of Gelper, Fried and Croux (2010, "Robust forecasting with exponential and Holt-Winters
    smoothing", Journal of Forecasting 29), so that a crash does not become usual while it lasts. The multiple of an
    interval is x / max(u, floor), u of the intervals before it.

    It sees equity and no prices: a split or a dividend changes price and quantity or cash together, and equity not.

    Parameters
    ----------
    limits : VelocityLimits
        What is fast.
    state : VelocityState or None
        What to go on from; None starts with the first equity.

    Attributes
    ----------
    state : VelocityState or None
        What to save.

    """

    __slots__ = ("_decay", "_limits", "state")

    def __init__(self, limits: VelocityLimits, state: VelocityState | None = None) -> None:
        self._limits = limits
        self._decay = float(decay(limits.span))
        self.state = state

    def update(self, ts_ns: int, equity: float, external_flow: float = 0.0) -> Velocity:
        """Take the equity of a moment and return the speed of the interval that ends with it.

        Parameters
        ----------
        ts_ns : int
            Time, nanoseconds UTC, after that of the update before.
        equity : float
            Account equity, account currency, external flow included; an interval that ends at or below 0 is a crash.
        external_flow : float
            Cash paid in (positive) or out (negative) since the update before.

        Raises
        ------
        ValueError
            A time that does not go on, equity or flow that is not finite, or a first equity that is not above 0.

        """
        before, limits = self.state, self._limits
        if not isfinite(equity) or not isfinite(external_flow) or (before is None and equity <= 0):
            raise ValueError(
                f"equity is {equity} and external_flow {external_flow}, allowed are finite numbers and a first equity "
                "above 0"
            )
        if before is None:
            self.state = VelocityState(ts_ns=ts_ns, equity=equity)
            return Velocity(loss_per_minute=0.0, multiple=nan, speed=Speed.NORMAL)
        if ts_ns <= before.ts_ns:
            raise ValueError(f"time {ts_ns} is not after {before.ts_ns}")
        loss = (before.equity - (equity - external_flow)) / before.equity
        minutes = min((ts_ns - before.ts_ns) / MINUTE_NS, limits.longest_minutes)
        size = loss / sqrt(minutes)
        multiple = size / max(before.usual, limits.floor) if before.count >= limits.warm_up else nan
        if equity > 0:  # the mark to measure from stays where a firm is ruined
            weight = self._decay * before.weight + 1
            most = limits.fast * max(before.usual, limits.floor) if before.count >= limits.warm_up else inf
            usual = before.usual + (min(abs(size), most) - before.usual) / weight
            self.state = VelocityState(ts_ns=ts_ns, equity=equity, count=before.count + 1, weight=weight, usual=usual)
        return Velocity(loss_per_minute=loss / minutes, multiple=multiple, speed=self._speed(multiple, equity))

    def _speed(self, multiple: float, equity: float) -> Speed:
        if equity <= 0 or multiple >= self._limits.crash:
            return Speed.CRASH
        return Speed.FAST if multiple >= self._limits.fast else Speed.NORMAL

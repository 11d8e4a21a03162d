"""Equity becomes what was lost today, this week and over the last rounds, against limits."""

from dataclasses import dataclass, replace
from math import inf, isfinite

from nautilus_ai_firm.durations import DAY_NS

_DAYS_TO_A_MONDAY = 3  # day 0, 1 January 1970, was a Thursday


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLimits:
    """Largest losses, fractions of the equity that each is measured from; None is not configured.

    Attributes
    ----------
    max_daily, max_weekly, max_rolling : float or None
        Above 0 and up to 1.
    rolling_rounds : int
        Rounds that the rolling loss goes back, at least 1.

    Raises
    ------
    ValueError
        A number out of range.

    """

    max_daily: float | None
    max_weekly: float | None
    max_rolling: float | None
    rolling_rounds: int

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        for name in ("max_daily", "max_weekly", "max_rolling"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ValueError(f"{name} is {value}, allowed is above 0 and up to 1")
        if self.rolling_rounds < 1:
            raise ValueError(f"rolling_rounds is {self.rolling_rounds}, allowed is 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodLoss:
    """One loss and its limit.

    Attributes
    ----------
    rule : str
        `max_daily_loss`, `max_weekly_loss` or `max_rolling_loss`.
    loss : float
        Fraction of the equity that the period began with, at least 0.
    limit : float or None
        Largest loss allowed.
    reached : bool
        Whether there may be no new risk: the loss is as large as the limit, or was earlier in the same day or week.

    """

    rule: str
    loss: float
    limit: float | None
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LossState:
    """What losses are measured from, in plain values: save it, and no loss is forgotten at a restart.

    Attributes
    ----------
    session_close_ns : int
        Close of the session of the last round, nanoseconds UTC.
    day_equity, week_equity : float
        Equity that the session and the week began with, above 0, in units of present capital.
    recent : tuple of float
        Equity of the last rounds, oldest first, in units of present capital; above 0, at least one.
    day_reached, week_reached : bool
        Whether the limit was reached in this session, and in this week.

    Raises
    ------
    ValueError
        An equity that is not finite and above 0, or none.

    """

    session_close_ns: int
    day_equity: float
    week_equity: float
    recent: tuple[float, ...]
    day_reached: bool = False
    week_reached: bool = False

    def __post_init__(self) -> None:
        """Refuse what no loss can be measured from."""
        if not self.recent or not all(0 < equity < inf for equity in (self.day_equity, self.week_equity, *self.recent)):
            raise ValueError(f"{self}: allowed are finite equities above 0, at least one recent")

    def rescaled(self, factor: float) -> "LossState":
        """Return the same losses in units of another capital."""
        return replace(
            self,
            day_equity=factor * self.day_equity,
            week_equity=factor * self.week_equity,
            recent=tuple(factor * equity for equity in self.recent),
        )


class PeriodLosses:
    """Losses from the close of the session before, of the week before, and from the equity some rounds ago.

    A limit of the day or the week that was reached stays reached until the next one begins, though equity recovers in
    between; the rolling one is as it is. A session belongs to the week (from Monday, UTC) in which it closes, so that
    one that opens on Sunday evening belongs to the Monday that it is named after.

    Parameters
    ----------
    limits : LossLimits
        What is allowed.
    state : LossState or None
        What to go on from; None starts with the first equity.

    Attributes
    ----------
    state : LossState or None
        What to save.

    """

    __slots__ = ("_limits", "state")

    def __init__(self, limits: LossLimits, state: LossState | None = None) -> None:
        self._limits = limits
        self.state = state

    def update(self, equity: float, session_close_ns: int, external_flow: float = 0.0) -> tuple[PeriodLoss, ...]:
        """Take the equity of a round and return the losses of the day, of the week and of the last rounds.

        Parameters
        ----------
        equity : float
            Account equity, account currency, external flow included. No period begins with one that is not above 0.
        session_close_ns : int
            Close of the session that the round closes in, nanoseconds UTC; 0, or one that is past, outside of sessions,
            which belongs to the session before.
        external_flow : float
            Cash paid in (positive) or out (negative) since the update before; by itself it is no loss and no gain.

        Raises
        ------
        ValueError
            Equity or flow that is not finite, a first equity that is not above 0, or a flow larger than the equity
            explains.

        """
        if not isfinite(equity) or not isfinite(external_flow):
            raise ValueError(f"equity is {equity} and external_flow {external_flow}, allowed are finite numbers")
        state = self._begun(equity, session_close_ns, external_flow)
        day, week, rolling = (_lost(start, equity) for start in (state.day_equity, state.week_equity, state.recent[0]))
        limits = self._limits
        state = replace(
            state,
            recent=(*state.recent, equity)[-limits.rolling_rounds :] if equity > 0 else state.recent,
            day_reached=state.day_reached or _reached(day, limits.max_daily),
            week_reached=state.week_reached or _reached(week, limits.max_weekly),
        )
        self.state = state
        back = _reached(rolling, limits.max_rolling)
        return (
            PeriodLoss(rule="max_daily_loss", loss=day, limit=limits.max_daily, reached=state.day_reached),
            PeriodLoss(rule="max_weekly_loss", loss=week, limit=limits.max_weekly, reached=state.week_reached),
            PeriodLoss(rule="max_rolling_loss", loss=rolling, limit=limits.max_rolling, reached=back),
        )

    def _begun(self, equity: float, session_close_ns: int, external_flow: float) -> LossState:
        state = self.state
        if state is None:
            return LossState(session_close_ns=session_close_ns, day_equity=equity, week_equity=equity, recent=(equity,))
        if session_close_ns > state.session_close_ns:
            last, new_week = state.recent[-1], _week(session_close_ns) > _week(state.session_close_ns)
            state = replace(
                state,
                session_close_ns=session_close_ns,
                day_equity=last,
                week_equity=last if new_week else state.week_equity,
                day_reached=False,
                week_reached=state.week_reached and not new_week,
            )
        if not external_flow:
            return state
        if equity <= 0 or equity - external_flow <= 0:
            raise ValueError(f"equity {equity} does not allow for an external_flow of {external_flow}")
        return state.rescaled(equity / (equity - external_flow))


def _week(ts_ns: int) -> int:
    return (ts_ns // DAY_NS + _DAYS_TO_A_MONDAY) // 7


def _lost(start: float, equity: float) -> float:
    return max(0.0, (start - equity) / start)


def _reached(loss: float, limit: float | None) -> bool:
    return limit is not None and loss >= limit

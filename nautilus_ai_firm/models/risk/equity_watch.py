"""Equity becomes what the firm may still do: as decided, half of it, nothing new, or nothing at all."""

from dataclasses import dataclass, field

from nautilus_ai_firm.messages import Breach
from nautilus_ai_firm.models.risk.crash_velocity import CrashVelocity, Speed, Velocity, VelocityLimits
from nautilus_ai_firm.models.risk.drawdown import Drawdown
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, TierAction, TierChange
from nautilus_ai_firm.models.risk.memory import EquityState
from nautilus_ai_firm.models.risk.period_losses import PeriodLoss, PeriodLosses
from nautilus_ai_firm.models.risk.usage import Use

_ORDER = tuple(TierAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the firm stands after a round.

    Attributes
    ----------
    drawdown : float
        From the high-water mark, a fraction.
    action : TierAction or None
        The strictest thing that tiers, losses and the speed of losses ask for.
    breaches : tuple of Breach
        Why, where it cuts decisions.
    uses : tuple of Use
        How far each limit is used.
    changes : tuple of TierChange
        Tiers that were entered or left.
    halt : str or None
        Cause for which the firm must halt until a person resumes.
    flatten : bool
        Whether it must also sell everything.

    """

    drawdown: float
    action: TierAction | None
    breaches: tuple[Breach, ...]
    uses: tuple[Use, ...]
    changes: tuple[TierChange, ...]
    halt: str | None
    flatten: bool


@dataclass(slots=True)
class _Found:
    actions: list[TierAction] = field(default_factory=list[TierAction])
    breaches: list[Breach] = field(default_factory=list[Breach])
    uses: list[Use] = field(default_factory=list[Use])
    halts: list[str] = field(default_factory=list[str])


class EquityWatch:
    """Drawdown, its tiers, losses by period and the speed of losses: one update a round.

    A fast loss lets nothing new be added in its round; a crash halts, as the drawdown limit does and the tier that
    flattens.

    Parameters
    ----------
    max_drawdown : float or None
        Drawdown that halts; None is not configured, which the desk refuses to add risk on.
    tiers : DrawdownTiers or None
        Steps before that.
    losses : PeriodLosses or None
        Losses by day, week and rounds.
    velocity : VelocityLimits or None
        When a loss is fast.

    """

    __slots__ = ("_drawdown", "_external_flow", "_losses", "_max_drawdown", "_tiers", "_velocity")

    def __init__(
        self,
        max_drawdown: float | None,
        tiers: DrawdownTiers | None = None,
        losses: PeriodLosses | None = None,
        velocity: VelocityLimits | None = None,
    ) -> None:
        self._max_drawdown = max_drawdown
        self._drawdown = Drawdown()
        self._tiers = tiers
        self._losses = losses
        self._velocity = None if velocity is None else (CrashVelocity(velocity), velocity)
        self._external_flow = 0.0

    def go_on(self, state: EquityState, external_flow: float) -> None:
        """Go on from what was saved, as if there had been no restart.

        What is configured now and was not then begins anew.

        Parameters
        ----------
        state : EquityState
            What was saved.
        external_flow : float
            Cash paid in (positive) or out (negative) since then, account currency; the next update allows for it.

        """
        self._drawdown = Drawdown(state.mark)
        if self._tiers is not None:
            self._tiers.go_on_in(state.tier)
        if self._losses is not None:
            self._losses.state = state.losses
        if self._velocity is not None:
            self._velocity[0].state = state.velocity
        self._external_flow = external_flow

    @property
    def state(self) -> EquityState:
        """What to save.

        Raises
        ------
        ValueError
            There was no equity yet.

        """
        if self._drawdown.mark is None:
            raise ValueError("there is nothing to save before the first equity")
        tier = None if self._tiers is None else self._tiers.tier
        return EquityState(
            mark=self._drawdown.mark,
            tier=None if tier is None else tier.action,
            losses=None if self._losses is None else self._losses.state,
            velocity=None if self._velocity is None else self._velocity[0].state,
        )

    def update(self, equity: float, ts_event: int, session_close_ns: int) -> Standing:
        """Take the equity of a round.

        Parameters
        ----------
        equity : float
            Account currency.
        ts_event : int
            Close of the round, nanoseconds UTC.
        session_close_ns : int
            Close of its session, nanoseconds UTC; 0 outside of sessions.

        """
        found = _Found()
        flow, self._external_flow = self._external_flow, 0.0
        drawdown = self._drawdown.update(equity, flow)
        if self._max_drawdown is not None:
            found.uses.append(Use(rule="max_drawdown", subject="", value=drawdown, limit=self._max_drawdown))
            if drawdown >= self._max_drawdown:
                found.halts.append(f"drawdown {drawdown:.4f} reached the limit {self._max_drawdown:.4f}")
        changes = () if self._tiers is None else self._step_down(self._tiers, drawdown, found)
        if self._losses is not None:
            for one in self._losses.update(equity, session_close_ns, flow):
                _look_at_loss(one, found)
        if self._velocity is not None:
            watch, limits = self._velocity
            _look_at_speed(watch.update(ts_event, equity, flow), limits, found)
        return Standing(
            drawdown=drawdown,
            action=max(found.actions, key=_ORDER.index, default=None),
            breaches=tuple(found.breaches),
            uses=tuple(found.uses),
            changes=changes,
            halt="; ".join(found.halts) or None,
            flatten=TierAction.FLATTEN in found.actions,
        )

    def resume(self, equity: float) -> None:
        """Begin again by a person's word, who accepted the loss: a new high-water mark, and no tier."""
        self._drawdown = Drawdown()
        drawdown = self._drawdown.update(equity)
        if self._tiers is not None:
            self._tiers.resume(drawdown)

    def _step_down(self, tiers: DrawdownTiers, drawdown: float, found: _Found) -> tuple[TierChange, ...]:
        changes = tiers.update(drawdown)
        tier = tiers.tier
        if tier is not None:
            found.actions.append(tier.action)
            if tier.action is not TierAction.WARN:
                found.breaches.append(_breach(f"drawdown_tier:{tier.action}", drawdown, tier.drawdown, tier.action))
            if tier.action is TierAction.FLATTEN:
                found.halts.append(f"drawdown {drawdown:.4f} reached the tier that flattens, {tier.drawdown:.4f}")
        return changes


def _look_at_loss(loss: PeriodLoss, found: _Found) -> None:
    if loss.limit is None:
        return
    found.uses.append(Use(rule=loss.rule, subject="", value=loss.loss, limit=loss.limit))
    if loss.reached:
        found.actions.append(TierAction.NO_NEW_RISK)
        found.breaches.append(_breach(loss.rule, loss.loss, loss.limit, TierAction.NO_NEW_RISK))


def _look_at_speed(velocity: Velocity, limits: VelocityLimits, found: _Found) -> None:
    found.uses.append(Use(rule="loss_velocity", subject="", value=max(velocity.multiple, 0.0), limit=limits.fast))
    if velocity.speed is Speed.NORMAL:
        return
    found.actions.append(TierAction.NO_NEW_RISK)
    found.breaches.append(_breach("loss_velocity", velocity.multiple, limits.fast, TierAction.NO_NEW_RISK))
    if velocity.speed is Speed.CRASH:
        found.halts.append(f"a loss {velocity.multiple:.1f} times as fast as is usual, a crash is {limits.crash:g}")


def _breach(rule: str, observed: float, limit: float, action: TierAction) -> Breach:
    said = "half of each decided weight" if action is TierAction.HALVE else action.replace("_", " ")
    return Breach(rule=rule, instrument_id=None, observed=observed, limit=limit, action=said)

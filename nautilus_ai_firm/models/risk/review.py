"""Decisions become what risk lets through: the one place that holds everything the risk desk knows."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from nautilus_ai_firm.messages import (
    Bools,
    Breach,
    DecisionEvent,
    Floats,
    MarketSnapshot,
    RiskAlertEvent,
    RiskReport,
)
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.risk.bounds import Round, agent_shares, limits_of, members
from nautilus_ai_firm.models.risk.equity_watch import Standing
from nautilus_ai_firm.models.risk.greeks_limits import UNKNOWN
from nautilus_ai_firm.models.risk.halt import halted
from nautilus_ai_firm.models.risk.halving import step_down
from nautilus_ai_firm.models.risk.limit_kinds import Joint, Limits
from nautilus_ai_firm.models.risk.limits import Proposal, apply_limits
from nautilus_ai_firm.models.risk.memory import RiskMemory
from nautilus_ai_firm.models.risk.plan import Plan
from nautilus_ai_firm.models.risk.tier_alerts import TIER_RULE, steps_of
from nautilus_ai_firm.models.risk.usage import Alerts, Use, uses_of

CRITICAL = frozenset({"halt"})
"""Rules whose breach stops the firm; a step to the tier that flattens is critical by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What risk lets through, why, and how far the limits are used by it."""

    weights: Floats
    breaches: tuple[Breach, ...]
    report: RiskReport
    alerts: tuple[RiskAlertEvent, ...]


class RiskReview:
    """Learns from every round, and reviews every decision; a desk around it halts, commands and publishes.

    Parameters
    ----------
    plan : Plan
        What it is made of.

    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sectors = members(plan.sectors)
        self._volume = Ewma(plan.volume_span, len(plan.instrument_ids))
        self._alerts = Alerts(plan.warn_share)
        self._session_close_ns = 0

    def learn(self, snapshot: MarketSnapshot) -> None:
        """Take a round, those of the history included, before it is decided on."""
        self._session_close_ns = snapshot.session_close_ns
        self._volume.update(np.where(snapshot.fresh, snapshot.volume, np.nan))
        if self._plan.tail is not None:
            self._plan.tail.update(snapshot.close, snapshot.fresh)
        if self._plan.linkage is not None:
            self._plan.linkage.update(snapshot.close, snapshot.fresh)
        if self._plan.options is not None:
            self._plan.options.update(snapshot)

    def watch(self, decision: DecisionEvent) -> Standing:
        """Take the equity of a round and say where the firm stands."""
        return self._plan.equity.update(float(decision.equity), decision.ts_event, self._session_close_ns)

    def resume(self, decision: DecisionEvent) -> None:
        """Begin again by a person's word."""
        self._plan.equity.resume(float(decision.equity))

    def memory(self, decision: DecisionEvent, *, halted: bool) -> RiskMemory:
        """Return what to remember after the equity of a round."""
        return RiskMemory(ts_ns=decision.ts_event, equity=self._plan.equity.state, halted=halted)

    def review(
        self, decision: DecisionEvent, standing: Standing, *, overnight: bool, halt: Breach | None, halt_reduces: bool
    ) -> Reviewed:
        """Shrink a decision until it keeps every limit.

        Parameters
        ----------
        decision : DecisionEvent
            What the CIO wants.
        standing : Standing
            Where the firm stands in this round.
        overnight : bool
            Whether what is decided now is held through the next close.
        halt : Breach or None
            Why the firm is halted, if it is.
        halt_reduces : bool
            Whether reductions pass while it is.

        """
        plan = self._plan
        if plan.options is not None:
            plan.options.measure(float(decision.equity))
        limits_on = partial(self._limits, decision, overnight=overnight)
        proposal = step_down(standing.action, self._proposal(decision), limits_on)
        limits = limits_on(proposal)
        weights, breaches = apply_limits(proposal, limits)
        breaches = (*standing.breaches, *breaches)
        if halt is not None:
            weights = halted(decision.current, weights, halt_reduces)
            breaches = (*breaches, halt)
        uses = [*standing.uses, *uses_of(weights, limits, plan.instrument_ids)]
        watched = () if plan.linkage is None else plan.linkage.breaks()
        if plan.linkage is not None:
            uses.append(plan.linkage.use)
        held: tuple[Breach, ...] = ()
        if plan.options is not None:
            uses += plan.options.bounds.uses(weights)
            held = plan.options.bounds.told(weights)
        heard = (*held, *breaches, *watched)
        told = [breach for breach in heard if not breach.rule.startswith(TIER_RULE)]  # a step tells it
        return Reviewed(
            weights=weights,
            breaches=breaches,
            report=self._report(decision, uses, weights),
            alerts=(
                *steps_of(standing.changes, decision.round, decision.ts_event),
                *self._alerts.update(decision.round, decision.ts_event, uses, told, CRITICAL),
            ),
        )

    def _proposal(self, decision: DecisionEvent) -> Proposal:
        current = decision.current
        return Proposal(
            positions=decision.positions * decision.close / float(decision.equity),
            current=current,
            decided=np.where(decision.weights == current, np.nan, decision.weights),  # no view: nothing to halve
            fresh=decision.fresh,
            instrument_ids=self._plan.instrument_ids,
        )

    def _limits(self, decision: DecisionEvent, proposal: Proposal, *, overnight: bool) -> Limits:
        plan = self._plan
        joint: tuple[Joint, ...] = ()
        unknown: tuple[tuple[str, Bools], ...] = ()
        volume_weight = self._volume.mean * decision.close / float(decision.equity)
        if plan.tail is not None:
            plan.tail.measure(volume_weight)
            joint += plan.tail.joint()
            unknown = (("value_at_risk", plan.tail.unknown),)
        beside = None if plan.options is None else plan.options.bounds
        if beside is not None:
            unknown += ((UNKNOWN, beside.unknown),)
        if plan.stress is not None:
            joint += (plan.stress.joint(beside and beside.options),)
        return limits_of(
            plan.bounds,
            self._sectors,
            Round(
                volume_weight=volume_weight * plan.rounds_per_session,
                overnight=overnight,
                agents=decision.agents,
                agent_share=agent_shares(decision.contributions),
                agent_budgets=plan.agent_budgets,
            ),
            proposal,
            missing=plan.missing,
            unknown=unknown,
            bands=() if beside is None else beside.bands(),
            groups=() if plan.linkage is None else (plan.linkage.groups(plan.instrument_ids, proposal.floor),),
            linear=() if beside is None else beside.linear(),
            joint=joint,
        )

    def _report(self, decision: DecisionEvent, uses: list[Use], weights: Floats) -> RiskReport:
        stress, tail, options = self._plan.stress, self._plan.tail, self._plan.options
        return RiskReport(
            round=decision.round,
            ts_event=decision.ts_event,
            rules=tuple(use.rule for use in uses),
            subjects=tuple(use.subject for use in uses),
            value=np.array([use.value for use in uses], dtype=np.float64),
            limit=np.array([use.limit for use in uses], dtype=np.float64),
            stress=None if stress is None else stress.stress.result(weights, options and options.bounds.options),
            split=None if tail is None else tail.split(weights, self._plan.instrument_ids),
            options=options and options.greeks,
        )

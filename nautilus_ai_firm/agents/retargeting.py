"""Targets that are not held or worked yet -> parents that wait for their market, and what was refused; called by 5."""

from collections.abc import Callable

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.parents import ParentPlanner
from nautilus_ai_firm.agents.protection import Protection
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.messages import Breach, ClearedDecision, DecisionEvent
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.netting import changed_targets


class Retargeting:
    """Turns decisions into parents for the execution desk.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who knows which decision is new.
    ledger : WorkingLedger
        What is working.
    planner : ParentPlanner
        Who makes parents.
    protection : Protection
        Who knows what was stopped out just now.
    withdrawal : Withdrawal
        Who takes back what works towards another target.
    hold : callable
        Takes a parent and the time, and lets it wait for its market.
    refuse : callable
        Records what is refused of a parent: it, the time, and why.
    no_trade_band : float
        Change of weight that is not worth an order.

    """

    def __init__(
        self,
        universe: Universe,
        gate: OrderGate,
        ledger: WorkingLedger,
        planner: ParentPlanner,
        protection: Protection,
        withdrawal: Withdrawal,
        hold: Callable[[Parent, int], None],
        refuse: Callable[[Parent, int, Breach], None],
        *,
        no_trade_band: float,
    ) -> None:
        self._universe = universe
        self._gate = gate
        self._ledger = ledger
        self._planner = planner
        self._protection = protection
        self._withdrawal = withdrawal
        self._let_wait = hold
        self._refuse = refuse
        self._no_trade_band = no_trade_band

    def execute(self, cleared: ClearedDecision) -> None:
        """Execute a decision; one that comes again is refused."""
        decision = cleared.risked.decision
        is_new, positions = self._gate.is_new(decision.round), decision.positions.tolist()  # nothing was filled since
        for place, target in changed_targets(
            cleared, self._ledger.working(), self._universe.lot_sizes, self._no_trade_band
        ):
            if is_new:
                self._retarget(place, target, positions[place], decision)
            else:
                parent = self._planner.parent(place, target, decision.decision_id, decision.round, 0)
                self._refuse(parent, decision.ts_event, self._gate.duplicate(place, decision.round))

    def _retarget(self, place: int, target: int, position: int, decision: DecisionEvent) -> None:
        if self._ledger.is_committed(place, decision.ts_event):
            return
        self._withdrawal.cancel_active(place, decision.ts_event)
        if self._ledger.works(place):
            return  # children are still in flight: the next round decides on what they became
        if self._protection.cools(place, decision.round):
            allowed = max(min(target, max(position, 0)), min(position, 0))
            if allowed != target:
                parent = self._planner.parent(place, target - position, decision.decision_id, decision.round, 0)
                self._refuse(parent, decision.ts_event, _stopped_out(self._universe.names[place], target, allowed))
            target = allowed
        if quantity := target - position:
            self._hold(place, quantity, decision)

    def _hold(self, place: int, quantity: int, decision: DecisionEvent) -> None:
        planned = self._planner.plan(place, quantity, decision)
        for breach in planned.breaches:
            self._refuse(planned.parent, decision.ts_event, breach)
        if planned.may_be_held:
            self._let_wait(planned.parent, decision.ts_event)


def _stopped_out(name: str, wanted: int, allowed: int) -> Breach:
    """Describe exposure that is refused because the instrument was stopped out just now."""
    return Breach(
        rule="stopped_out", instrument_id=name, observed=float(abs(wanted)), limit=float(abs(allowed)), action="refused"
    )

"""Positions -> held orders towards zero, in steps that the gate lets pass; called by 5."""

from collections.abc import Callable

from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.parents import ParentPlanner
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.models.execution.ledger import WorkingLedger


class Liquidation:
    """Closes positions for the execution desk, each at its instrument's next tick at or after the next open time.

    Parameters
    ----------
    gate : OrderGate
        Who knows the largest order.
    ledger : WorkingLedger
        Where the orders are held.
    planner : ParentPlanner
        Who makes them.
    sessions : Sessions
        Opens and closes of the exchange.
    position : callable
        Filled quantity of a place, signed.

    """

    def __init__(
        self,
        gate: OrderGate,
        ledger: WorkingLedger,
        planner: ParentPlanner,
        sessions: Sessions,
        position: Callable[[int], int],
    ) -> None:
        self._gate = gate
        self._ledger = ledger
        self._planner = planner
        self._sessions = sessions
        self._position = position

    def hold(self, places: range, ts_event: int, decision_id: str, round_: int) -> None:
        """Hold an order towards zero in every position of these places in which nothing else works."""
        execution_ns = int(self._sessions.execution_time_ns(ts_event))
        for place in places:
            position = self._position(place)
            quantity = self._gate.largest(place, abs(position))
            if not quantity or not execution_ns or self._ledger.works(place):
                continue
            self._gate.reserve(place, ts_event, 1, reduces=True)
            signed = -quantity if position > 0 else quantity
            self._ledger.hold(self._planner.parent(place, signed, decision_id, round_, execution_ns))

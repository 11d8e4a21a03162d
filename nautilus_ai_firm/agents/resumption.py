"""Parents that an interruption took away -> parents again, for what is left of them and of their time; called by 5.

They were decided, and cleared by risk and compliance, before it; the gate judges them anew. A new round ends it: what
it decides takes their place.
"""

from collections.abc import Callable

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.protection import Protection
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.messages import Breach, Connection, Interrupted
from nautilus_ai_firm.messages.orders import CONTINUED
from nautilus_ai_firm.models.execution.interruption import left_of
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.slicing import n_slices


class Resumption:
    """Goes on for the execution desk.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who knows the limits.
    ledger : WorkingLedger
        What is working.
    protection : Protection
        Exits of an earlier session are taken over before anything goes on beside them.
    withdrawal : Withdrawal
        Who takes back what still rests of a parent.
    position : callable
        Filled quantity of a place, signed.
    hold : callable
        Takes a parent and the time, and lets it wait for its market.
    refuse : callable
        Records what is refused of a parent: it, the time, and why.
    failures : Failures
        Who knows the round.

    """

    def __init__(
        self,
        universe: Universe,
        gate: OrderGate,
        ledger: WorkingLedger,
        protection: Protection,
        withdrawal: Withdrawal,
        position: Callable[[int], int],
        hold: Callable[[Parent, int], None],
        refuse: Callable[[Parent, int, Breach], None],
        failures: Failures,
    ) -> None:
        self._places = {name: place for place, name in enumerate(universe.names)}
        self._lots = universe.lot_sizes
        self._tag = "" if universe.route is None else universe.route.order_tag
        self._gate = gate
        self._ledger = ledger
        self._protection = protection
        self._withdrawal = withdrawal
        self._position = position
        self._let_wait = hold
        self._refuse = refuse
        self._failures = failures
        self._waiting: dict[int, tuple[Interrupted, int]] = {}  # by place, with the position when it was told
        self._count = 0

    def take(self, connection: Connection) -> None:
        """Go on with what a return of the connection says; where children still work, when they are back."""
        if not connection.resumed:
            return
        self._count += 1
        self._protection.take_over(connection.ts_event)
        for rest in connection.resumed:
            place = self._places[rest.instrument_id]
            self._waiting[place] = (rest, self._position(place))
            if self._ledger.works(place):
                self._withdrawal.cancel_open(connection.ts_event, place)
        for place in list(self._waiting):
            self.look(place, connection.ts_event)

    def look(self, place: int, ts_event: int) -> None:
        """Go on in an instrument in which nothing works any more."""
        if place not in self._waiting or self._ledger.works(place):
            return
        rest, position = self._waiting.pop(place)
        left = left_of(rest.quantity, position, self._position(place)) or 0
        lot = int(self._lots[place])
        if quantity := (abs(left) // lot * lot) * (1 if left > 0 else -1):
            self._hold(rest, place, quantity, ts_event)

    def forget(self) -> None:
        """Let a new round decide."""
        self._waiting.clear()

    def _hold(self, rest: Interrupted, place: int, quantity: int, ts_event: int) -> None:
        position = self._position(place)
        reduces = quantity * position < 0 and abs(quantity) <= abs(position)
        execution_ns = max(rest.execution_ns, ts_event)
        if not reduces:
            execution_ns = self._gate.space(execution_ns)
        if rest.end_ns and execution_ns >= (rest.auction_ns or rest.end_ns):
            return
        parent = self._parent(rest, place, quantity, execution_ns)
        messages = n_slices(execution_ns, rest.end_ns, rest.interval_ns) if rest.end_ns else 1
        breach = self._gate.reserve(place, ts_event, messages, reduces=reduces, buys=quantity > 0)
        if breach is None:
            self._let_wait(parent, ts_event)
        else:
            self._refuse(parent, ts_event, breach)

    def _parent(self, rest: Interrupted, place: int, quantity: int, execution_ns: int) -> Parent:
        decision_id = f"{CONTINUED}{self._count:06d}"
        return Parent(
            parent_id=f"{self._tag}{decision_id}-{rest.instrument_id}",
            place=place,
            quantity=quantity,
            round=self._failures.round,
            decision_id=decision_id,
            execution_ns=execution_ns,
            end_ns=rest.end_ns,
            interval_ns=rest.interval_ns,
            algorithm=rest.algorithm,
            floor_price=rest.floor_price,
            parameters=rest.parameters,
            auction_ns=rest.auction_ns,
            close_ns=rest.close_ns,
        )

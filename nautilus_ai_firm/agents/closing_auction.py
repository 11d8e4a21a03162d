"""What a parent has not sent at the cut-off -> one order for the closing auction of its session; used by 6.

The quantity is fixed at the cut-off, passes the gate then, and is told with that time. At a broker the order leaves at
once and rests there. A simulated venue has no auction: there it leaves with the closing tick, and fills at the close of
the bar that ends then. In between nothing but a halt, a lost connection or a cancel takes it back.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from nautilus_trader.common import Cache
from nautilus_trader.model import ClientId, ClientOrderId, TimeInForce

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.child_orders import ChildOrders, Spawner
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.sliced import Committed, Sliced
from nautilus_ai_firm.clock import MarketClock
from nautilus_ai_firm.messages import MarketSnapshot


class Auctioneer(Spawner, Protocol):
    """What it needs of the algorithm beside making children."""

    def cancel_order(self, order: Any, client_id: ClientId | None = None) -> None:
        """Take a child back."""
        ...


class Finish(Protocol):
    """How a parent ends, with the reason; what rests of it is taken back or stays."""

    def __call__(self, sliced: Sliced, reason: str, *, takes_back: bool = True) -> None:
        """End it."""
        ...


class ClosingAuction:
    """Commits what is left, and sends it.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        What every order must pass.
    algorithm : Auctioneer
        The algorithm.
    orders : ChildOrders
        Its children.
    finish : callable
        Ends a parent.
    take_back : callable
        Asks for the children of a parent back that rest.

    """

    def __init__(
        self,
        universe: Universe,
        gate: OrderGate,
        algorithm: Auctioneer,
        orders: ChildOrders,
        finish: Finish,
        take_back: Callable[[Sliced], None],
    ) -> None:
        self._universe = universe
        self._gate = gate
        self._algorithm = algorithm
        self._orders = orders
        self._finish = finish
        self._take_back = take_back
        self._is_simulated = universe.client_id is None

    def start(self, clock: MarketClock) -> None:
        """Take the market clock: there is none before the start."""
        self._clock = clock

    def commit(self, sliced: Sliced) -> None:
        """Fix what is unsent as the order for the auction; what rests has to be back before that is known."""
        if sliced.is_done or sliced.committed is not None:
            return
        self._clock.alert_at(f"end:{sliced.parent_id}", sliced.close_ns, lambda _event: self._close(sliced))
        self._take_back(sliced)
        sliced.is_due_to_commit = bool(sliced.children.resting())
        quantity = sliced.children.unsent // sliced.window.lot * sliced.window.lot
        if sliced.is_due_to_commit or not quantity:
            return
        committed = Committed(child_id=sliced.next_child_id, quantity=quantity, price=sliced.last_price)
        question = self._orders.auction_question(sliced, committed, self._clock.now_ns())
        if not self._gate.check(self._algorithm.line, question, sliced.place, lambda: self._orders.position(sliced)):
            self._finish(sliced, "refused")
            return
        sliced.committed = committed
        if not self._is_simulated:
            self._send(sliced, committed, TimeInForce.AT_THE_CLOSE)

    def holds(self, sliced: Sliced, ts_event: int) -> bool:
        """Say whether no slice leaves any more at a market event; the one of the close executes what is committed."""
        if not 0 < sliced.auction_ns <= ts_event:
            return False
        if self._stands(sliced, ts_event) and ts_event == sliced.close_ns and self._waits(sliced):
            self._execute(sliced)
        return True

    def hear(self, sliced: Sliced) -> None:
        """Go on after the answer of a child: commit when the last one is back, end when the auction is answered."""
        if sliced.committed is not None and sliced.committed.is_over(sliced.children):
            self._finish(sliced, "rejected" if sliced.children.refusals else "expired")
        elif sliced.is_due_to_commit and not sliced.children.resting():  # when the execution desk has heard it too
            now_ns = self._clock.now_ns()
            self._clock.alert_at(f"commit:{sliced.parent_id}", now_ns, lambda _event: self.commit(sliced))

    def start_round(self, snapshot: MarketSnapshot, parents: Iterable[Sliced]) -> None:
        """Send what is committed where the last bar is there without a tick; one that never came gives no price."""
        for sliced in parents:
            if not self._waits(sliced) or snapshot.ts_event < sliced.close_ns:
                continue
            if snapshot.ts_event > sliced.close_ns or not snapshot.fresh[sliced.place]:
                self._finish(sliced, "no closing price")
            elif self._stands(sliced, self._clock.now_ns()):
                self._execute(sliced)

    def take_back(self, sliced: Sliced) -> None:
        """Ask for it back where it rests; an exchange may refuse, and then it counts until it is filled."""
        if sliced.committed is None or not sliced.committed.is_sent:
            return
        order = self._cache().order(ClientOrderId(sliced.committed.child_id))
        if order is not None and not order.is_closed and not order.is_pending_cancel:
            self._gate.count_message(sliced.changed_ns)
            self._algorithm.cancel_order(order, client_id=self._universe.client_id)

    def _close(self, sliced: Sliced) -> None:
        """End what has sent all it has: at a broker that is in the auction, which answers later."""
        if not sliced.is_done and not self._waits(sliced):
            self._finish(sliced, "expired", takes_back=False)

    def _execute(self, sliced: Sliced) -> None:
        if sliced.committed is not None:
            self._send(sliced, sliced.committed, TimeInForce.GTC)

    def _stands(self, sliced: Sliced, ts_event: int) -> bool:
        """Say whether what is committed may still leave, or stay where it rests; end the parent where not."""
        if sliced.committed is None:
            return True
        question = self._orders.auction_question(sliced, sliced.committed, ts_event)
        held = self._orders.position(sliced)
        if self._gate.lets(question, sliced.place, lambda: held):
            return True
        self._gate.check(self._algorithm.line, question, sliced.place, lambda: held)
        self._finish(sliced, "refused")
        return False

    def _waits(self, sliced: Sliced) -> bool:
        return self._is_simulated and sliced.committed is not None and not sliced.committed.is_sent

    def _send(self, sliced: Sliced, committed: Committed, time_in_force: TimeInForce) -> None:
        committed.is_sent = True
        self._orders.send_committed(sliced, committed, self._clock.now_ns(), time_in_force)

    def _cache(self) -> Cache:
        cache = self._algorithm.cache
        assert cache is not None  # there is one from the start on
        return cache

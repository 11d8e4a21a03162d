"""Children that rest at a limit -> kept at the market, made to cross near the end, or taken back; used by 6.

A change of a limit keeps the child's quantity, so it cannot fill more than it was for. A child that is taken back
counts until the venue has answered: a fill on its way is known before anything replaces it.
"""

from typing import Any, Protocol

from nautilus_trader.common import Cache
from nautilus_trader.model import ClientId, ClientOrderId, Price

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.child_orders import ChildOrders
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.sliced import Sliced
from nautilus_ai_firm.bus import Line
from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.messages import ExecutionTick
from nautilus_ai_firm.models.execution.pegging import Peg, limit_price
from nautilus_ai_firm.settings import Algorithm, LimitChildren

MOST_ASKS = 3
"""Changes of a limit that may stay without an answer before the child is taken back instead."""


class Sender(Protocol):
    """What it needs of the algorithm."""

    line: Line
    settings: Algorithm

    @property
    def cache(self) -> Cache | None:
        """The engine's cache."""
        ...

    def modify_order(self, order: Any, *, price: Price | None = None, client_id: ClientId | None = None) -> None:
        """Change a child."""
        ...

    def cancel_order(self, order: Any, client_id: ClientId | None = None) -> None:
        """Take a child back."""
        ...


class RestingChildren:
    """Looks after the limit orders of one algorithm.

    Parameters
    ----------
    settings : LimitChildren
        Where they rest.
    universe : Universe
        What the firm trades.
    gate : OrderGate
        What every price must pass.
    sender : Sender
        The algorithm.
    orders : ChildOrders
        Its children.

    """

    def __init__(
        self, settings: LimitChildren, universe: Universe, gate: OrderGate, sender: Sender, orders: ChildOrders
    ) -> None:
        self._settings = settings
        self._peg = Peg(share=settings.peg, offset_bps=settings.offset_bps)
        self._universe = universe
        self._gate = gate
        self._sender = sender
        self._orders = orders

    def limit(self, sliced: Sliced, tick: ExecutionTick, sent_in: int | None = None) -> Price:
        """Return the limit that a child should have now; `sent_in` is the interval of one that was sent already."""
        instrument = self._cache().instrument(self._universe.order_ids[sliced.place])
        assert instrument is not None  # the desk subscribed to it
        price = limit_price(
            self._peg,
            buys=sliced.buys,
            bid=tick.bid,
            ask=tick.ask,
            step=nearest_float(instrument.price_increment),
            crosses=self._crosses(sliced, tick.ts_event, sent_in),
        )
        return instrument.make_price(price)

    def reprice(self, sliced: Sliced, tick: ExecutionTick) -> bool:
        """Keep every child at its price; say whether the gate still lets them work."""
        for child_id in sliced.children.open():
            child = sliced.children.orders[child_id]
            if child.is_canceling:
                continue
            price = self.limit(sliced, tick, child.interval)
            question = self._orders.question(sliced, child_id, child.left, tick.ts_event, nearest_float(price))
            position = self._orders.position(sliced)
            if not self._gate.would_pass(question, sliced.place, lambda held=position: held):
                self._gate.check(self._sender.line, question, sliced.place, lambda held=position: held)
                return False
            wait_ns = self._settings.reprice_seconds * SECOND_NS
            if nearest_float(price) != child.price and tick.ts_event - sliced.changed_ns >= wait_ns:
                self._change(sliced, child_id, price, tick.ts_event)
        return True

    def take_back(self, sliced: Sliced) -> None:
        """Cancel every child that may still fill, once for each answer."""
        for child_id in sliced.children.open():
            order = self._cache().order(ClientOrderId(child_id))
            if order is None or order.is_closed or order.is_pending_cancel:
                continue
            sliced.children.orders[child_id].is_canceling = True
            self._gate.count_message(sliced.changed_ns)
            self._sender.cancel_order(order, client_id=self._universe.client_id)

    def silence_ns(self, sliced: Sliced) -> int:
        """Return after how long a silence of the market they are taken back, nanoseconds."""
        return self._settings.stale_intervals * sliced.window.interval_ns

    def _crosses(self, sliced: Sliced, now_ns: int, sent_in: int | None) -> bool:
        at = sliced.window
        if sent_in is not None and sent_in < at.interval(now_ns):
            return True
        if self._sender.settings.at_end == "cross" and at.is_last(now_ns):
            return True
        return at.passed(now_ns) >= 1 - self._settings.cross_share

    def _change(self, sliced: Sliced, child_id: str, price: Price, ts_event: int) -> None:
        child, order = sliced.children.orders[child_id], self._cache().order(ClientOrderId(child_id))
        if order is None or order.is_closed:
            return
        sliced.changed_ns = ts_event
        self._gate.count_message(ts_event)
        if child.asks >= MOST_ASKS:
            child.is_canceling = True
            self._sender.cancel_order(order, client_id=self._universe.client_id)
            return
        child.asks += 1
        self._sender.modify_order(order, price=price, client_id=self._universe.client_id)

    def _cache(self) -> Cache:
        cache = self._sender.cache
        assert cache is not None  # there is one from the start on
        return cache

"""Steps of stops and take profits -> orders at the venue: made, changed, canceled, and known to the records."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model import ClientOrderId, OrderSide, Price, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.exit_lists import exit_list, group_tag
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.order_records import gate_result, parent_record
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.messages.orders import STOP, TAKE_PROFIT
from nautilus_ai_firm.models.execution.exit_pair import ExitPair
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.models.execution.stop_order import StopOrder


@dataclass(frozen=True, slots=True)
class Slot:
    """What an exit order is to the firm: its parent in the records, its layer, and whether it takes a profit."""

    parent: Parent
    layer: int
    is_take: bool


class ExitOrders:
    """Sends for the protection of the execution desk; nothing here decides.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who counts messages and knows whether orders can leave.
    desk : Strategy
        Who sends the orders.
    line : Line
        Its line.
    groups : bool
        Whether a stop is sent as the first of a group that a take profit may join: at a broker.

    """

    def __init__(self, universe: Universe, gate: OrderGate, desk: Strategy, line: Line, *, groups: bool) -> None:
        self._universe = universe
        self._gate = gate
        self._desk = desk
        self._line = line
        self._groups = groups
        n = len(universe.names)
        self._make_price: dict[int, Callable[[float], Price]] = {}  # of instruments that had an exit
        self._slots: dict[str, Slot] = {}  # of the orders that live, by order id
        self._sent = {STOP: [0] * n, TAKE_PROFIT: [0] * n}

    def slot_of(self, order_id: str) -> Slot | None:
        """Return what an order is; None for one that is no exit."""
        return self._slots.get(order_id)

    def price(self, place: int, price: float) -> Price:
        """Round a price to what the venue takes."""
        make_price = self._make_price.get(place)
        if make_price is None:
            instrument = self._desk.cache.instrument(self._universe.order_ids[place])
            assert instrument is not None  # the desk subscribed to it
            make_price = self._make_price[place] = instrument.make_price
        return make_price(price)

    def submit_stop(self, pair: ExitPair, where: tuple[int, int], quantity: int, trigger: float, ts_event: int) -> None:
        """Send a stop; quantity signed, `where` is place and layer."""
        place, _ = where
        parent = self._enter(where, quantity, trigger, ts_event)
        if parent is None:
            return
        pair.stop = _order(parent, trigger)
        pair.stop.group = parent.parent_id if self._groups else ""
        # not reduce-only: the broker refuses the flag, and the simulated venue answers it by growing the stop again to
        # the whole position while a closing order works
        named = _named(parent, pair.stop.group)
        order = self._desk.order_factory.stop_market(*self._terms(parent), self.price(place, trigger), **named)
        self._desk.submit_order(order, client_id=self._universe.client_id)

    def submit_take(self, pair: ExitPair, where: tuple[int, int], quantity: int, price: float, ts_event: int) -> None:
        """Send a take profit into the group of the stop that is there."""
        assert pair.stop is not None  # or there would be no group
        parent = self._enter(where, quantity, price, ts_event, is_take=True)
        if parent is None:
            return
        pair.take = _order(parent, price)
        pair.take.joins = True
        named = _named(parent, pair.stop.group)
        order = self._desk.order_factory.limit(*self._terms(parent), self.price(where[0], price), **named)
        self._desk.submit_order(order, client_id=self._universe.client_id)

    def submit_pair(
        self, pair: ExitPair, where: tuple[int, int], quantity: int, prices: tuple[float, float], ts_event: int
    ) -> None:
        """Send stop and take profit as one list."""
        place, _ = where
        parents = self.enter_pair(where, quantity, prices, ts_event)
        if parents is None:
            return
        stop, take = parents
        pair.stop, pair.take = _order(stop, prices[0]), _order(take, prices[1])
        at = (self.price(place, prices[0]), self.price(place, prices[1]))
        orders = exit_list(self._desk, (stop, take), self._universe.order_ids[place], at, ts_event)
        self._desk.submit_order_list(orders, client_id=self._universe.client_id)

    def submit_market(
        self, pair: ExitPair, where: tuple[int, int], quantity: int, reached: tuple[float, bool], ts_event: int
    ) -> None:
        """Close at the market, now that a watched price is reached: the price, and whether it takes a profit."""
        price, is_take = reached
        parent = self._enter(where, quantity, price, ts_event, is_take=is_take, is_stop=False)
        if parent is None:
            return
        order = _order(parent, price)
        order.is_market = True
        if is_take:
            pair.take = order
        else:
            pair.stop = order
        market = self._desk.order_factory.market(*self._terms(parent), **_named(parent))
        self._desk.submit_order(market, client_id=self._universe.client_id)

    def enter(self, where: tuple[int, int], quantity: int, trigger: float, ts_event: int) -> tuple[Parent] | None:
        """Write down a stop that leaves with its entry; None where it cannot leave."""
        parent = self._enter(where, quantity, trigger, ts_event)
        return None if parent is None else (parent,)

    def enter_pair(
        self, where: tuple[int, int], quantity: int, prices: tuple[float, float], ts_event: int
    ) -> tuple[Parent, Parent] | None:
        """Write down a stop and its take profit; None where they cannot leave."""
        stop = self._enter(where, quantity, prices[0], ts_event)
        if stop is None:
            return None
        take = self._enter(where, quantity, prices[1], ts_event, is_take=True)
        assert take is not None  # what stops one stops both
        return stop, take

    def modify(self, order: StopOrder, place: int, quantity: int, price: float, ts_event: int) -> None:
        """Change a stop, or a take profit; quantity unsigned."""
        order.ask(quantity, price, ts_event)
        self._gate.count_message(ts_event)
        is_take, rounded = self._slots[order.order_id].is_take, self.price(place, price)
        self._desk.modify_order(
            ClientOrderId(order.order_id),
            quantity=Quantity.from_int(quantity),
            price=rounded if is_take else None,
            trigger_price=None if is_take else rounded,
            client_id=self._universe.client_id,
        )

    def cancel(self, order: StopOrder, ts_event: int) -> None:
        """Cancel a stop or a take profit."""
        order.pending = order.leaving = True
        self._gate.count_message(ts_event)
        self._desk.cancel_order(ClientOrderId(order.order_id), client_id=self._universe.client_id)

    def record(self, order: StopOrder, state: str, ts_event: int) -> None:
        """Write down what became of an order."""
        parent = self._slots[order.order_id].parent
        name = self._universe.names[parent.place]
        whole = parent_record(parent, name, state, order.filled, ts_event, quantity=order.quantity)
        self._line.publish(Topic.PARENT_RECORD, whole)

    def forget(self, order: StopOrder) -> None:
        """Forget an order that is over."""
        del self._slots[order.order_id]

    def _enter(
        self,
        where: tuple[int, int],
        quantity: int,
        price: float,
        ts_event: int,
        *,
        is_take: bool = False,
        is_stop: bool = True,
    ) -> Parent | None:
        place, layer = where
        parent = self._parent(place, quantity, TAKE_PROFIT if is_take else STOP)
        question = gate_result(parent, self._universe.names[place], ts_event, price, is_stop=is_stop)
        if not self._gate.protect(self._line, question):
            return None
        self._sent[TAKE_PROFIT if is_take else STOP][place] += 1
        self._slots[parent.parent_id] = Slot(parent, layer, is_take)
        return parent

    def _parent(self, place: int, quantity: int, kind: str) -> Parent:
        route, round_ = self._universe.route, self._line.failures.round
        tag = "" if route is None else route.order_tag
        return Parent(
            parent_id=f"{tag}{kind}{self._sent[kind][place] + 1:06d}-{self._universe.names[place]}",
            place=place,
            quantity=quantity,
            round=round_,
            decision_id=f"{kind}{round_:06d}",
            execution_ns=0,
        )

    def _terms(self, parent: Parent) -> tuple[Any, OrderSide, Quantity]:
        side = OrderSide.BUY if parent.quantity > 0 else OrderSide.SELL
        return self._universe.order_ids[parent.place], side, Quantity.from_int(abs(parent.quantity))


def _order(parent: Parent, price: float) -> StopOrder:
    return StopOrder(
        sign=1 if parent.quantity > 0 else -1, quantity=abs(parent.quantity), trigger=price, order_id=parent.parent_id
    )


def _named(parent: Parent, group: str = "") -> dict[str, Any]:
    return {
        "tags": [parent.decision_id, *([group_tag(group)] if group else [])],
        "client_order_id": ClientOrderId(parent.parent_id),
        "time_in_force": TimeInForce.GTC,
    }

"""Stop levels -> stop orders of the execution desk: one of each position, beside the parents and never in their way.

A stop rests at the venue for what nothing else closes: it grows with every fill of an entry, makes room before a
closing order leaves, and goes when the position is flat. So stop and closing orders are together never more than the
position, and neither can turn it. Where the venue takes no stops, or refused one, the firm watches the price instead.
"""

from collections.abc import Callable
from typing import Any

from nautilus_trader.model import ClientOrderId, OrderSide, Price, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.earlier_stops import EarlierStops
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.order_records import KINDS, gate_result, order_record, parent_record, update_record
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.messages import Breach, OrderEventKind, OrderRecord
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.stop_order import StopOrder, StopStep, closing_quantity, next_step
from nautilus_ai_firm.models.risk.stop_levels import StopCause
from nautilus_ai_firm.settings import Stops

REFUSED = {"OrderModifyRejected", "OrderCancelRejected"}
UPDATED = "OrderUpdated"
STOP_EVENTS = frozenset({*REFUSED, UPDATED})
"""Events of stop orders that matter beside those of every order."""
ENDS = {
    OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.CANCELED, OrderEventKind.EXPIRED,
}  # fmt: skip


class Protection:
    """The stops of the execution desk.

    Parameters
    ----------
    settings : Stops or None
        Whether they rest at the venue; None is a firm without stops.
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who counts messages and knows whether orders can leave.
    ledger : WorkingLedger
        What else is working; stops are no part of it.
    desk : Strategy
        Who sends the orders.
    line : Line
        Its line.
    position : callable
        Filled quantity of a place, signed.

    """

    def __init__(
        self,
        settings: Stops | None,
        universe: Universe,
        gate: OrderGate,
        ledger: WorkingLedger,
        desk: Strategy,
        line: Line,
        position: Callable[[int], int],
    ) -> None:
        self._universe = universe
        self._order_ids = universe.order_ids
        self._make_price: dict[int, Callable[[float], Price]] = {}  # of instruments that had a stop
        self._gate = gate
        self._ledger = ledger
        self._desk = desk
        self._line = line
        self._position = position
        n = len(universe.names)
        self._rests = [settings is not None and settings.working == "venue"] * n
        self._cool_down = 0 if settings is None else settings.cool_down_rounds
        self._cools_until = [0] * n
        self._levels: list[tuple[int, float, str] | None] = [None] * n  # sign of the position, trigger, cause
        self._orders: list[StopOrder | None] = [None] * n
        self._parents: dict[str, Parent] = {}  # of the stops that live, by order id
        self._ids: list[str] = [""] * n
        self._sent = [0] * n
        self._room = [0] * n  # what a closing order that is about to leave needs
        self._offers: dict[int, float] = {}  # triggers of stops that may leave with an entry, by place
        self._earlier = EarlierStops(universe, gate, desk)
        self._attached: set[int] = set()  # whose stop the broker holds until the entry is done
        self._stuck: set[int] = set()  # the venue refused a step: tried again in the next round

    def set_level(self, place: int, price: float, cause: str) -> None:
        """Take a new level for the position that there is; one that would loosen the last is no level."""
        sign, last = _sign(self._position(place)), self._levels[place]
        trigger = self._price(place, price)
        if not sign:
            self._offers[place] = nearest_float(trigger)
        if sign and not (last is not None and last[0] == sign and sign * (nearest_float(trigger) - last[1]) < 0):
            self._levels[place] = (sign, nearest_float(trigger), cause)

    def cools(self, place: int, round_: int) -> bool:
        """Whether an instrument was stopped out so recently that nothing new is opened in it."""
        return round_ <= self._cools_until[place]

    def cool(self, place: int) -> None:
        """Let no new exposure follow a stop at once."""
        self._cools_until[place] = self._line.failures.round + self._cool_down

    def start_round(self, ts_event: int) -> None:
        """Look after every stop: positions may have changed behind the firm's back, and a refusal may be over."""
        self._stuck.clear()
        self._offers.clear()
        for place, trigger in self._earlier.find(ts_event):
            self.set_level(place, trigger, "stop of an earlier session")
        self.sync_all(ts_event)

    def sync_all(self, ts_event: int) -> None:
        """Bring every stop one step closer to what it should be."""
        for place, level in enumerate(self._levels):
            if level is not None or self._orders[place] is not None:
                self.sync(place, ts_event)

    def attach(self, entry: Parent, ts_event: int) -> tuple[Parent, Price] | None:
        """Give an entry the stop that leaves with it, as the records know it, and its trigger; None where none does."""
        place, trigger = entry.place, self._offers.pop(entry.place, None)
        if trigger is None or self._universe.client_id is None or not self._rests[place] or self._orders[place]:
            return None
        if entry.end_ns or self._position(place):
            return None
        stop = self._parent(place, -entry.quantity)
        if not self._passes(stop, ts_event, trigger, is_stop=True):
            return None
        self._levels[place] = (_sign(entry.quantity), trigger, StopCause.INITIAL)
        self._orders[place] = StopOrder(sign=_sign(stop.quantity), quantity=abs(stop.quantity), trigger=trigger)
        self._attached.add(place)
        return stop, self._price(place, trigger)

    def makes_room(self, place: int, quantity: int, ts_event: int) -> bool:
        """Ask whether a parent may leave: not before the stop has given up what the parent closes."""
        order, position = self._orders[place], self._position(place)
        self._room[place] = closing_quantity(position, quantity)
        if self._earlier.block(place):
            return False
        if order is None:
            return True
        self.sync(place, ts_event)
        same_way = order.sign * quantity > 0
        return not same_way or (not order.pending and order.left + self._room[place] <= abs(position))

    def has_left(self, place: int) -> None:
        """Take note that the parent that needed room has left, or will not."""
        self._room[place] = 0

    def is_crossed(self, place: int, bid: float, ask: float, ts_event: int) -> bool:
        """Whether the market has reached the level of a position."""
        level = self._levels[place]
        if level is not None and self._orders[place] is None and not self._earlier.block(place):
            self.sync(place, ts_event)  # an earlier stop is gone, or the connection is back
        if level is None:
            return False
        sign, trigger, _ = level
        reached = bid <= trigger if sign > 0 else ask >= trigger
        return reached and sign == _sign(self._position(place))

    def trigger(self, place: int, ts_event: int, price: float) -> None:
        """Close what no order closes, now that the level is reached, where no stop order rests at the venue."""
        self.sync(place, ts_event)
        position, order, level = self._position(place), self._orders[place], self._levels[place]
        quantity = abs(position) - closing_quantity(position, self._ledger.working_of(place))
        if level is None or self._rests[place] or order is not None or quantity <= 0:
            return
        parent = self._parent(place, -quantity if position > 0 else quantity)
        if not self._passes(parent, ts_event, price):
            return
        self._orders[place] = StopOrder(sign=_sign(parent.quantity), quantity=quantity, trigger=price, is_market=True)
        self._desk.submit_order(
            self._desk.order_factory.market(*self._terms(parent), **_named(parent)),
            client_id=self._universe.client_id,
        )

    def sync(self, place: int, ts_event: int) -> None:
        """Bring the stop order of a place one step closer to what it should be."""
        if self._earlier.block(place):
            return
        if place in self._attached:
            if self._ledger.working_of(place):
                return
            self._attached.discard(place)
        position, level, order = self._position(place), self._levels[place], self._orders[place]
        if level is not None and level[0] != _sign(position):
            level = self._levels[place] = None
        waits = level is None if order is None else order.pending or order.is_market
        if waits:  # nothing to place, or the venue has the word: as `next_step` would say, and most calls end here
            return
        closing = max(closing_quantity(position, self._ledger.working_of(place)), self._room[place])
        trigger = level[1] if level is not None and self._rests[place] else None
        step = next_step(order, position, min(closing, abs(position)), trigger)
        if step is None or place in self._stuck:
            return
        match step:
            case (StopStep.SUBMIT, quantity):
                self._submit(place, quantity, position, ts_event)
            case (StopStep.MODIFY, quantity) if order is not None and level is not None:
                order.pending = True
                self._gate.count_message(ts_event)
                self._desk.modify_order(
                    ClientOrderId(self._ids[place]),
                    quantity=Quantity.from_int(quantity),
                    trigger_price=self._price(place, level[1]),
                    client_id=self._universe.client_id,
                )
            case _ if order is not None:
                order.pending = True
                self._gate.count_message(ts_event)
                self._desk.cancel_order(ClientOrderId(self._ids[place]), client_id=self._universe.client_id)

    def parent_of(self, order_id: str) -> Parent | None:
        """Return what an order is to the records; None for one that is no stop."""
        return self._parents.get(order_id)

    def hear(self, event: Any, parent: Parent, ts_event: int) -> OrderRecord | None:
        """Take an event of a stop order, and return its record where it has one."""
        place, event_name = parent.place, type(event).__name__
        order, name = self._orders[place], self._universe.names[parent.place]
        if order is None:
            return None
        if event_name in REFUSED:
            order.pending = False
            self._stuck.add(place)
            return None
        if event_name == UPDATED:
            order.pending, order.quantity = False, int(event.quantity.as_decimal())
            order.trigger = nearest_float(event.trigger_price)
            return update_record(event, parent, name, ts_event)
        kind = KINDS.get(event_name)
        if kind is None:
            return None
        record = order_record(event, parent, kind, name, ts_event)
        if kind is OrderEventKind.FILLED:
            order.filled += int(record.quantity)
        order.pending = order.pending and kind is OrderEventKind.SUBMITTED
        if (kind is OrderEventKind.DENIED or kind is OrderEventKind.REJECTED) and place not in self._attached:
            self._rests[place] = False  # from here on the firm watches the price
        if not order.left or kind in ENDS:
            self._end(place, parent, kind, ts_event)
        return record

    def close(self, ts_event: int) -> None:
        """Record the stops that still rest when the run ends."""
        for place, order in enumerate(self._orders):
            if order is not None:
                self._record(self._parents[self._ids[place]], order, "kept: the run ended", ts_event)

    def _submit(self, place: int, quantity: int, position: int, ts_event: int) -> None:
        level = self._levels[place]
        assert level is not None
        parent, trigger = self._parent(place, -quantity if position > 0 else quantity), self._price(place, level[1])
        if not self._passes(parent, ts_event, level[1], is_stop=True):
            return
        self._orders[place] = StopOrder(sign=_sign(parent.quantity), quantity=quantity, trigger=level[1])
        # not reduce-only: the broker refuses the flag, and the simulated venue answers it by growing the stop again to
        # the whole position while a closing order works
        order = self._desk.order_factory.stop_market(*self._terms(parent), trigger, **_named(parent))
        self._desk.submit_order(order, client_id=self._universe.client_id)

    def _passes(self, parent: Parent, ts_event: int, price: float, *, is_stop: bool = False) -> bool:
        name = self._universe.names[parent.place]
        question = gate_result(parent, name, ts_event, price, is_stop=is_stop)
        if not self._gate.protect(self._line, question):
            return False
        self._sent[parent.place] += 1
        self._parents[parent.parent_id] = parent
        self._ids[parent.place] = parent.parent_id
        return True

    def _parent(self, place: int, quantity: int) -> Parent:
        route, round_ = self._universe.route, self._line.failures.round
        tag = "" if route is None else route.order_tag
        return Parent(
            parent_id=f"{tag}S{self._sent[place] + 1:06d}-{self._universe.names[place]}",
            place=place,
            quantity=quantity,
            round=round_,
            decision_id=f"S{round_:06d}",
            execution_ns=0,
        )

    def _terms(self, parent: Parent) -> tuple[Any, OrderSide, Quantity]:
        side = OrderSide.BUY if parent.quantity > 0 else OrderSide.SELL
        return self._order_ids[parent.place], side, Quantity.from_int(abs(parent.quantity))

    def _price(self, place: int, price: float) -> Price:
        make_price = self._make_price.get(place)
        if make_price is None:
            instrument = self._desk.cache.instrument(self._order_ids[place])
            assert instrument is not None  # the desk subscribed to it
            make_price = self._make_price[place] = instrument.make_price
        return make_price(price)

    def _end(self, place: int, parent: Parent, kind: OrderEventKind, ts_event: int) -> None:
        order, level = self._orders[place], self._levels[place]
        assert order is not None
        how = "filled" if not order.left else str(kind)
        self._record(parent, order, f"{how}: {'no position' if level is None else level[2]}", ts_event)
        self._orders[place] = None
        self._attached.discard(place)
        del self._parents[parent.parent_id]

    def _record(self, parent: Parent, order: StopOrder, state: str, ts_event: int) -> None:
        name = self._universe.names[parent.place]
        whole = parent_record(parent, name, state, order.filled, ts_event, quantity=order.quantity)
        self._line.publish(Topic.PARENT_RECORD, whole)


def stopped_out(name: str, wanted: int, allowed: int) -> Breach:
    """Describe exposure that is refused because the instrument was stopped out just now."""
    return Breach(
        rule="stopped_out", instrument_id=name, observed=float(abs(wanted)), limit=float(abs(allowed)), action="refused"
    )


def _named(parent: Parent) -> dict[str, Any]:
    return {
        "tags": [parent.decision_id],
        "client_order_id": ClientOrderId(parent.parent_id),
        "time_in_force": TimeInForce.GTC,
    }


def _sign(quantity: int) -> int:
    return (quantity > 0) - (quantity < 0)

"""Stop levels and take profits -> orders of the execution desk that close, beside the parents and never in their way.

A stop rests at the venue for what nothing else closes: it grows with every fill of an entry, makes room before a
closing order leaves, and goes when the position is flat. A position in layers has one for each layer. Stops and
closing orders are together never more than the position, and none can turn it; a take profit shares the quantity of
its stop, of which the venue lets the two fill once. Where the venue takes no such orders, or refused one, the firm
watches the price instead.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from nautilus_trader.model import Price
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.earlier_stops import EarlierStops
from nautilus_ai_firm.agents.exit_orders import ExitOrders, Slot
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.order_records import KINDS, order_record, update_record
from nautilus_ai_firm.bus import Line
from nautilus_ai_firm.messages import Breach, OrderEventKind, OrderRecord
from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels, Wanted
from nautilus_ai_firm.models.execution.exit_pair import ExitPair, ExitStep, pair_step
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.stop_order import StopOrder, closing_quantity
from nautilus_ai_firm.models.risk.stop_levels import StopCause
from nautilus_ai_firm.settings import Stops

STOPPED_OUT, TOOK_PROFIT = "stopped out", "took profit"
REFUSED = {"OrderModifyRejected", "OrderCancelRejected"}
ENDS = {
    OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.CANCELED, OrderEventKind.EXPIRED,
}  # fmt: skip


class Reached(NamedTuple):
    """The market's price at a watched level, and whether the level takes a profit."""

    price: float
    is_take: bool


class Protection:
    """The stops and take profits of the execution desk.

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
        self._names = universe.names
        self._ledger = ledger
        self._line = line
        self._position = position
        self._orders = ExitOrders(universe, gate, desk, line)
        self._earlier = EarlierStops(universe, gate, desk)
        n = len(universe.names)
        self._linked = universe.client_id is None  # a simulated venue: stop and take profit are one list there
        self._grouped = settings is not None and settings.takes_profit  # else the stop of a position is in no group
        self._rests = [settings is not None and settings.working == "venue"] * n
        self._take_rests = list(self._rests)
        self._cool_down = 0 if settings is None else settings.cool_down_rounds
        self._cools_until = [0] * n
        self._levels = ExitLevels(n)
        self._pairs: list[dict[int, ExitPair]] = [{} for _ in range(n)]  # by layer
        self._room = [0] * n  # what a closing order that is about to leave needs
        self._offers: dict[int, float] = {}  # triggers of stops that may leave with an entry, by place
        self._take_offers: dict[int, float] = {}  # limits of their take profits
        self._attached: set[int] = set()  # whose exits the broker holds until the entry is done
        self._stuck: set[tuple[int, int]] = set()  # the venue refused a step: tried again in the next round
        self._reached: dict[tuple[int, int], Reached] = {}  # watched prices, by place and layer

    # --- Levels ----------------------------------------------------------------------------------------------------

    def set_level(
        self, place: int, price: float, cause: str, layer: int | None = None, quantity: int | None = None
    ) -> None:
        """Take a new level for the position that there is; one that would loosen the last is no level."""
        sign, trigger = _sign(self._position(place)), nearest_float(self._orders.price(place, price))
        if sign:
            self._levels.set_stop(place, layer or BASE, sign, trigger, cause, quantity)
        elif layer is None:
            self._offers[place] = trigger

    def set_take(self, place: int, price: float, layer: int | None = None, quantity: int | None = None) -> None:
        """Take the price at which the position that there is, or a layer of it, is closed with a profit."""
        sign, limit = _sign(self._position(place)), nearest_float(self._orders.price(place, price))
        if sign:
            self._levels.set_take(place, layer or BASE, sign, limit, quantity)
        elif layer is None:
            self._take_offers[place] = limit

    def cools(self, place: int, round_: int) -> bool:
        """Whether an instrument was stopped out so recently that nothing new is opened in it."""
        return round_ <= self._cools_until[place]

    def cool(self, place: int) -> None:
        """Let no new exposure follow an exit at once."""
        self._cools_until[place] = self._line.failures.round + self._cool_down

    # --- What the desk asks ----------------------------------------------------------------------------------------

    def start_round(self, ts_event: int) -> None:
        """Look after every exit: positions may have changed behind the firm's back, and a refusal may be over."""
        self._stuck.clear()
        self._offers.clear()
        self._take_offers.clear()
        for place, price, is_take in self._earlier.find(ts_event):
            if is_take:
                self.set_take(place, price)
            else:
                self.set_level(place, price, "stop of an earlier session")
        for pairs in self._pairs:
            for pair in pairs.values():
                for order in (pair.stop, pair.take):
                    if order is not None and order.left <= 0:
                        order.is_answered()  # the venue did not say that its sibling ended it
        self.sync_all(ts_event)

    def sync_all(self, ts_event: int) -> None:
        """Bring every exit one step closer to what it should be."""
        for place, pairs in enumerate(self._pairs):
            if pairs or self._levels.of(place):
                self.sync(place, ts_event)

    def attach(self, entry: Parent, ts_event: int) -> tuple[tuple[Parent, ...], tuple[Price, ...]] | None:
        """Give an entry the exits that leave with it, as the records know them, and their prices; None without."""
        place, trigger = entry.place, self._offers.pop(entry.place, None)
        take = self._take_offers.pop(place, None) if self._take_rests[place] else None
        if trigger is None or self._linked or not self._rests[place] or self._pairs[place]:
            return None
        if entry.end_ns or self._position(place):
            return None
        where, sign = (place, BASE), _sign(entry.quantity)
        prices = (trigger,) if take is None else (trigger, take)
        if take is None:
            parents = self._orders.enter(where, -entry.quantity, trigger, ts_event)
        else:
            parents = self._orders.enter_pair(where, -entry.quantity, (trigger, take), ts_event)
        if parents is None:
            return None
        self._levels.set_stop(place, BASE, sign, trigger, StopCause.INITIAL, None)
        if take is not None:
            self._levels.set_take(place, BASE, sign, take, None)
        sent = [
            StopOrder(sign=-sign, quantity=abs(one.quantity), trigger=price, order_id=one.parent_id)
            for one, price in zip(parents, prices, strict=True)
        ]
        self._pairs[place][BASE] = ExitPair(*sent)
        self._attached.add(place)
        return parents, tuple(self._orders.price(place, price) for price in prices)

    @property
    def groups(self) -> bool:
        """Whether the stop of a position is in a group at the broker."""
        return self._grouped

    def makes_room(self, place: int, quantity: int, ts_event: int) -> bool:
        """Ask whether a parent may leave: not before the exits have given up what the parent closes."""
        pairs, position = self._pairs[place], self._position(place)
        self._room[place] = closing_quantity(position, quantity)
        if self._earlier.block(place):
            return False
        if not pairs:
            return True
        same_way = any(
            order is not None and order.sign * quantity > 0
            for pair in pairs.values()
            for order in (pair.stop, pair.take)
        )
        self.sync(place, ts_event)
        if not same_way:
            return True
        return not any(pair.pending for pair in pairs.values()) and self._covered(place) + self._room[place] <= abs(
            position
        )

    def has_left(self, place: int) -> None:
        """Take note that the parent that needed room has left, or will not."""
        self._room[place] = 0

    def crosses(self, place: int, bid: float, ask: float, ts_event: int) -> str | None:
        """Say what happens where the market has reached a stop, or a watched take profit; None where it has not."""
        if not self._levels.of(place):
            return None
        if not self._pairs[place] and not self._earlier.block(place):
            self.sync(place, ts_event)  # an earlier stop is gone, or the connection is back
        position = self._position(place)
        sign, price = _sign(position), bid if position > 0 else ask
        self._levels.keep(place, sign)
        crossed: list[Reached] = []
        for one in self._levels.wanted(place, abs(position)):
            pair = self._pairs[place].get(one.layer) or ExitPair()
            if not one.quantity or pair.closes:
                continue
            stopped = one.trigger is not None and sign * (price - one.trigger) <= 0
            takes = not stopped and pair.take is None and one.take is not None and sign * (price - one.take) >= 0
            if stopped or takes:
                crossed.append(Reached(price, takes))
            if takes or (stopped and not self._rests[place]):
                self._reached[place, one.layer] = crossed[-1]
        if not crossed:
            return None
        return TOOK_PROFIT if all(one.is_take for one in crossed) else STOPPED_OUT

    def close_crossed(self, place: int, ts_event: int) -> None:
        """Close what no order closes of the layers whose watched level is reached."""
        self.sync(place, ts_event)
        for where in [one for one in self._reached if one[0] == place and self._pairs[place].get(one[1]) is None]:
            del self._reached[where]  # it could not leave: the next tick tells whether it still has to

    # --- Orders ----------------------------------------------------------------------------------------------------

    def sync(self, place: int, ts_event: int) -> None:
        """Bring the exits of a place one step closer to what they should be; what grows waits for what shrinks."""
        if self._earlier.block(place):
            return
        if place in self._attached:
            if self._ledger.working_of(place):
                return
            self._attached.discard(place)
        position = self._position(place)
        self._levels.keep(place, _sign(position))
        if not position and self._reached:
            self._reached = {where: one for where, one in self._reached.items() if where[0] != place}
        closing = max(closing_quantity(position, self._ledger.working_of(place)), self._room[place])
        free = abs(position) - min(closing, abs(position))
        plan = {one.layer: one for one in self._levels.wanted(place, free)}
        for layer in self._pairs[place].keys() - plan.keys():
            plan[layer] = Wanted(layer=layer, quantity=0, trigger=None, take=None)
        for layer in sorted(plan):
            self._sync_layer(place, plan[layer], position, free, ts_event)

    def _sync_layer(self, place: int, plan: Wanted, position: int, free: int, ts_event: int) -> None:
        where, pair = (place, plan.layer), self._pairs[place].get(plan.layer) or ExitPair()
        if where in self._stuck:
            return
        reached = self._reached.get(where)
        trigger = plan.trigger if self._rests[place] and reached is None else None
        take = plan.take if self._take_rests[place] and (self._linked or self._is_grouped(plan.layer)) else None
        step = pair_step(pair, position, plan.quantity, trigger, take, linked=self._linked)
        if step is None:
            if reached is not None and pair.is_empty:
                self._close_at_market(where, -plan.quantity if position > 0 else plan.quantity, reached, ts_event)
            return
        kind, quantity = step
        grows = quantity - _filled(pair) > pair.most
        if grows and self._covered(place) - pair.most + quantity - _filled(pair) > free:
            return  # another layer has still to give it up
        self._pairs[place][plan.layer] = pair
        self._take_step(where, pair, kind, quantity, (trigger, take), ts_event)
        self._drop_empty(where)

    def _close_at_market(self, where: tuple[int, int], quantity: int, reached: Reached, ts_event: int) -> None:
        del self._reached[where]
        if quantity:
            pair = self._pairs[where[0]][where[1]] = ExitPair()
            self._orders.submit_market(pair, where, quantity, reached, ts_event)
            self._drop_empty(where)

    def _take_step(
        self,
        where: tuple[int, int],
        pair: ExitPair,
        kind: ExitStep,
        quantity: int,
        prices: tuple[float | None, float | None],
        ts_event: int,
    ) -> None:
        (place, layer), (trigger, take), orders = where, prices, self._orders
        signed = -quantity if self._position(place) > 0 else quantity
        match kind:
            case ExitStep.SUBMIT_STOP if trigger is not None:
                grouped = not self._linked and self._is_grouped(layer)
                orders.submit_stop(pair, where, signed, trigger, ts_event, grouped=grouped)
            case ExitStep.SUBMIT_PAIR if trigger is not None and take is not None:
                orders.submit_pair(pair, where, signed, (trigger, take), ts_event)
            case ExitStep.SUBMIT_TAKE if take is not None:
                orders.submit_take(pair, where, signed, take, ts_event)
            case ExitStep.MODIFY if pair.stop is not None and trigger is not None:
                orders.modify(pair.stop, place, quantity, trigger, ts_event)
            case ExitStep.CANCEL if pair.stop is not None:
                orders.cancel(pair.stop, ts_event)
                if self._linked and pair.take is not None:
                    pair.take.pending = pair.take.leaving = True  # it goes with the list
            case _ if pair.take is not None:
                orders.cancel(pair.take, ts_event)

    def slot_of(self, order_id: str) -> Slot | None:
        """Return what an order is to the records; None for one that is no exit."""
        return self._orders.slot_of(order_id)

    def hear(self, event: Any, slot: Slot, ts_event: int) -> OrderRecord | None:
        """Take an event of an exit, and return its record where it has one."""
        parent, event_name = slot.parent, type(event).__name__
        place, name = parent.place, self._names[parent.place]
        pair = self._pairs[place].get(slot.layer)
        order, sibling = (None, None) if pair is None else _of(pair, slot)
        if order is None:
            return None
        if event_name in REFUSED:
            order.is_answered()
            self._stuck.add((place, slot.layer))
            return None
        if event_name == "OrderUpdated":
            record = update_record(event, parent, name, ts_event)
            assert record.price is not None
            order.is_changed(int(record.quantity), float(record.price))
            return record
        kind = KINDS.get(event_name)
        if kind is None:
            return None
        record = order_record(event, parent, kind, name, ts_event)
        if kind is OrderEventKind.FILLED:
            order.filled += int(record.quantity)
            self._levels.filled(place, slot.layer, int(record.quantity))
            if sibling is not None:
                sibling.gives(int(record.quantity))
        order.pending = order.pending and kind is OrderEventKind.SUBMITTED
        if kind in {OrderEventKind.DENIED, OrderEventKind.REJECTED} and place not in self._attached:
            (self._take_rests if slot.is_take else self._rests)[place] = False  # from here on the firm watches it
        if kind in ENDS or (kind is OrderEventKind.FILLED and not order.left):
            self._end(slot, order, kind, ts_event)
        return record

    def close(self, ts_event: int) -> None:
        """Record the exits that still rest when the run ends."""
        for pairs in self._pairs:
            for layer in sorted(pairs):
                for order in (pairs[layer].stop, pairs[layer].take):
                    if order is not None:
                        self._orders.record(order, "kept: the run ended", ts_event)

    def _covered(self, place: int) -> int:
        return sum(pair.most for pair in self._pairs[place].values())

    def _is_grouped(self, layer: int) -> bool:
        return self._grouped or layer != BASE

    def _end(self, slot: Slot, order: StopOrder, kind: OrderEventKind, ts_event: int) -> None:
        where = (slot.parent.place, slot.layer)
        level = self._levels.of(slot.parent.place).get(slot.layer)
        how = "filled" if kind is OrderEventKind.FILLED else str(kind)
        cause = "take profit" if slot.is_take else "no position" if level is None else level.cause
        self._orders.record(order, f"{how}: {cause}", ts_event)
        self._orders.forget(order)
        pair = self._pairs[where[0]][where[1]]
        if slot.is_take:
            pair.take = None
        else:
            pair.stop = None
            self._attached.discard(where[0])
        self._drop_empty(where)

    def _drop_empty(self, where: tuple[int, int]) -> None:
        pairs, layer = self._pairs[where[0]], where[1]
        if pairs[layer].is_empty:
            del pairs[layer]


def stopped_out(name: str, wanted: int, allowed: int) -> Breach:
    """Describe exposure that is refused because the instrument was stopped out just now."""
    return Breach(
        rule="stopped_out", instrument_id=name, observed=float(abs(wanted)), limit=float(abs(allowed)), action="refused"
    )


def _of(pair: ExitPair, slot: Slot) -> tuple[StopOrder | None, StopOrder | None]:
    return (pair.take, pair.stop) if slot.is_take else (pair.stop, pair.take)


def _filled(pair: ExitPair) -> int:
    return 0 if pair.stop is None else pair.stop.filled


def _sign(quantity: int) -> int:
    return (quantity > 0) - (quantity < 0)

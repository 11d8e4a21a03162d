"""Plans of layers -> steps of their stops and take profits, one at a time, and what becomes of each order.

What grows waits for what shrinks: all exits of a position are together never more than what it leaves them.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from nautilus_ai_firm.agents.exit_orders import ExitOrders, Slot
from nautilus_ai_firm.agents.order_records import KINDS, order_record, update_record
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord
from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels, Wanted
from nautilus_ai_firm.models.execution.exit_pair import TAKE_STEPS, ExitPair, ExitStep, pair_step
from nautilus_ai_firm.models.execution.stop_order import StopOrder

UNCHANGED = "OrderModifyRejected"
REFUSED = {UNCHANGED, "OrderCancelRejected"}
UPDATED = "OrderUpdated"
ENDS = {
    OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.CANCELED, OrderEventKind.EXPIRED,
}  # fmt: skip
MOST_REFUSALS = 3
"""Of one order at a broker; then it is left alone until the next round."""
ANSWER_NS = 10_000_000_000
"""A change that has no answer for so long was none."""


class Reached(NamedTuple):
    """The market's price at a watched level, and whether the level takes a profit."""

    price: float
    is_take: bool


class ExitKeeper:
    """Keeps the exit orders of every instrument.

    Parameters
    ----------
    orders : ExitOrders
        Who sends them.
    levels : ExitLevels
        Whose quantities fills reduce, and who knows causes.
    names : tuple of str
        The instruments.
    rests : bool
        Whether exits rest at the venue; else the firm watches their prices.
    linked : bool
        Whether the venue takes stop and take profit as one list: a simulated one.

    """

    def __init__(
        self,
        orders: ExitOrders,
        levels: ExitLevels,
        names: tuple[str, ...],
        *,
        rests: bool,
        linked: bool,
    ) -> None:
        self._orders = orders
        self._levels = levels
        self._names = names
        self._linked = linked
        self._rests = [rests] * len(names)
        self._take_rests = [rests] * len(names)
        self._pairs: list[dict[int, ExitPair]] = [{} for _ in names]  # by layer
        self._stuck: set[tuple[int, int]] = set()  # the venue refused a step: tried again in the next round
        self._lone: set[tuple[int, int]] = set()  # the venue ended a take profit unasked: likewise, watched until then
        self._reached: dict[tuple[int, int], Reached] = {}  # watched prices, by place and layer

    def pairs(self, place: int) -> dict[int, ExitPair]:
        """Return the orders of an instrument, by layer; not to be changed."""
        return self._pairs[place]

    def covered(self, place: int) -> int:
        """Return what the exits of an instrument may still fill, unsigned."""
        return sum(pair.most for pair in self._pairs[place].values())

    def stop_rests(self, place: int) -> bool:
        """Whether stops of an instrument rest at the venue."""
        return self._rests[place]

    def take_rests(self, place: int) -> bool:
        """Whether take profits do."""
        return self._take_rests[place]

    def hold(self, place: int, pair: ExitPair) -> None:
        """Keep the exits that left with an entry."""
        self._pairs[place][BASE] = pair

    def retry(self) -> None:
        """Forget what the venue refused, and what it did not answer of an order that its sibling ended."""
        self._stuck.clear()
        self._lone.clear()
        for pair in (pair for pairs in self._pairs for pair in pairs.values()):
            for order in (pair.stop, pair.take):
                if order is not None:
                    order.told = 0  # whoever changed it, nothing of this pair filled
                    if order.left <= 0:
                        order.is_answered()

    def give_up(self, place: int, ts_event: int) -> bool:
        """Wait no longer for changes that have no answer, and say whether there were any: such orders are replaced."""
        orders = [order for pair in self._pairs[place].values() for order in (pair.stop, pair.take)]
        late = [one for one in orders if one is not None and one.asked and ts_event - one.asked_ns >= ANSWER_NS]
        for order in late:
            order.pending, order.asked, order.fixed = order.leaving, 0, True
            slot = self._orders.slot_of(order.order_id)
            if order.left <= 0 and slot is not None:  # it filled before the change came
                self._end(slot, order, OrderEventKind.FILLED, ts_event)
        return bool(late)

    def reach(self, place: int, layer: int, reached: Reached) -> None:
        """Take note that a watched level is reached: the layer is to be closed at the market."""
        self._reached[place, layer] = reached

    def forget_reached(self, place: int, *, waiting: bool) -> None:
        """Forget what was reached; what waits for a stop to go as well, or not."""
        for where in [one for one in self._reached if one[0] == place]:
            if waiting or where[1] not in self._pairs[place]:
                del self._reached[where]

    def bring(self, place: int, plan: Wanted, position: int, free: int, ts_event: int, *, may_join: bool) -> None:
        """Bring the exits of a layer one step closer to the plan; `free` is what all layers may have, unsigned."""
        where, pair = (place, plan.layer), self._pairs[place].get(plan.layer) or ExitPair()
        if where in self._stuck:
            return
        reached = self._reached.get(where)
        trigger = plan.trigger if self._rests[place] and reached is None else None
        take = plan.take if self._take_rests[place] and reached is None else None
        joins = may_join and where not in self._lone
        step = pair_step(pair, position, plan.quantity, trigger, take, linked=self._linked, may_join=joins)
        if step is None:
            if reached is not None and pair.is_empty:
                self._close(where, -plan.quantity if position > 0 else plan.quantity, reached, ts_event)
            return
        kind, quantity = step
        order = pair.take if kind in TAKE_STEPS else pair.stop
        left = quantity - (0 if order is None else order.filled)
        if left > pair.most and self.covered(place) - pair.most + left > free:
            return  # another layer has still to give it up
        self._pairs[place][plan.layer] = pair
        signed = -quantity if position > 0 else quantity
        self._step(where, pair, kind, signed, (trigger, take), ts_event)
        self._drop_empty(where)

    def hear(self, event: Any, slot: Slot, ts_event: int, *, is_attached: bool) -> OrderRecord | None:
        """Take an event of an exit, and return its record where it has one."""
        place, event_name = slot.parent.place, type(event).__name__
        pair = self._pairs[place].get(slot.layer) or ExitPair()
        order, sibling = (pair.take, pair.stop) if slot.is_take else (pair.stop, pair.take)
        if order is None:
            return None
        if event_name in REFUSED:
            self._hear_refusal(order, event_name, (place, slot.layer))
            return None
        if event_name == UPDATED:
            if order.is_market:
                return None  # a broker repeats its quantity, without a price
            record = update_record(event, slot.parent, self._names[place], ts_event)
            assert record.price is not None
            order.is_changed(int(record.quantity), float(record.price))
            return record
        kind = KINDS.get(event_name)
        if kind is None:
            return None
        record = replace(order_record(event, slot.parent, kind, self._names[place], ts_event), layer=slot.layer or None)
        if kind is OrderEventKind.FILLED:
            order.filled += int(record.quantity)
            self._levels.filled(place, slot.layer, int(record.quantity))
            if sibling is not None:
                sibling.gives(int(record.quantity))
        waits = not self._linked and (order.is_unsure or order.leaving)
        order.pending = order.pending and (waits or kind is OrderEventKind.SUBMITTED)
        self._watch(slot, kind, is_attached=is_attached, is_left=not order.leaving and _stays(sibling))
        is_full = not order.left if self._linked else order.most <= 0
        if kind in ENDS or (kind is OrderEventKind.FILLED and is_full):
            self._end(slot, order, kind, ts_event)
        return record

    def _hear_refusal(self, order: StopOrder, event_name: str, where: tuple[int, int]) -> None:
        order.is_answered()
        order.refusals += 1
        if self._linked or order.refusals > MOST_REFUSALS:
            self._stuck.add(where)
        elif event_name == UNCHANGED and order.refusals > 1:  # once may be the adapter, which did not find the order
            order.fixed = True

    def _watch(self, slot: Slot, kind: OrderEventKind, *, is_attached: bool, is_left: bool) -> None:
        """Watch the price of what the venue does not take, and of a take profit that it ended beside its stop."""
        place = slot.parent.place
        if kind in {OrderEventKind.DENIED, OrderEventKind.REJECTED} and not is_attached:
            (self._take_rests if slot.is_take else self._rests)[place] = False  # from here on
        if kind is OrderEventKind.CANCELED and slot.is_take and is_left:
            self._lone.add((place, slot.layer))  # until the next round

    def record_kept(self, ts_event: int) -> None:
        """Record the exits that still rest when the run ends."""
        for pairs in self._pairs:
            for layer in sorted(pairs):
                for order in (pairs[layer].stop, pairs[layer].take):
                    if order is not None:
                        self._orders.record(order, "kept: the run ended", ts_event)

    def _close(self, where: tuple[int, int], quantity: int, reached: Reached, ts_event: int) -> None:
        del self._reached[where]
        if quantity:
            pair = self._pairs[where[0]][where[1]] = ExitPair()
            self._orders.submit_market(pair, where, quantity, reached, ts_event)
            self._drop_empty(where)

    def _step(
        self,
        where: tuple[int, int],
        pair: ExitPair,
        kind: ExitStep,
        quantity: int,
        prices: tuple[float | None, float | None],
        ts_event: int,
    ) -> None:
        (trigger, take), orders = prices, self._orders
        match kind:
            case ExitStep.SUBMIT_STOP if trigger is not None:
                orders.submit_stop(pair, where, quantity, trigger, ts_event)
            case ExitStep.SUBMIT_PAIR if trigger is not None and take is not None:
                orders.submit_pair(pair, where, quantity, (trigger, take), ts_event)
            case ExitStep.SUBMIT_TAKE if take is not None:
                orders.submit_take(pair, where, quantity, take, ts_event)
            case ExitStep.MODIFY if pair.stop is not None and trigger is not None:
                orders.modify(pair.stop, where[0], abs(quantity), trigger, ts_event)
            case ExitStep.MODIFY_TAKE if pair.take is not None and take is not None:
                orders.modify(pair.take, where[0], abs(quantity), take, ts_event)
            case ExitStep.CANCEL if pair.stop is not None:
                orders.cancel(pair.stop, ts_event)
                if self._linked and pair.take is not None:
                    pair.take.pending = pair.take.leaving = True  # it goes with the list
            case _ if pair.take is not None:
                orders.cancel(pair.take, ts_event)

    def _end(self, slot: Slot, order: StopOrder, kind: OrderEventKind, ts_event: int) -> None:
        place, layer = slot.parent.place, slot.layer
        level = self._levels.of(place).get(layer)
        how = "filled" if kind is OrderEventKind.FILLED else str(kind)
        cause = "take profit" if slot.is_take else "no position" if level is None else level.cause
        self._orders.record(order, f"{how}: {cause}", ts_event)
        self._orders.forget(order)
        pair = self._pairs[place][layer]
        if slot.is_take:
            pair.take = None
        else:
            pair.stop = None
        self._drop_empty((place, layer))

    def _drop_empty(self, where: tuple[int, int]) -> None:
        pairs, layer = self._pairs[where[0]], where[1]
        if pairs[layer].is_empty:
            del pairs[layer]


def _stays(stop: StopOrder | None) -> bool:
    return stop is not None and not stop.leaving and stop.left > 0

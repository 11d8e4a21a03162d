"""Stop levels and take profits -> what the exits of every position are to be, beside the parents, never in their way.

A stop rests at the venue for what nothing else closes: it grows with every fill of an entry, makes room before a
closing order leaves, and goes when the position is flat. A position in layers has one for each layer. Stops and
closing orders are together never more than the position, and none can turn it; a take profit shares the quantity of
its stop, of which the venue lets the two fill once. Where the venue takes no such orders, or refused one, the firm
watches the price instead.
"""

from collections.abc import Callable
from typing import Any

from nautilus_trader.model import Price
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.earlier_stops import EarlierStops
from nautilus_ai_firm.agents.exit_keeper import ExitKeeper, Reached
from nautilus_ai_firm.agents.exit_orders import ExitOrders, Slot
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.bus import Line
from nautilus_ai_firm.messages import OrderRecord
from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels, Wanted
from nautilus_ai_firm.models.execution.exit_pair import ExitPair, is_clear
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.stop_order import StopOrder, closing_quantity
from nautilus_ai_firm.models.risk.stop_levels import StopCause
from nautilus_ai_firm.settings import Stops

STOPPED_OUT, TOOK_PROFIT = "stopped out", "took profit"


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
    layers_take : bool
        Whether layers may have take profits of their own.

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
        *,
        layers_take: bool = False,
    ) -> None:
        self._ledger = ledger
        self._line = line
        self._position = position
        self._earlier = EarlierStops(universe, gate, desk)
        n = len(universe.names)
        self._linked = universe.client_id is None
        self._cool_down = 0 if settings is None else settings.cool_down_rounds
        self._cools_until = [0] * n
        self._levels = ExitLevels(n)
        takes = settings is not None and (settings.takes_profits or layers_take)
        self._orders = ExitOrders(universe, gate, desk, line, groups=takes and not self._linked)
        self._keeper = ExitKeeper(
            self._orders,
            self._levels,
            universe.names,
            rests=settings is not None and settings.working == "venue",
            linked=self._linked,
        )
        self._room = [0] * n  # what a closing order that is about to leave needs
        self._offers: dict[int, float] = {}  # triggers of stops that may leave with an entry, by place
        self._take_offers: dict[int, float] = {}  # limits of their take profits
        self._attached: set[int] = set()  # whose exits the broker holds until the entry is done
        self._quotes: dict[int, tuple[float, float]] = {}  # the last bid and ask of instruments that were heard

    def set_level(
        self, place: int, price: float, cause: str, layer: int | None = None, quantity: int | None = None
    ) -> None:
        """Take a new level for the position that there is; one that would loosen the last is no level."""
        sign, trigger = _sign(self._position(place)), nearest_float(self._orders.price(place, price))
        if cause == StopCause.INITIAL and self._came_with_entry(place):
            return  # it left at the price before the fill, and the broker does not change it beside a take profit
        if sign:
            self._levels.set_stop(place, layer or BASE, sign, trigger, cause, quantity)
        elif layer is None:
            self._offers[place] = trigger

    def set_take(self, place: int, price: float, layer: int | None = None, quantity: int | None = None) -> None:
        """Take the price at which the position that there is, or a layer of it, is closed with a profit."""
        sign, limit = _sign(self._position(place)), nearest_float(self._orders.price(place, price))
        if layer is None and self._came_with_entry(place):
            return
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

    def start_round(self, ts_event: int) -> None:
        """Look after every exit: positions may have changed behind the firm's back, and a refusal may be over."""
        self._keeper.retry()
        self._offers.clear()
        self._take_offers.clear()
        self.take_over(ts_event)
        self.sync_all(ts_event)

    def take_over(self, ts_event: int) -> None:
        """Take the levels over that exits of an earlier session stand for, and those exits back; once."""
        for place, price, is_take in self._earlier.find(ts_event):
            if is_take:
                self.set_take(place, price)
            else:
                self.set_level(place, price, "stop of an earlier session")

    def sync_all(self, ts_event: int) -> None:
        """Bring every exit one step closer to what it should be."""
        for place in range(len(self._room)):
            if self._levels.of(place) or self._keeper.pairs(place):
                self.sync(place, ts_event)

    def attach(self, entry: Parent, ts_event: int) -> tuple[tuple[Parent, ...], tuple[Price, ...]] | None:
        """Give an entry the exits that leave with it, as the records know them, and their prices; None without."""
        place, trigger = entry.place, self._offers.pop(entry.place, None)
        take = self._take_offers.pop(place, None) if self._keeper.take_rests(place) else None
        if trigger is None or self._linked or not self._keeper.stop_rests(place) or self._keeper.pairs(place):
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
            StopOrder(
                sign=-sign, quantity=abs(one.quantity), trigger=price, order_id=one.parent_id, fixed=take is not None
            )
            for one, price in zip(parents, prices, strict=True)
        ]
        self._keeper.hold(place, ExitPair(*sent))
        self._attached.add(place)
        return parents, tuple(self._orders.price(place, price) for price in prices)

    def makes_room(self, place: int, quantity: int, ts_event: int) -> bool:
        """Ask whether a parent may leave: not before the exits have given up what the parent closes."""
        pairs, position = self._keeper.pairs(place), self._position(place)
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
        is_settled = not any(pair.pending for pair in pairs.values())
        return not same_way or (is_settled and self._keeper.covered(place) + self._room[place] <= abs(position))

    def has_left(self, place: int) -> None:
        """Take note that the parent that needed room has left, or will not."""
        self._room[place] = 0

    def crosses(self, place: int, bid: float, ask: float, ts_event: int) -> str | None:
        """Say what happens where the market has reached a stop, or a watched take profit; None where it has not."""
        self._quotes[place] = bid, ask
        if not self._levels.of(place) or (place in self._attached and not self._position(place)):
            return None  # no level, or one that waits for its entry to fill
        if not self._linked and self._keeper.give_up(place, ts_event):
            self.sync(place, ts_event)
        if not self._keeper.pairs(place) and not self._earlier.block(place):
            self.sync(place, ts_event)  # an earlier stop is gone, or the connection is back
        position = self._position(place)
        sign, price = _sign(position), bid if position > 0 else ask
        self._levels.keep(place, sign)
        crossed: list[Reached] = []
        for one in self._levels.wanted(place, abs(position)):
            pair = self._keeper.pairs(place).get(one.layer) or ExitPair()
            if not one.quantity or pair.closes:
                continue
            stopped = one.trigger is not None and sign * (price - one.trigger) <= 0
            takes = not stopped and pair.take is None and one.take is not None and sign * (price - one.take) >= 0
            if stopped or takes:
                crossed.append(Reached(price, takes))
            if takes or (stopped and not self._keeper.stop_rests(place)):
                self._keeper.reach(place, one.layer, crossed[-1])
        if not crossed:
            return None
        return TOOK_PROFIT if all(one.is_take for one in crossed) else STOPPED_OUT

    def close_crossed(self, place: int, ts_event: int) -> None:
        """Close what no order closes of the layers whose watched level is reached."""
        self.sync(place, ts_event)
        self._keeper.forget_reached(place, waiting=False)  # what could not leave: the next tick tells whether it has to

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
        if not position:
            self._keeper.forget_reached(place, waiting=True)
        pairs = self._keeper.pairs(place)
        if pairs.keys() >= self._levels.of(place).keys() and all(pair.waits for pair in pairs.values()):
            return  # nothing to place, or the venue has the word: most calls end here
        closing = max(closing_quantity(position, self._ledger.working_of(place)), self._room[place])
        free = abs(position) - min(closing, abs(position))
        plan = {one.layer: one for one in self._levels.wanted(place, free)}
        for layer in pairs.keys() - plan.keys():
            plan[layer] = Wanted(layer=layer, quantity=0, trigger=None, take=None)
        for layer in sorted(plan):
            clear = is_clear(self._quotes.get(place), _sign(position), plan[layer].trigger)
            self._keeper.bring(place, plan[layer], position, free, ts_event, may_join=clear)

    def _came_with_entry(self, place: int) -> bool:
        """Whether a stop and a take profit rest at the broker that left with their entry."""
        pair = self._keeper.pairs(place).get(BASE)
        if self._linked or pair is None or pair.take is None or pair.take.is_market:
            return False
        return pair.stop is None or not pair.stop.group

    def slot_of(self, order_id: str) -> Slot | None:
        """Return what an order is to the records; None for one that is no exit."""
        return self._orders.slot_of(order_id)

    def hear(self, event: Any, slot: Slot, ts_event: int) -> OrderRecord | None:
        """Take an event of an exit, and return its record where it has one."""
        place = slot.parent.place
        record = self._keeper.hear(event, slot, ts_event, is_attached=place in self._attached)
        if not slot.is_take and BASE not in self._keeper.pairs(place):
            self._attached.discard(place)
        if record is None and not self._linked:
            self.sync(place, ts_event)  # a refusal
        return record

    def close(self, ts_event: int) -> None:
        """Record the exits that still rest when the run ends."""
        self._keeper.record_kept(ts_event)


def _sign(quantity: int) -> int:
    return (quantity > 0) - (quantity < 0)

"""What is said of orders and of the market -> every parent order with what it is measured by.

The price of the decision is the close of its round. A stop or take profit is decided when its price is reached: that
is the trigger or limit in force, and its time of work begins with its first fill. The bars of an order are those that
the firm saw of the time from its release to its end: for one that goes out at once inside a bar, that bar.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from math import nan

from nautilus_ai_firm.messages import (
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
)
from nautilus_ai_firm.messages.orders import CONTINUED
from nautilus_ai_firm.models.execution.benchmarks import BenchmarkWindow

CHILD = re.compile(r"(.+)-E[0-9]+")
DECISION, STOP, TAKE_PROFIT = "decision", "stop", "take_profit"
ORIGINS = {"R": DECISION, "S": STOP, "T": TAKE_PROFIT, "K": "halt", "X": "exit", CONTINUED: "continued"}
"""What a parent order came from, by the first letter of its decision id."""
RESTING = (STOP, TAKE_PROFIT)
"""Those that wait to be needed: what of them is not filled was not missed."""


@dataclass(slots=True, kw_only=True)
class Worked:
    """A parent order and what became of it; prices are NaN and times None where they are not known.

    Attributes
    ----------
    decision_ts, decision_price
        Close of the decision's round and the price there; of an exit that rests when it was placed, and its price.
    release_ts, release_price
        When it left, and the price there; None of one that never did.
    end_price
        Last price that was seen before it was over.
    orders
        How many orders carried it.
    fills
        Quantity and price of each.
    window
        Bars of the time in which it was worked.
    record
        What execution said when it was over; None while it works.

    """

    parent_id: str
    decision_id: str
    round: int
    instrument_id: str
    side: str
    quantity: int
    decision_ts: int | None
    decision_price: float
    release_ts: int | None = None
    release_price: float = nan
    end_price: float | Decimal = nan
    orders: int = 0
    fills: list[tuple[Decimal, Decimal]] = field(default_factory=list[tuple[Decimal, Decimal]])
    window: BenchmarkWindow = field(default_factory=BenchmarkWindow)
    record: ParentRecord | None = None

    @property
    def origin(self) -> str:
        """What it came from, one of `ORIGINS`, or the decision id's own letter."""
        return ORIGINS.get(self.decision_id[:1], self.decision_id[:1])

    @property
    def rests(self) -> bool:
        """Whether it waits to be needed."""
        return self.origin in RESTING


class ExecutionLog:
    """Follows every parent order from its release to the bar in which it ended.

    Parameters
    ----------
    instrument_ids : tuple of str
        The universe, in the order of the arrays.

    Attributes
    ----------
    parents : dict of str to Worked
        Every parent order so far, by its id.

    """

    def __init__(self, instrument_ids: tuple[str, ...]) -> None:
        self.parents: dict[str, Worked] = {}
        self._place = {name: place for place, name in enumerate(instrument_ids)}
        self._now: MarketSnapshot | None = None
        self._before: MarketSnapshot | None = None
        self._working: dict[str, Worked] = {}
        self._ended: dict[str, Worked] = {}  # inside a bar that is not over
        self._refused: dict[str, float] = {}  # prices at which orders of this round were refused

    def snapshot(self, message: MarketSnapshot) -> None:
        """Take a bar for every order that was worked in it."""
        self._before, self._now = self._now, message
        for one in (*self._working.values(), *self._ended.values()):
            place = self._place[one.instrument_id]
            if not message.fresh[place]:
                continue
            close = float(message.close[place])
            one.window.add(
                open_=float(message.open[place]),
                high=float(message.high[place]),
                low=float(message.low[place]),
                close=close,
                volume=float(message.volume[place]),
            )
            if one.record is None:
                one.end_price = close
        self._ended.clear()
        self._refused.clear()

    def gate_result(self, message: GateResult) -> None:
        """Take note that an order leaves: a parent, an exit, or a slice of a parent."""
        order_id = message.client_order_id
        if message.breach is not None:
            self._refused[order_id] = message.price
            return
        child = CHILD.fullmatch(order_id)
        known = self.parents.get(order_id if child is None else child[1])
        if known is not None:
            known.orders += 1
            return
        one = self.parents[order_id] = self._new(message, order_id, abs(message.quantity))
        if one.rests:
            one.decision_ts, one.decision_price = message.ts_event, message.price
        else:
            one.release_ts, one.release_price, one.end_price = message.ts_event, message.price, message.price
            self._working[order_id] = one

    def order(self, message: OrderRecord) -> None:
        """Take a fill, or the new price of an exit that rests."""
        one = self.parents.get(message.parent_order_id)
        if message.kind is OrderEventKind.UPDATED:
            if one is not None and one.rests and message.price is not None:
                one.decision_price = float(message.price)
        elif message.kind is OrderEventKind.FILLED and message.price is not None:
            if one is None:  # the broker filled what this session did not send
                quantity = int(message.quantity)
                one = self.parents[message.parent_order_id] = self._new(message, message.parent_order_id, quantity)
            if one.release_ts is None:
                is_exit = one.rests and one.decision_ts is not None
                one.release_ts = message.ts_event
                one.release_price = one.decision_price if is_exit else float(message.price)
                self._working[one.parent_id] = one
            if one.record is not None:  # an exit that rests is told to be over before its last fill
                self._end(one, message.ts_event)
            one.fills.append((message.quantity, message.price))
            one.end_price = message.price

    def parent(self, message: ParentRecord) -> None:
        """Take note that a parent is over: it still counts the bar in which it ended."""
        one = self.parents.get(message.parent_order_id)
        if one is None:
            one = self._new(message, message.parent_order_id, message.quantity)
            one.end_price = self._refused.get(one.parent_id, self._last_close(one.instrument_id))
            self.parents[message.parent_order_id] = one
        one.record = message
        self._end(one, message.ts_event)

    def _end(self, one: Worked, ts_event: int) -> None:
        """Let an order that was worked count the bar in which it ended, and no other."""
        worked = self._working.pop(one.parent_id, None)
        if worked is not None and (self._now is None or ts_event > self._now.ts_event):
            self._ended[one.parent_id] = one

    def _new(self, message: GateResult | OrderRecord | ParentRecord, parent_id: str, quantity: int) -> Worked:
        ts, price = self._decided(message.round, message.instrument_id)
        return Worked(
            parent_id=parent_id,
            decision_id=message.decision_id,
            round=message.round,
            instrument_id=message.instrument_id,
            side=message.side,
            quantity=quantity,
            decision_ts=ts,
            decision_price=price,
            orders=int(isinstance(message, GateResult)),
        )

    def _decided(self, round_: int, instrument_id: str) -> tuple[int | None, float]:
        for snapshot in (self._now, self._before):
            if snapshot is not None and snapshot.round == round_:
                return snapshot.ts_event, float(snapshot.close[self._place[instrument_id]])
        return None, nan

    def _last_close(self, instrument_id: str) -> float:
        return nan if self._now is None else float(self._now.close[self._place[instrument_id]])

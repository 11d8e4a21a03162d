"""5. ClearedDecision -> parent orders, each released by its own instrument's first tick at its execution time.

The only Strategy: it owns every order of the firm, and the ledger of what is working.
"""

from functools import partial
from typing import Any, Self

import numpy as np
from nautilus_trader.model import ClientOrderId, QuoteTick, StrategyId, TimeInForce, TradeTick
from nautilus_trader.trading import Strategy, StrategyConfig

from nautilus_ai_firm.agents.book import Book, nearest_float
from nautilus_ai_firm.agents.entry_list import entry_list
from nautilus_ai_firm.agents.exit_keeper import REFUSED, UPDATED
from nautilus_ai_firm.agents.exit_orders import Slot
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.liquidation import Liquidation
from nautilus_ai_firm.agents.obedience import Obedience, Safety
from nautilus_ai_firm.agents.opening_gap import OpeningGap
from nautilus_ai_firm.agents.order_records import KINDS, QUIET, gate_result, kind_of, market_order, order_record
from nautilus_ai_firm.agents.parent_ends import ParentEnds
from nautilus_ai_firm.agents.parents import ParentPlanner
from nautilus_ai_firm.agents.protection import STOPPED_OUT, TOOK_PROFIT, Protection
from nautilus_ai_firm.agents.resumption import Resumption
from nautilus_ai_firm.agents.retargeting import Retargeting
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.messages import (
    Breach,
    ChildIntent,
    ClearedDecision,
    ExecutionTick,
    MarketSnapshot,
    OrderEventKind,
    ParentDone,
    SessionEnd,
)
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.settings import Execution

HEARD = frozenset({*KINDS, *REFUSED, UPDATED})
"""Events that the desk takes note of."""


class ExecutionDesk(Strategy):
    """Nets targets against what is held and working, and holds parents until their market opens."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("EXECUTION-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        settings: Execution,
        book: Book,
        ledger: WorkingLedger,
        gate: OrderGate,
        sessions: Sessions,
        time: MarketTime,
        failures: Failures,
        safety: Safety,
    ) -> None:
        self.line = Line("execution", self, failures)
        self._time = time
        self._settings = settings
        self._book = book
        self._ledger = ledger
        self._gate = gate
        self._universe = book.universe
        self._order_ids = book.universe.order_ids
        self._planner = ParentPlanner(settings, book.universe, gate, sessions, partial(self.line.publish, Topic.IMPACT))
        self._auctions = book.universe.route is not None and book.universe.route.auctions
        self._place = {instrument_id: place for place, instrument_id in enumerate(book.universe.instrument_ids)}
        self._close = np.full(len(self._place), np.nan)
        self._protection = Protection(
            safety.stops,
            book.universe,
            gate,
            ledger,
            self,
            self.line,
            self._position,
            layers_take=settings.pyramid is not None and bool(settings.pyramid.take_profit),
        )
        self._ends = ParentEnds(ledger, book.universe.names, self.line, lambda: self._clock.now_ns(), self._end_parent)  # noqa: PLW0108 - there is no clock before the start
        self._withdrawal = Withdrawal(book.universe, gate, ledger, self._protection, self, self.line, self._ends.record)
        self._gap = OpeningGap(settings.opening, book.universe, ledger, self._position, self._refuse, self._withdrawal)
        self._waiting: dict[str, tuple[float, TimeInForce]] = {}  # parents, until a stop has made room
        self._retargeting = Retargeting(
            book.universe,
            gate,
            ledger,
            self._planner,
            self._protection,
            self._withdrawal,
            self._let_wait,
            self._refuse,
            no_trade_band=settings.no_trade_band,
        )
        self._resumption = Resumption(
            book.universe,
            gate,
            ledger,
            self._protection,
            self._withdrawal,
            self._position,
            self._let_wait,
            self._refuse,
            failures,
        )
        self._obedience = Obedience(
            gate,
            self._withdrawal,
            Liquidation(gate, ledger, self._planner, sessions, self._position),
            self._protection,
            range(len(book.universe.instrument_ids)),
            failures,
            safety,
        )

    @callback
    def on_start(self) -> None:
        """Hear ticks, closes, cleared decisions, the risk desk and the algorithms."""
        self._clock = self._time.clock(self.clock, self.line)
        self._net_position = self.portfolio.net_position  # the portfolio is one for the whole run
        for instrument_id in self._universe.instrument_ids:
            if self._universe.trades_quotes:
                self.subscribe_quotes(instrument_id)
            else:
                self.subscribe_trades(instrument_id)
        self.line.subscribe(Topic.RISK_COMMAND, self._obedience.obey, Priority.COMMAND)
        self.line.subscribe(Topic.CONNECTION, self._obedience.heed, Priority.COMMAND)
        self.line.subscribe(Topic.CONNECTION, self._resumption.take, Priority.RESUMPTION)
        self.line.subscribe(Topic.SESSION_END, self._end_session, Priority.COMMAND)
        self.line.subscribe(Topic.SNAPSHOT, self._start_round, Priority.EXECUTION_MARKS)
        self.line.subscribe(Topic.CLEARED, self._execute, Priority.DESK)
        self.line.subscribe(Topic.CHILD_INTENT, self._expect_child, Priority.DESK)
        self.line.subscribe(Topic.PARENT_DONE, self._ends.hear, Priority.DESK)

    def _start_round(self, snapshot: MarketSnapshot) -> None:
        self._close = snapshot.close
        self._gate.mark(snapshot.close)
        self._planner.observe(snapshot)
        if not snapshot.is_history:
            self._waiting.clear()
            self._resumption.forget()
            self._withdrawal.drop_held("dropped: no trade before the next round")
        self._obedience.start_round(snapshot.ts_event, snapshot.round)

    def _execute(self, cleared: ClearedDecision) -> None:
        self._retargeting.execute(cleared)

    def _let_wait(self, parent: Parent, ts_event: int) -> None:
        self._ledger.hold(parent)
        if self._auctions and not parent.end_ns and parent.execution_ns > ts_event:
            self._release(parent, ts_event, float(self._close[parent.place]), TimeInForce.AT_THE_OPEN)

    def _refuse(self, parent: Parent, ts_event: int, breach: Breach) -> None:
        name, price = self._universe.names[parent.place], float(self._close[parent.place])
        self.line.publish(Topic.GATE_RESULT, gate_result(parent, name, ts_event, price, breach))

    def _end_session(self, end: SessionEnd) -> None:
        self._withdrawal.drop_all("dropped: the run ended", end.ts_event, cancels_children=end.cancel_working)
        if end.cancel_working:
            self._withdrawal.cancel_open(end.ts_event)

    @callback
    def on_stop(self) -> None:
        """Record what the last decision would have sent, and the stops that still rest."""
        self._withdrawal.drop_held("dropped: the run ended")
        self._protection.close(self._clock.now_ns())

    @callback
    def on_trade(self, trade: TradeTick) -> None:
        """Release the instrument's held parent, and let its algorithm know that there is a price."""
        price = nearest_float(trade.price)
        self._hear(self._place[trade.instrument_id], trade.ts_event, price, price)

    @callback
    def on_quote(self, quote: QuoteTick) -> None:
        """Do so at the price of the order's side."""
        bid, ask = nearest_float(quote.bid_price), nearest_float(quote.ask_price)
        self._hear(self._place[quote.instrument_id], quote.ts_event, bid, ask)

    def _hear(self, place: int, ts_event: int, bid: float, ask: float) -> None:
        if how := self._protection.crosses(place, bid, ask, ts_event):
            self._withdrawal.drop_place(place, f"dropped: {how}", ts_event)
            self._protection.close_crossed(place, ts_event)
        self._resumption.look(place, ts_event)
        held, active = self._ledger.held(place), self._ledger.active(place)
        due = held is not None and ts_event >= held.execution_ns
        parent = held if due else active
        if parent is None:
            return
        price = ask if parent.quantity > 0 else bid
        if due and self._gap.holds_back(parent, ts_event, price, float(self._close[place])):
            return
        if parent.end_ns:  # an algorithm waits for it
            tick = ExecutionTick(place=place, ts_event=ts_event, price=price, bid=bid, ask=ask)
            self.line.publish(Topic.EXECUTION_TICK, tick)
        if due:
            self._release(parent, ts_event, price)

    def _release(
        self, parent: Parent, ts_event: int, price: float, time_in_force: TimeInForce = TimeInForce.GTC
    ) -> None:
        if not self._protection.makes_room(parent.place, parent.quantity, ts_event):
            self._waiting[parent.parent_id] = (price, time_in_force)  # it stays held until then
            return
        name = self._universe.names[parent.place]
        question = gate_result(parent, name, ts_event, price)
        if not self._gate.check(self.line, question, parent.place, partial(self._position, parent.place)):
            self._ends.record(self._ledger.drop(parent.parent_id), "refused")
            self._protection.has_left(parent.place)
            self._protection.sync(parent.place, ts_event)
            return
        parent = self._ledger.release(parent.parent_id, ts_event)
        self._protection.has_left(parent.place)
        if not parent.end_ns:
            self._ledger.child_submitted(parent.parent_id, parent.parent_id, abs(parent.quantity))
        order_id, client_id = self._universe.order_ids[parent.place], self._universe.client_id
        if (attached := self._protection.attach(parent, ts_event)) is not None:
            exits, prices = attached
            orders = entry_list(self, (parent, *exits), order_id, prices, (time_in_force, self._clock.now_ns()))
            self.submit_order_list(orders, client_id=client_id)
            return
        with self._ends.later():
            self.submit_order(market_order(self.order_factory, parent, order_id, time_in_force), client_id=client_id)

    def _expect_child(self, intent: ChildIntent) -> None:
        self._ledger.child_submitted(intent.parent_order_id, intent.client_order_id, intent.quantity)

    def _end_parent(self, done: ParentDone) -> None:
        parent = self._ends.finish(done)
        if done.leaves_order:
            self.cancel_order(ClientOrderId(done.parent_order_id), client_id=self._universe.client_id)
        self._ends.close_if_done(done.parent_order_id)
        self._protection.sync(parent.place, self._clock.now_ns())

    @callback
    def on_order_event(self, event: Any) -> None:
        """Keep the ledger and hand every event of an own order to the records."""
        event_name = type(event).__name__
        if event_name not in HEARD:
            return
        child_id = str(event.client_order_id)
        if (slot := self._protection.slot_of(child_id)) is not None:
            self._hear_exit(event, slot)
            return
        kind, parent = kind_of(event), self._ledger.parent_of(child_id)
        if kind is None or parent is None:
            return
        record = order_record(event, parent, kind, self._universe.names[parent.place], self._clock.time_of(event))
        self._obedience.tell(self.line, record, self._clock.received_ns(event))
        if kind in QUIET:
            return
        if kind is OrderEventKind.FILLED:
            self._ledger.child_filled(child_id, int(record.quantity))
        else:
            self._ledger.child_closed(child_id)
        self._ends.close_if_done(parent.parent_id)
        self._protection.sync(parent.place, record.ts_event)

    def _hear_exit(self, event: Any, slot: Slot) -> None:
        place, ts_event = slot.parent.place, self._clock.time_of(event)
        record = self._protection.hear(event, slot, ts_event)
        if record is None:
            return
        self._obedience.tell(self.line, record, self._clock.received_ns(event))
        if record.kind is OrderEventKind.FILLED:  # what was decided before it is over
            self._protection.cool(place)
            how = TOOK_PROFIT if slot.is_take else STOPPED_OUT
            self._withdrawal.drop_place(place, f"dropped: {how}", ts_event)
        self._protection.sync(place, ts_event)
        held = self._ledger.held(place)
        if held is not None and held.parent_id in self._waiting:
            self._release(held, ts_event, *self._waiting.pop(held.parent_id))

    def _position(self, place: int) -> int:
        return round(self._net_position(self._order_ids[place]))

"""The skeleton of the execution algorithms: a schedule says how much is due, a tick sends it; used by 6.

A child between two market events would fill at a price that no longer exists; so everything waits for the next one.
"""

from typing import Any, Self, cast

from nautilus_trader.model import ExecAlgorithmId, InstrumentId
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.child_orders import ChildOrders
from nautilus_ai_firm.agents.closing_auction import ClosingAuction
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.resting import RestingChildren
from nautilus_ai_firm.agents.scheduling import Asked, Scheduling
from nautilus_ai_firm.agents.sliced import Sliced
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import HostClock, MarketTime
from nautilus_ai_firm.messages import (
    CancelParent,
    ExecutionTick,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentDone,
)
from nautilus_ai_firm.models.execution.children import Children
from nautilus_ai_firm.models.execution.pegging import confirms
from nautilus_ai_firm.models.execution.schedules import Traded, Window
from nautilus_ai_firm.settings import Algorithm

MOST_REFUSALS = 3
"""Children that may be denied or rejected one after another before their parent is given up."""
UNANSWERED = {OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED}


class SlicingAlgorithm(ExecutionAlgorithm):
    """Sends the children of parent orders; what is unsent when the time is over is left to the next decision.

    Parameters
    ----------
    scheduling : Scheduling
        What tells it from other algorithms.
    universe : Universe
        What the firm trades.
    gate : OrderGate
        What every child must pass.
    time : MarketTime
        How the host keeps market time.
    failures : Failures
        Shared by the firm.
    settings : Algorithm, optional
        How it slices; at the market, without minimum and maximum, when absent.

    """

    def __new__(cls, scheduling: Scheduling, *_: object) -> Self:
        """Give the engine the algorithm's id."""
        return super().__new__(cls, ExecutionAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId(scheduling.name)))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        scheduling: Scheduling,
        universe: Universe,
        gate: OrderGate,
        time: MarketTime,
        failures: Failures,
        settings: Algorithm | None = None,
    ) -> None:
        self.line = Line(scheduling.name, self, failures)
        self._scheduling = scheduling
        self.settings = Algorithm() if settings is None else settings
        self._time = time
        self._universe = universe
        self._gate = gate
        self._place: dict[InstrumentId, int] = {name: place for place, name in enumerate(universe.order_ids)}
        self._parents: dict[int, Sliced] = {}  # by place: one active parent an instrument
        self._known: dict[str, Sliced] = {}  # by id: these, and those that are over while children may still fill
        self._ticks: dict[int, ExecutionTick] = {}
        self._volume = scheduling.volume(universe, self.settings)
        limit = self.settings.limit
        self._orders = ChildOrders(universe, gate, self, are_limits=limit is not None)
        self._auction = ClosingAuction(universe, gate, self, self._orders, self._finish, self._take_back)
        self._resting = None if limit is None else RestingChildren(limit, universe, gate, self, self._orders)

    @callback
    def on_start(self) -> None:
        """Hear the market through the execution desk, its cancels, and what becomes of the children."""
        self._clock = self._time.clock(cast("HostClock", self.clock), self.line)
        self._auction.start(self._clock)
        turn = self._scheduling.turn
        self.line.subscribe(Topic.EXECUTION_TICK, self._on_tick, Priority.DESK - turn)
        self.line.subscribe(Topic.CANCEL_PARENT, self._cancel, Priority.DESK - turn)
        self.line.subscribe(Topic.ORDER_RECORD, self._hear_child, Priority.DESK - turn)
        if self._volume is not None or self.settings.cutoff_minutes:
            self.line.subscribe(Topic.SNAPSHOT, self._start_round, Priority.ALGORITHMS - turn)

    @callback
    def on_order(self, order: Any) -> None:
        """Take a parent; its first slice goes out on the tick that released it."""
        place = self._place[order.instrument_id]
        told = order.exec_algorithm_params
        window = Window(
            total=int(order.quantity.as_decimal()),
            lot=int(self._universe.lot_sizes[place]),
            start_ns=int(told["start_ns"]),
            end_ns=int(told["end_ns"]),
            interval_ns=int(told["interval_ns"]),
        )
        asked = Asked(
            parent_id=str(order.client_order_id),
            place=place,
            window=window,
            told=told,
            settings=self.settings,
            volume=self._volume,
        )
        limits = {"min_child": self.settings.min_child, "max_child": self.settings.max_child}
        sliced = Sliced(
            order=order,
            place=place,
            window=window,
            schedule=self._scheduling.schedule(asked),
            children=Children(total=window.total, lot=window.lot, **limits),
            floor_price=float(told["floor_price"]) if "floor_price" in told else None,
            volume_before=0.0 if self._volume is None else float(self._volume.total[place]),
            auction_ns=int(told.get("auction_ns", 0)),
            close_ns=int(told.get("close_ns", 0)),
            last_price=self._ticks[place].price,
        )
        self._parents[place] = self._known[sliced.parent_id] = sliced
        ends = self._auction.commit if sliced.auction_ns else self._expire
        self._clock.alert_at(f"end:{sliced.parent_id}", sliced.slicing_ends_ns, lambda _event: ends(sliced))
        if self._resting is not None:
            self._watch(sliced)
        self._send_due(sliced, self._ticks[place])

    def _on_tick(self, tick: ExecutionTick) -> None:
        self._ticks[tick.place] = tick
        sliced = self._parents.get(tick.place)
        if sliced is not None:
            sliced.last_price = tick.price
            self._send_due(sliced, tick)

    def _start_round(self, snapshot: MarketSnapshot) -> None:
        self._auction.start_round(snapshot, list(self._parents.values()))
        if self._volume is not None:
            session_ns = snapshot.session_open_ns, snapshot.session_close_ns
            self._volume.update(snapshot.ts_event, session_ns, snapshot.volume, snapshot.fresh)

    def _traded(self, sliced: Sliced) -> Traded:
        volume = self._volume
        if volume is None:
            return Traded()
        since_start = float(volume.total[sliced.place]) - sliced.volume_before
        in_session = float(volume.in_session[sliced.place])
        return Traded(since_start=since_start, in_session=in_session, known_ns=volume.known_ns)

    def _send_due(self, sliced: Sliced, tick: ExecutionTick) -> None:
        at, children = sliced.window, sliced.children
        if self._auction.holds(sliced, tick.ts_event):
            return
        if children.refusals >= MOST_REFUSALS:
            self._finish(sliced, "rejected")
            return
        if not confirms(sliced.floor_price, tick.price, buys=sliced.buys):
            self._take_back(sliced)
            return
        if self._resting is not None and not self._resting.reprice(sliced, tick):
            self._finish(sliced, "refused")
            return
        hurries = self.settings.at_end == "cross" and at.is_last(tick.ts_event)
        due = sliced.schedule.due(tick.ts_event, self._traded(sliced))
        if hurries and self.settings.max_participation is None and self.settings.participation is None:
            due = at.total
        quantity = children.sendable(due, at.interval(tick.ts_event), in_a_hurry=hurries)
        if quantity:
            self._send(sliced, tick, quantity)

    def _send(self, sliced: Sliced, tick: ExecutionTick, quantity: int) -> None:
        limit = None if self._resting is None else self._resting.limit(sliced, tick)
        if not self._orders.send(sliced, tick, quantity, limit):
            self._finish(sliced, "refused")
        elif limit is None and not sliced.children.unsent:
            self._finish(sliced, "filled", leaves_order=not self._orders.last_is_parent)

    def _hear_child(self, record: OrderRecord) -> None:
        if record.exec_algorithm != self._scheduling.name or record.kind in UNANSWERED:
            return
        sliced, child_id = self._known.get(record.parent_order_id), record.client_order_id
        if sliced is None:
            return
        children, kind = sliced.children, record.kind
        if kind is OrderEventKind.UPDATED:
            children.confirm(child_id, float(record.price or 0))
        elif kind is OrderEventKind.FILLED:
            children.fill(child_id, int(record.quantity))
        else:
            children.close(child_id, refused=kind in {OrderEventKind.DENIED, OrderEventKind.REJECTED})
        if sliced.is_done:
            self._forget(sliced)
        elif children.is_filled:
            self._finish(sliced, "filled")
        else:
            self._auction.hear(sliced)

    def _cancel(self, command: CancelParent) -> None:
        sliced = self._known.get(command.parent_order_id)
        if sliced is None:
            return
        if command.cancels_children:
            self._take_back(sliced)
        if not sliced.is_done:
            self._finish(sliced, "canceled", takes_back=False)

    def _expire(self, sliced: Sliced) -> None:
        if not sliced.is_done:
            self._finish(sliced, "expired")

    def _watch(self, sliced: Sliced) -> None:
        """Take back what rests while the market is silent."""
        assert self._resting is not None
        silent_ns, now_ns = self._resting.silence_ns(sliced), self._clock.now_ns()
        if sliced.is_done or sliced.slicing_ends_ns - now_ns <= silent_ns:
            return
        at_ns = self._ticks[sliced.place].ts_event + silent_ns
        if at_ns <= now_ns:
            self._take_back(sliced)
            at_ns = now_ns + silent_ns
        self._clock.alert_at(f"watch:{sliced.parent_id}", at_ns, lambda _event: self._watch(sliced))

    def _take_back(self, sliced: Sliced) -> None:
        self._auction.take_back(sliced)
        if self._resting is not None:
            self._resting.take_back(sliced)

    def _finish(self, sliced: Sliced, reason: str, *, leaves_order: bool = True, takes_back: bool = True) -> None:
        sliced.is_done = True
        del self._parents[sliced.place]
        self._clock.cancel(f"end:{sliced.parent_id}")
        if takes_back:
            self._take_back(sliced)
        self._forget(sliced)
        children = sliced.children
        self.line.publish(
            Topic.PARENT_DONE,
            ParentDone(
                parent_order_id=sliced.parent_id, unsent=children.unsent, reason=reason, leaves_order=leaves_order
            ),
        )

    def _forget(self, sliced: Sliced) -> None:
        if self._resting is None or not sliced.children.open():
            self._known.pop(sliced.parent_id, None)

"""The skeleton of the execution algorithms: a schedule says how much is due, a tick sends it; used by 6.

A child between two market events would fill at a price that no longer exists; so everything waits for the next one.
"""

from typing import Any, ClassVar, Self, cast

from nautilus_trader.common import Cache
from nautilus_trader.model import ExecAlgorithmId, InstrumentId, Price, Quantity
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.resting import RestingChildren
from nautilus_ai_firm.agents.sliced import Sliced
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import HostClock, MarketTime
from nautilus_ai_firm.messages import (
    CancelParent,
    ChildIntent,
    ExecutionTick,
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentDone,
)
from nautilus_ai_firm.models.execution.children import Children
from nautilus_ai_firm.models.execution.pegging import confirms
from nautilus_ai_firm.models.execution.schedules import Schedule, Traded, Window
from nautilus_ai_firm.models.execution.session_volume import SessionVolume
from nautilus_ai_firm.settings import Algorithm

MOST_REFUSALS = 3
"""Children that may be denied or rejected one after another before their parent is given up."""
UNANSWERED = {OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED}


class SlicingAlgorithm(ExecutionAlgorithm):
    """Sends the children of parent orders; what is unsent when the time is over is left to the next decision.

    Parameters
    ----------
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

    NAME: ClassVar[str]
    TURN: ClassVar[int]
    """Place among the algorithms: no two hear a message at one priority."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the algorithm's id."""
        return super().__new__(cls, ExecutionAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId(cls.NAME)))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        universe: Universe,
        gate: OrderGate,
        time: MarketTime,
        failures: Failures,
        settings: Algorithm | None = None,
    ) -> None:
        self.line = Line(self.NAME, self, failures)
        self.settings = Algorithm() if settings is None else settings
        self._time = time
        self._universe = universe
        self._gate = gate
        self._place: dict[InstrumentId, int] = {name: place for place, name in enumerate(universe.order_ids)}
        self._parents: dict[int, Sliced] = {}  # by place: one active parent an instrument
        self._known: dict[str, Sliced] = {}  # by id: these, and those that are over while children may still fill
        self._ticks: dict[int, ExecutionTick] = {}
        self._volume = self.volume_of(universe)
        limit = self.settings.limit
        self._resting = None if limit is None else RestingChildren(limit, universe, gate, self)

    def schedule(self, window: Window, order: Any) -> Schedule:
        """Make the schedule of a parent; its parameters are on the order."""
        raise NotImplementedError

    def volume_of(self, universe: Universe) -> SessionVolume | None:  # noqa: ARG002 - for those that need it
        """Make what adds up the market's volume, for schedules that follow it."""
        return None

    @callback
    def on_start(self) -> None:
        """Hear the market through the execution desk, its cancels, and what becomes of the children."""
        self._clock = self._time.clock(cast("HostClock", self.clock), self.line)
        self.line.subscribe(Topic.EXECUTION_TICK, self._on_tick, Priority.DESK - self.TURN)
        self.line.subscribe(Topic.CANCEL_PARENT, self._cancel, Priority.DESK - self.TURN)
        self.line.subscribe(Topic.ORDER_RECORD, self._hear_child, Priority.DESK - self.TURN)
        if self._volume is not None:
            self.line.subscribe(Topic.SNAPSHOT, self._learn, Priority.ALGORITHMS - self.TURN)

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
        limits = {"min_child": self.settings.min_child, "max_child": self.settings.max_child}
        sliced = Sliced(
            order=order,
            place=place,
            window=window,
            schedule=self.schedule(window, order),
            children=Children(total=window.total, lot=window.lot, **limits),
            floor_price=float(told["floor_price"]) if "floor_price" in told else None,
            volume_before=0.0 if self._volume is None else float(self._volume.total[place]),
        )
        self._parents[place] = self._known[sliced.parent_id] = sliced
        self._clock.alert_at(f"end:{sliced.parent_id}", window.end_ns, lambda _event: self._expire(sliced))
        if self._resting is not None:
            self._watch(sliced)
        self._send_due(sliced, self._ticks[place])

    def _on_tick(self, tick: ExecutionTick) -> None:
        self._ticks[tick.place] = tick
        sliced = self._parents.get(tick.place)
        if sliced is not None:
            self._send_due(sliced, tick)

    def _learn(self, snapshot: MarketSnapshot) -> None:
        assert self._volume is not None
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
        parent_id, children = sliced.parent_id, sliced.children
        limit = None if self._resting is None else self._resting.limit(sliced, tick)
        last = limit is None and quantity == children.unsent
        child_id = parent_id if last else f"{parent_id}-E{sliced.spawned + 1}"
        price = tick.price if limit is None else nearest_float(limit)
        question = self.question(sliced, child_id, quantity, tick.ts_event, price)
        if not self._gate.check(self.line, question, sliced.place, lambda: self.position(sliced)):
            self._finish(sliced, "refused")
            return
        self.line.publish(
            Topic.CHILD_INTENT, ChildIntent(parent_order_id=parent_id, client_order_id=child_id, quantity=quantity)
        )
        children.send(child_id, quantity, sliced.window.interval(tick.ts_event), None if limit is None else price)
        sliced.changed_ns = tick.ts_event
        # the engine's copy has shrunk by what was spawned
        primary = cast("Cache", self.cache).order(sliced.order.client_order_id)
        if last:
            self.submit_order(primary, client_id=self._universe.client_id)
            self._finish(sliced, "filled", leaves_order=False)
            return
        sliced.spawned += 1
        self.submit_order(self._spawn(sliced, primary, quantity, limit), client_id=self._universe.client_id)

    def _spawn(self, sliced: Sliced, primary: Any, quantity: int, limit: Price | None) -> Any:
        size, tags = Quantity.from_int(quantity), sliced.order.tags
        if limit is None:
            return self.spawn_market(primary, size, tags=tags)
        # what comes back of a limit is given to the parent by the engine, before or after the firm hears of it: so the
        # parent keeps its quantity, and the children alone count
        return self.spawn_limit(primary, size, limit, tags=tags, reduce_primary=False)

    def question(self, sliced: Sliced, child_id: str, quantity: int, ts_event: int, price: float) -> GateResult:
        """Describe a child to the gate."""
        return GateResult(
            ts_event=ts_event,
            round=self.line.failures.round,
            decision_id=sliced.order.tags[0],
            instrument_id=self._universe.names[sliced.place],
            client_order_id=child_id,
            side="BUY" if sliced.buys else "SELL",
            quantity=quantity if sliced.buys else -quantity,
            price=price,
            breach=None,
            is_limit=self._resting is not None,
        )

    def position(self, sliced: Sliced) -> int:
        """Return the filled quantity of the instrument, signed."""
        return round(self.portfolio.net_position(sliced.order.instrument_id))

    def _hear_child(self, record: OrderRecord) -> None:
        if record.exec_algorithm != self.NAME or record.kind in UNANSWERED:
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
        if sliced.is_done or sliced.window.end_ns - now_ns <= silent_ns:
            return
        at_ns = self._ticks[sliced.place].ts_event + silent_ns
        if at_ns <= now_ns:
            self._take_back(sliced)
            at_ns = now_ns + silent_ns
        self._clock.alert_at(f"watch:{sliced.parent_id}", at_ns, lambda _event: self._watch(sliced))

    def _take_back(self, sliced: Sliced) -> None:
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

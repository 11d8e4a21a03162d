"""6. Parent -> child orders: TWAP sends equal slices, each on a market event at or after its time."""

from dataclasses import dataclass
from typing import Any, Self, cast

from nautilus_trader.common import Cache
from nautilus_trader.model import ExecAlgorithmId, InstrumentId, OrderSide, Quantity
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import HostClock, MarketTime
from nautilus_ai_firm.messages import CancelParent, ChildIntent, ExecutionTick, GateResult, ParentDone
from nautilus_ai_firm.models.execution.slicing import due_quantity


@dataclass(slots=True)
class _Sliced:
    order: Any
    place: int
    total: int
    lot: int
    start_ns: int
    end_ns: int
    interval_ns: int
    sent: int = 0
    children: int = 0


class TwapAlgorithm(ExecutionAlgorithm):
    """Time-weighted average price: the schedule says how much is due, a tick of the instrument sends it.

    A slice between two market events would fill at a price that no longer exists; so the schedule waits for the
    next one. What is unsent when the time is over is left to the next decision.
    """

    def __new__(cls, *_: object) -> Self:
        """Give the engine the algorithm's id."""
        return super().__new__(cls, ExecutionAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId("TWAP")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, universe: Universe, gate: OrderGate, time: MarketTime, failures: Failures) -> None:
        self.line = Line("TWAP", self, failures)
        self._time = time
        self._universe = universe
        self._gate = gate
        self._place: dict[InstrumentId, int] = {name: place for place, name in enumerate(universe.order_ids)}
        self._parents: dict[int, _Sliced] = {}  # by place: one active parent an instrument
        self._ticks: dict[int, ExecutionTick] = {}

    @callback
    def on_start(self) -> None:
        """Hear the market through the execution desk, and its cancels."""
        self._clock = self._time.clock(cast("HostClock", self.clock), self.line)
        self.line.subscribe(Topic.EXECUTION_TICK, self._on_tick, Priority.DESK)
        self.line.subscribe(Topic.CANCEL_PARENT, self._cancel, Priority.DESK)

    @callback
    def on_order(self, order: Any) -> None:
        """Take a parent; its first slice goes out on the tick that released it."""
        place = self._place[order.instrument_id]
        parameters = order.exec_algorithm_params
        sliced = _Sliced(
            order=order,
            place=place,
            total=int(order.quantity.as_decimal()),
            lot=int(self._universe.lot_sizes[place]),
            start_ns=int(parameters["start_ns"]),
            end_ns=int(parameters["end_ns"]),
            interval_ns=int(parameters["interval_ns"]),
        )
        self._parents[place] = sliced
        self._clock.alert_at(f"end:{order.client_order_id}", sliced.end_ns, lambda _event: self._expire(sliced))
        self._send_due(sliced, self._ticks[place])

    def _on_tick(self, tick: ExecutionTick) -> None:
        self._ticks[tick.place] = tick
        sliced = self._parents.get(tick.place)
        if sliced is not None:
            self._send_due(sliced, tick)

    def _send_due(self, sliced: _Sliced, tick: ExecutionTick) -> None:
        due = due_quantity(sliced.total, sliced.lot, sliced.start_ns, sliced.end_ns, sliced.interval_ns, tick.ts_event)
        quantity = due - sliced.sent
        if quantity <= 0:
            return
        parent_id = str(sliced.order.client_order_id)
        last = due == sliced.total
        child_id = parent_id if last else f"{parent_id}-E{sliced.children + 1}"
        if not self._gate_lets(sliced, child_id, quantity, tick):
            self._finish(sliced, "refused")
            return
        self.line.publish(
            Topic.CHILD_INTENT, ChildIntent(parent_order_id=parent_id, client_order_id=child_id, quantity=quantity)
        )
        sliced.sent += quantity
        sliced.children += 1
        primary = cast("Cache", self.cache).order(
            sliced.order.client_order_id
        )  # the engine's copy has shrunk by what was spawned
        if last:
            self.submit_order(primary, client_id=self._universe.client_id)
            self._finish(sliced, "filled")
        else:
            child = self.spawn_market(primary, Quantity.from_int(quantity), tags=sliced.order.tags)
            self.submit_order(child, client_id=self._universe.client_id)

    def _gate_lets(self, sliced: _Sliced, child_id: str, quantity: int, tick: ExecutionTick) -> bool:
        instrument_id = sliced.order.instrument_id
        buy = sliced.order.side == OrderSide.BUY
        question = GateResult(
            ts_event=tick.ts_event,
            round=self.line.failures.round,
            decision_id=sliced.order.tags[0],
            instrument_id=self._universe.names[sliced.place],
            client_order_id=child_id,
            side="BUY" if buy else "SELL",
            quantity=quantity if buy else -quantity,
            price=tick.price,
            breach=None,
        )
        return self._gate.check(
            self.line, question, sliced.place, lambda: round(self.portfolio.net_position(instrument_id))
        )

    def _cancel(self, command: CancelParent) -> None:
        for sliced in list(self._parents.values()):
            if str(sliced.order.client_order_id) == command.parent_order_id:
                self._finish(sliced, "canceled")

    def _expire(self, sliced: _Sliced) -> None:
        if self._parents.get(sliced.place) is sliced:
            self._finish(sliced, "expired")

    def _finish(self, sliced: _Sliced, reason: str) -> None:
        del self._parents[sliced.place]
        parent_id = str(sliced.order.client_order_id)
        self._clock.cancel(f"end:{parent_id}")
        self.line.publish(
            Topic.PARENT_DONE,
            ParentDone(parent_order_id=parent_id, unsent=sliced.total - sliced.sent, reason=reason),
        )

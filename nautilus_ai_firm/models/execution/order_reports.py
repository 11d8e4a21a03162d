"""Orders that leave, are filled and end -> what is told of them to the world."""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan

import numpy as np

from nautilus_ai_firm.messages import (
    Floats,
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
)
from nautilus_ai_firm.messages.execution_reports import (
    ExecutionContent,
    ExecutionMessage,
    ExecutionQuality,
    ExecutionUpdate,
    PerformanceMetrics,
)
from nautilus_ai_firm.messages.orders import STOP, TAKE_PROFIT
from nautilus_ai_firm.models.execution.benchmarks import signed_bps
from nautilus_ai_firm.models.execution.report_wording import nearest_layer, take_profit_execution

DECIDED = "R"
"""What the decision ids of the CIO's decisions begin with."""

type Told = tuple[ExecutionMessage, ...]


@dataclass(slots=True)
class _Order:
    """A parent order so far: what it is to trade, the prices that it is judged by, and what it did."""

    side: int
    quantity: int
    price: float
    decided: float
    executed: int = 0
    expected: int = 0  # of fills, when it is told to be over before the last of them, as exits that rest are
    paid: Decimal = Decimal(0)

    @property
    def average(self) -> float:
        return float(self.paid / self.executed) if self.executed else nan


class OrderReports:
    """Follows every parent order.

    Parameters
    ----------
    names : tuple of str
        The universe, in the order of the arrays.

    Attributes
    ----------
    round : int
        The round that the firm is in.
    takes : dict of int to dict of int or None to float
        Levels of take profits by place and layer.

    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.round = 0
        self.takes: dict[int, dict[int | None, float]] = {}
        self._place = {name: place for place, name in enumerate(names)}
        self._close: Floats = np.full(len(names), np.nan)
        self._orders: dict[str, _Order] = {}  # by order id; a slice's is forgotten when it turns out to be one
        self._ended = 0
        self._ended_bps = 0.0  # against the decision's close, summed over the decided orders that ended

    def snapshot(self, message: MarketSnapshot) -> Told:
        """Take the round and its closes."""
        self.round, self._close = message.round, message.close
        return ()

    def gate_result(self, message: GateResult) -> Told:
        """Take note of an order that leaves."""
        if message.breach is None and message.client_order_id not in self._orders:
            decided = float(self._close[self._place[message.instrument_id]]) if message.round == self.round else nan
            self._orders[message.client_order_id] = _Order(
                1 if message.quantity > 0 else -1, abs(message.quantity), message.price, decided
            )
        return ()

    def order(self, message: OrderRecord) -> Told:
        """Tell of a fill."""
        if message.client_order_id != message.parent_order_id:
            self._orders.pop(message.client_order_id, None)
        order = self._orders.get(message.parent_order_id)
        if order is None or message.price is None:
            return ()
        if message.kind is OrderEventKind.UPDATED and message.decision_id[:1] in {STOP, TAKE_PROFIT}:
            order.quantity, order.price = int(message.quantity), float(message.price)
        if message.kind is not OrderEventKind.FILLED:
            return ()
        order.executed += int(message.quantity)
        order.paid += message.quantity * message.price
        if 0 < order.expected <= order.executed:
            del self._orders[message.parent_order_id]
        filled = order.executed >= order.quantity
        status = "FILLED" if filled else "PARTIAL_FILL"
        update = self._update(message, order, status, message.ts_event if filled else None)
        if message.decision_id[:1] != TAKE_PROFIT:
            return (update,)
        levels = self.takes.get(self._place[message.instrument_id], {})
        taken = take_profit_execution(
            message, float(message.price), quantity=order.quantity, executed=order.executed, target=order.price,
            layer=nearest_layer(order.price, levels),
        )  # fmt: skip
        return update, taken

    def parent(self, message: ParentRecord) -> Told:
        """Tell of the end of an order that did not end with a fill."""
        order = self._orders.get(message.parent_order_id)
        if order is not None and message.filled_quantity > order.executed:
            order.expected = message.filled_quantity
            return ()
        order = self._orders.pop(message.parent_order_id, None)
        if order is None:  # it never left
            order = _Order(1 if message.side == "BUY" else -1, message.quantity, nan, nan)
        told: Told = ()
        if order.executed < order.quantity:
            status = message.state.partition(":")[0].upper()
            told = (self._update(message, order, status, message.ts_event),)
        if message.decision_id[:1] == DECIDED and isfinite(bps := signed_bps(order.side, order.average, order.decided)):
            self._ended += 1
            self._ended_bps += bps
        return told

    def _update(
        self, about: OrderRecord | ParentRecord, order: _Order, status: str, ended_ns: int | None
    ) -> ExecutionUpdate:
        average = order.average
        return ExecutionUpdate(
            content=ExecutionContent(
                order_id=about.parent_order_id,
                symbol=about.instrument_id,
                side=about.side,
                quantity=order.quantity,
                executed_quantity=order.executed,
                average_price=_known(average),
                status=status,
                execution_quality=ExecutionQuality(
                    slippage_bps=_known(signed_bps(order.side, average, order.price)),
                    market_impact_bps=None,
                    timing_score=None,
                ),
                estimated_completion=None if ended_ns is None else _iso(ended_ns),
            ),
            performance_metrics=PerformanceMetrics(
                target_completion=None,
                cost_savings=None,
                benchmark_comparison=self._compared(about, signed_bps(order.side, average, order.decided)),
            ),
        )

    def _compared(self, about: OrderRecord | ParentRecord, bps: float) -> str | None:
        if about.decision_id[:1] != DECIDED or not self._ended or not isfinite(bps):
            return None
        mean = self._ended_bps / self._ended
        return "average" if bps == mean else "above_average" if bps < mean else "below_average"


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _iso(ts: int) -> str:
    return str(np.datetime_as_string(np.datetime64(ts, "ns"), unit="s", timezone="UTC"))

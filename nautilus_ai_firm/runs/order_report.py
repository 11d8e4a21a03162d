"""What a session recorded of its orders -> the engine's report of them, without what was not recorded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from nautilus_trader.analysis import ReportProvider
from nautilus_trader.model import (
    ClientOrderId,
    ExecAlgorithmId,
    InstrumentId,
    LimitOrder,
    MarketOrder,
    OrderCanceled,
    OrderUpdated,
    Quantity,
    StopMarketOrder,
    TimeInForce,
    TriggerType,
)

from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord, ParentRecord
from nautilus_ai_firm.runs.engine_events import EVENT, STRATEGY, TRADER, event_of, side_of

UNKNOWN = (
    "trader_id", "strategy_id", "account_id", "venue_order_id", "last_trade_id", "position_id", "liquidity_side",
    "exec_algorithm_params",
)  # fmt: skip
"""Columns of the engine's report of which the firm's records say nothing."""
BACK = {OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.CANCELED}
CHILD = re.compile(r"(.+)-E[0-9]+")


@dataclass(slots=True)
class _Sent:
    passed: GateResult
    parent_id: str
    left: int
    exec_algorithm: str | None = None
    events: list[Any] = field(default_factory=list)


def order_report(messages: Iterable[object], instruments: Mapping[str, Any]) -> pd.DataFrame:
    """Report every order that passed the gate.

    Parameters
    ----------
    messages : iterable
        Messages of the session in order; results of the gate, records of orders and of parents are used.
    instruments : mapping
        The engine's instruments, by id: what the triggers of stops are rounded to.

    """
    sent: dict[str, _Sent] = {}
    for number, message in enumerate(messages):
        match message:
            case GateResult(breach=None):
                _send(sent, message)
            case OrderRecord() if message.client_order_id in sent:
                _hear(sent, message, number)
            case ParentRecord() if message.parent_order_id in sent:
                _end(sent[message.parent_order_id], message)
            case _:
                pass
    # what was committed to an auction and never left is no order
    orders = [_order(one, instruments) for one in sent.values() if one.events or not one.passed.is_auction]
    report = ReportProvider.generate_orders_report(orders)
    return report.drop(columns=list(UNKNOWN), errors="ignore")


def _send(sent: dict[str, _Sent], passed: GateResult) -> None:
    name, quantity = passed.client_order_id, abs(passed.quantity)
    if name in sent:  # a sliced parent is itself the last slice: of what is left
        return
    child = CHILD.fullmatch(name)
    parent_id = child[1] if child is not None and child[1] in sent else name
    sent[name] = _Sent(passed=passed, parent_id=parent_id, left=quantity)
    at_once = not (passed.is_limit or passed.is_auction)
    if parent_id != name and at_once:  # the engine takes each slice at the market off its parent
        _resize(sent[parent_id], -quantity, passed.ts_event)


def _resize(parent: _Sent, change: int, ts_event: int) -> None:
    parent.left += change
    name, order_id = InstrumentId.from_str(parent.passed.instrument_id), ClientOrderId(parent.parent_id)
    when = (EVENT, ts_event, ts_event)
    size = Quantity.from_int(parent.left)
    parent.events.append(OrderUpdated(TRADER, STRATEGY, name, order_id, size, *when, reconciliation=False))


def _hear(sent: dict[str, _Sent], record: OrderRecord, number: int) -> None:
    order = sent[record.client_order_id]
    parent = sent[order.parent_id]
    order.exec_algorithm = parent.exec_algorithm = record.exec_algorithm
    if order.passed.is_auction and not order.events:  # it left now, and passed the gate when it was committed
        _resize(parent, -order.left, record.ts_event)
    order.events.append(event_of(record, number))
    if parent is order or order.passed.is_limit:
        return
    if record.kind is OrderEventKind.FILLED:
        order.left -= int(record.quantity)
    elif record.kind in BACK and order.left:  # the engine gives a parent back what a slice did not fill
        _resize(parent, order.left, record.ts_event)
        order.left = 0


def _end(parent: _Sent, record: ParentRecord) -> None:
    """Cancel a sliced parent that ended before its last slice, as execution does; the engine's event is no record."""
    parent.exec_algorithm = record.exec_algorithm
    if record.exec_algorithm is not None and all(isinstance(event, OrderUpdated) for event in parent.events):
        name, order_id = InstrumentId.from_str(record.instrument_id), ClientOrderId(record.parent_order_id)
        when = (EVENT, record.ts_event, record.ts_event)
        parent.events.append(OrderCanceled(TRADER, STRATEGY, name, order_id, *when, reconciliation=False))


def _order(one: _Sent, instruments: Mapping[str, Any]) -> MarketOrder | StopMarketOrder | LimitOrder:
    passed = one.passed
    which = (
        TRADER,
        STRATEGY,
        InstrumentId.from_str(passed.instrument_id),
        ClientOrderId(passed.client_order_id),
        side_of(passed.side),
        Quantity.from_int(abs(passed.quantity)),
    )
    terms: dict[str, Any] = {
        "reduce_only": False,
        "quote_quantity": False,
        "init_id": EVENT,
        "ts_init": passed.ts_event,
        "tags": [passed.decision_id],
    }
    order: MarketOrder | StopMarketOrder | LimitOrder
    if passed.is_stop and not passed.is_take_profit:
        trigger = instruments[passed.instrument_id].make_price(passed.price)
        order = StopMarketOrder(*which, trigger, TriggerType.DEFAULT, TimeInForce.GTC, **terms)
    elif passed.is_take_profit or passed.is_limit:
        if not passed.is_take_profit:
            terms["exec_algorithm_id"] = None if one.exec_algorithm is None else ExecAlgorithmId(one.exec_algorithm)
            terms["exec_spawn_id"] = ClientOrderId(one.parent_id)
        price = instruments[passed.instrument_id].make_price(passed.price)
        order = LimitOrder(*which, price, TimeInForce.GTC, post_only=False, **terms)
    else:
        order = MarketOrder(
            *which,
            EVENT,
            passed.ts_event,
            TimeInForce.GTC,
            reduce_only=False,
            quote_quantity=False,
            exec_algorithm_id=None if one.exec_algorithm is None else ExecAlgorithmId(one.exec_algorithm),
            exec_spawn_id=None if one.exec_algorithm is None else ClientOrderId(one.parent_id),
            tags=[passed.decision_id],
        )
    for event in one.events:
        order.apply(event)
    return order

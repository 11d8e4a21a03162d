"""Messages of the firm -> facts of the audit chain.

Those that a run has most of are told field by field, as that takes half the time.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from nautilus_ai_firm.messages import (
    Absence,
    Breach,
    Connection,
    DecisionEvent,
    GateResult,
    ImpactRecord,
    LateBar,
    OrderRecord,
    ParentRecord,
    RiskAlertEvent,
    RiskCommand,
)


def decision_fact(message: DecisionEvent) -> dict[str, Any]:
    """Tell what the CIO decided; plans where an agent has some."""
    return {
        "ts": message.ts_event,
        "round": message.round,
        "decision_id": message.decision_id,
        "equity": str(message.equity),
        "current": message.current.tolist(),
        "weights": message.weights.tolist(),
        "agents": message.agents,
        **({"plans": message.plans} if message.plans else {}),
    }


def absence_fact(decision: DecisionEvent, absence: Absence) -> dict[str, Any]:
    """Tell that an agent did not speak in a decision's round."""
    return {"ts": decision.ts_event, "round": decision.round, **_fields(absence)}


def refusal_fact(decision: DecisionEvent, desk: str, breach: Breach) -> dict[str, Any]:
    """Tell that a desk refused a part of a decision."""
    return {"ts": decision.ts_event, "decision_id": decision.decision_id, "desk": desk, "breach": breach}


def event_fact(message: LateBar | RiskAlertEvent | Connection | ImpactRecord) -> dict[str, Any]:
    """Tell all that a message says."""
    return {"ts": message.ts_event, **_fields(message, "ts_event")}


def order_fact(message: OrderRecord) -> dict[str, Any]:
    """Tell an event of an order; what it has not, as a price before the fill, is left out."""
    fact: dict[str, Any] = {
        "ts": message.ts_event,
        "event": message.kind,
        "round": message.round,
        "decision_id": message.decision_id,
        "instrument_id": message.instrument_id,
        "client_order_id": message.client_order_id,
        "parent_order_id": message.parent_order_id,
    }
    if message.exec_algorithm is not None:
        fact["exec_algorithm"] = message.exec_algorithm
    fact["side"] = message.side
    fact["quantity"] = message.quantity
    if message.price is not None:
        fact["price"] = message.price
    if message.commission is not None:
        fact["commission"] = message.commission
    if message.currency is not None:
        fact["currency"] = message.currency
    if message.reason is not None:
        fact["reason"] = message.reason
    if message.received_ns is not None:
        fact["received_ns"] = message.received_ns
    if message.layer is not None:
        fact["layer"] = message.layer
    return fact


def gate_fact(message: GateResult) -> dict[str, Any]:
    """Tell what the gate said of an order."""
    fact = {
        "ts": message.ts_event,
        "round": message.round,
        "decision_id": message.decision_id,
        "instrument_id": message.instrument_id,
        "client_order_id": message.client_order_id,
        "side": message.side,
        "quantity": message.quantity,
        "price": message.price,
        "breach": message.breach,
        "is_stop": message.is_stop,
        "is_limit": message.is_limit,
    }
    return fact | {"is_auction": True} if message.is_auction else fact


def parent_fact(message: ParentRecord) -> dict[str, Any]:
    """Tell what became of a parent order."""
    return {
        "ts": message.ts_event,
        "round": message.round,
        "decision_id": message.decision_id,
        "instrument_id": message.instrument_id,
        "parent_order_id": message.parent_order_id,
        "exec_algorithm": message.exec_algorithm,
        "side": message.side,
        "quantity": message.quantity,
        "filled_quantity": message.filled_quantity,
        "state": message.state,
        "estimated_impact_bps": message.estimated_impact_bps,
        "average_daily_volume": message.average_daily_volume,
        "volatility_per_day": message.volatility_per_day,
    }


def command_fact(message: RiskCommand) -> dict[str, Any]:
    """Tell what risk orders; layer and quantity where a layer is meant."""
    of_layer = {} if message.layer is None else {"layer": message.layer, "quantity": message.quantity}
    return {
        "ts": message.ts_event,
        "sequence": message.sequence,
        "action": message.action,
        "cause": message.cause,
        "who": message.who,
        "place": message.place,
        "price": message.price,
        "sender": message.sender,
        **of_layer,
    }


def _fields(message: object, *without: str) -> dict[str, Any]:
    names, values_of = _named(type(message), without)
    return dict(zip(names, values_of(message), strict=True))


@cache
def _named(kind: type[Any], without: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    # The fields of a kind of message, and what reads them all; every kind has two or more.
    names = tuple(one.name for one in fields(kind) if one.name not in without)
    return names, attrgetter(*names)

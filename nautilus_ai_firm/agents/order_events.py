"""Nautilus order events -> the firm's own order records."""

from decimal import Decimal
from typing import Any

from nautilus_ai_firm.messages import OrderEventKind, OrderRecord
from nautilus_ai_firm.models.execution.ledger import Parent

KINDS = {
    "OrderSubmitted": OrderEventKind.SUBMITTED,
    "OrderAccepted": OrderEventKind.ACCEPTED,
    "OrderFilled": OrderEventKind.FILLED,
    "OrderDenied": OrderEventKind.DENIED,
    "OrderRejected": OrderEventKind.REJECTED,
    "OrderCanceled": OrderEventKind.CANCELED,
    "OrderExpired": OrderEventKind.EXPIRED,
}


def order_record(event: Any, parent: Parent, exec_algorithm: str | None) -> OrderRecord | None:
    """Turn an order event into a record; None for the kinds that change neither exposure nor working quantity.

    Parameters
    ----------
    event : Any
        An order event of the engine.
    parent : Parent
        The parent that the order belongs to.
    exec_algorithm : str or None
        The algorithm that slices the parent.

    """
    kind = KINDS.get(type(event).__name__)
    if kind is None:
        return None
    filled = kind is OrderEventKind.FILLED
    return OrderRecord(
        kind=kind,
        ts_event=event.ts_event,
        round=parent.round,
        decision_id=parent.decision_id,
        instrument_id=str(event.instrument_id),
        client_order_id=str(event.client_order_id),
        parent_order_id=parent.parent_id,
        exec_algorithm=exec_algorithm,
        side="BUY" if parent.quantity > 0 else "SELL",
        quantity=event.last_qty.as_decimal() if filled else Decimal(0),
        price=event.last_px.as_decimal() if filled else None,
        commission=event.commission.as_decimal() if filled else None,
        currency=str(event.currency) if filled else None,
        reason=getattr(event, "reason", None),
    )

"""Orders, parents and their events -> the firm's own records of them."""

from decimal import Decimal
from typing import Any

from nautilus_trader.model import (
    ClientOrderId,
    ExecAlgorithmId,
    InstrumentId,
    MarketOrder,
    OrderSide,
    Quantity,
    TimeInForce,
)

from nautilus_ai_firm.messages import Breach, GateResult, OrderEventKind, OrderRecord, ParentRecord
from nautilus_ai_firm.messages.orders import TAKE_PROFIT
from nautilus_ai_firm.models.execution.ledger import Parent

ALGORITHMS = {"twap": "TWAP", "vwap": "VWAP", "pov": "POV", "almgren_chriss": "ALMGREN_CHRISS"}
"""What slices, by its name in the configuration."""
PYRAMID = "PYRAMID"
"""What sends a parent only while the market confirms it."""

KINDS = {
    "OrderSubmitted": OrderEventKind.SUBMITTED,
    "OrderAccepted": OrderEventKind.ACCEPTED,
    "OrderFilled": OrderEventKind.FILLED,
    "OrderDenied": OrderEventKind.DENIED,
    "OrderRejected": OrderEventKind.REJECTED,
    "OrderCanceled": OrderEventKind.CANCELED,
    "OrderExpired": OrderEventKind.EXPIRED,
}
"""Events that change exposure or working quantity, or that an order is on its way."""


QUIET = {OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UPDATED}
"""Events that leave the working quantity as it is."""


def kind_of(event: Any) -> OrderEventKind | None:
    """Say what an event is to the records; an update without a price only takes a slice off its parent, and is none."""
    if type(event).__name__ == "OrderUpdated":
        return None if event.price is None else OrderEventKind.UPDATED
    return KINDS.get(type(event).__name__)


def algorithm_of(parent: Parent) -> str | None:
    """Name the algorithm that slices a parent; None for one that goes out at once."""
    return parent.algorithm if parent.end_ns else None


def algorithm_parameters(parent: Parent) -> dict[str, str]:
    """Tell the algorithm its schedule; the engine takes text alone."""
    times = {"start_ns": parent.execution_ns, "end_ns": parent.end_ns, "interval_ns": parent.interval_ns}
    if parent.auction_ns:
        times |= {"auction_ns": parent.auction_ns, "close_ns": parent.close_ns}
    told = {name: str(value) for name, value in times.items()} | dict(parent.parameters)
    return told if parent.floor_price is None else told | {"floor_price": repr(parent.floor_price)}


def market_order(factory: Any, parent: Parent, order_id: InstrumentId, time_in_force: TimeInForce) -> MarketOrder:
    """Make the order of a parent; one that is to be sliced goes to its algorithm."""
    return factory.market(
        order_id,
        OrderSide.BUY if parent.quantity > 0 else OrderSide.SELL,
        Quantity.from_int(abs(parent.quantity)),
        exec_algorithm_id=ExecAlgorithmId(parent.algorithm) if parent.end_ns else None,
        exec_algorithm_params=algorithm_parameters(parent) if parent.end_ns else None,
        tags=[parent.decision_id],
        client_order_id=ClientOrderId(parent.parent_id),
        time_in_force=time_in_force,
    )


def side_of(quantity: int) -> str:
    """Name the side of a signed quantity."""
    return "BUY" if quantity > 0 else "SELL"


def order_record(event: Any, parent: Parent, kind: OrderEventKind, instrument_id: str, ts_event: int) -> OrderRecord:
    """Turn an order event into a record.

    Parameters
    ----------
    event : Any
        An order event of the engine.
    parent : Parent
        The parent that the order belongs to.
    kind : OrderEventKind
        What `kind_of` says that it is.
    instrument_id : str
        What the firm calls the instrument.
    ts_event : int
        Market time of the event, nanoseconds UTC.

    """
    if kind is OrderEventKind.UPDATED:
        return update_record(event, parent, instrument_id, ts_event)
    filled = kind is OrderEventKind.FILLED
    return OrderRecord(
        kind=kind,
        ts_event=ts_event,
        round=parent.round,
        decision_id=parent.decision_id,
        instrument_id=instrument_id,
        client_order_id=str(event.client_order_id),
        parent_order_id=parent.parent_id,
        exec_algorithm=algorithm_of(parent),
        side=side_of(parent.quantity),
        quantity=event.last_qty.as_decimal() if filled else Decimal(0),
        price=event.last_px.as_decimal() if filled else None,
        commission=event.commission.as_decimal() if filled else None,
        currency=str(event.currency) if filled else None,
        reason=None if filled or kind is OrderEventKind.SUBMITTED else getattr(event, "reason", None),
    )


def update_record(event: Any, parent: Parent, instrument_id: str, ts_event: int) -> OrderRecord:
    """Turn a change of an exit or a limit into a record: quantity, and trigger or limit after it; as `order_record`."""
    is_limit = parent.end_ns or parent.decision_id.startswith(TAKE_PROFIT)
    return OrderRecord(
        kind=OrderEventKind.UPDATED,
        ts_event=ts_event,
        round=parent.round,
        decision_id=parent.decision_id,
        instrument_id=instrument_id,
        client_order_id=str(event.client_order_id),
        parent_order_id=parent.parent_id,
        exec_algorithm=algorithm_of(parent),
        side=side_of(parent.quantity),
        quantity=event.quantity.as_decimal(),
        price=(event.price if is_limit else event.trigger_price).as_decimal(),
    )


def parent_record(
    parent: Parent, instrument_id: str, state: str, filled: int, ts_event: int, quantity: int | None = None
) -> ParentRecord:
    """Say what became of a parent; quantities without sign, and `quantity` where it is not the first any more."""
    return ParentRecord(
        ts_event=ts_event,
        round=parent.round,
        decision_id=parent.decision_id,
        instrument_id=instrument_id,
        parent_order_id=parent.parent_id,
        exec_algorithm=algorithm_of(parent),
        side=side_of(parent.quantity),
        quantity=abs(parent.quantity) if quantity is None else quantity,
        filled_quantity=filled,
        state=state,
        estimated_impact_bps=parent.impact_bps,
        average_daily_volume=parent.daily_volume,
        volatility_per_day=parent.daily_volatility,
    )


def gate_result(
    parent: Parent,
    instrument_id: str,
    ts_event: int,
    price: float,
    breach: Breach | None = None,
    *,
    is_stop: bool = False,
) -> GateResult:
    """Describe a parent to the gate, or to the records what the gate refused; the quantity is signed."""
    return GateResult(
        ts_event=ts_event,
        round=parent.round,
        decision_id=parent.decision_id,
        instrument_id=instrument_id,
        client_order_id=parent.parent_id,
        side=side_of(parent.quantity),
        quantity=parent.quantity,
        price=price,
        breach=breach,
        is_stop=is_stop,
    )

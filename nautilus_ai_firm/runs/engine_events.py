"""Order records of the firm -> the engine's own events, so that its own objects can be made of them again.

Ids that the records do not hold are placeholders; nobody may report them.
"""

from typing import Any

from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    AccountId,
    ClientOrderId,
    Currency,
    InstrumentId,
    LiquiditySide,
    Money,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
    OrderSubmitted,
    OrderType,
    OrderUpdated,
    PositionId,
    Price,
    Quantity,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)

from nautilus_ai_firm.messages import OrderEventKind, OrderRecord
from nautilus_ai_firm.messages.orders import TAKE_PROFIT

TRADER = TraderId("UNKNOWN-001")
STRATEGY = StrategyId("UNKNOWN-001")
ACCOUNT = AccountId("UNKNOWN-001")
VENUE_ORDER = VenueOrderId("UNKNOWN")
EVENT = UUID4.from_str("00000000-0000-4000-8000-000000000000")


def side_of(name: str) -> OrderSide:
    """Name of a side -> the engine's."""
    return OrderSide.BUY if name == "BUY" else OrderSide.SELL


def event_of(record: OrderRecord, number: int) -> Any:
    """Turn a record into the engine's event.

    Parameters
    ----------
    record : OrderRecord
        An event of an order.
    number : int
        Its place among all records, which tells fills apart.

    """
    which = (TRADER, STRATEGY, InstrumentId.from_str(record.instrument_id), ClientOrderId(record.client_order_id))
    when, reason = (EVENT, record.ts_event, record.ts_event), record.reason or ""
    match record.kind:
        case OrderEventKind.SUBMITTED:
            event = OrderSubmitted(*which, ACCOUNT, *when)
        case OrderEventKind.ACCEPTED:
            event = OrderAccepted(*which, VENUE_ORDER, ACCOUNT, *when, reconciliation=False)
        case OrderEventKind.FILLED:
            event = fill_of(record, number)
        case OrderEventKind.DENIED:
            event = OrderDenied(*which, reason, *when)
        case OrderEventKind.REJECTED:
            event = OrderRejected(*which, ACCOUNT, reason, *when, reconciliation=False)
        case OrderEventKind.UPDATED:  # of a limit where an algorithm or a take profit has it, of a stop otherwise
            price = Price.from_str(str(record.price))
            is_limit = record.exec_algorithm is not None or record.decision_id.startswith(TAKE_PROFIT)
            event = OrderUpdated(
                *which,
                Quantity.from_str(str(record.quantity)),
                *when,
                reconciliation=False,
                price=price if is_limit else None,
                trigger_price=None if is_limit else price,
            )
        case OrderEventKind.CANCELED:
            event = OrderCanceled(*which, *when, reconciliation=False)
        case OrderEventKind.EXPIRED:
            event = OrderExpired(*which, *when, reconciliation=False)
    return event


def fill_of(record: OrderRecord, number: int, position: PositionId | None = None) -> OrderFilled:
    """Turn the record of a fill into the engine's event; parameters as `event_of`."""
    assert record.price is not None
    assert record.currency is not None
    currency = Currency.from_str(record.currency)
    return OrderFilled(
        TRADER,
        STRATEGY,
        InstrumentId.from_str(record.instrument_id),
        ClientOrderId(record.client_order_id),
        VENUE_ORDER,
        ACCOUNT,
        TradeId(str(number)),
        side_of(record.side),
        OrderType.MARKET,
        Quantity.from_str(str(record.quantity)),
        Price.from_str(str(record.price)),
        currency,
        LiquiditySide.NO_LIQUIDITY_SIDE,
        EVENT,
        record.ts_event,
        record.ts_event,
        reconciliation=False,
        position_id=position,
        commission=None if record.commission is None else Money.from_decimal(record.commission, currency),
    )

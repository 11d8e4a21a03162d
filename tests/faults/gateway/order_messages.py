"""An order and its fills -> what the broker says of them."""

from decimal import Decimal
from typing import Any

from tests.faults.gateway.market import contract_of
from tests.faults.gateway.messages import make
from tests.faults.gateway.orders import Order

UNREPORTED = -1  # the request that an execution answers, where none asked for it


def open_order(order: Order) -> Any:
    message = make("OpenOrder", orderId=order.order_id, contract=contract_of(order.stock), order=order.message)
    message.order.orderId, message.order.clientId, message.order.permId = order.order_id, order.client_id, order.perm_id
    message.order.account, message.orderState.status = order.account, order.status
    return message


def completed_order(order: Order) -> Any:
    message = make("CompletedOrder", contract=contract_of(order.stock), order=order.message)
    message.order.permId, message.order.account = order.perm_id, order.account
    message.order.filledQuantity = str(order.filled)
    message.orderState.status, message.orderState.completedTime = order.status, order.completed_time
    message.orderState.completedStatus = f"{order.status} Size: {order.filled}"
    return message


def order_status(order: Order) -> Any:
    return make(
        "OrderStatus", orderId=order.order_id, status=order.status, filled=str(order.filled),
        remaining=str(order.remaining), avgFillPrice=float(order.average_price), permId=order.perm_id,
        parentId=order.message.parentId, lastFillPrice=float(order.last_price), clientId=order.client_id,
        whyHeld="", mktCapPrice=0.0,
    )  # fmt: skip


def execution_details(order: Order, number: str, shares: Decimal, price: Decimal, time: str) -> Any:
    execution = make(
        "Execution", orderId=order.order_id, execId=number, time=time, acctNumber=order.account,
        exchange=order.stock.exchange, side="BOT" if order.buys else "SLD", shares=str(shares), price=float(price),
        permId=order.perm_id, clientId=order.client_id, cumQty=str(order.filled), avgPrice=float(order.average_price),
        orderRef=order.message.orderRef, lastLiquidity=2,
    )  # fmt: skip
    contract = contract_of(order.stock, order.stock.exchange)
    return make("ExecutionDetails", reqId=UNREPORTED, contract=contract, execution=execution)

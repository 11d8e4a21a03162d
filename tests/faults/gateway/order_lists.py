"""What a client that asks is told of orders: those that are open, those that are over, and fills, each with its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.gateway.messages import make
from tests.faults.gateway.order_messages import completed_order, open_order, order_status
from tests.faults.gateway.orders import Order
from tests.faults.gateway.session import Handler, Session


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution and what it cost, as told to the client and as told again to who asks."""

    order: Order
    details: Any
    commission: Any


class OrderLists:
    """Answers about orders that others keep.

    Parameters
    ----------
    orders : sequence of Order
        All there ever were; it grows.
    fills : sequence of Fill
        Likewise.

    """

    def __init__(self, orders: Sequence[Order], fills: Sequence[Fill]) -> None:
        self._orders, self._fills = orders, fills

    @property
    def handlers(self) -> dict[str, Handler]:
        return {
            "OpenOrdersRequest": lambda session, _request: self._open(session, session.client_id),
            "AllOpenOrdersRequest": lambda session, _request: self._open(session, None),
            "CompletedOrdersRequest": self._completed,
            "ExecutionRequest": self._executions,
        }

    def _open(self, session: Session, client_id: int | None) -> None:
        for order in self._orders:
            if order.is_open and client_id in {None, order.client_id}:
                session.send(open_order(order))
                session.send(order_status(order))
        session.send(make("OpenOrdersEnd"))

    def _completed(self, session: Session, _request: Any) -> None:
        for order in self._orders:
            if not order.is_open:
                session.send(completed_order(order))
        session.send(make("CompletedOrdersEnd"))

    def _executions(self, session: Session, request: Any) -> None:
        wanted = request.executionFilter
        for fill in self._fills:
            order, details = fill.order, make("ExecutionDetails")
            fits = {wanted.acctCode or order.account, wanted.symbol or order.stock.symbol}
            if fits == {order.account, order.stock.symbol} and (wanted.clientId or order.client_id) == order.client_id:
                details.CopyFrom(fill.details)
                details.reqId = request.reqId
                session.send(details)
                session.send(fill.commission)
        session.send(make("ExecutionDetailsEnd", reqId=request.reqId))

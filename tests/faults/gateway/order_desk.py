"""Orders in, their life out: placed, changed, cancelled, filled, each step told to the client that placed it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.faults.gateway.books import Books, commission_of
from tests.faults.gateway.faults import Faults
from tests.faults.gateway.market import Market
from tests.faults.gateway.messages import make
from tests.faults.gateway.order_lists import Fill, OrderLists
from tests.faults.gateway.order_messages import execution_details, open_order, order_status
from tests.faults.gateway.orders import KINDS, Order
from tests.faults.gateway.session import Handler, Session
from tests.faults.gateway.tape import Trade

CANCELS, REDUCES, REDUCES_LATER = 1, 2, 3
"""Kinds of groups: what one order fills ends the others, or is taken from them, at once or only when it is too late to
keep another from filling at the same price."""
REJECTED, CANCELLED, NOT_FOUND, TOO_LATE, NO_SUCH_STOCK, FILLED_ALREADY = 201, 202, 10147, 10148, 200, 104
GROUP_REVISED = 10326


class OrderDesk:
    """All orders of all clients.

    Parameters
    ----------
    market : Market
        Where orders fill.
    books : dict of str to Books
        Accounts by name, the first being the one of an order that names none.
    faults : Faults
        Rejections and partial fills to come.
    sessions : callable
        Lists the clients that are connected.
    filled : callable
        Called after each fill.
    time_zone : str
        Where the clock hangs that executions are stamped by, as the gateway's settings say.

    """

    def __init__(
        self,
        market: Market,
        books: dict[str, Books],
        faults: Faults,
        sessions: Callable[[], Iterable[Session]],
        filled: Callable[[], None],
        time_zone: str,
    ) -> None:
        self._market, self._books, self._faults = market, books, faults
        self._sessions, self._filled, self._time_zone = sessions, filled, time_zone
        self.orders: list[Order] = []
        self.fills: list[Fill] = []

    @property
    def handlers(self) -> dict[str, Handler]:
        return {
            "PlaceOrderRequest": self._place,
            "CancelOrderRequest": self._cancel,
            "GlobalCancelRequest": lambda _session, _request: self._cancel_all(),
            "AutoOpenOrdersRequest": lambda _session, _request: None,
            **OrderLists(self.orders, self.fills).handlers,
        }

    def next_order_id(self, client_id: int) -> int:
        return 1 + max((order.order_id for order in self.orders if order.client_id == client_id), default=0)

    def find(self, client_id: int, order_id: int) -> Order | None:
        return next((one for one in self.orders if (one.client_id, one.order_id) == (client_id, order_id)), None)

    def match(self, symbol: str) -> None:
        """Fill what the last quote and trade of a stock fill."""
        unblocked: list[tuple[Order, Decimal]] = []
        for order in [one for one in self.orders if one.stock.symbol == symbol]:
            if self._works(order) and not order.waits_for_auction:
                quote, trade = self._market.quotes.get(symbol), self._market.trades.get(symbol)
                price = order.fill_price(quote, trade)
                if price is not None:
                    shares = self._faults.most_to_fill(order.remaining)
                    if order.message.ocaGroup and order.message.ocaType == REDUCES_LATER:
                        unblocked.append((order, shares))
                    self.fill(order, shares, price)
        for order, shares in unblocked:
            self._settle_group(order, shares)

    def auction(self, trade: Trade) -> None:
        """Fill the orders for the opening or the close at its price, and cancel those whose limit forbids it."""
        for order in [one for one in self.orders if one.stock.symbol == trade.symbol]:
            if self._works(order) and order.waits_for_auction and order.opens_with_the_market == trade.opening:
                price = order.auction_price(trade.price)
                if price is None:
                    self._end(order, "Cancelled", CANCELLED, "Order Canceled - reason:")
                else:
                    self.fill(order, self._faults.most_to_fill(order.remaining), price)

    def fill(self, order: Order, shares: Decimal, price: Decimal) -> None:
        """Fill an order, in whole or in part, and tell its client, if that one is there."""
        order.filled += shares
        order.value += shares * price
        order.last_price = price
        order.status = "Submitted" if order.remaining else "Filled"
        commission, order.commission = order.commission, commission_of(order.filled, order.value)
        cost = order.commission - commission
        realised = self._books[order.account].book(order.stock, shares if order.buys else -shares, price, cost)
        number = f"0000e0d5.{order.perm_id:08x}.{len(self.fills) + 1:02d}.01"
        now = self._now()
        if not order.remaining:
            order.completed_time = now
        fill = Fill(
            order,
            execution_details(order, number, shares, price, now),
            make(
                "CommissionAndFeesReport", execId=number, commissionAndFees=float(cost), currency=order.stock.currency,
                **({} if realised is None else {"realizedPNL": float(realised)}),
            ),
        )  # fmt: skip
        self.fills.append(fill)
        self._tell(order, open_order(order), order_status(order), fill.details, fill.commission)
        self._filled()
        if order.message.ocaGroup and order.message.ocaType != REDUCES_LATER:
            self._settle_group(order, shares)
        self._after(order)

    def _place(self, session: Session, request: Any) -> None:
        known = self.find(session.client_id, request.orderId)
        if known is not None:
            self._change(session, known, request)
            return
        stock = self._market.find(request.contract)
        if self._faults.rejections:
            session.error(request.orderId, *self._faults.rejections.popleft())
        elif stock is None:
            session.error(request.orderId, NO_SUCH_STOCK, "No security definition has been found for the request")
        elif (reason := self._unusable(request.order)) is not None:
            session.error(request.orderId, REJECTED, f"Order rejected - reason:{reason}")
        else:
            self._accept(session, stock, request)

    def _accept(self, session: Session, stock: Any, request: Any) -> None:
        account = request.order.account or next(iter(self._books))
        message = _copy(request.order)
        order = Order(session.client_id, request.orderId, 1_000_001 + len(self.orders), account, stock, message)
        parent = self.find(session.client_id, message.parentId) if message.parentId else None
        if parent is not None and message.ocaGroup:
            message.ocaGroup = str(parent.perm_id)  # whatever name its client gave
        self.orders.append(order)
        self._told_status(order)
        self._release(order)
        if order.message.tif == "IOC" and order.is_open:
            self._end(order, "Cancelled", CANCELLED, "Order Canceled - reason:")

    def _release(self, order: Order) -> None:
        """Let an order work, and with it those that waited for this one to be transmitted."""
        family = {order.message.parentId, order.order_id} - {0}
        for one in [one for one in self.orders if one.client_id == order.client_id and one.is_open]:
            if order.message.transmit and (one is order or family & {one.order_id, one.message.parentId}):
                one.message.transmit = True
        if self._works(order) and order.message.orderType != "STP" and not order.waits_for_auction:
            order.status = "Submitted"
            self._told_status(order)
        self.match(order.stock.symbol)

    def _change(self, session: Session, order: Order, request: Any) -> None:
        if not order.is_open:
            session.error(order.order_id, FILLED_ALREADY, f"Cannot modify a {order.status.lower()} order.")
        elif (reason := self._unusable(request.order)) is not None:
            session.error(order.order_id, REJECTED, f"Order rejected - reason:{reason}")
        elif order.order_id in self._faults.refused_changes:
            session.error(order.order_id, GROUP_REVISED, "OCA group revision is not allowed.")
        elif request.order.ocaGroup not in {"", order.message.ocaGroup}:
            session.error(order.order_id, GROUP_REVISED, "OCA group revision is not allowed.")
            self._end(order, "Cancelled", CANCELLED, "Order Canceled - reason:")
        else:
            held, order.message = order.message, _copy(request.order)
            order.message.ocaGroup, order.message.ocaType = held.ocaGroup, held.ocaType
            self._told_status(order)
            self._release(order)

    def _unusable(self, message: Any) -> str | None:
        if message.orderType not in KINDS:
            return f"order type {message.orderType} is not served here, only {', '.join(sorted(KINDS))}"
        if message.account and message.account not in self._books:
            return f"account {message.account} is not managed here"
        return None if Decimal(message.totalQuantity or 0) > 0 else "a quantity that is not positive"

    def _cancel(self, session: Session, request: Any) -> None:
        order = self.find(session.client_id, request.orderId)
        if order is None:
            text = f"OrderId {request.orderId} that needs to be cancelled is not found."
            session.error(request.orderId, NOT_FOUND, text)
        elif not order.is_open:
            text = f"OrderId {request.orderId} that needs to be cancelled cannot be cancelled, state: {order.status}."
            session.error(request.orderId, TOO_LATE, text)
        else:
            self._end(order, "Cancelled", CANCELLED, "Order Canceled - reason:")
            for one in self._group(order):  # who cancels one of a group cancels all of it
                self._end(one, "Cancelled", CANCELLED, "Order Canceled - reason:")

    def _cancel_all(self) -> None:
        for order in [one for one in self.orders if one.is_open]:
            if order.is_open:
                self._end(order, "Cancelled", CANCELLED, "Order Canceled - reason:")

    def _end(self, order: Order, status: str, code: int, text: str) -> None:
        order.status, order.completed_time = status, self._now()
        self._told_status(order)
        for session in self._clients(order):
            session.error(order.order_id, code, text)
        self._after(order)

    def _settle_group(self, order: Order, shares: Decimal) -> None:
        """Take what an order filled from the others of its group, or end them."""
        for one in self._group(order):
            left = one.remaining - shares
            if not one.is_open:
                continue
            if order.message.ocaType == CANCELS or left <= 0:
                self._end(one, "Cancelled", CANCELLED, "Order Canceled - reason:")
            else:
                one.message.totalQuantity = str(one.filled + left)
                self._told_status(one)

    def _group(self, order: Order) -> list[Order]:
        group = order.message.ocaGroup
        return [one for one in self._others(order) if group and one.message.ocaGroup == group]

    def _others(self, order: Order) -> list[Order]:
        return [one for one in self.orders if one.client_id == order.client_id and one.is_open and one is not order]

    def _after(self, order: Order) -> None:
        """Do what an order's fill or end means for those that hang on it."""
        for one in self._others(order):
            if one.is_open and one.message.parentId == order.order_id and order.status == "Cancelled":
                self._end(one, "Cancelled", CANCELLED, "Order Canceled - reason:")
        if order.status == "Filled":
            self.match(order.stock.symbol)

    def _works(self, order: Order) -> bool:
        parent = self.find(order.client_id, order.message.parentId) if order.message.parentId else None
        return order.is_open and order.message.transmit and (parent is None or parent.status == "Filled")

    def _told_status(self, order: Order) -> None:
        self._tell(order, open_order(order), order_status(order))

    def _tell(self, order: Order, *messages: Any) -> None:
        for session in self._clients(order):
            for message in messages:
                session.send(message)

    def _clients(self, order: Order) -> list[Session]:
        return [session for session in self._sessions() if session.client_id == order.client_id]

    def _now(self) -> str:
        return f"{datetime.now(ZoneInfo(self._time_zone)):%Y%m%d %H:%M:%S} {self._time_zone}"


def _copy(message: Any) -> Any:
    """What is recorded of a request stays as it came."""
    copied = type(message)()
    copied.CopyFrom(message)
    return copied

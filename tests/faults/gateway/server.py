"""An imitation of IB Gateway on loopback: a thread that serves the broker's interface, and the hand that steers it."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Self

from tests.faults.gateway.account_desk import AccountDesk
from tests.faults.gateway.books import Books
from tests.faults.gateway.faults import Faults
from tests.faults.gateway.history_desk import HistoryDesk
from tests.faults.gateway.market import Market
from tests.faults.gateway.market_desk import MarketDesk
from tests.faults.gateway.messages import make
from tests.faults.gateway.order_desk import OrderDesk
from tests.faults.gateway.order_lists import Fill
from tests.faults.gateway.orders import Order
from tests.faults.gateway.serving import LONGEST_WAIT_S, Serving
from tests.faults.gateway.session import Handler, Received, Session
from tests.faults.gateway.tape import Event, History, Quote, Stock, Trade
from tests.faults.gateway.wire import LAST_VERSION, WireError

CLIENT_ID_IN_USE = 326


class Gateway:
    """The gateway, served while the context lasts.

    Its port is any free one. What it cannot do: options, combos, what-if orders, advisors, market depth, news. Account
    and positions are told after each fill, where the broker takes up to three minutes. It proves what is said on the
    wire and what a client does with it, not what the broker would decide.

    Parameters
    ----------
    stocks : sequence of Stock
        What is listed.
    history : mapping
        Bars of the past.
    accounts : tuple of str
        Who is managed.
    cash : Decimal
        What each account begins with.
    server_version : int
        Newest version that is spoken.
    time_zone : str
        Where the clock hangs that executions are stamped by.

    """

    def __init__(
        self,
        stocks: Sequence[Stock] = (),
        history: History | None = None,
        *,
        accounts: tuple[str, ...] = ("DU1234567",),
        cash: Decimal = Decimal(1_000_000),
        server_version: int = LAST_VERSION,
        time_zone: str = "UTC",
    ) -> None:
        self.accounts = accounts
        self.server_version = server_version
        self.live_data = True
        self.faults = Faults()
        self.received: list[Received] = []
        self.books = {account: Books(account, cash) for account in accounts}
        self.market = Market(stocks, history or {})
        self._sessions: list[Session] = []
        self._account_desk = AccountDesk(self.books, self.market)
        self._market_desk = MarketDesk(self.market, self.faults, lambda: self.live_data)
        self._history_desk = HistoryDesk(self.market, self.faults)
        self._order_desk = OrderDesk(
            self.market, self.books, self.faults, lambda: self._sessions, self._account_desk.tell, time_zone
        )
        self._handlers: dict[str, Handler] = {
            "IdsRequest": self._ids,
            "ManagedAccountsRequest": lambda session, _request: session.send(
                make("ManagedAccounts", accountsList=",".join(self.accounts))
            ),
            "CurrentTimeRequest": lambda session, _request: session.send(
                make("CurrentTime", currentTime=int(time.time()))
            ),
            **self._account_desk.handlers,
            **self._market_desk.handlers,
            **self._history_desk.handlers,
            **self._order_desk.handlers,
        }
        self._news = threading.Condition()
        self._serving = Serving(self._attend)

    # --- The context -----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        self.drop()  # so that nobody is waited for who does not read
        self._serving.stop()
        if self._serving.problems and kind is None:
            raise self._serving.problems[0]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._serving.port

    # --- The market and the orders ---------------------------------------------------------------------------------

    def play(self, *events: Event) -> None:
        """Let quotes and trades happen, and the orders fill that they fill."""
        self._serving.call(lambda: self._play(events))

    def order(self, client_id: int, order_id: int) -> Order:
        """Find an order; it goes on changing while the gateway runs."""
        found = self._serving.call(lambda: self._order_desk.find(client_id, order_id))
        if found is None:
            raise LookupError(f"client {client_id} placed no order {order_id}")
        return found

    @property
    def orders(self) -> list[Order]:
        return self._serving.call(lambda: list(self._order_desk.orders))

    @property
    def fills(self) -> list[Fill]:
        return self._serving.call(lambda: list(self._order_desk.fills))

    def fill(self, order: Order, shares: Decimal, price: Decimal) -> None:
        """Fill an order whatever the market says, its client connected or not."""
        self._serving.call(lambda: self._order_desk.fill(order, shares, price))

    def subscribed(self, symbol: str) -> set[str]:
        """Name the streams of a stock that somebody listens to: quotes, AllLast, BidAsk, bars, history."""
        return self._serving.call(
            lambda: (
                self._market_desk.subscribed(symbol)
                | ({"history"} if self._history_desk.follows(symbol) else set[str]())
            )
        )

    # --- The faults ------------------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Cut every connection."""
        self._serving.call(self._drop)

    def refuse(self) -> None:
        """Cut every connection and listen no more; the port stays the gateway's own."""
        self.drop()
        self._serving.shut()

    def accept(self) -> None:
        """Listen again, on the same port."""
        self._serving.listen()

    def say(self, code: int, text: str, request: int = -1) -> None:
        """Send an error or a notice to everybody."""
        self._serving.call(lambda: [session.error(request, code, text) for session in self._sessions] and None)

    def fail_next(self, request: str, code: int, text: str) -> None:
        """Answer the next request of a name with an error."""
        self._serving.call(lambda: self.faults.errors.setdefault(request, deque()).append((code, text)))

    def reject_next(self, text: str, code: int = 201) -> None:
        """Reject the next order."""
        self._serving.call(lambda: self.faults.rejections.append((code, text)))

    # --- What came -------------------------------------------------------------------------------------------------

    def wait_for(self, name: str, count: int = 1, timeout_s: float = LONGEST_WAIT_S) -> Received:
        """Wait until so many requests of a name have come, and return the last of these."""
        self.wait_until(lambda: len(self.named(name)) >= count, f"{count} of {name}", timeout_s)
        return self.named(name)[count - 1]

    def wait_until(self, true: Callable[[], bool], what: str, timeout_s: float = LONGEST_WAIT_S) -> None:
        """Wait until something is true of what came, looked at after every request.

        Raises
        ------
        TimeoutError
            It did not become true; the message says what came instead.

        """
        with self._news:
            if not self._news.wait_for(true, timeout_s):
                raise TimeoutError(f"waited for {what}; came {[one.name for one in self.received]}")

    def wait_alone(self, timeout_s: float = LONGEST_WAIT_S) -> None:
        """Wait until no client is connected."""
        with self._news:
            assert self._news.wait_for(lambda: not self._sessions, timeout_s), "somebody is still connected"

    def named(self, name: str) -> list[Received]:
        return [one for one in self.received if one.name == name]

    @property
    def clients(self) -> list[int]:
        """The ids of the clients that are connected."""
        return self._serving.call(lambda: [session.client_id for session in self._sessions])

    # --- In the gateway's own thread -------------------------------------------------------------------------------

    def _drop(self) -> None:
        for session in list(self._sessions):
            self._leave(session)
            session.drop()

    def _leave(self, session: Session) -> None:
        with self._news:
            if session in self._sessions:
                self._sessions.remove(session)
            self._news.notify_all()
        for desk in (self._account_desk, self._market_desk, self._history_desk):
            desk.leave(session)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, self._handlers, self.faults, self._record)
        try:
            await session.greet(self.server_version)
            if session.client_id in {other.client_id for other in self._sessions}:
                session.error(-1, CLIENT_ID_IN_USE, "Unable to connect as the client id is already in use.")
                return
            self._sessions.append(session)
            await session.serve(self.accounts, self._order_desk.next_order_id(session.client_id))
        except (ConnectionError, asyncio.IncompleteReadError, WireError):
            return  # the client has gone, or is none
        finally:
            self._leave(session)
            await session.close()

    def _record(self, received: Received) -> None:
        with self._news:
            self.received.append(received)
            self._news.notify_all()

    def _play(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Quote):
                self.market.quotes[event.symbol] = event
                self._market_desk.tell_quote(event)
            else:
                self._trade(event)
            self._order_desk.match(event.symbol)

    def _trade(self, trade: Trade) -> None:
        for length_s, bar in self.market.take(trade):
            self._market_desk.tell_bar(trade.symbol, length_s, bar)
        self._market_desk.tell_trade(trade)
        self._history_desk.tell_trade(trade)
        if trade.opening or trade.closing:
            self._order_desk.auction(trade)

    def _ids(self, session: Session, _request: Any) -> None:
        session.send(make("NextValidId", orderId=self._order_desk.next_order_id(session.client_id)))

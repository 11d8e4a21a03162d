"""Accounts, positions and profit, told to who asks, each list with its end, and again after every fill."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.faults.gateway.books import Books, Position
from tests.faults.gateway.market import Market, contract_of
from tests.faults.gateway.messages import make
from tests.faults.gateway.session import Handler, Session

WORDS = {"AccountType": "INDIVIDUAL", "AccountCode": "", "AccountReady": "true", "Currency": "USD"}
"""Values of an account that are not amounts of money; the code is the account's own."""


class AccountDesk:
    """What subscriptions there are, and the books that they look at.

    Parameters
    ----------
    books : dict of str to Books
        Accounts by name.
    market : Market
        Prices that positions are worth.

    """

    def __init__(self, books: dict[str, Books], market: Market) -> None:
        self._books, self._market = books, market
        self._subscribed: dict[tuple[Session, str, int], Callable[[], None]] = {}

    @property
    def handlers(self) -> dict[str, Handler]:
        return {
            "AccountDataRequest": self._account_data,
            "AccountSummaryRequest": self._summary,
            "AccountUpdatesMultiRequest": self._multi,
            "PositionsRequest": self._positions,
            "PnLRequest": self._profit,
            "CancelAccountSummary": lambda session, request: self._forget(session, "summary", request.reqId),
            "CancelAccountUpdatesMulti": lambda session, request: self._forget(session, "multi", request.reqId),
            "CancelPositions": lambda session, _request: self._forget(session, "positions", 0),
            "CancelPnL": lambda session, request: self._forget(session, "profit", request.reqId),
        }

    def tell(self) -> None:
        """Tell every subscriber how things are now."""
        for send in self._subscribed.values():
            send()

    def leave(self, session: Session) -> None:
        """Forget what a client that has gone subscribed to."""
        self._subscribed = {key: send for key, send in self._subscribed.items() if key[0] is not session}

    def _forget(self, session: Session, what: str, number: int) -> None:
        self._subscribed.pop((session, what, number), None)

    def _subscribe(self, session: Session, what: str, number: int, send: Callable[[], None]) -> None:
        self._subscribed[session, what, number] = send
        send()

    def _account_data(self, session: Session, request: Any) -> None:
        books = self._books.get(request.acctCode or next(iter(self._books)))
        if not request.subscribe:
            self._forget(session, "data", 0)
        elif books is None:
            session.error(-1, 321, f"Error validating request.-'b' : cause - Invalid account code {request.acctCode}")
        else:
            self._subscribe(session, "data", 0, lambda: self._send_data(session, books))

    def _send_data(self, session: Session, books: Books) -> None:
        for key, value, currency in self._rows(books):
            session.send(make("AccountValue", key=key, value=value, currency=currency, accountName=books.account))
        for position in books.positions.values():
            session.send(self._portfolio(books, position))
        session.send(make("AccountUpdateTime", timeStamp=f"{datetime.now(UTC):%H:%M}"))
        session.send(make("AccountDataEnd", accountName=books.account))

    def _portfolio(self, books: Books, position: Position) -> Any:
        price = books.price(position, self._market.price)
        return make(
            "PortfolioValue", contract=contract_of(position.stock, ""), position=str(position.shares),
            marketPrice=float(price), marketValue=float(price * position.shares),
            averageCost=float(position.average_cost), realizedPNL=float(position.realised),
            unrealizedPNL=float((price - position.average_cost) * position.shares), accountName=books.account,
        )  # fmt: skip

    def _summary(self, session: Session, request: Any) -> None:
        wanted = set(request.tags.split(","))

        def send() -> None:
            for books in self._books.values():
                for key, value, currency in self._rows(books):
                    if key in wanted or any(tag.startswith("$LEDGER") for tag in wanted):
                        session.send(
                            make(
                                "AccountSummary", reqId=request.reqId, account=books.account, tag=key, value=value,
                                currency=currency,
                            )
                        )  # fmt: skip
            session.send(make("AccountSummaryEnd", reqId=request.reqId))

        self._subscribe(session, "summary", request.reqId, send)

    def _multi(self, session: Session, request: Any) -> None:
        books = self._books[request.account or next(iter(self._books))]

        def send() -> None:
            for key, value, currency in self._rows(books):
                session.send(
                    make(
                        "AccountUpdateMulti", reqId=request.reqId, account=books.account, key=key, value=value,
                        currency=currency,
                    )
                )  # fmt: skip
            session.send(make("AccountUpdateMultiEnd", reqId=request.reqId))

        self._subscribe(session, "multi", request.reqId, send)

    def _positions(self, session: Session, _request: Any) -> None:
        def send() -> None:
            for books in self._books.values():
                for one in books.positions.values():
                    session.send(
                        make(
                            "Position", account=books.account, contract=contract_of(one.stock, ""),
                            position=str(one.shares), avgCost=float(one.average_cost),
                        )
                    )  # fmt: skip
            session.send(make("PositionEnd"))

        self._subscribe(session, "positions", 0, send)

    def _profit(self, session: Session, request: Any) -> None:
        books = self._books[request.account]

        def send() -> None:
            unrealised, realised = books.unrealised(self._market.price), books.realised
            session.send(
                make(
                    "PnL", reqId=request.reqId, dailyPnL=float(unrealised + realised),
                    unrealizedPnL=float(unrealised), realizedPnL=float(realised),
                )
            )  # fmt: skip

        self._subscribe(session, "profit", request.reqId, send)

    def _rows(self, books: Books) -> list[tuple[str, str, str]]:
        words = [(key, value or books.account, "") for key, value in WORDS.items()]
        amounts = books.values(self._market.price).items()
        return [*words, *((key, f"{value:.2f}", books.currency) for key, value in amounts)]

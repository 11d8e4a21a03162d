"""The broker's own client, whose callbacks are kept in the order they came."""

import logging
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Self

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

HEARD = (
    "accountDownloadEnd", "accountSummary", "accountSummaryEnd", "commissionAndFeesReport", "completedOrder",
    "completedOrdersEnd", "connectionClosed", "contractDetails", "contractDetailsEnd", "currentTime", "error",
    "execDetails", "execDetailsEnd", "historicalData", "historicalDataEnd", "historicalDataUpdate", "managedAccounts",
    "marketDataType", "nextValidId", "openOrder", "openOrderEnd", "orderStatus", "pnl", "position", "positionEnd",
    "realtimeBar", "tickByTickAllLast", "tickByTickBidAsk", "tickPrice", "tickSize", "tickSnapshotEnd",
    "updateAccountValue", "updatePortfolio",
)  # fmt: skip
LONGEST_WAIT_S = 10.0

type Call = tuple[Any, ...]


class Ears(EWrapper):
    """Callbacks as tuples of their name and arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.news = threading.Condition()


def _hears(name: str) -> Callable[..., None]:
    def hear(ears: Ears, *arguments: Any) -> None:
        with ears.news:
            ears.calls.append((name, *arguments))
            ears.news.notify_all()

    return hear


for _name in HEARD:
    setattr(Ears, _name, _hears(_name))


class Official:
    """A client that is connected while the context lasts; one that is not welcome hears no order id first."""

    def __init__(self, port: int, client_id: int = 7, *, welcome: bool = True) -> None:
        logging.getLogger("ibapi").setLevel(logging.CRITICAL)  # it writes every notice to stderr
        self.ears = Ears()
        self.client: Any = EClient(self.ears)
        self._port, self._client_id, self._welcome = port, client_id, welcome
        self._thread = threading.Thread(target=self._run, name="official client")

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self._port, self._client_id)
        self._thread.start()
        if self._welcome:
            self.wait("nextValidId")
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.disconnect()
        self._thread.join()

    def _run(self) -> None:
        try:
            self.client.run()
        except TypeError:  # disconnected with a message waiting, it compares a server version that it has forgotten
            if self.client.isConnected():
                raise

    def wait(self, name: str, count: int = 1, *, fits: Callable[..., bool] = lambda *_: True) -> Call:
        """Wait for the n-th callback of a name whose arguments fit, and return these."""
        with self.ears.news:
            found = self.ears.news.wait_for(lambda: len(self.heard(name, fits=fits)) >= count, LONGEST_WAIT_S)
            assert found, f"waited for {count} of {name}; came {[call[0] for call in self.ears.calls]}"
            return self.heard(name, fits=fits)[count - 1]

    def heard(self, name: str, *, fits: Callable[..., bool] = lambda *_: True) -> list[Call]:
        return [call[1:] for call in self.ears.calls if call[0] == name and fits(*call[1:])]

    def names(self, *wanted: str) -> list[str]:
        """Name the callbacks in the order they came, those wanted only."""
        return [call[0] for call in self.ears.calls if call[0] in wanted]

    def error(self, code: int) -> Call:
        """Wait for an error of a code."""
        return self.wait("error", fits=lambda _request, _time, this, *_: this == code)


def stock(symbol: str = "AAPL") -> Contract:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


def order(action: str, quantity: int, kind: str = "MKT", **fields: Any) -> Order:
    made = Order()
    made.action, made.totalQuantity, made.orderType = action, Decimal(quantity), kind
    for name, value in fields.items():
        assert hasattr(made, name), name
        setattr(made, name, value)
    return made

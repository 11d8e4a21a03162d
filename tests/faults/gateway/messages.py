"""The messages of the broker's interface by name and number, from the definitions that its own client ships with."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

REQUESTS: Mapping[int, str] = {
    1: "MarketDataRequest", 2: "CancelMarketData", 3: "PlaceOrderRequest", 4: "CancelOrderRequest",
    5: "OpenOrdersRequest", 6: "AccountDataRequest", 7: "ExecutionRequest", 8: "IdsRequest",
    9: "ContractDataRequest", 15: "AutoOpenOrdersRequest", 16: "AllOpenOrdersRequest",
    17: "ManagedAccountsRequest", 20: "HistoricalDataRequest", 25: "CancelHistoricalData",
    49: "CurrentTimeRequest", 50: "RealTimeBarsRequest", 51: "CancelRealTimeBars", 58: "GlobalCancelRequest",
    59: "MarketDataTypeRequest", 61: "PositionsRequest", 62: "AccountSummaryRequest", 63: "CancelAccountSummary",
    64: "CancelPositions", 71: "StartApiRequest", 76: "AccountUpdatesMultiRequest",
    77: "CancelAccountUpdatesMulti", 92: "PnLRequest", 93: "CancelPnL", 97: "TickByTickRequest",
    98: "CancelTickByTick", 99: "CompletedOrdersRequest",
}  # fmt: skip
"""What a client may send here, by its number in the protocol of text fields."""

ANSWERS: Mapping[str, int] = {
    "TickPrice": 1, "TickSize": 2, "OrderStatus": 3, "ErrorMessage": 4, "OpenOrder": 5, "AccountValue": 6,
    "PortfolioValue": 7, "AccountUpdateTime": 8, "NextValidId": 9, "ContractData": 10, "ExecutionDetails": 11,
    "ManagedAccounts": 15, "HistoricalData": 17, "CurrentTime": 49, "RealTimeBarTick": 50, "ContractDataEnd": 52,
    "OpenOrdersEnd": 53, "AccountDataEnd": 54, "ExecutionDetailsEnd": 55, "TickSnapshotEnd": 57,
    "MarketDataType": 58, "CommissionAndFeesReport": 59, "Position": 61, "PositionEnd": 62, "AccountSummary": 63,
    "AccountSummaryEnd": 64, "AccountUpdateMulti": 73, "AccountUpdateMultiEnd": 74, "TickReqParams": 81,
    "HistoricalDataUpdate": 90, "PnL": 94, "TickByTickData": 99, "CompletedOrder": 101, "CompletedOrdersEnd": 102,
    "HistoricalDataEnd": 108,
}  # fmt: skip
"""What the gateway may send, with the same numbering."""


@cache
def kind(name: str) -> Any:
    """Find the class of a message; the generated modules tell a type checker nothing."""
    return getattr(import_module(f"ibapi.protobuf.{name}_pb2"), name)


def make(name: str, /, **fields: Any) -> Any:
    """Make a message; fields that are not given stay unset."""
    return kind(name)(**fields)


def name_of(message: Any) -> str:
    return message.DESCRIPTOR.name


def error(request: int, code: int, text: str, time_ms: int = 0) -> Any:
    """Make an error or a notice; -1 is about no request in particular."""
    return make("ErrorMessage", id=request, errorTime=time_ms, errorCode=code, errorMsg=text)

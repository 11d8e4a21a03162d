"""The engine's own adapter at the gateway of the tests: a node connects, hears the market, buys, and is paid for."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.gateway.node_run import NodeRun
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote, Stock, Trade, history_of

D = Decimal
QUOTE = Quote("AAPL", D("100.00"), D("100.02"), 300, 400)


class Seen:
    """What the node printed, and what the gateway kept, the time of each request included."""

    def __init__(self, printed: dict[str, Any], gateway: Gateway) -> None:
        self.node = printed
        self.requests = list(gateway.received)
        self.books = gateway.books["DU1234567"]
        self.orders = gateway.orders

    def names(self) -> list[str]:
        return [one.name for one in self.requests]


def session(folder: Path, *, live_data: bool = True, time_zone: str = "UTC") -> Seen:
    """Run a node until it has bought and seen a bar: two minutes of a tape that lies ahead of the clock on the wall."""
    minute = (int(time.time()) // 60 + 2) * 60
    past = history_of(D(100), minute - 900, 60, 10)
    apple = Stock(symbol="AAPL", con_id=265598)
    with Gateway([apple], {("AAPL", 60): past}, time_zone=time_zone) as gateway:
        gateway.live_data = live_data
        with NodeRun(gateway, folder) as node:
            gateway.play(QUOTE, Trade("AAPL", D("100.01"), 100, minute), Trade("AAPL", D("100.05"), 200, minute + 5))
            gateway.wait_for("AccountDataRequest", 4)  # begun and ended at the start, and again after the fill
            gateway.play(Trade("AAPL", D("100.03"), 300, minute + 60))
            return Seen(node.ended(), gateway)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return session(tmp_path_factory.mktemp("node"))


def test_it_asks_for_instrument_orders_account_positions_and_executions_before_it_trades(seen: Seen) -> None:
    asked = seen.names()
    assert asked[0] == "StartApiRequest"
    start = asked[: asked.index("MarketDataRequest")]
    for name in (
        "MarketDataTypeRequest", "ContractDataRequest", "AllOpenOrdersRequest", "CompletedOrdersRequest",
        "AccountSummaryRequest", "AccountDataRequest", "PositionsRequest", "PnLRequest", "ExecutionRequest",
    ):  # fmt: skip
        assert name in start


def test_the_market_is_heard_as_it_was_played(seen: Seen) -> None:
    assert seen.node["quotes"][0] == ["100.00", "100.02", "300", "400"]
    assert seen.node["trades"][:2] == [["100.01", "100"], ["100.05", "200"]]
    assert seen.node["bars"][0][:5] == ["100.01", "100.05", "100.01", "100.05", "300"]


def test_the_order_carries_the_engines_id_and_fills_with_its_commission(seen: Seen) -> None:
    (order,) = seen.orders
    assert (order.status, order.client_id, order.order_id) == ("Filled", 3, 3_000_001)
    assert order.message.orderRef.startswith("O-")
    assert seen.node["events"] == ["submitted", "accepted PERM-1000001", "filled 100 at 100.02, commission 1.00 USD"]


def test_position_and_account_agree_with_the_books(seen: Seen) -> None:
    assert seen.node["position"] == "100"
    assert seen.books.positions["AAPL"].shares == D(100)
    assert seen.books.cash == D(1_000_000) - 100 * D("100.02") - 1


def test_the_engines_balance_is_the_value_of_the_account_and_not_its_cash(seen: Seen) -> None:
    """So cash has to be read from the broker, or counted from fills."""
    (balance,) = seen.node["balances"]
    worth = seen.books.values({"AAPL": D("100.05")}.get)
    assert worth["TotalCashValue"] == D("989997.00")
    assert f"total={worth['NetLiquidation']:.2f} USD" in balance
    assert f"locked={worth['InitMarginReq']:.2f} USD" in balance


def test_a_fill_is_stamped_with_its_time(seen: Seen) -> None:
    placed_ns = next(one.time_ns for one in seen.requests if one.name == "PlaceOrderRequest")
    assert abs(seen.node["filled_ns"] - placed_ns) < 2_000_000_000


@pytest.mark.slow
def test_delayed_quotes_and_times_of_another_zone_are_understood(tmp_path: Path) -> None:
    seen = session(tmp_path, live_data=False, time_zone="US/Eastern")
    test_the_market_is_heard_as_it_was_played(seen)
    test_a_fill_is_stamped_with_its_time(seen)

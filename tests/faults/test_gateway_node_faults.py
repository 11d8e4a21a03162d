"""What the engine's own adapter does of itself when something goes wrong at the gateway."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.gateway.node_run import NodeRun
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote, Stock, Trade

pytestmark = pytest.mark.slow  # each runs a node

D = Decimal
ABOVE, BELOW = Quote("AAPL", D("100.00"), D("100.02")), Quote("AAPL", D("98.90"), D("98.95"))
LIMIT = "99.00"
CLIENT, ORDER = 3, 3_000_001


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway([Stock(symbol="AAPL", con_id=265598)]) as served:
        yield served


@contextmanager
def placed(gateway: Gateway, folder: Path, *told: str, orders: int = 1) -> Iterator[NodeRun]:
    """Run a node until its orders are at the gateway, with the market above the limit."""
    with NodeRun(gateway, folder, *told) as node:
        gateway.play(ABOVE)
        gateway.wait_for("PlaceOrderRequest", orders)
        yield node


def test_a_rejection_comes_with_the_brokers_reason(gateway: Gateway, tmp_path: Path) -> None:
    gateway.reject_next("Order rejected - reason:not enough money")
    with NodeRun(gateway, tmp_path, LIMIT) as node:
        gateway.play(ABOVE)
        assert node.ended()["events"] == ["submitted", "rejected Order rejected - reason:not enough money"]
    assert gateway.orders == []


def test_an_order_that_fills_in_parts_is_paid_for_once(gateway: Gateway, tmp_path: Path) -> None:
    gateway.faults.fill_limits.extend([D(30), D(50)])
    with placed(gateway, tmp_path, LIMIT) as node:
        gateway.play(BELOW, BELOW, BELOW)
        seen = node.ended()
    assert seen["events"][2:] == [
        "filled 30 at 98.95, commission 1.00 USD",
        "filled 50 at 98.95, commission 0.00 USD",
        "filled 20 at 98.95, commission 0.00 USD",
    ]
    assert seen["position"] == "100"


def test_a_quote_is_heard_half_changed(gateway: Gateway, tmp_path: Path) -> None:
    """The broker sends bid and ask one after the other, and between them the spread is not the market's."""
    with placed(gateway, tmp_path, LIMIT) as node:
        gateway.play(BELOW)
        quotes = [quote[:2] for quote in node.ended()["quotes"]]
    changes = [quote for place, quote in enumerate(quotes) if quote not in quotes[max(place - 1, 0) : place]]
    assert changes == [["100.00", "100.02"], ["98.90", "100.02"], ["98.90", "98.95"]]


def outage_with_a_fill(gateway: Gateway, folder: Path, *checks: str) -> dict[str, Any]:
    with placed(gateway, folder, LIMIT, *checks) as node:
        gateway.refuse()
        gateway.fill(gateway.order(CLIENT, ORDER), D(100), D("98.95"))
        gateway.accept()
        gateway.wait_for("StartApiRequest", 2)
        back_s = time.monotonic()
        seen = node.ended()
        assert time.monotonic() - back_s < 15
    assert seen["position"] == "100"
    return seen


def test_a_fill_during_an_outage_is_found_by_positions_with_price_and_commission(
    gateway: Gateway, tmp_path: Path
) -> None:
    seen = outage_with_a_fill(gateway, tmp_path)
    assert seen["events"][2:] == ["filled 100 at 98.95, commission 1.00 USD"]


def test_the_list_of_orders_alone_makes_up_a_fill_at_the_limit_and_without_commission(
    gateway: Gateway, tmp_path: Path
) -> None:
    """So `open_check_open_only=False` is not to be used: it may be first, and the books are then wrong."""
    seen = outage_with_a_fill(gateway, tmp_path, "orders")
    assert seen["events"][2:] == ["filled 100 at 99.00, commission None"]


def test_the_streams_are_asked_for_again_after_a_return_and_not_after_1101(gateway: Gateway, tmp_path: Path) -> None:
    with placed(gateway, tmp_path, LIMIT) as node:
        for code in (1100, 1101, 1102, 2110):
            gateway.say(code, "planted")
        gateway.wait_for("AllOpenOrdersRequest", len(gateway.named("AllOpenOrdersRequest")) + 2)
        assert len(gateway.named("MarketDataRequest")) == 1
        gateway.drop()
        gateway.wait_for("MarketDataRequest", 2)
        gateway.play(BELOW)
        assert node.ended()["events"][-1].startswith("filled 100 at 98.95")
    summaries = gateway.named("AccountSummaryRequest")
    assert len(summaries) == 1  # so the account stands still after a return, and who trades has to ask


def works_at_the_auction(gateway: Gateway, *fields: str) -> Order:
    """Return the order after a trade before the auction, which left it alone, with these fields on the wire."""
    gateway.play(ABOVE, Trade("AAPL", D("100.01"), 100, int(time.time())))
    order = gateway.order(CLIENT, ORDER)
    assert (order.message.orderType, order.message.tif, order.remaining) == (*fields, D(100))
    return order


def test_an_order_for_the_opening_waits_for_the_auction_and_fills_at_its_price(
    gateway: Gateway, tmp_path: Path
) -> None:
    with placed(gateway, tmp_path, "opening") as node:
        works_at_the_auction(gateway, "MKT", "OPG")
        gateway.play(Trade("AAPL", D("99.77"), 5_000, int(time.time()), opening=True))
        assert node.ended()["events"][2:] == ["filled 100 at 99.77, commission 1.00 USD"]


def test_an_order_for_the_close_is_market_on_close_on_the_wire_and_fills_at_the_price_of_the_auction(
    gateway: Gateway, tmp_path: Path
) -> None:
    with placed(gateway, tmp_path, "closing") as node:
        order = works_at_the_auction(gateway, "MOC", "DAY")
        gateway.play(Trade("AAPL", D("100.50"), 5_000, int(time.time()), opening=True))
        assert order.remaining == D(100)
        gateway.play(Trade("AAPL", D("99.77"), 5_000, int(time.time()), closing=True))
        assert node.ended()["events"][2:] == ["filled 100 at 99.77, commission 1.00 USD"]


def test_an_entry_and_its_stop_go_out_as_one_list_of_which_the_broker_holds_the_second(
    gateway: Gateway, tmp_path: Path
) -> None:
    with placed(gateway, tmp_path, "protected", orders=2) as node:
        seen = node.ended()
    entry, stop = gateway.orders
    assert (entry.message.orderType, stop.message.orderType, stop.message.parentId) == ("MKT", "STP", entry.order_id)
    assert (entry.status, entry.filled) == ("Filled", D(100))
    assert (stop.remaining, stop.message.auxPrice, stop.message.action) == (D(100), 95.0, "SELL")
    assert "filled 100 at 100.02, commission 1.00 USD" in seen["events"]

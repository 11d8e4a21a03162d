"""The account that a session begins with is read when all that an earlier one left working in it is gone."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_account import AccountReading
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.gateways.ib_wire import asked
from nautilus_ai_firm.hosts.broker_account import opened_account
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan, contracts_of
from nautilus_ai_firm.models.risk.memory import FRESH
from tests.faults.gateway.messages import make
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Quote
from tests.firm_runs import settings
from tests.paper_runs import ACCOUNT, CONTRACTS, STOCKS, SYMBOLS

D = Decimal
CLIENT = 7
TAG = "261121154000"
CHILD, STOP = f"{TAG}-R000001-AAPL.US-E1", f"{TAG}-S000001-AAPL.US"
PLACE_ORDER = 203


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        served.play(Quote("AAPL", D("100.00"), D("100.02")))
        yield served


class Opening:
    """A configuration that opens the account, and the lines that were said."""

    def __init__(self, gateway: Gateway, **ib: Any) -> None:
        self.said: list[str] = []
        live = {"ib": {"contracts": CONTRACTS, "answer_seconds": 1.0} | ib}
        stops = {"initial_fraction": 0.02}
        self._plan = BrokerPlan(
            loaded=settings(SYMBOLS, {"live": live, "risk.stops": stops}, macro=False),
            catalog=Path("none"),
            environment={},
            real_money=False,
            say=self.said.append,
        )
        self._endpoint = Endpoint(host=HOST, port=gateway.port, client_id=CLIENT, account=ACCOUNT, real_money=False)

    def account(self, *, takes_back: bool = True) -> tuple[AccountReading, tuple[TakenBack, ...]]:
        return opened_account(self._plan, self._endpoint, contracts_of(self._plan), FRESH, takes_back=takes_back)


def leave(gateway: Gateway, name: str, side: str, count: int, **terms: Any) -> Order:
    """Let a session that has gone by then leave an order for a share far from the market."""
    number = len(gateway.orders) + 1
    far = {"orderType": "LMT", "lmtPrice": 1.0 if side == "BUY" else 900.0, "tif": "GTC", "transmit": True}
    order = make("Order", account=ACCOUNT, orderRef=name, action=side, totalQuantity=str(count), **(far | terms))
    contract = make("Contract", symbol="AAPL", secType="STK", exchange="SMART", currency="USD")
    request = make("PlaceOrderRequest", orderId=number, contract=contract, order=order)
    there = Endpoint(host=HOST, port=gateway.port, client_id=CLIENT, account=ACCOUNT, real_money=False)
    with call(there, CLIENT, 5.0).connection as connection:
        connection.sendall(asked(PLACE_ORDER, request.SerializeToString()))
        gateway.wait_for("PlaceOrderRequest", number)
    gateway.wait_alone()
    return gateway.orders[-1]


def a_stop(gateway: Gateway, count: int, **terms: Any) -> Order:
    return leave(gateway, STOP, "SELL", count, orderType="STP", auxPrice=50.0, **terms)


def hold(gateway: Gateway, count: int) -> None:
    """Let the account hold shares, bought by an order that is over."""
    gateway.fill(leave(gateway, f"{TAG}-R000000-AAPL.US", "BUY", count), D(count), D("100.00"))


def test_nothing_is_asked_where_nothing_was_left(gateway: Gateway) -> None:
    opening = Opening(gateway)
    reading, taken = opening.account()
    assert (reading.holdings, taken, opening.said) == ((), (), [])
    assert gateway.named("OpenOrdersRequest") == []


def test_a_child_goes_and_what_it_filled_meanwhile_is_in_the_account(gateway: Gateway) -> None:
    child = leave(gateway, CHILD, "BUY", 100)
    gateway.faults.delays_s["CancelOrderRequest"] = 0.2
    opening = Opening(gateway)

    def fill() -> None:
        gateway.wait_for("CancelOrderRequest")
        gateway.fill(child, D(30), D("1.00"))

    filling = Thread(target=fill)
    filling.start()
    reading, (taken,) = opening.account()
    filling.join()
    assert [(one.symbol, one.quantity) for one in reading.holdings] == [("AAPL", 30)]
    assert reading.cash == gateway.books[ACCOUNT].cash < 1_000_000
    assert (taken.quantity_left, taken.filled_meanwhile) == (70, 30)
    assert opening.said == [
        f"taken back: BUY      100 AAPL.US      70 canceled,      30 filled meanwhile  {CHILD}"
    ]  # fmt: skip


def test_a_stop_of_what_is_held_stays_for_the_desk_to_take_over(gateway: Gateway) -> None:
    hold(gateway, 100)
    stop, child = a_stop(gateway, 100), leave(gateway, CHILD, "BUY", 50)
    reading, taken = Opening(gateway).account()
    assert [one.client_order_id for one in taken] == [CHILD]
    assert (stop.is_open, child.status) == (True, "Cancelled")
    assert len(reading.open_orders) == 1


def test_an_entry_for_the_opening_goes_with_the_stop_that_left_in_its_list(gateway: Gateway) -> None:
    entry = leave(gateway, CHILD.removesuffix("-E1"), "BUY", 100, orderType="MKT", tif="OPG", transmit=False)
    stop = a_stop(gateway, 100, parentId=entry.order_id)
    reading, taken = Opening(gateway).account()
    assert [(one.client_order_id, one.quantity_left) for one in taken] == [(entry.message.orderRef, 100), (STOP, 100)]
    assert (entry.status, stop.status, reading.open_orders) == ("Cancelled", "Cancelled", ())


def test_a_stop_whose_position_was_closed_meanwhile_goes_at_a_second_look(gateway: Gateway) -> None:
    hold(gateway, 100)
    stop, child = a_stop(gateway, 100), leave(gateway, CHILD, "SELL", 100)
    gateway.faults.delays_s["CancelOrderRequest"] = 0.2

    def fill() -> None:
        gateway.wait_for("CancelOrderRequest")
        gateway.fill(child, D(100), D("900.00"))

    filling = Thread(target=fill)
    filling.start()
    reading, taken = Opening(gateway).account()
    filling.join()
    assert [(one.client_order_id, one.quantity_left, one.filled_meanwhile) for one in taken] == [
        (CHILD, 0, 100),
        (STOP, 100, 0),
    ]
    assert (stop.status, reading.holdings, reading.open_orders) == ("Cancelled", (), ())


def test_a_check_cancels_nothing(gateway: Gateway) -> None:
    child, opening = leave(gateway, CHILD, "BUY", 100), Opening(gateway)
    reading, taken = opening.account(takes_back=False)
    assert (child.is_open, taken, len(reading.open_orders)) == (True, (), 1)
    assert opening.said == [f"orders of an earlier session, canceled when a session begins: {CHILD}"]


def test_where_the_configuration_says_so_it_is_refused(gateway: Gateway) -> None:
    child = leave(gateway, CHILD, "BUY", 100)
    with pytest.raises(GatewayError, match=rf"the account has open orders: BUY 100 AAPL LMT \(of an ear.*{CHILD}\)"):
        Opening(gateway, earlier_orders="refuse").account()
    assert child.is_open


def test_an_order_that_comes_again_and_again_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway says that it is canceled, and has it in its list all the same."""
    child = leave(gateway, CHILD, "BUY", 100)
    monkeypatch.setattr(Order, "is_open", property(lambda _: True))
    with pytest.raises(GatewayError, match=f"has open orders again after they were taken back: {CHILD} "):
        Opening(gateway).account()
    assert child.status == "Cancelled"

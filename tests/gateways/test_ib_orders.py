"""Orders of an earlier session are canceled one by one, each confirmed; what does not end is named."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from threading import Thread

import pytest

from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_orders import TakenBack, take_back
from nautilus_ai_firm.gateways.ib_wire import asked
from tests.faults.gateway.messages import make
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Quote, Stock
from tests.faults.gateway.wire import frame
from tests.gateways.test_account_probe import ACCOUNTS, GREETING, Stranger, Talk, answer, until_it_hangs_up

D = Decimal
ACCOUNT, OTHER = "DU1234567", "DU7654321"
CLIENT, ANSWER_S = 3, 0.5
PLACE_ORDER = 203
APPLE, IBM = Stock(symbol="AAPL", con_id=265598), Stock(symbol="IBM", con_id=8314, exchange="NYSE")
ONE, TWO, THREE = (f"261121154000-R000001-{name}" for name in ("AAPL.US-E1", "AAPL.US-E2", "IBM.US-E1"))
"""Ids of orders; with `INSTRUMENTS`, what is to go."""
INSTRUMENTS = {ONE: "AAPL.US", TWO: "AAPL.US", THREE: "IBM.US"}
"""The firm's own names of their instruments."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway([APPLE, IBM], accounts=(ACCOUNT, OTHER)) as served:
        served.play(Quote("AAPL", D("100.00"), D("100.02")), Quote("IBM", D("140.00"), D("140.02")))
        yield served


def place(
    gateway: Gateway, name: str, *, client_id: int = CLIENT, account: str = ACCOUNT, tif: str = "DAY", buys: bool = True
) -> Order:
    """Let a client that has gone by then leave an order of 10 far from the market."""
    count = len(gateway.orders) + 1
    symbol = "IBM" if "IBM" in name else "AAPL"
    terms = {"totalQuantity": "10", "orderType": "LMT", "lmtPrice": 1.0 if buys else 900.0, "tif": tif}
    order = make("Order", account=account, orderRef=name, action="BUY" if buys else "SELL", transmit=True, **terms)
    contract = make("Contract", symbol=symbol, secType="STK", exchange="SMART", currency="USD")
    request = make("PlaceOrderRequest", orderId=count, contract=contract, order=order)
    with call(endpoint(gateway), client_id, 5.0).connection as connection:
        connection.sendall(asked(PLACE_ORDER, request.SerializeToString()))
        gateway.wait_for("PlaceOrderRequest", count)
    gateway.wait_alone()
    return gateway.orders[-1]


def endpoint(gateway: Gateway) -> Endpoint:
    return Endpoint(host=HOST, port=gateway.port, client_id=CLIENT, account=ACCOUNT, real_money=False)


def take(gateway: Gateway, told: list[TakenBack] | None = None) -> list[TakenBack]:
    told = [] if told is None else told
    take_back(endpoint(gateway), INSTRUMENTS, ANSWER_S, told.append)
    return told


def test_every_order_that_is_named_is_canceled_and_no_other(gateway: Gateway) -> None:
    named = [place(gateway, THREE, buys=False), place(gateway, ONE), place(gateway, TWO)]
    others = [
        place(gateway, "261121154000-S000001-AAPL.US"),
        place(gateway, ONE, client_id=44),
        place(gateway, ONE, account=OTHER),
    ]
    gateway.fill(named[1], D(4), D("1.00"))
    assert take(gateway) == [
        taken(ONE, "AAPL.US", left=6),
        taken(TWO, "AAPL.US", left=10),
        taken(THREE, "IBM.US", left=10, side="SELL"),
    ]
    assert [order.status for order in named] == ["Cancelled"] * 3
    assert all(order.is_open for order in others)
    assert {one.client_id for one in gateway.named("CancelOrderRequest")} == {CLIENT}


def taken(name: str, instrument_id: str, *, left: int, filled: int = 0, side: str = "BUY") -> TakenBack:
    return TakenBack(
        client_order_id=name, instrument_id=instrument_id, side=side, quantity=D(10), quantity_left=D(left),
        filled_meanwhile=D(filled),
    )  # fmt: skip


def test_none_is_there_any_more(gateway: Gateway) -> None:
    order = place(gateway, ONE)
    gateway.fill(order, D(10), D("1.00"))
    assert take(gateway) == []
    assert gateway.named("CancelOrderRequest") == []


@pytest.mark.parametrize(("shares", "left"), [(3, 7), (10, 0)])
def test_what_fills_before_the_cancel_is_answered_is_told(gateway: Gateway, shares: int, left: int) -> None:
    order = place(gateway, ONE)
    gateway.faults.delays_s["CancelOrderRequest"] = 0.2

    def fill() -> None:
        gateway.wait_for("CancelOrderRequest")
        gateway.fill(order, D(shares), D("1.00"))

    filling = Thread(target=fill)
    filling.start()
    told = take(gateway)
    filling.join()
    assert told == [taken(ONE, "AAPL.US", left=left, filled=shares)]


def test_one_that_is_refused_because_it_has_ended_is_gone(gateway: Gateway) -> None:
    """The word of its end is lost on the way; the list of what is open does not have it any more."""
    order = place(gateway, ONE)
    gateway.fail_next("CancelOrderRequest", 10148, "OrderId 1 cannot be cancelled, state: Filled.")

    def fill() -> None:
        gateway.wait_for("CancelOrderRequest")
        order.filled, order.status = D(10), "Filled"

    gateway.faults.delays_s["OpenOrdersRequest"] = 0.2
    filling = Thread(target=fill)
    filling.start()
    told = take(gateway)
    filling.join()
    assert told == [replace(taken(ONE, "AAPL.US", left=0), quantity_left=None, filled_meanwhile=None)]


def test_an_order_that_does_not_answer_its_cancel_is_named_and_those_before_it_are_told(gateway: Gateway) -> None:
    first, second = place(gateway, ONE), place(gateway, TWO, tif="OPG")
    told: list[TakenBack] = []

    def ignore() -> None:
        gateway.wait_until(lambda: len(gateway.named("CancelOrderRequest")) == 1, "one")
        gateway.faults.ignored.add("CancelOrderRequest")

    gateway.faults.delays_s["CancelOrderRequest"] = 0.2
    ignoring = Thread(target=ignore)
    ignoring.start()
    with pytest.raises(GatewayError) as refused:
        take(gateway, told)
    ignoring.join()
    assert str(refused.value) == (
        f"an order of an earlier session cannot be taken back: BUY 10 AAPL.US LMT OPG {TWO}: no answer within "
        f"0.5 s from {HOST}:{gateway.port} (allowed: none; cancel it among the orders of TWS or of the broker's web "
        "page, then start again)"
    )
    assert told == [taken(ONE, "AAPL.US", left=10)]
    assert (first.status, second.is_open) == ("Cancelled", True)


def test_an_order_for_the_opening_that_the_broker_holds_to_is_named(gateway: Gateway) -> None:
    order = place(gateway, ONE, tif="OPG")
    gateway.fail_next("CancelOrderRequest", 10148, "OrderId 1 that needs to be cancelled cannot be cancelled.")
    with pytest.raises(GatewayError, match=rf"LMT OPG {ONE}: the broker said error 10148, OrderId 1 that needs"):
        take(gateway)
    assert order.is_open


def test_a_warning_is_no_refusal_and_is_told_where_no_answer_follows(gateway: Gateway) -> None:
    place(gateway, ONE)
    gateway.fail_next("CancelOrderRequest", 399, "Order Message: it waits.")
    with pytest.raises(
        GatewayError, match=r"no answer within 0\.5 s from .*; its last words were error 399, Order Mess"
    ):
        take(gateway)


def _of_strange_size(client: socket.socket) -> None:
    order = make("Order", account=ACCOUNT, orderRef=ONE, totalQuantity="ten")
    client.sendall(GREETING + ACCOUNTS + answer(make("OpenOrder", orderId=1, order=order)))
    until_it_hangs_up(client)


def _of_strange_end(client: socket.socket) -> None:
    order = make("Order", account=ACCOUNT, orderRef=ONE, totalQuantity="10")
    client.sendall(GREETING + ACCOUNTS + answer(make("OpenOrder", orderId=1, order=order)))
    client.sendall(answer(make("OpenOrdersEnd")) + answer(make("OrderStatus", orderId=1, filled="ten")))
    until_it_hangs_up(client)


@pytest.mark.parametrize("talk", [_of_strange_size, _of_strange_end, lambda client: client.sendall(frame(b"hello"))])
def test_a_stranger_is_a_refusal(talk: Talk) -> None:
    with Stranger(talk) as stranger:
        there = Endpoint(host=HOST, port=stranger.port, client_id=CLIENT, account=ACCOUNT, real_money=False)
        with pytest.raises(GatewayError, match="is not the broker's gateway: it sent"):
            take_back(there, INSTRUMENTS, ANSWER_S, [].append)


def test_a_client_id_in_use_is_a_refusal(gateway: Gateway) -> None:
    order = place(gateway, ONE)
    with call(endpoint(gateway), CLIENT, 5.0).connection, pytest.raises(ClientIdError, match="the client id 3 is"):
        take(gateway)
    assert order.is_open


def test_a_gateway_that_is_not_there_or_says_nothing_is_a_refusal(gateway: Gateway) -> None:
    place(gateway, ONE)
    gateway.faults.ignored.add("OpenOrdersRequest")
    with pytest.raises(GatewayError, match=r"cannot be taken back at 127\.0\.0\.1:[0-9]+: no answer within 0\.5 s"):
        take(gateway)
    gateway.wait_alone()
    gateway.refuse()
    with pytest.raises(GatewayError, match=r"cannot be taken back at 127\.0\.0\.1:[0-9]+: Connection refused"):
        take(gateway)

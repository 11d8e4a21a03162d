"""Every fault that the gateway of the tests can be told to have, as the broker's own client sees it."""

import socket
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from ibapi.execution import ExecutionFilter

from tests.faults.gateway.official import Official, order, stock
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Quote, Stock, history_of

D = Decimal
MINUTE = 1_767_623_400  # 2026-01-05 14:30 UTC
END = "20260105-14:30:00"
QUOTE = Quote("AAPL", D("100.00"), D("100.02"))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    past = history_of(D(100), MINUTE - 600, 60, 10)
    with Gateway([Stock(symbol="AAPL", con_id=265598)], {("AAPL", 60): past}) as served:
        served.play(QUOTE)
        yield served


def history(app: Official, number: int, duration: str = "1 D") -> None:
    app.client.reqHistoricalData(number, stock(), END, duration, "1 min", "TRADES", 1, 2, False, [])


def test_a_drop_ends_every_connection_and_the_next_is_served(gateway: Gateway) -> None:
    with Official(gateway.port) as first, Official(gateway.port, 8) as second:
        assert sorted(gateway.clients) == [7, 8]
        gateway.drop()
        assert gateway.clients == []
        for app in (first, second):
            app.wait("connectionClosed")
    with Official(gateway.port):
        assert gateway.clients == [7]


def test_refused_means_that_nobody_listens_until_it_accepts_again(gateway: Gateway) -> None:
    port = gateway.port
    gateway.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port)).close()
    gateway.accept()
    assert gateway.port == port
    with Official(port):
        assert gateway.clients == [7]


def test_a_client_id_that_is_in_use_is_refused(gateway: Gateway) -> None:
    with Official(gateway.port):
        with Official(gateway.port, welcome=False) as other:
            assert other.error(326)[0] == -1
            other.wait("connectionClosed")
        assert gateway.clients == [7]


def test_a_fill_while_disconnected_is_told_when_executions_are_asked_for(gateway: Gateway) -> None:
    with Official(gateway.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=99.0, orderRef="REST"))
        app.wait("orderStatus", fits=lambda _, status, *__: status == "Submitted")
    gateway.refuse()
    gateway.fill(gateway.order(7, 1), D(100), D("98.50"))
    gateway.accept()
    with Official(gateway.port) as app:
        assert app.wait("nextValidId") == (2,)
        app.client.reqPositions()
        app.client.reqExecutions(1, ExecutionFilter())
        app.wait("execDetailsEnd")
        assert [execution.orderRef for _, _, execution in app.heard("execDetails")] == ["REST"]
        assert app.wait("commissionAndFeesReport")[0].commissionAndFees == 1.0
        assert app.wait("position")[2] == D(100)


def test_fills_in_parts(gateway: Gateway) -> None:
    gateway.faults.fill_limits.extend([D(30), D(50)])
    with Official(gateway.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=100.02))
        app.wait("execDetails")
        for _ in range(2):
            gateway.play(QUOTE)
        app.wait("commissionAndFeesReport", 3)
        executions = [(told.shares, told.cumQty) for _, _, told in app.heard("execDetails")]
        assert executions == [(D(30), D(30)), (D(50), D(80)), (D(20), D(100))]
        assert sum(told.commissionAndFees for (told,) in app.heard("commissionAndFeesReport")) == 1.0
        assert app.heard("orderStatus")[-1][1:4] == ("Filled", D(100), D(0))


def test_the_next_order_is_rejected_and_the_one_after_it_is_not(gateway: Gateway) -> None:
    gateway.reject_next("Order rejected - reason:not enough money")
    with Official(gateway.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100))
        assert app.error(201)[::3] == (1, "Order rejected - reason:not enough money")
        app.client.placeOrder(2, stock(), order("BUY", 100))
        assert app.wait("execDetails")[2].orderId == 2


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (order("BUY", 100, "TRAIL"), "order type TRAIL"),
        (order("BUY", 100, account="DU9"), "account DU9"),
        (order("BUY", 0), "a quantity that is not positive"),
    ],
    ids=["type", "account", "quantity"],
)
def test_an_order_that_cannot_be_served_is_rejected(gateway: Gateway, made: object, reason: str) -> None:
    with Official(gateway.port) as app:
        app.client.placeOrder(1, stock(), made)
        assert reason in app.error(201)[3]


@pytest.mark.parametrize("code", [162, 200, 354, 10197])
def test_an_error_answers_one_request(gateway: Gateway, code: int) -> None:
    gateway.fail_next("HistoricalDataRequest", code, "planted")
    with Official(gateway.port) as app:
        history(app, 1)
        history(app, 2)
        app.wait("historicalDataEnd")
        assert app.error(code)[::3] == (1, "planted")
        assert {number for number, _ in app.heard("historicalData")} == {2}


@pytest.mark.parametrize("code", [1100, 1101, 1102, 2110])
def test_a_notice_is_told_to_everybody(gateway: Gateway, code: int) -> None:
    with Official(gateway.port) as first, Official(gateway.port, 8) as second:
        gateway.say(code, "planted")
        assert [app.error(code)[0] for app in (first, second)] == [-1, -1]


def test_history_is_paced_as_the_broker_paces_it(gateway: Gateway) -> None:
    gateway.faults.paced = True
    with Official(gateway.port) as app:
        history(app, 1)
        history(app, 2)
        assert app.error(162)[0] == 2
        for number in range(3, 62):
            history(app, number, f"{number} D")
        app.wait("error", 2, fits=lambda _request, _time, code, *_: code == 162)
        failed = [call[0] for call in app.heard("error") if call[2] == 162]
        assert failed == [2, 61]
        assert "pacing violation" in app.error(162)[3]


def test_silence_is_kept_and_what_came_is_known(gateway: Gateway) -> None:
    with Official(gateway.port) as app:
        gateway.faults.silent = True
        app.client.reqPositions()
        before = time.time_ns()
        app.client.placeOrder(1, stock(), order("BUY", 100))
        came = gateway.wait_for("PlaceOrderRequest")
        assert before - 1_000_000_000 < came.time_ns <= time.time_ns()
        assert (came.client_id, came.message.order.action) == (7, "BUY")
        gateway.faults.silent = False
        app.client.reqCurrentTime()
        app.wait("currentTime")
        assert app.heard("positionEnd") == app.heard("orderStatus") == []


def test_one_kind_of_request_is_ignored_or_answered_late(gateway: Gateway) -> None:
    gateway.faults.ignored.add("PositionsRequest")
    gateway.faults.delays_s["CurrentTimeRequest"] = 0.2
    with Official(gateway.port) as app:
        app.client.reqPositions()
        app.client.reqCurrentTime()
        app.client.reqAccountSummary(1, "All", "NetLiquidation")
        app.wait("currentTime")
        assert app.names("currentTime", "accountSummaryEnd", "positionEnd") == ["accountSummaryEnd", "currentTime"]


def test_other_accounts_can_be_there() -> None:
    with Gateway(accounts=("U1", "U2")) as served, Official(served.port) as app:
        assert app.wait("managedAccounts") == ("U1,U2",)


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\n\r\n", b"API\0\xff\xff\xff\xff", b"API\0\0\0\0\x04vx..", b"API\0\0\0\0\x09v100..150", b"API"],
)
def test_who_does_not_speak_the_protocol_is_shown_out(gateway: Gateway, said: bytes) -> None:
    with socket.create_connection((HOST, gateway.port)) as stranger:
        stranger.settimeout(5)
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        heard = b""
        while part := stranger.recv(100):
            heard += part
    assert heard == b"" or heard[4:].startswith(b"150\0")
    with Official(gateway.port):
        assert gateway.clients == [7]


def test_a_fault_of_the_gateway_itself_fails_the_test_that_runs_it() -> None:
    def serve() -> None:
        with Gateway() as served, Official(served.port) as app:
            app.client.reqPnL(1, "NOBODY", "")
            app.wait("connectionClosed")

    with pytest.raises(KeyError, match="NOBODY"):
        serve()

"""The gateway of the tests, as the broker's own client sees it, by protobuf and by text fields."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ibapi.order_cancel import OrderCancel

from tests.faults.gateway.classic_fields import ANSWER_FIELDS
from tests.faults.gateway.official import Official, order, stock
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote, Stock, Trade, history_of
from tests.faults.gateway.wire import CLASSIC_VERSION, LAST_VERSION

D = Decimal
ACCOUNT = "DU1234567"
APPLE = Stock(symbol="AAPL", con_id=265598)
MINUTE = 1_767_623_400  # 2026-01-05 14:30 UTC
END = "20260105-14:30:00"
PAST = history_of(D(100), MINUTE - 600, 60, 10)
QUOTE = Quote("AAPL", D("100.00"), D("100.02"), 300, 400)
LIFE = ("openOrder", "orderStatus", "execDetails", "commissionAndFeesReport")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway([APPLE], {("AAPL", 60): PAST}) as served:
        yield served


@pytest.fixture(params=[LAST_VERSION, CLASSIC_VERSION], ids=["protobuf", "text"])
def spoken(request: pytest.FixtureRequest, gateway: Gateway) -> Gateway:
    gateway.server_version = request.param
    return gateway


def statuses(app: Official, order_id: int) -> list[str]:
    told = [status for number, status, *_ in app.heard("orderStatus") if number == order_id]
    return [status for place, status in enumerate(told) if status not in told[max(place - 1, 0) : place]]


def test_who_is_there_and_what_a_stock_is(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        assert app.client.serverVersion() == spoken.server_version
        assert app.wait("managedAccounts") == (ACCOUNT,)
        assert app.wait("nextValidId") == (1,)
        app.client.reqContractDetails(1, stock())
        number, details = app.wait("contractDetails")
        assert (number, details.contract.conId, details.contract.primaryExchange) == (1, APPLE.con_id, "NASDAQ")
        assert (details.minTick, details.longName) == (0.01, "A COMPANY")
        app.client.reqContractDetails(2, stock("NONE"))
        assert app.error(200)[0] == 2
        assert app.heard("contractDetailsEnd") == [(1,)]


def test_bars_of_the_past_are_those_of_the_tape(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.reqHistoricalData(1, stock(), END, "1 D", "1 min", "TRADES", 1, 2, False, [])
        app.wait("historicalDataEnd")
        bars = [bar for number, bar in app.heard("historicalData") if number == 1]
        assert [int(bar.date) for bar in bars] == [bar.time_s for bar in PAST]
        assert [D(str(bar.close)) for bar in bars] == [bar.close for bar in PAST]
        assert [int(bar.volume) for bar in bars] == [bar.volume for bar in PAST]
        app.client.reqHistoricalData(2, stock(), END, "300 S", "1 min", "TRADES", 1, 2, False, [])
        app.wait("historicalDataEnd", 2)
        assert [int(bar.date) for number, bar in app.heard("historicalData") if number == 2] == [
            bar.time_s for bar in PAST[-5:]
        ]


def test_no_bars_is_error_162(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.reqHistoricalData(1, stock(), "", "1 D", "1 day", "TRADES", 1, 2, False, [])
        assert "no data" in app.error(162)[3]


def test_quotes_trades_and_growing_bars(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.reqMktData(1, stock(), "", False, False, [])
        app.client.reqTickByTickData(2, stock(), "AllLast", 0, False)
        app.client.reqTickByTickData(3, stock(), "BidAsk", 0, False)
        app.client.reqRealTimeBars(4, stock(), 5, "TRADES", False, [])
        app.client.reqHistoricalData(5, stock(), "", "1 D", "1 min", "TRADES", 1, 2, True, [])
        app.wait("historicalDataEnd")
        assert spoken.subscribed("AAPL") == {"quotes", "AllLast", "BidAsk", "bars", "history"}
        at = MINUTE + 120
        spoken.play(QUOTE, Trade("AAPL", D("100.01"), 100, at), Trade("AAPL", D("100.05"), 200, at + 5))
        app.wait("historicalDataUpdate", 2)
        assert [(kind, price) for _, kind, price, _ in app.heard("tickPrice")] == [
            (1, 100.0),
            (2, 100.02),
            (4, 100.01),
            (4, 100.05),
        ]
        assert (1, 0, D(300)) in app.heard("tickSize")
        assert [(when, price, size) for _, _, when, price, size, *_ in app.heard("tickByTickAllLast")] == [
            (at, 100.01, D(100)),
            (at + 5, 100.05, D(200)),
        ]
        assert [call[2:6] for call in app.heard("tickByTickBidAsk")] == [(100.0, 100.02, D(300), D(400))]
        assert [call[1:6] for call in app.heard("realtimeBar")] == [(at, 100.01, 100.01, 100.01, 100.01)]
        growing = app.heard("historicalDataUpdate")[1][1]
        assert (growing.open, growing.high, growing.close, growing.volume) == (100.01, 100.05, 100.05, D(300))
        for cancel in (app.client.cancelMktData, app.client.cancelRealTimeBars, app.client.cancelHistoricalData):
            cancel({"cancelMktData": 1, "cancelRealTimeBars": 4, "cancelHistoricalData": 5}[cancel.__name__])
        app.client.cancelTickByTickData(2)
        app.client.cancelTickByTickData(3)
        spoken.wait_for("CancelTickByTick", 2)
        assert spoken.subscribed("AAPL") == set()


def test_without_live_data_quotes_are_delayed_or_refused(gateway: Gateway) -> None:
    gateway.live_data = False
    with Official(gateway.port) as app:
        app.client.reqMktData(1, stock(), "", False, False, [])
        assert app.error(354)[0] == 1
        app.client.reqMarketDataType(3)
        app.client.reqMktData(2, stock(), "", False, False, [])
        assert app.wait("marketDataType") == (2, 3)
        gateway.play(QUOTE)
        app.wait("tickPrice", 2)
        assert [kind for _, kind, _, _ in app.heard("tickPrice")] == [66, 67]


def test_a_market_order_fills_at_the_quote_and_the_books_follow(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.reqAccountUpdates(True, ACCOUNT)
        app.client.placeOrder(1, stock(), order("BUY", 400, orderRef="O-1"))
        app.wait("commissionAndFeesReport")
        assert statuses(app, 1) == ["PreSubmitted", "Submitted", "Filled"]
        assert app.names(*LIFE)[-4:] == list(LIFE)
        (_, _, execution), (paid,) = app.wait("execDetails"), app.wait("commissionAndFeesReport")
        assert (execution.orderRef, execution.side, execution.shares, execution.price) == ("O-1", "BOT", D(400), 100.02)
        assert (paid.execId, paid.commissionAndFees, paid.currency) == (execution.execId, 2.0, "USD")
        app.client.placeOrder(2, stock(), order("SELL", 100))
        app.wait("commissionAndFeesReport", 2)
        app.client.reqPositions()
        app.wait("positionEnd")
        account, contract, shares, cost = app.wait("position")
        assert (account, contract.symbol, shares, cost) == (ACCOUNT, "AAPL", D(300), pytest.approx(100.025))
        cash = [row[1] for row in app.heard("updateAccountValue") if row[0] == "TotalCashValue"]
        assert D(cash[-1]) == D(1_000_000) - 400 * D("100.02") - 2 + 100 * D(100) - 1
        assert app.wait("updatePortfolio", 2)[1] == D(300)
        realised = app.heard("commissionAndFeesReport")[1][0].realizedPNL
        assert realised == pytest.approx(float(100 * (D("99.99") - D("100.025"))))


def test_a_limit_order_rests_is_changed_and_fills_when_the_market_comes(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=99.0, tif="GTC"))
        app.wait("orderStatus", fits=lambda _, status, *__: status == "Submitted")
        app.client.placeOrder(1, stock(), order("BUY", 150, "LMT", lmtPrice=99.5, tif="GTC"))
        spoken.wait_for("PlaceOrderRequest", 2)
        spoken.play(Quote("AAPL", D("99.40"), D("99.45")))
        _, _, execution = app.wait("execDetails")
        assert (execution.shares, execution.price) == (D(150), 99.45)
        app.client.placeOrder(1, stock(), order("BUY", 150, "LMT", lmtPrice=99.6))
        assert app.error(104)[0] == 1


def test_a_stop_waits_for_its_price_and_a_cancelled_order_is_gone(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0))
        app.client.placeOrder(2, stock(), order("SELL", 100, "STP", auxPrice=98.0))
        app.client.reqAllOpenOrders()
        app.wait("openOrderEnd")
        assert {(number, told.auxPrice) for number, _, told, _ in app.heard("openOrder")} == {(1, 99.0), (2, 98.0)}
        app.client.cancelOrder(2, OrderCancel())
        assert app.error(202)[0] == 2
        app.client.cancelOrder(2, OrderCancel())
        assert app.error(10148)[0] == 2
        app.client.cancelOrder(3, OrderCancel())
        assert app.error(10147)[0] == 3
        spoken.play(Trade("AAPL", D("98.99"), 100, MINUTE), Quote("AAPL", D("98.95"), D("99.05")))
        assert app.wait("execDetails")[2].price == 100.0  # triggered by the trade, filled at the quote that stood
        assert (statuses(app, 1), statuses(app, 2)) == (["PreSubmitted", "Filled"], ["PreSubmitted", "Cancelled"])
        app.client.reqCompletedOrders(False)
        app.wait("completedOrdersEnd")
        assert [state.status for _, _, state in app.heard("completedOrder")] == ["Filled", "Cancelled"]


def test_a_stop_sent_with_its_entry_works_when_the_entry_is_filled(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=100.0, transmit=False))
        app.client.placeOrder(2, stock(), order("SELL", 100, "STP", auxPrice=99.0, parentId=1))
        spoken.wait_for("PlaceOrderRequest", 2)
        spoken.play(Quote("AAPL", D("98.00"), D("99.00")))  # through both
        app.wait("commissionAndFeesReport", 2)
        sides = [(execution.side, execution.price) for _, _, execution in app.heard("execDetails")]
        assert sides == [("BOT", 99.0), ("SLD", 98.0)]


def test_a_stop_goes_with_its_cancelled_entry(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=100.0, transmit=False))
        app.client.placeOrder(2, stock(), order("SELL", 100, "STP", auxPrice=99.0, parentId=1))
        app.client.cancelOrder(1, OrderCancel())
        app.wait("error", 2, fits=lambda _request, _time, code, *_: code == 202)
        assert (statuses(app, 1)[-1], statuses(app, 2)[-1]) == ("Cancelled", "Cancelled")


def test_of_a_group_one_fills_and_the_other_is_cancelled(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, ocaGroup="G", ocaType=1))
        app.client.placeOrder(2, stock(), order("SELL", 100, "LMT", lmtPrice=101.0, ocaGroup="G", ocaType=1))
        spoken.wait_for("PlaceOrderRequest", 2)
        spoken.play(Quote("AAPL", D("101.00"), D("101.02")))
        app.error(202)
        assert (statuses(app, 1)[-1], statuses(app, 2)[-1]) == ("Cancelled", "Filled")


@pytest.mark.parametrize(
    ("kind", "left"), [(1, ("Cancelled", "100")), (2, ("PreSubmitted", "60")), (3, ("PreSubmitted", "60"))]
)
def test_what_one_of_a_group_fills_in_part_ends_or_reduces_the_other(
    spoken: Gateway, kind: int, left: tuple[str, str]
) -> None:
    spoken.play(QUOTE)
    spoken.faults.fill_limits.append(D(40))
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, ocaGroup="G", ocaType=kind))
        app.client.placeOrder(2, stock(), order("SELL", 100, "LMT", lmtPrice=101.0, ocaGroup="G", ocaType=kind))
        spoken.wait_for("PlaceOrderRequest", 2)
        spoken.play(Quote("AAPL", D("101.00"), D("101.02")))
        spoken.play(Quote("AAPL", D("100.00"), D("100.02")))
        stop, take = spoken.orders
        assert (take.filled, take.is_open) == (D(40), True)
        assert (stop.status, stop.message.totalQuantity) == left
        spoken.play(Quote("AAPL", D("98.90"), D("98.92")))
        assert (stop.filled, take.is_open) == ((D(0), True) if kind == 1 else (D(60), False))


@pytest.mark.parametrize(("kind", "sold"), [(1, D(100)), (2, D(100)), (3, D(200)), (0, D(200))])
def test_of_a_group_with_block_only_one_fills_where_both_are_hit_at_once(
    spoken: Gateway, kind: int, sold: Decimal
) -> None:
    group = {"ocaGroup": "G", "ocaType": kind} if kind else {}
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, **group))
        app.client.placeOrder(2, stock(), order("SELL", 100, "LMT", lmtPrice=101.0, **group))
        spoken.wait_for("PlaceOrderRequest", 2)
        spoken.play(Trade("AAPL", D("98.90"), 100, MINUTE), Quote("AAPL", D("101.00"), D("101.02")))
        assert sum(one.filled for one in spoken.orders) == sold


GROUP = {"ocaGroup": "G", "ocaType": 2}


def test_an_order_that_joins_a_group_later_comes_whole_and_is_reduced_from_then_on(spoken: Gateway) -> None:
    """As bad as it can be, since nothing documented says otherwise."""
    spoken.faults.fill_limits.extend([D(40), D(20)])
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, **GROUP))
        spoken.wait_for("PlaceOrderRequest", 1)
        spoken.play(Quote("AAPL", D("98.90"), D("98.92")))
        assert spoken.orders[0].filled == D(40)
        app.client.placeOrder(2, stock(), order("SELL", 100, "LMT", lmtPrice=101.0, **GROUP))
        app.wait("orderStatus", 5)
        stop, take = spoken.orders
        assert (stop.filled, take.remaining) == (D(60), D(80))


def test_who_cancels_one_of_a_group_cancels_the_other(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, **GROUP))
        app.client.placeOrder(2, stock(), order("SELL", 100, "LMT", lmtPrice=101.0, **GROUP))
        app.client.placeOrder(3, stock(), order("SELL", 100, "LMT", lmtPrice=102.0))
        app.client.cancelOrder(2, OrderCancel())
        app.wait("error", 2, fits=lambda _request, _time, code, *_: code == 202)
        assert [one.is_open for one in spoken.orders] == [False, False, True]


@pytest.mark.parametrize("changed", [GROUP, {}], ids=["named again", "not named"])
def test_one_of_a_group_is_changed_and_stays_in_it(spoken: Gateway, changed: dict[str, Any]) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("SELL", 100, "STP", auxPrice=99.0, **GROUP))
        app.client.placeOrder(1, stock(), order("SELL", 50, "STP", auxPrice=99.5, **changed))
        app.wait("openOrder", 2)
        (stop,) = spoken.orders
        assert (stop.is_open, stop.remaining, stop.message.auxPrice) == (True, D(50), 99.5)
        assert (stop.message.ocaGroup, stop.message.ocaType) == ("G", 2)


def test_the_child_of_an_entry_is_in_a_group_of_the_brokers_naming_and_its_own_name_is_another(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, transmit=False))
        app.client.placeOrder(2, stock(), order("SELL", 100, "STP", auxPrice=99.0, parentId=1, **GROUP))
        app.wait("execDetails")
        app.client.placeOrder(2, stock(), order("SELL", 100, "STP", auxPrice=99.5, **GROUP))
        assert app.error(10326)[0] == 2
        assert app.error(202)[0] == 2
        stop = spoken.orders[1]
        assert (stop.status, stop.message.auxPrice) == ("Cancelled", 99.0)


def test_an_order_for_the_opening_waits_for_the_auction(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, tif="OPG"))
        app.client.placeOrder(2, stock(), order("BUY", 100, "LMT", lmtPrice=99.0, tif="OPG"))
        spoken.wait_for("PlaceOrderRequest", 2)
        assert [one.status for one in spoken.orders] == ["PreSubmitted", "PreSubmitted"]
        spoken.play(Trade("AAPL", D("100.50"), 5_000, MINUTE, opening=True))
        assert app.wait("execDetails")[2].price == 100.5
        assert app.error(202)[0] == 2


def test_what_cannot_fill_at_once_is_cancelled_where_that_is_asked(spoken: Gateway) -> None:
    spoken.play(QUOTE)
    spoken.faults.fill_limits.append(D(40))
    with Official(spoken.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 100, "LMT", lmtPrice=100.02, tif="IOC"))
        app.error(202)
        assert app.heard("orderStatus")[-1][:4] == (1, "Cancelled", D(40), D(60))


def test_summary_profit_and_time(spoken: Gateway) -> None:
    with Official(spoken.port) as app:
        app.client.reqAccountSummary(1, "All", "NetLiquidation,TotalCashValue")
        app.client.reqPnL(2, ACCOUNT, "")
        app.client.reqCurrentTime()
        app.wait("accountSummaryEnd")
        assert app.wait("currentTime")[0] == pytest.approx(time.time(), abs=5)
        assert [row[1:] for row in app.heard("accountSummary")] == [
            (ACCOUNT, "NetLiquidation", "1000000.00", "USD"),
            (ACCOUNT, "TotalCashValue", "1000000.00", "USD"),
        ]
        assert app.wait("pnl") == (2, 0.0, 0.0, 0.0)


def test_two_fields_that_change_places_are_noticed(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the client agrees with the text protocol is not the protocol agreeing with itself."""
    changed = {"execution.price": "execution.shares", "execution.shares": "execution.price"}
    planted = tuple(changed.get(path, path) for path in ANSWER_FIELDS["ExecutionDetails"])
    monkeypatch.setitem(ANSWER_FIELDS, "ExecutionDetails", planted)
    gateway.server_version = CLASSIC_VERSION
    gateway.play(QUOTE)
    with Official(gateway.port) as app:
        app.client.placeOrder(1, stock(), order("BUY", 400))
        _, _, execution = app.wait("execDetails")
        assert (execution.shares, execution.price) == (D("100.02"), 400.0)

"""The gateway of the tests, as ib_async sees it: a client by other authors, which speaks text fields only."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ib_async
import pytest

from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote, Stock, Trade, history_of

D = Decimal
ACCOUNT = "DU1234567"
MINUTE = 1_767_623_400  # 2026-01-05 14:30 UTC
PAST = history_of(D(100), MINUTE - 600, 60, 10)
QUOTE = Quote("AAPL", D("100.00"), D("100.02"), 300, 400)
LONGEST_WAIT_S = 10.0

type Body = Callable[[ib_async.IB, Gateway, ib_async.Contract], Awaitable[None]]


async def until(event: Any, true: Callable[[], bool]) -> None:
    """Wait until something is true, looked at after every packet that came."""
    async with asyncio.timeout(LONGEST_WAIT_S):
        while not true():
            await event


def connected(body: Body) -> None:
    async def run(served: Gateway) -> None:
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", served.port, clientId=5, raiseSyncErrors=True)
        try:
            (share,) = await ib.qualifyContractsAsync(ib_async.Stock("AAPL", "SMART", "USD"))
            assert isinstance(share, ib_async.Contract)
            await body(ib, served, share)
        finally:
            ib.disconnect()

    with Gateway([Stock(symbol="AAPL", con_id=265598)], {("AAPL", 60): PAST}) as served:
        asyncio.run(run(served))


def test_it_connects_and_reads_all_that_it_reads_at_a_start() -> None:
    async def body(ib: ib_async.IB, served: Gateway, share: ib_async.Contract) -> None:
        assert ib.client.serverVersion() == 178
        assert ib.managedAccounts() == [ACCOUNT]
        assert (share.conId, share.primaryExchange) == (265598, "NASDAQ")
        assert {row.tag: row.value for row in ib.accountValues(ACCOUNT)}["TotalCashValue"] == "1000000.00"
        asked = {one.name for one in served.received}
        assert {"PositionsRequest", "CompletedOrdersRequest", "AccountDataRequest", "ExecutionRequest"} <= asked

    connected(body)


def test_bars_quotes_and_trades() -> None:
    async def body(ib: ib_async.IB, served: Gateway, share: ib_async.Contract) -> None:
        end = datetime.fromtimestamp(MINUTE, UTC)
        bars = await ib.reqHistoricalDataAsync(share, end, "1 D", "1 min", "TRADES", useRTH=True, formatDate=2)
        assert [(bar.date, bar.close) for bar in bars] == [
            (datetime.fromtimestamp(bar.time_s, UTC), float(bar.close)) for bar in PAST
        ]
        ticker = ib.reqMktData(share)
        ticks = ib.reqTickByTickData(share, "AllLast")
        served.wait_for("TickByTickRequest")
        served.play(QUOTE, Trade("AAPL", D("100.01"), 100, MINUTE))
        await until(ib.updateEvent, lambda: bool(ticks.tickByTicks) and ticker.last == 100.01)
        assert (ticker.bid, ticker.ask, ticker.bidSize, ticker.askSize) == (100.0, 100.02, 300.0, 400.0)

    connected(body)


def test_orders_fills_commissions_positions_and_a_cancel() -> None:
    async def body(ib: ib_async.IB, served: Gateway, share: ib_async.Contract) -> None:
        served.play(QUOTE)
        bought = ib.placeOrder(share, ib_async.MarketOrder("BUY", 400))
        rests = ib.placeOrder(share, ib_async.LimitOrder("BUY", 100, 99.0, tif="GTC"))
        stop = ib.placeOrder(share, ib_async.StopOrder("SELL", 100, 98.0))
        await until(ib.updateEvent, lambda: bool(bought.fills) and bought.fills[0].commissionReport.commission > 0)
        (fill,) = bought.fills
        assert (fill.execution.shares, fill.execution.price, fill.commissionReport.commission) == (400.0, 100.02, 2.0)
        await until(ib.updateEvent, lambda: rests.orderStatus.status == "Submitted")
        ib.cancelOrder(rests.order)
        await until(ib.updateEvent, lambda: rests.orderStatus.status == "Cancelled")
        assert (stop.orderStatus.status, bought.orderStatus.status) == ("PreSubmitted", "Filled")
        (position,) = ib.positions()
        assert (position.account, position.position) == (ACCOUNT, 400.0)
        assert position.avgCost == pytest.approx(100.025)

    connected(body)


def test_a_rejected_order_says_why() -> None:
    async def body(ib: ib_async.IB, served: Gateway, share: ib_async.Contract) -> None:
        served.reject_next("Order rejected - reason:not enough money")
        trade = ib.placeOrder(share, ib_async.MarketOrder("BUY", 400))
        await until(ib.updateEvent, lambda: not trade.isActive())
        assert (trade.log[-1].errorCode, trade.log[-1].message[-16:]) == (201, "not enough money")

    connected(body)


def test_it_comes_back_after_a_drop_and_finds_what_was_filled_meanwhile() -> None:
    async def body(ib: ib_async.IB, served: Gateway, share: ib_async.Contract) -> None:
        served.play(QUOTE)
        ib.placeOrder(share, ib_async.LimitOrder("BUY", 100, 99.0, orderRef="REST"))
        served.wait_for("PlaceOrderRequest")
        served.refuse()
        await until(ib.disconnectedEvent, lambda: not ib.isConnected())
        with pytest.raises(ConnectionRefusedError):
            await ib.connectAsync("127.0.0.1", served.port, clientId=5)
        served.play(Quote("AAPL", D("98.90"), D("98.95")))
        served.accept()
        await ib.connectAsync("127.0.0.1", served.port, clientId=5, raiseSyncErrors=True)
        (fill,) = ib.fills()
        assert (fill.execution.orderRef, fill.execution.price, fill.commissionReport.commission) == ("REST", 98.95, 1.0)
        assert [position.position for position in ib.positions()] == [100.0]

    connected(body)

"""Market data out: contract details, quotes, trades one by one and five-second bars, to who subscribed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.faults.gateway.faults import Faults
from tests.faults.gateway.market import FIVE_SECONDS, Market, contract_of
from tests.faults.gateway.messages import make
from tests.faults.gateway.session import Handler, Session
from tests.faults.gateway.tape import Bar, Quote, Trade

NO_SUCH_STOCK, NOT_SUBSCRIBED = 200, 354
LIVE, DELAYED = 1, 3
BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE = 0, 1, 2, 3, 4, 5
DELAYED_TICKS = {BID: 66, ASK: 67, LAST: 68, BID_SIZE: 69, ASK_SIZE: 70, LAST_SIZE: 71}
TICK_BY_TICK = {"Last": 1, "AllLast": 2, "BidAsk": 3}


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """Who wants what of which stock."""

    session: Session
    number: int
    kind: str
    symbol: str
    delayed: bool = False


class MarketDesk:
    """The streams of the market as it is.

    Parameters
    ----------
    market : Market
        What is listed, and its state.
    faults : Faults
        Whose data are withheld.
    entitled : callable
        Whether the account has live data; without it there are delayed data for those who asked for them.

    """

    def __init__(self, market: Market, faults: Faults, entitled: Callable[[], bool]) -> None:
        self._market, self._faults, self._entitled = market, faults, entitled
        self._subscriptions: list[Subscription] = []

    @property
    def handlers(self) -> dict[str, Handler]:
        def cancel(kind: str) -> Handler:
            return lambda session, request: self._forget(session, kind, request.reqId)

        return {
            "ContractDataRequest": self._contract,
            "MarketDataTypeRequest": lambda session, request: setattr(
                session, "market_data_type", request.marketDataType
            ),
            "MarketDataRequest": self._quotes,
            "TickByTickRequest": self._ticks,
            "RealTimeBarsRequest": self._bars,
            "CancelMarketData": cancel("quotes"),
            "CancelTickByTick": cancel("ticks"),
            "CancelRealTimeBars": cancel("bars"),
        }

    def leave(self, session: Session) -> None:
        self._subscriptions = [one for one in self._subscriptions if one.session is not session]

    def subscribed(self, symbol: str) -> set[str]:
        """Name the streams of a stock that somebody listens to."""
        return {one.kind for one in self._subscriptions if one.symbol == symbol}

    def tell_quote(self, quote: Quote) -> None:
        for one in self._of("quotes", quote.symbol):
            self._send_quote(one, quote)
        for one in self._of("BidAsk", quote.symbol):
            ticks = make(
                "HistoricalTickBidAsk", time=int(time.time()), priceBid=float(quote.bid),
                priceAsk=float(quote.ask), sizeBid=str(quote.bid_size), sizeAsk=str(quote.ask_size),
            )  # fmt: skip
            one.session.send(
                make("TickByTickData", reqId=one.number, tickType=TICK_BY_TICK["BidAsk"], historicalTickBidAsk=ticks)
            )

    def tell_trade(self, trade: Trade) -> None:
        for one in self._of("quotes", trade.symbol):
            self._send_price(one, LAST, trade.price, LAST_SIZE, trade.size)
        for kind in ("Last", "AllLast"):
            for one in self._of(kind, trade.symbol):
                tick = make(
                    "HistoricalTickLast", time=trade.time_s, price=float(trade.price), size=str(trade.size),
                    exchange=self._market.stocks[trade.symbol].exchange,
                )  # fmt: skip
                one.session.send(
                    make("TickByTickData", reqId=one.number, tickType=TICK_BY_TICK[kind], historicalTickLast=tick)
                )

    def tell_bar(self, symbol: str, length_s: int, bar: Bar) -> None:
        if length_s == FIVE_SECONDS:
            for one in self._of("bars", symbol):
                one.session.send(
                    make(
                        "RealTimeBarTick", reqId=one.number, time=bar.time_s, open=float(bar.open),
                        high=float(bar.high), low=float(bar.low), close=float(bar.close), volume=str(bar.volume),
                        WAP=str(bar.close), count=bar.count,
                    )
                )  # fmt: skip

    def _contract(self, session: Session, request: Any) -> None:
        stock = self._market.find(request.contract)
        if stock is None:
            session.error(request.reqId, NO_SUCH_STOCK, "No security definition has been found for the request")
            return
        details = make(
            "ContractDetails", marketName="NMS", minTick=str(stock.min_tick), orderTypes="LMT,MKT,STP",
            validExchanges=f"SMART,{stock.exchange}", priceMagnifier=1, longName=stock.name, timeZoneId="US/Eastern",
            industry="Technology", marketRuleIds="26,26", stockType="COMMON", minSize="1", sizeIncrement="1",
            suggestedSizeIncrement="100",
        )  # fmt: skip
        exchange = request.contract.exchange or "SMART"
        contract = contract_of(stock, exchange)
        session.send(make("ContractData", reqId=request.reqId, contract=contract, contractDetails=details))
        session.send(make("ContractDataEnd", reqId=request.reqId))

    def _quotes(self, session: Session, request: Any) -> None:
        delayed = not self._entitled()
        symbol = self._listed(session, request)
        if symbol is None:
            return
        if delayed and session.market_data_type < DELAYED:
            session.error(request.reqId, NOT_SUBSCRIBED, "Requested market data is not subscribed.")
            return
        one = Subscription(session, request.reqId, "quotes", symbol, delayed)
        session.send(make("MarketDataType", reqId=one.number, marketDataType=DELAYED if delayed else LIVE))
        tick = str(self._market.stocks[symbol].min_tick)
        session.send(make("TickReqParams", reqId=one.number, minTick=tick, bboExchange="9c0001", snapshotPermissions=3))
        quote, trade = self._market.quotes.get(symbol), self._market.trades.get(symbol)
        if quote is not None:
            self._send_quote(one, quote)
        if trade is not None:
            self._send_price(one, LAST, trade.price, LAST_SIZE, trade.size)
        if request.snapshot:
            session.send(make("TickSnapshotEnd", reqId=one.number))
        else:
            self._subscriptions.append(one)

    def _ticks(self, session: Session, request: Any) -> None:
        symbol = self._listed(session, request)
        if symbol is not None and request.tickType in TICK_BY_TICK:
            self._subscriptions.append(Subscription(session, request.reqId, request.tickType, symbol))

    def _bars(self, session: Session, request: Any) -> None:
        symbol = self._listed(session, request)
        if symbol is not None:
            self._subscriptions.append(Subscription(session, request.reqId, "bars", symbol))

    def _listed(self, session: Session, request: Any) -> str | None:
        stock = self._market.find(request.contract)
        if stock is None:
            session.error(request.reqId, NO_SUCH_STOCK, "No security definition has been found for the request")
            return None
        if stock.symbol in self._faults.withheld:
            session.error(request.reqId, NOT_SUBSCRIBED, "Requested market data is not subscribed.")
            return None
        return stock.symbol

    def _send_quote(self, one: Subscription, quote: Quote) -> None:
        self._send_price(one, BID, quote.bid, BID_SIZE, quote.bid_size)
        self._send_price(one, ASK, quote.ask, ASK_SIZE, quote.ask_size)

    def _send_price(self, one: Subscription, tick: int, price: Decimal, size_tick: int, size: int) -> None:
        if one.delayed:
            tick, size_tick = DELAYED_TICKS[tick], DELAYED_TICKS[size_tick]
        one.session.send(
            make("TickPrice", reqId=one.number, tickType=tick, price=float(price), size=str(size), attrMask=1)
        )
        one.session.send(make("TickSize", reqId=one.number, tickType=size_tick, size=str(size)))

    def _of(self, kind: str, symbol: str) -> list[Subscription]:
        return [one for one in self._subscriptions if (one.kind, one.symbol) == (kind, symbol)]

    def _forget(self, session: Session, kind: str, number: int) -> None:
        kinds = set(TICK_BY_TICK) if kind == "ticks" else {kind}
        self._subscriptions = [
            one for one in self._subscriptions
            if (one.session, one.number) != (session, number) or one.kind not in kinds
        ]  # fmt: skip

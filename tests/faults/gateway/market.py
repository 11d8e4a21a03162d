"""The state of the market: who is listed, the last quote and trade of each, bars that grow from trades."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.faults.gateway.messages import make
from tests.faults.gateway.tape import Bar, Builder, History, Quote, Stock, Trade

FIVE_SECONDS = 5
ONE_MINUTE = 60


class Market:
    """Stocks by symbol and contract id.

    Parameters
    ----------
    stocks : iterable of Stock
        All that is listed.
    history : mapping
        Bars of the past; those that grow from trades are added to the ones of the same length.

    """

    def __init__(self, stocks: Iterable[Stock], history: History) -> None:
        self.stocks = {stock.symbol: stock for stock in stocks}
        self.quotes: dict[str, Quote] = {}
        self.trades: dict[str, Trade] = {}
        self.history = {key: list(bars) for key, bars in history.items()}
        self.builders = {
            (symbol, length): Builder(length) for symbol in self.stocks for length in (FIVE_SECONDS, ONE_MINUTE)
        }

    def find(self, contract: Any) -> Stock | None:
        """Find what a contract means: by id, else by symbol and currency, where the exchange fits."""
        for stock in self.stocks.values():
            if contract.conId == stock.con_id:
                return stock
            if contract.symbol == stock.symbol and contract.secType in {"STK", ""}:
                fits = contract.exchange in {"SMART", "", stock.exchange}
                return stock if fits and contract.currency in {stock.currency, ""} else None
        return None

    def price(self, symbol: str) -> Decimal | None:
        """Find the last price, or the middle of the quote where nothing was traded."""
        if symbol in self.trades:
            return self.trades[symbol].price
        quote = self.quotes.get(symbol)
        return None if quote is None else (quote.bid + quote.ask) / 2

    def take(self, trade: Trade) -> list[tuple[int, Bar]]:
        """Take a trade in, and return the bars that it ended, with their lengths."""
        self.trades[trade.symbol] = trade
        ended = [(length, self.builders[trade.symbol, length].add(trade)) for length in (FIVE_SECONDS, ONE_MINUTE)]
        done = [(length, bar) for length, bar in ended if bar is not None]
        for length, bar in done:
            self.history.setdefault((trade.symbol, length), []).append(bar)
        return done

    def bars(self, symbol: str, length_s: int) -> list[Bar]:
        """List the bars of a length, the growing one included."""
        growing = self.builders.get((symbol, length_s))
        current = [growing.current] if growing is not None and growing.current is not None else []
        return [*self.history.get((symbol, length_s), ()), *current]


def contract_of(stock: Stock, exchange: str = "SMART") -> Any:
    return make(
        "Contract", conId=stock.con_id, symbol=stock.symbol, secType="STK", exchange=exchange,
        primaryExch=stock.exchange, currency=stock.currency, localSymbol=stock.symbol, tradingClass="NMS",
    )  # fmt: skip

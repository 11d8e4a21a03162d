"""What happens on the market, as a list: stocks, quotes, trades, bars, and a tape that plays itself."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A share that the gateway knows."""

    symbol: str
    con_id: int
    name: str = "A COMPANY"
    exchange: str = "NASDAQ"
    currency: str = "USD"
    min_tick: Decimal = CENT


@dataclass(frozen=True, slots=True)
class Quote:
    """Bid and ask with their sizes in shares."""

    symbol: str
    bid: Decimal
    ask: Decimal
    bid_size: int = 1_000
    ask_size: int = 1_000


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade at a second since 1970; an opening or closing one is that of the auction."""

    symbol: str
    price: Decimal
    size: int
    time_s: int
    opening: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """Open to close of the time that begins at a second since 1970."""

    time_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    count: int = 1

    def with_trade(self, trade: Trade) -> "Bar":
        return Bar(
            self.time_s, self.open, max(self.high, trade.price), min(self.low, trade.price), trade.price,
            self.volume + trade.size, self.count + 1,
        )  # fmt: skip


type Event = Quote | Trade
type History = Mapping[tuple[str, int], Sequence[Bar]]
"""Bars by symbol and length in seconds, oldest first."""


@dataclass(slots=True)
class Builder:
    """Trades of one stock -> bars of one length; a bar is over when a trade of the next one comes."""

    length_s: int
    current: Bar | None = field(default=None)

    def add(self, trade: Trade) -> Bar | None:
        """Take a trade in, and return the bar that it ended."""
        start = trade.time_s - trade.time_s % self.length_s
        if self.current is not None and self.current.time_s >= start:
            self.current = self.current.with_trade(trade)
            return None
        ended, price = self.current, trade.price
        self.current = Bar(start, price, price, price, price, trade.size)
        return ended


def walk(stock: Stock, first: Decimal, start_s: int, seconds: int, seed: int = 0) -> Iterator[Event]:
    """Make a tape of a quote and a trade each second, walking by cents; the same for the same seed."""
    drawn, price = random.Random(seed), first  # noqa: S311 - a made-up market, not a secret
    for second in range(seconds):
        price = max(CENT, price + drawn.choice((-CENT, Decimal(0), CENT)))
        yield Quote(stock.symbol, price - CENT, price + CENT)
        yield Trade(stock.symbol, price, drawn.choice((100, 200, 300)), start_s + second)


def history_of(first: Decimal, start_s: int, length_s: int, count: int, seed: int = 0) -> list[Bar]:
    """Make bars that follow one another without a gap; the same for the same seed."""
    drawn, price, bars = random.Random(seed), first, list[Bar]()  # noqa: S311 - as above
    for place in range(count):
        close = max(CENT, price + drawn.choice((-3, -2, -1, 0, 1, 2, 3)) * CENT)
        high, low = max(price, close) + CENT, max(CENT, min(price, close) - CENT)
        bars.append(Bar(start_s + place * length_s, price, high, low, close, drawn.choice((500, 1_000, 1_500)), 10))
        price = close
    return bars

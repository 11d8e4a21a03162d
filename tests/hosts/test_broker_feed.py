"""The broker's quotes and five-second bars become the firm's market data: its names, its bars, and nothing crossed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    Bar,
    BarType,
    Currency,
    Equity,
    InstrumentId,
    Money,
    OmsType,
    Price,
    Quantity,
    QuoteTick,
    Symbol,
    Venue,
)

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import MINUTE_NS, MS_NS, SECOND_NS
from nautilus_ai_firm.hosts.broker_feed import BARS, PART_NS, QUOTES, BrokerFeed, Stream
from nautilus_ai_firm.messages import Connection

OPEN_NS = 1_767_623_400 * SECOND_NS  # 2026-01-05 14:30 UTC
USD = Currency.from_str("USD")
APPLE, IBM = InstrumentId.from_str("AAPL.NASDAQ"), InstrumentId.from_str("IBM.NYSE")
STEP = {2: "0.01", 4: "0.0001"}

type Happens = tuple[int, Callable[[BrokerFeed], None]]


def equity(name: str, precision: int) -> Equity:
    identity, step = InstrumentId.from_str(name), Price.from_str(STEP[precision])
    return Equity(identity, Symbol(str(identity.symbol)), USD, precision, step, 0, 0, lot_size=Quantity.from_int(1))


def stream(broker_id: InstrumentId, *, traded: bool = True, watched: bool = False) -> Stream:
    own = f"{broker_id.symbol}.US"
    return Stream(
        broker_id=broker_id,
        instrument=equity(own, 2),
        bar_type=BarType.from_str(f"{own}-1-MINUTE-LAST-EXTERNAL"),
        traded=traded,
        watched=watched,
    )


class World:
    """The feed in an engine, whose clock is that of the data."""

    def __init__(self, *streams: Stream, quote_interval_ms: int = 0) -> None:
        self.handed_on: list[Any] = []
        self.failures = Failures()
        self._ids = [one.broker_id for one in streams]
        sessions = Sessions.between("XNYS", OPEN_NS, OPEN_NS)
        self.feed = BrokerFeed(
            streams, sessions, MINUTE_NS, quote_interval_ms, self.handed_on.append, self.failures
        )  # fmt: skip

    def hears(self, *data: Any, happens: Happens | None = None) -> list[Any]:
        """Play data, and after those of a time something else; return what was handed on."""
        quiet = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
        engine = BacktestEngine(BacktestEngineConfig(logging=quiet, run_analysis=False, shutdown_on_error=True))
        for venue in ("NASDAQ", "NYSE"):
            engine.add_venue(
                Venue(venue),
                oms_type=OmsType.NETTING,
                account_type=AccountType.MARGIN,
                starting_balances=[Money(1, USD)],
                fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
            )
        for one in self._ids:
            engine.add_instrument(equity(str(one), 4))
        engine.add_actor(self.feed)
        try:
            at_ns, action = happens or (0, lambda _: None)
            for is_later in (False, True):
                if part := [one for one in data if (one.ts_init > at_ns) == is_later]:
                    engine.add_data(part)
                    engine.run(streaming=True)
                    engine.clear_data()
                if happens and not is_later:
                    action(self.feed)
            engine.end()
        finally:
            engine.dispose()
        assert self.failures.first is None
        return self.handed_on


def quote(at_ms: int, bid: str, ask: str, sizes: tuple[int, int] = (5, 7), of: InstrumentId = APPLE) -> QuoteTick:
    ts = OPEN_NS + at_ms * MS_NS
    bid_size, ask_size = map(Quantity.from_int, sizes)
    return QuoteTick(of, Price.from_str(bid), Price.from_str(ask), bid_size, ask_size, ts, ts)


def parts(first: int, last: int, of: InstrumentId = APPLE) -> list[Bar]:
    """Five-second bars by their number since the open, the last excluded; each is a ten-thousandth above the other."""
    kind = BarType.from_str(f"{of}-5-SECOND-LAST-EXTERNAL")
    made = []
    for place in range(first, last):
        price, ts = Decimal(100) + Decimal(place) / 10_000, OPEN_NS + (place + 1) * PART_NS
        high, low = price + Decimal("0.02"), price - Decimal("0.01")
        open_, top, bottom, close = (Price.from_decimal_dp(one, 4) for one in (price, high, low, price))
        made.append(Bar(kind, open_, top, bottom, close, Quantity.from_int(10), ts, ts))
    return made


def test_a_quote_is_handed_on_under_the_firms_name_with_its_decimals_and_the_time_it_was_heard() -> None:
    (heard,) = World(stream(APPLE)).hears(quote(100, "100.0149", "100.0251"))
    assert isinstance(heard, QuoteTick)
    assert str(heard.instrument_id) == "AAPL.US"
    assert (str(heard.bid_price), str(heard.ask_price)) == ("100.01", "100.03")
    assert (int(heard.bid_size), int(heard.ask_size)) == (5, 7)
    assert heard.ts_event == heard.ts_init == OPEN_NS + 100 * MS_NS


@pytest.mark.parametrize(
    ("bid", "ask", "heard"),
    [("100.0000", "100.0000", 1), ("100.0001", "100.0000", 0), ("0.0000", "100.0000", 0), ("0.0100", "100.0000", 1)],
)
def test_a_quote_whose_sides_cross_or_that_has_no_bid_is_not_handed_on(bid: str, ask: str, heard: int) -> None:
    world = World(stream(APPLE))
    assert len(world.hears(quote(100, bid, ask))) == heard
    assert world.feed.heard_ns == OPEN_NS + 100 * MS_NS  # the market is there all the same


def test_of_an_instrument_the_first_quote_of_an_interval_is_handed_on() -> None:
    world = World(stream(APPLE), stream(IBM), quote_interval_ms=250)
    heard = world.hears(
        quote(0, "100.0000", "100.0200"), quote(1, "140.0000", "140.0200", of=IBM), quote(249, "100.0100", "100.0300"),
        quote(250, "100.0200", "100.0400"), quote(400, "100.0300", "100.0500"), quote(500, "100.0400", "100.0600"),
    )  # fmt: skip
    assert [(one.ts_event - OPEN_NS) // MS_NS for one in heard] == [0, 1, 250, 500]


def test_a_crossed_quote_does_not_begin_an_interval() -> None:
    heard = World(stream(APPLE), quote_interval_ms=250).hears(
        quote(0, "100.0300", "100.0200"), quote(10, "100.0000", "100.0200")
    )
    assert [one.ts_event - OPEN_NS for one in heard] == [10 * MS_NS]


def test_five_second_bars_become_a_decision_bar_at_its_end() -> None:
    (bar,) = World(stream(APPLE)).hears(*parts(0, 12))
    assert str(bar.bar_type) == "AAPL.US-1-MINUTE-LAST-EXTERNAL"
    assert [str(price) for price in (bar.open, bar.high, bar.low, bar.close)] == ["100.00", "100.02", "99.99", "100.00"]
    assert (int(bar.volume), bar.ts_event, bar.ts_init) == (120, OPEN_NS + MINUTE_NS, OPEN_NS + MINUTE_NS)


def test_a_bar_that_ends_without_its_last_part_is_handed_on_when_a_later_part_comes() -> None:
    (bar,) = World(stream(APPLE)).hears(*parts(0, 11), *parts(13, 14))
    assert (bar.ts_event, bar.ts_init) == (OPEN_NS + MINUTE_NS, OPEN_NS + 14 * PART_NS)
    assert int(bar.volume) == 110


def test_a_bar_whose_beginning_was_not_heard_is_not_made() -> None:
    heard = World(stream(APPLE)).hears(*parts(1, 24))
    assert [bar.ts_event - OPEN_NS for bar in heard] == [2 * MINUTE_NS]


def test_parts_outside_of_the_session_are_passed_over() -> None:
    assert World(stream(APPLE)).hears(*parts(-24, 0)) == []
    after = parts(390 * 12, 392 * 12)
    assert World(stream(APPLE)).hears(*after) == []


def test_each_instrument_has_bars_of_its_own() -> None:
    both = sorted([*parts(0, 12), *parts(6, 24, IBM)], key=lambda bar: bar.ts_init)
    heard = World(stream(APPLE), stream(IBM)).hears(*both)
    assert [(str(bar.bar_type.instrument_id), bar.ts_event - OPEN_NS) for bar in heard] == [
        ("AAPL.US", MINUTE_NS),
        ("IBM.US", 2 * MINUTE_NS),
    ]


@pytest.mark.parametrize(("trusted", "bars"), [(False, [2]), (True, [1, 2])])
def test_a_bar_over_an_interruption_is_not_made(*, trusted: bool, bars: list[int]) -> None:
    told = Connection(ts_event=OPEN_NS, trusted=trusted, cause="a test")
    heard = World(stream(APPLE)).hears(*parts(0, 24), happens=(OPEN_NS + 6 * PART_NS, lambda feed: feed.tell(told)))
    assert [(bar.ts_event - OPEN_NS) // MINUTE_NS for bar in heard] == bars


def test_who_looks_at_quotes_is_given_the_last_up_to_the_close_of_a_bar_before_the_bar() -> None:
    quotes = [
        quote(59_000, "99.0000", "99.0200"),
        quote(60_000, "99.0100", "99.0300"),
        quote(60_001, "99.0200", "99.0400"),
    ]
    late = [bar for bar in parts(0, 14) if bar.ts_event != OPEN_NS + MINUTE_NS]
    data = sorted([*late, *quotes], key=lambda one: one.ts_init)
    heard = World(stream(APPLE, watched=True)).hears(*data)
    *passed_on, best, bar = heard
    assert len(passed_on) == 3
    assert (best.data.instrument_id, best.data.bid, best.data.ask) == ("AAPL.US", 99.01, 99.03)
    assert best.ts_event == bar.ts_event == OPEN_NS + MINUTE_NS


def test_without_a_quote_or_without_one_who_looks_none_is_given_before_a_bar() -> None:
    assert len(World(stream(APPLE, watched=True)).hears(*parts(0, 12))) == 1
    data = sorted([*parts(0, 12), quote(1, "99.0000", "99.0200")], key=lambda one: one.ts_init)
    assert [type(one) for one in World(stream(APPLE)).hears(*data)] == [QuoteTick, Bar]


def test_what_is_not_traded_is_heard_by_its_bars_alone() -> None:
    world = World(stream(APPLE, traded=False), stream(IBM))
    data = sorted([quote(1, "99.0000", "99.0200"), quote(2, "99.0000", "99.0200", of=IBM), *parts(0, 12)],
                  key=lambda one: one.ts_init)  # fmt: skip
    assert [str(getattr(one, "instrument_id", "")) for one in world.hears(*data)] == ["IBM.US", ""]
    assert world.feed.silent == {(IBM, BARS)}


def test_a_stream_is_silent_until_it_is_heard_and_again_when_all_is_subscribed_to_anew() -> None:
    world, seen = World(stream(APPLE), stream(IBM)), []

    def renew(feed: BrokerFeed) -> None:
        seen.append(set(feed.silent))
        feed.renew()
        seen.append(set(feed.silent))

    heard = world.hears(quote(1, "99.0000", "99.0200"), *parts(0, 1), *parts(1, 2), happens=(OPEN_NS + PART_NS, renew))
    everything = {(one, what) for one in (APPLE, IBM) for what in (QUOTES, BARS)}
    assert seen == [{(IBM, QUOTES), (IBM, BARS)}, everything]
    assert world.feed.silent == everything - {(APPLE, BARS)}
    assert len(heard) == 1

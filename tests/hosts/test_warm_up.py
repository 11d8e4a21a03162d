"""History up to now: the catalog's end and the gateway's bars meet as one series, or nobody trades."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model import Bar as EngineBar
from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.agents.book import nearest_float
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import Listing
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.durations import DAY_NS, SECOND_NS
from nautilus_ai_firm.gateways.errors import HistoryError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_bars import Contract, HistoryBar, HistoryRequest
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_history import HistoryLine
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.hosts.gateway_bars import LENGTHS, Wanted, broker_contract, requests
from nautilus_ai_firm.hosts.study import feed_before
from nautilus_ai_firm.hosts.warm_up import WarmUp, warm_up
from nautilus_ai_firm.runs.market_codec import decode_market, encode_market
from nautilus_ai_firm.settings import InteractiveBrokers, Loaded
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Bar, Stock
from tests.firm_runs import INDEX, PROVENANCE, Market, settings, synthetic_market
from tests.waiting import Waiting

SYMBOLS = ("A", "B")
LENGTH_S = {"1-DAY": 86_400, "1-HOUR": 3_600, "1-MINUTE": 60}
SESSIONS = {"1-DAY": 90, "1-HOUR": 40, "1-MINUTE": 4}
ROUNDS = 40
SETTINGS = InteractiveBrokers(wait_seconds=1, answer_seconds=5)

type Change = Callable[[str, BarColumns], BarColumns]


def firm_of(bar: str, rounds: int = ROUNDS, *, macro: bool = True) -> Loaded:
    changes = {"market.bar": bar, "market.warm_up_rounds": rounds}
    return settings(SYMBOLS, changes, macro=macro)


def cut_of(market: Market, gap_share: float = 0.2) -> int:
    """Choose where the catalog ends: before the last part of the market."""
    closes = market.closes()
    return int(closes[int(len(closes) * (1 - gap_share))])


def tape_of(columns: BarColumns) -> list[Bar]:
    return [
        Bar(
            int(columns.ts_open_ns[place] // SECOND_NS),
            *(
                Decimal(repr(float(prices[place])))
                for prices in (columns.open, columns.high, columns.low, columns.close)
            ),
            volume=int(columns.volume[place]),
        )
        for place in range(len(columns))
    ]


def contracts_of(bar: str) -> dict[str, Contract]:
    return {
        **{bar_type_id(f"{symbol}.US", bar): Contract(symbol=symbol) for symbol in SYMBOLS},
        bar_type_id(INDEX, bar): Contract(symbol="SPX", security_type="IND", exchange="CBOE"),
    }


class World:
    """A market of which the catalog holds the beginning and the gateway the whole, changed as a test likes."""

    def __init__(self, folder: Path, bar: str = "1-DAY", change: Change = lambda _, columns: columns) -> None:
        self.bar = bar
        self.market = synthetic_market(SYMBOLS, SESSIONS[bar], bar)
        self.cut_ns = cut_of(self.market)
        self.now_ns = int(self.market.closes()[-1])
        self.folder = folder
        known = self.market.cut(self.cut_ns)
        self.catalog = Catalog(replace(known, macro=self.market.macro).write(folder / "catalog", bar))
        self.served = {
            name: change(name, columns) for name, columns in [*self.market.bars.items(), ("SPX", self.market.index)]
        }
        self.said: list[str] = []

    def whole(self) -> Catalog:
        """Make the catalog that holds it all."""
        return Catalog(self.market.write(self.folder / "whole", self.bar))

    @contextmanager
    def gateway(self) -> Iterator[Gateway]:
        stocks = [Stock(symbol=name, con_id=number) for number, name in enumerate(self.served, 1)]
        history = {(name, LENGTH_S[self.bar]): tape_of(columns) for name, columns in self.served.items()}
        with Gateway(stocks, history) as served:
            served.market.find = lambda contract: served.market.stocks.get(contract.symbol)  # an index, as it were
            yield served

    def warm_up(self, loaded: Loaded | None = None, now_ns: int = 0, **change: Any) -> WarmUp:
        with self.gateway() as served:
            endpoint = Endpoint(host=HOST, port=served.port, client_id=1, account="DU1234567", real_money=False)
            with HistoryLine(endpoint, SETTINGS, self.said.append, Pacing(), Waiting().patience()) as line:
                given_ = {"contracts": contracts_of(self.bar), "ask": line.bars} | change
                firm = (loaded or firm_of(self.bar)).firm
                return warm_up(firm, self.catalog, now_ns=now_ns or self.now_ns, **given_)


def scaled(factor: float, volume: float = 1.0) -> Change:
    return lambda _, columns: columns.adjusted(
        np.full(len(columns), factor), np.full(len(columns), 1 / volume)
    ).rounded()


def changed(symbol: str, name: str, place: int, factor: float) -> Change:
    """Multiply one column of a symbol from a place on."""

    def change(named: str, columns: BarColumns) -> BarColumns:
        if named != symbol:
            return columns
        factors = np.where(np.arange(len(columns)) >= place % len(columns), factor, 1.0)
        return replace(columns, **{one: getattr(columns, one) * factors for one in name.split()})

    return change


def bars_of(found: WarmUp, name: str) -> list[Any]:
    return [data for data in found.feed.history if isinstance(data, EngineBar) and str(data.bar_type) == name]


def told(history: Any) -> list[bytes]:
    return sorted(encode_market("history", data) for data in history)


@pytest.mark.parametrize("bar", ["1-DAY", "1-HOUR", "1-MINUTE"])
def test_catalog_and_gap_give_the_history_of_a_catalog_that_holds_it_all(tmp_path: Path, bar: str) -> None:
    world = World(tmp_path, bar)
    loaded = firm_of(bar)
    found = world.warm_up(loaded)
    expected, begin_ns = feed_before(loaded.firm, world.whole(), world.now_ns + 1)
    assert told(found.feed.history) == told(expected.history)
    assert [data.ts_init for data in found.feed.history] == sorted(data.ts_init for data in expected.history)
    assert (found.begin_ns, found.feed.initial_inputs) == (begin_ns, expected.initial_inputs)
    assert len(bars_of(found, bar_type_id("A.US", bar))) == ROUNDS
    assert all(one.gap > 5 and one.how.bars >= 20 and one.how.price_factor == 1 for one in found.spliced.values())


def test_what_came_from_the_catalog_stands_on_the_level_of_the_gateway(tmp_path: Path) -> None:
    world = World(tmp_path, change=scaled(0.5, volume=3.0))
    found = world.warm_up(firm_of("1-DAY", rounds=70))
    for symbol in SYMBOLS:
        name = bar_type_id(f"{symbol}.US", "1-DAY")
        whole = world.market.bars[symbol]
        bars = bars_of(found, name)
        assert len(bars) == 70
        assert sum(bar.ts_event < found.spliced[name].how.ts_first for bar in bars) > 20
        assert [nearest_float(bar.close) for bar in bars] == pytest.approx(whole.close[-70:] * 0.5, rel=1e-4)
        assert [nearest_float(bar.volume) for bar in bars] == pytest.approx(whole.volume[-70:] * 3, abs=2)
        assert found.spliced[name].how.price_factor == pytest.approx(0.5, rel=1e-4)
    index = world.market.index
    before = index.close[index.ts_close_ns < found.begin_ns][-1]
    assert found.feed.initial_inputs[INDEX] == pytest.approx(before * 0.5, rel=1e-4)
    assert "older prices x0.5" in found.lines()[0]


def test_an_index_has_no_volume_and_the_broker_says_so_with_minus_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    index = world.market.index
    world.served["SPX"] = replace(index, volume=np.full(len(index), -1.0))
    found = world.warm_up()
    name = bar_type_id(INDEX, "1-DAY")
    assert found.spliced[name].how.volume_factor == 1
    after = [int(bar.volume) for bar in bars_of(found, name) if bar.ts_event >= found.spliced[name].how.ts_first]
    assert set(after) == {0}


def test_history_can_be_journalled_and_read_again(tmp_path: Path) -> None:
    found = World(tmp_path, change=scaled(1.7)).warm_up()
    records = [encode_market("history", data) for data in found.feed.history]
    assert len(records) > 2 * ROUNDS
    assert told(decode_market(json.loads(record)["data"]) for record in records) == told(found.feed.history)


def test_a_bar_that_grows_is_not_learned_from(tmp_path: Path) -> None:
    world = World(tmp_path, "1-HOUR")
    within_ns = world.now_ns - 1_800 * SECOND_NS  # half an hour before the close of the last bar
    found = world.warm_up(now_ns=within_ns)
    last_ns = max(data.ts_event for data in found.feed.history if isinstance(data, EngineBar))
    assert within_ns - 3_600 * SECOND_NS < last_ns < within_ns


def test_nothing_that_closes_later_than_now_changes_anything(tmp_path: Path) -> None:
    """The invariance of look-ahead, and below its control."""
    calm = World(tmp_path / "calm")
    now_ns = int(calm.market.closes()[-5])
    wild = World(tmp_path / "wild", change=changed("A", "open high low close", -4, 3.0))
    assert told(calm.warm_up(now_ns=now_ns).feed.history) == told(wild.warm_up(now_ns=now_ns).feed.history)
    wilder = World(tmp_path / "wilder", change=changed("A", "open high low close", -5, 3.0))
    assert told(calm.warm_up(now_ns=now_ns).feed.history) != told(wilder.warm_up(now_ns=now_ns).feed.history)


def test_a_catalog_that_is_up_to_date_is_compared_all_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    found = world.warm_up(now_ns=world.cut_ns)
    assert [(one.gap, one.how.bars) for one in found.spliced.values()] == [(0, 20)] * 3


def test_without_rounds_to_learn_from_the_sources_are_compared_and_nothing_is_learned(tmp_path: Path) -> None:
    found = World(tmp_path).warm_up(firm_of("1-DAY", rounds=0))
    assert (found.feed.history, len(found.spliced)) == ([], 3)


# --- What ends in a refusal -------------------------------------------------------------------------------------


def refusal(world: World, loaded: Loaded | None = None, **change: Any) -> str:
    with pytest.raises(HistoryError) as refused:
        world.warm_up(loaded, **change)
    assert "(" in str(refused.value)
    return str(refused.value)


def test_returns_that_disagree_are_refused_with_series_time_and_both(tmp_path: Path) -> None:
    place = int(SESSIONS["1-DAY"] * 0.8) - 5  # within the last bars of the catalog
    world = World(tmp_path, change=changed("B", "open high low close", place, 1.01))
    close, at = world.market.bars["B"].close, utc(world.market.bars["B"].ts_close_ns[place])
    line = refusal(world)
    assert line.startswith("B.US-1-DAY-LAST-EXTERNAL: catalog (old) and gateway (new) do not continue each other: ")
    assert f"returns disagree at {at}: {close[place] / close[place - 1] - 1:+.6f} in the old series, " in line
    assert f"{close[place] * 1.01 / close[place - 1] - 1:+.6f} in the new one" in line


def test_the_same_move_after_the_catalogs_end_is_the_markets(tmp_path: Path) -> None:
    place = int(SESSIONS["1-DAY"] * 0.8) + 2
    assert World(tmp_path, change=changed("B", "open high low close", place, 1.01)).warm_up().spliced


@pytest.mark.parametrize("bar", ["1-DAY", "1-HOUR", "1-MINUTE"])
def test_another_instrument_under_the_name_is_refused(tmp_path: Path, bar: str) -> None:
    world = World(tmp_path, bar)
    contracts = contracts_of(bar)
    contracts[bar_type_id("A.US", bar)] = Contract(symbol="B")
    assert "returns disagree" in refusal(world, contracts=contracts)


def without(symbol: str, *places: int) -> Change:
    def change(named: str, columns: BarColumns) -> BarColumns:
        keep = np.ones(len(columns), dtype=np.bool_)
        keep[list(places) if named == symbol else []] = False
        return columns.take(keep)

    return change


def test_a_session_that_nobody_has_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, change=without("A", -3))
    day = utc(world.market.bars["A"].ts_open_ns[-3])[:10]
    assert f"A.US-1-DAY-LAST-EXTERNAL: neither catalog nor gateway has a bar of {day}" in refusal(world)


def test_a_gateway_that_ends_early_is_refused(tmp_path: Path) -> None:
    assert "neither catalog nor gateway" in refusal(World(tmp_path, change=without("A", -2, -1)))


def test_a_hole_in_the_overlap_is_refused(tmp_path: Path) -> None:
    assert "in the new series" in refusal(World(tmp_path, change=without("A", int(SESSIONS["1-DAY"] * 0.8) - 3)))


def test_a_gap_that_leaves_no_overlap_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    begin = int(SESSIONS["1-DAY"] * 0.8) - 10
    served = {name: columns.take(slice(begin, None)) for name, columns in world.served.items()}
    world.served = served
    assert "11 bars in common" in refusal(world)


def test_a_gateway_without_bars_is_refused(tmp_path: Path) -> None:
    assert "the gateway has no bars from" in refusal(World(tmp_path), ask=lambda _: [])


def test_a_bar_outside_of_the_calendar_is_refused(tmp_path: Path) -> None:
    sunday = HistoryBar(date="20120408", open=1, high=1, low=1, close=1, volume=1)
    assert "a bar of 20120408 (allowed: the bars of the calendar XNYS)" in refusal(
        World(tmp_path), ask=lambda _: [sunday]
    )


def test_bars_from_before_the_time_asked_for_are_left_out(tmp_path: Path) -> None:
    """The broker counts days with trading: twenty of them begin four weeks ago."""
    world = World(tmp_path)
    early = [HistoryBar(date=date, open=1, high=1, low=1, close=1, volume=1) for date in ("20110103", "20110104")]
    with world.gateway() as served:
        there = Endpoint(host=HOST, port=served.port, client_id=1, account="DU1234567", real_money=False)
        with HistoryLine(there, SETTINGS, world.said.append, Pacing(), Waiting().patience()) as line:
            found = world.warm_up(ask=lambda request: early + line.bars(request))
    assert told(found.feed.history) == told(world.warm_up().feed.history)


def test_a_gateway_that_gives_nothing_leaves_the_catalogs_bars_where_they_reach_up_to_now(tmp_path: Path) -> None:
    world = World(tmp_path)
    name, fresh_too = bar_type_id("A.US", "1-DAY"), bar_type_id("B.US", "1-DAY")
    with world.gateway() as served:
        found = warmed_without("A", world, served, now_ns=world.cut_ns + 3_600 * SECOND_NS)
    whole = world.warm_up(now_ns=world.cut_ns + 3_600 * SECOND_NS)
    assert list(found.cached) == [name]
    assert not whole.cached
    assert told(found.feed.history) == told(whole.feed.history)  # the gateway had nothing that the catalog has not
    assert found.cached[name].line(name) == (
        f"{name}: CACHED, the catalog's bars up to {utc(world.cut_ns)}, 1.0 h old; no new risk until fresh bars agree "
        "with them (A: planted)"
    )
    assert fresh_too in found.spliced
    assert "in common differ" in found.spliced[fresh_too].line(fresh_too)


def test_a_gateway_that_gives_nothing_is_refused_where_the_catalog_misses_a_session(tmp_path: Path) -> None:
    world = World(tmp_path)
    missed = world.market.bars["A"].ts_close_ns
    next_ns = int(missed[np.searchsorted(missed, world.cut_ns) + 1])
    with world.gateway() as served, pytest.raises(HistoryError) as refused:
        warmed_without("A", world, served, now_ns=next_ns)
    assert str(refused.value).startswith("A: planted; and the catalog's own bars do not do: A.US-1-DAY-LAST-EXTERNAL: ")
    assert f"neither catalog nor gateway has a bar of {utc(next_ns)[:10]}" in str(refused.value)


def warmed_without(symbol: str, world: World, served: Gateway, now_ns: int) -> WarmUp:
    """Warm up at a gateway that gives no bars of a symbol."""
    there = Endpoint(host=HOST, port=served.port, client_id=1, account="DU1234567", real_money=False)
    with HistoryLine(there, SETTINGS, world.said.append, Pacing(), Waiting().patience()) as line:

        def ask(request: HistoryRequest) -> list[HistoryBar]:
            if request.contract.symbol == symbol:
                raise HistoryUnavailableError(f"{symbol}: planted")
            return line.bars(request)

        return world.warm_up(now_ns=now_ns, ask=ask)


def test_a_series_without_a_name_at_the_broker_is_refused(tmp_path: Path) -> None:
    assert "B.US-1-DAY-LAST-EXTERNAL has no name at the broker" in refusal(
        World(tmp_path), contracts={bar_type_id("A.US", "1-DAY"): Contract(symbol="A")}
    )


def test_a_size_of_bar_that_is_not_asked_for_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.catalog.update() as update:
        for symbol in SYMBOLS:
            listing = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
            update.add_bars(f"{symbol}.US", "2-DAY", world.market.bars[symbol], listing, PROVENANCE)
    assert "market.bar is 2-DAY (allowed at the broker: 1-DAY, 1-HOUR, 1-MINUTE)" in refusal(
        world, firm_of("2-DAY", macro=False)
    )


def test_a_catalog_that_begins_too_late_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert "the catalog has 15 bars up to now" in refusal(world, now_ns=int(world.market.closes()[14]))


@pytest.mark.parametrize(
    ("name", "contract"),
    [
        ("AAPL.NASDAQ", Contract(symbol="AAPL", primary_exchange="NASDAQ")),
        ("BRK-B.NYSE", Contract(symbol="BRK B", primary_exchange="NYSE")),
        ("^SPX.CBOE", Contract(symbol="SPX", security_type="IND", exchange="CBOE")),
    ],
)
def test_an_instrument_is_named_as_the_broker_does(name: str, contract: Contract) -> None:
    assert broker_contract(InstrumentId.from_str(name)) == contract


# --- The requests -----------------------------------------------------------------------------------------------


@given(
    start_s=st.integers(1_000_000_000, 1_600_000_000),
    days=st.floats(0.01, 9_000),
    bar=st.sampled_from(["1-DAY", "1-HOUR", "1-MINUTE"]),
)
def test_requests_reach_from_the_start_to_now_without_a_hole(start_s: int, days: float, bar: Any) -> None:
    start_ns = start_s * SECOND_NS
    now_ns = start_ns + int(days * DAY_NS)
    wanted = Wanted(
        name="x", contract=Contract(symbol="A"), bar=bar, adjustment="raw", start_ns=start_ns, now_ns=now_ns
    )
    reached_ns = start_ns
    for request in requests(wanted):
        count, unit = request.duration.split()
        length = int(count) * {"D": 1, "Y": 365}[unit]
        end_ns = ended(request)
        assert length <= LENGTHS[wanted.bar][1]
        assert length <= 365 or unit == "Y"
        assert end_ns - length * DAY_NS <= reached_ns + SECOND_NS
        assert end_ns > reached_ns
        reached_ns = end_ns
    assert reached_ns >= now_ns


def ended(request: HistoryRequest) -> int:
    text = request.end
    day = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:]}"
    return int(np.datetime64(day, "ns").astype(np.int64))


def test_adjusted_bars_are_asked_for_where_the_catalog_is_adjusted_for_dividends_and_only_up_to_now() -> None:
    wanted = Wanted(
        name="x", contract=Contract(symbol="A"), bar="1-HOUR", adjustment="total_return", start_ns=0, now_ns=29 * DAY_NS
    )
    (request,) = requests(wanted)
    assert (request.what, request.end, request.duration) == ("ADJUSTED_LAST", "", "29 D")
    with pytest.raises(HistoryError, match="31 days are missing"):
        list(requests(replace(wanted, now_ns=31 * DAY_NS)))
    for adjustment in ("raw", "split"):
        assert [one.what for one in requests(replace(wanted, adjustment=adjustment))] == ["TRADES"]

"""The last quote of each round, from the bars of two sides, and nothing of a side that is not quoted."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.data.best_quote import BestQuote
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Times
from nautilus_ai_firm.data.quotes import Beside, QuoteSeries, last_quotes
from nautilus_ai_firm.data.stored_series import FOREVER_NS
from tests.watched_market import watched_market

SERIES = QuoteSeries(instrument_id="A.US", bid="bid", ask="ask", two_sided=True)
ONE_SIDED = QuoteSeries(instrument_id="A.US", bid="bid", ask="ask", two_sided=False)
STEP = 60


def side(times: list[int], price: float) -> BarColumns:
    """Bars whose close tells their time."""
    closes = np.array(times, dtype=np.int64)
    prices = price + closes / 1000
    return BarColumns(
        ts_open_ns=closes - STEP,
        ts_close_ns=closes,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=closes.astype(np.float64),
    )


def quotes(series: QuoteSeries, bid: list[int], ask: list[int], closes: list[int]) -> list[Any]:
    rounds: Times = np.array(closes, dtype=np.int64)
    return [data.data for data in last_quotes(series, side(bid, 9.0), side(ask, 11.0), rounds)]


def test_one_quote_a_round_the_last_one_at_its_close_included_and_one_after_all_rounds() -> None:
    times = [60, 120, 180, 240, 300, 360]
    found = quotes(SERIES, times, times, [120, 240])
    assert [(one.ts_event, one.bid, one.ask, one.bid_size, one.ask_size) for one in found] == [
        (120, 9.12, 11.12, 120, 120),
        (240, 9.24, 11.24, 240, 240),
        (360, 9.36, 11.36, 360, 360),
    ]


def test_in_the_universe_one_side_alone_is_no_quote_and_in_a_chain_the_other_is_missing() -> None:
    assert [one.ts_event for one in quotes(SERIES, [60, 120], [60], [120])] == [60]
    (found,) = quotes(ONE_SIDED, [60, 120], [60], [120])
    assert (found.ts_event, found.bid, found.bid_size) == (120, 9.12, 120)
    assert math.isnan(found.ask)
    assert math.isnan(found.ask_size)


def test_a_window_without_bars_has_no_quotes() -> None:
    for series in (SERIES, ONE_SIDED):
        assert quotes(series, [], [], [60]) == []
    assert quotes(SERIES, [60], [], [60]) == []
    assert len(quotes(ONE_SIDED, [60], [], [60])) == 1


MINUTES = st.lists(st.integers(1, 30).map(lambda minute: minute * STEP), unique=True).map(sorted)


@given(MINUTES, MINUTES, st.lists(st.integers(1, 1800), unique=True).map(sorted), st.booleans())
def test_each_round_has_the_quote_that_a_look_through_all_of_them_finds(
    bid: list[int], ask: list[int], closes: list[int], two_sided: bool
) -> None:
    series = SERIES if two_sided else ONE_SIDED
    found = quotes(series, bid, ask, closes)
    times = set(bid) & set(ask) if two_sided else set(bid) | set(ask)
    bounds = [0, *closes, 10**9]
    spans = [[ts for ts in times if after < ts <= until] for after, until in itertools.pairwise(bounds)]
    assert [one.ts_event for one in found] == [max(span) for span in spans if span]
    for one in found:
        assert math.isnan(one.bid) == (one.ts_event not in bid)
        assert math.isnan(one.ask) == (one.ts_event not in ask)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return Catalog(watched_market().write(tmp_path_factory.mktemp("watched") / "catalog"))


def test_a_window_has_quotes_and_events_only_where_they_are_asked_for(catalog: Catalog) -> None:
    bars, sides = "A.US-1-HOUR-LAST-EXTERNAL", [f"A.US-1-MINUTE-{side}-EXTERNAL" for side in ("BID", "ASK")]
    beside = Beside(
        quotes=(QuoteSeries(instrument_id="A.US", bid=sides[0], ask=sides[1], two_sided=True),), events=("fomc",)
    )
    assert catalog.window([bars], [], 0, FOREVER_NS).observations == []
    window: list[Any] = [one.data for one in catalog.window([bars], [], 0, FOREVER_NS, beside).observations]
    kind: Any = BestQuote  # its times are fields that the engine adds
    quoted = [one for one in window if isinstance(one, kind)]
    closes = catalog.bar_columns(bars).ts_close_ns.tolist()
    assert [one.ts_event for one in quoted] == closes
    bid = catalog.bar_columns(sides[0])
    assert [one.bid for one in quoted] == bid.close[np.searchsorted(bid.ts_close_ns, closes)].tolist()
    assert [one.series for one in window if not isinstance(one, kind)] == ["fomc", "fomc"]


def test_events_before_a_time_are_those_published_before_it(catalog: Catalog) -> None:
    rows = watched_market().events["earnings__A-US"]
    second = int(rows.ts_init_ns[1])
    assert [one.ts_init for one in catalog.notices_before(["earnings__A-US"], second)] == rows.ts_init_ns[:1].tolist()
    assert len(catalog.notices_before(["earnings__A-US", "fomc"], second + 1)) == 4
    assert catalog.notices_before([], second) == []

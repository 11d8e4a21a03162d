"""Quotes, events and chains reach the snapshot alike in a backtest, a session and its replay, and change no fill.

Whole journals are compared: every snapshot of every round, to the bit.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.runs.comparison import compare
from nautilus_ai_firm.runs.session_reading import Session, read_session
from nautilus_ai_firm.runs.wording import Names
from tests.firm_runs import run, settings
from tests.live_runs import Desk, assert_replays, assert_sealed, books, desk
from tests.runs.any_fact import bits
from tests.watched_market import SYMBOLS, WATCHES, WatchedMarket, rows, watched_market

WITHOUT: dict[str, Any] = {"market.bar": "1-HOUR"}
CUTS = 12


@pytest.fixture(scope="module")
def market() -> WatchedMarket:
    return watched_market(gaps={"B": slice(50, 200)})


@pytest.fixture(scope="module")
def made(market: WatchedMarket, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(tmp_path_factory.mktemp("desk"), market, WATCHES, bar="1-HOUR")


@pytest.fixture(scope="module")
def whole(made: Desk) -> Session:
    """What a backtest over all of it heard and said."""
    folder = made.folder / "backtest"
    run(made.loaded, made.catalog, folder, journal=True)
    return read_session(folder)


def snapshots(session: Session) -> list[Any]:
    return [bits(snapshot) for snapshot in session.of("snapshot")]


def watched_run(market: WatchedMarket, folder: Path, changes: dict[str, Any] = WATCHES, **study: Any) -> Session:
    run(settings(SYMBOLS, changes), market.write(folder / "catalog"), folder / "run", journal=True, **study)
    return read_session(folder / "run")


def test_the_fixture_has_something_to_see_in_every_field(whole: Session) -> None:
    told: list[MarketSnapshot] = whole.of("snapshot")
    assert len(told) == 56
    assert all(one.session_open_ns < one.ts_event <= one.session_close_ns for one in told)
    fresh = np.array([one.quotes.fresh for one in told if one.quotes is not None])
    assert fresh[:, 0].all()
    assert 0 < (~fresh[:, 1]).sum() < 5, "B has a gap"
    events = [one.events for one in told if one.events is not None]
    for name in ("last_ns", "next_ns"):
        distinct = {tuple(getattr(one, name).ravel().tolist()) for one in events}
        assert len(distinct) >= 4, name
    sizes = {len(one.chains[0].strike) for one in told}
    assert min(sizes) > 0
    assert len(sizes) > 4
    assert {bool(np.isnan(one.chains[0].bid).any()) for one in told} == {True, False}
    expiries = [len(set(one.chains[0].expiry_ns.tolist())) for one in told]
    assert expiries == sorted(expiries, reverse=True), "the first expiry goes, and does not come back"
    assert set(expiries) == {1, 2}
    for one in told:
        order = np.lexsort((one.chains[0].is_call, one.chains[0].strike, one.chains[0].expiry_ns))
        assert order.tolist() == list(range(len(order)))
        assert one.chains[0].spot == one.close[0], "prices of the universe are as traded"


def test_a_session_in_the_sandbox_sees_what_a_backtest_sees_and_replays_without_a_difference(
    made: Desk, whole: Session, tmp_path: Path
) -> None:
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "normal")
    session = read_session(tmp_path / "run")
    assert snapshots(session) == snapshots(whole)
    assert books(result) == books(made.backtest(tmp_path / "backtest"))
    assert_replays(tmp_path / "run")
    assert_replays(whole.path.parents[1])


@pytest.mark.slow
def test_bars_that_are_late_within_the_grace_change_nothing_of_what_is_seen(
    market: WatchedMarket, whole: Session, tmp_path: Path
) -> None:
    late = {"market.grace_ms": 5_000, "live": {"sandbox": {"max_bar_delay_ms": 4_000}}}
    made = desk(tmp_path / "desk", market, WATCHES | late, bar="1-HOUR")
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    session = read_session(tmp_path / "run")
    assert session.of("late_bar") == []
    assert snapshots(session) == snapshots(whole)
    assert_replays(tmp_path / "run")


def test_watching_changes_no_fill_and_no_decision(market: WatchedMarket, made: Desk, tmp_path: Path) -> None:
    blind = run(settings(SYMBOLS, WITHOUT), market.write(tmp_path / "catalog"), tmp_path / "blind")
    seeing = made.backtest(tmp_path / "seeing")
    assert seeing.summary["fills"] > 20
    assert books(seeing) == books(blind)


def test_neither_cuts_of_the_stream_nor_the_order_of_the_data_change_a_snapshot(
    market: WatchedMarket, whole: Session, tmp_path: Path
) -> None:
    closes = market.closes()
    cuts = np.random.default_rng(3).integers(int(closes[0]), int(closes[-1]), 15).tolist()
    found = watched_run(market, tmp_path, cuts=cuts, arrange=lambda data: data[::-1])
    assert snapshots(found) == snapshots(whole)


def test_a_run_that_begins_later_knows_the_events_of_before(
    market: WatchedMarket, whole: Session, tmp_path: Path
) -> None:
    for name, warm_up in (("cold", 0), ("warm", 10)):
        dates = {"market.start": np.datetime64("2012-01-11").item(), "market.warm_up_rounds": warm_up}
        found = watched_run(market, tmp_path / name, WATCHES | dates)
        of_whole = {one.ts_event: one for one in whole.of("snapshot")}
        later = found.of("snapshot")
        assert len(later) == 21
        for one in later:
            for field in ("session_open_ns", "session_close_ns", "quotes", "events", "chains"):
                assert bits(getattr(one, field)) == bits(getattr(of_whole[one.ts_event], field))


# --- What is not known yet is not seen ------------------------------------------------------------------------------


def assert_same_past(whole: Session, cut: Session) -> None:
    ours, theirs = snapshots(whole), snapshots(cut)
    assert 10 < len(theirs) <= len(ours)
    assert theirs == ours[: len(theirs)]


@pytest.mark.parametrize(
    "number", [pytest.param(number, marks=[pytest.mark.slow] if number >= 4 else []) for number in range(CUTS)]
)
def test_with_the_future_cut_away_every_snapshot_stays_as_it_was(
    market: WatchedMarket, whole: Session, tmp_path: Path, number: int
) -> None:
    closes = market.closes()
    cut_ns = int(np.random.default_rng([4, number]).integers(int(closes[15]), int(closes[-1])))
    assert_same_past(whole, watched_run(market.cut(cut_ns), tmp_path))


def early_events(market: WatchedMarket) -> WatchedMarket:
    """Events that count as announced an hour before anyone knew."""
    hour = 60 * MINUTE_NS
    events = {
        name: rows(list(zip(known.ts_event_ns.tolist(), (known.ts_init_ns - hour).tolist(), strict=True)))
        for name, known in market.events.items()
    }
    return replace(market, events=events)


def early_quotes(market: WatchedMarket) -> WatchedMarket:
    """Quotes of contracts that stand an hour before they were made."""
    hour = 60 * MINUTE_NS
    return replace(
        market,
        sides={
            key: replace(bars, ts_open_ns=bars.ts_open_ns - hour, ts_close_ns=bars.ts_close_ns - hour)
            for key, bars in market.sides.items()
        },
    )


@pytest.mark.parametrize("early", [early_events, early_quotes])
def test_the_test_above_finds_what_is_known_too_early(
    market: WatchedMarket, tmp_path: Path, early: Callable[[WatchedMarket], WatchedMarket]
) -> None:
    # just before B's second earnings date, of which the sources tell three hours into its session
    cut_ns = int(market.events["earnings__B-US"].ts_init_ns[1]) - MINUTE_NS
    whole, cut = (watched_run(early(one), tmp_path / name) for name, one in (("w", market), ("c", market.cut(cut_ns))))
    ours, theirs = snapshots(whole), snapshots(cut)
    assert theirs != ours[: len(theirs)]


# --- What differs is named ------------------------------------------------------------------------------------------


def with_another_bid(market: WatchedMarket) -> WatchedMarket:
    bid = market.sides["A.US", "BID"]
    closes = bid.close.copy()
    closes[389] = np.round(closes[389] - 0.01, 4)
    spoilt = replace(bid, close=closes, low=np.minimum(bid.low, closes))
    return replace(market, sides=market.sides | {("A.US", "BID"): spoilt})


def with_another_event(market: WatchedMarket) -> WatchedMarket:
    known = market.events["fomc"]
    times = list(zip((known.ts_event_ns + MINUTE_NS).tolist(), known.ts_init_ns.tolist(), strict=True))
    return replace(market, events=market.events | {"fomc": rows(times)})


def without_a_contract(market: WatchedMarket) -> WatchedMarket:
    gone = "A120217P00090000.US"
    return replace(market, sides={key: bars for key, bars in market.sides.items() if key[0] != gone})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (with_another_bid, "snapshot quotes.bid A.US: "),
        (with_another_event, "snapshot events.last_ns [0, 0]: "),
        (without_a_contract, "snapshot chains[0].strike: "),
    ],
)
def test_another_market_is_another_snapshot_and_the_report_says_where(
    market: WatchedMarket, whole: Session, tmp_path: Path, spoil: Callable[[WatchedMarket], WatchedMarket], said: str
) -> None:
    other = watched_run(spoil(market), tmp_path)
    names = Names(instruments=("A.US", "B.US"), inputs=())
    differences = compare(whole.entries, other.entries, names).differences
    assert differences[0].cause == "market_data"
    assert differences[0].text.startswith(said)

"""Stops in whole runs: live from the fill on, filled at their trigger or worse, and never decided on the future."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.average_true_range import AverageTrueRange
from nautilus_ai_firm.runs.folder import Run, open_run
from tests.acceptance.conftest import SLICED
from tests.firm_runs import ROOT, Market, Past, audit, fills, run, settings, synthetic_market
from tests.live_runs import assert_replays, books, desk

SYMBOLS = ["A", "B"]
SESSIONS, CUT = 140, 110
TIGHT = {"initial_atr": 0.5, "trailing_atr": 1.5, "break_even_gain": 0.02, "max_rounds": 6, "atr_rounds": 5}
FREE = {"risk.stops": TIGHT, "execution.no_trade_band": 0.0}
BRACKET = TIGHT | {"take_profit_atr": 0.6}
"""Close enough to be reached inside bars and by gaps, with every rule at work."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run with stops, and its market."""

    market: Market
    catalog: Path
    run: Run


@pytest.fixture(scope="module")
def market() -> Market:
    return synthetic_market(SYMBOLS, SESSIONS)


@pytest.fixture(scope="module")
def stopped(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    folder = tmp_path_factory.mktemp("stops")
    catalog = market.write(folder / "catalog")
    return Stopped(market, catalog, run(settings(SYMBOLS, FREE), catalog, folder / "run"))


def is_stop(order_id: str) -> bool:
    return order_id.startswith("S")


def triggers(result: Run) -> dict[str, float]:
    """Last trigger of every stop, by order id: where it was sent, and where it was moved to since."""
    found: dict[str, float] = {}
    for fact in audit(result.folder, "gate", "order"):
        if is_stop(fact["client_order_id"]) and (fact["kind"] == "gate" or fact["event"] == "updated"):
            found[fact["client_order_id"]] = float(fact["price"])
    return found


def paths(result: Run) -> list[tuple[dict[str, Any], int, int]]:
    """Every fill with the position of its instrument before and after it."""
    held: defaultdict[str, int] = defaultdict(int)
    found = []
    for row in fills(result):
        before = held[row["instrument_id"]]
        held[row["instrument_id"]] += int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        found.append((row, before, held[row["instrument_id"]]))
    return found


def assert_no_stop_turns_a_position(result: Run) -> None:
    closing = [(before, after) for row, before, after in paths(result) if is_stop(row["client_order_id"])]
    assert closing
    for before, after in closing:
        assert abs(after) < abs(before)
        assert before * after >= 0


def prices_of(market: Market, row: dict[str, Any]) -> tuple[bool, float, float, float]:
    """Whether a fill came with an opening tick, and open, low and high of its bar."""
    bars = market.bars[row["instrument_id"].split(".")[0]]
    bar = int(np.searchsorted(bars.ts_close_ns, row["ts"]))
    return row["ts"] < bars.ts_close_ns[bar], float(bars.open[bar]), float(bars.low[bar]), float(bars.high[bar])


def test_stops_fill_at_their_trigger_or_at_the_gap_and_never_better(stopped: Stopped) -> None:
    trigger, kinds = triggers(stopped.run), defaultdict(int)
    for row in fills(stopped.run):
        if not is_stop(row["client_order_id"]):
            continue
        at, price = trigger[row["client_order_id"]], float(row["price"])
        at_open, opening, low, high = prices_of(stopped.market, row)
        assert price <= at if row["side"] == "SELL" else price >= at
        assert low <= price <= high
        if at_open:
            kinds["gap"] += 1
            assert price == pytest.approx(opening, abs=1e-4)
        else:
            kinds["inside"] += 1
            assert price == pytest.approx(at, abs=1e-9)
    assert kinds["gap"] > 5
    assert kinds["inside"] > 5


def test_a_stop_is_live_inside_the_bar_in_which_its_position_was_opened(stopped: Stopped) -> None:
    opened: dict[str, int] = {}
    same_bar = 0
    closes = stopped.market.bars["A"].ts_close_ns
    for row, before, after in paths(stopped.run):
        bar = int(np.searchsorted(closes, row["ts"]))
        if before * after <= 0 and after:
            opened[row["instrument_id"]] = bar
        elif is_stop(row["client_order_id"]):
            same_bar += bar == opened[row["instrument_id"]]
    assert same_bar > 5


def test_no_stop_turns_a_position_and_every_rule_is_at_work(stopped: Stopped) -> None:
    assert_no_stop_turns_a_position(stopped.run)
    causes = {fact["cause"] for fact in audit(stopped.run.folder, "command")}
    assert causes == {"initial stop", "trailing stop", "break-even stop", "time stop"}
    states = {fact["state"] for fact in audit(stopped.run.folder, "parent") if is_stop(fact["parent_order_id"])}
    assert {"filled: initial stop", "filled: trailing stop", "filled: break-even stop"} <= states


def test_every_position_has_a_stop_of_its_size_when_a_round_closes(stopped: Stopped) -> None:
    """From the records alone: what is open at the venue after each round, against what is held."""
    held: defaultdict[str, int] = defaultdict(int)
    resting: dict[str, dict[str, int]] = {"A.US": {}, "B.US": {}}
    checked = 0
    for fact in audit(stopped.run.folder):
        kind, name, order_id = fact["kind"], fact.get("instrument_id", ""), fact.get("client_order_id", "")
        if kind == "gate" and fact["is_stop"]:
            resting[name][order_id] = abs(fact["quantity"])
        elif kind == "order" and fact["event"] == "filled":
            held[name] += int(fact["quantity"]) * (1 if fact["side"] == "BUY" else -1)
            if is_stop(order_id):
                resting[name][order_id] -= int(fact["quantity"])
        elif kind == "order" and fact["event"] == "updated":
            resting[name][order_id] = int(fact["quantity"])
        elif kind == "order" and fact["event"] == "canceled" and is_stop(order_id):
            resting[name].pop(order_id)
        elif kind == "decision":
            for instrument, stops in resting.items():
                assert sum(stops.values()) == abs(held[instrument])
                checked += bool(held[instrument])
    assert checked > SESSIONS // 2


def test_take_profits_fill_at_their_limit_or_better_and_no_exit_turns_a_position(
    stopped: Stopped, tmp_path: Path
) -> None:
    result = run(settings(SYMBOLS, FREE | {"risk.stops": BRACKET}), stopped.catalog, tmp_path / "run")
    limits = {
        fact["client_order_id"]: float(fact["price"])
        for fact in audit(result.folder, "gate")
        if fact["decision_id"].startswith("T")
    }
    taken = [row for row in fills(result) if row["client_order_id"] in limits]
    assert len(taken) == result.summary["take_profit_fills"] > 10
    for row in taken:
        at_open, opening, low, high = prices_of(stopped.market, row)
        limit, price = limits[row["client_order_id"]], float(row["price"])
        assert price >= limit if row["side"] == "SELL" else price <= limit
        if price == pytest.approx(limit, abs=1e-9):  # also where a gap has jumped it, worse than a market would
            assert low <= price <= high or (at_open and not low <= limit <= high)
        else:  # it had passed its limit when it was sent
            assert at_open
            assert price == pytest.approx(opening, abs=1e-4)
    for row, before, after in paths(result):
        if row["client_order_id"][0] in "ST":
            assert abs(after) < abs(before)
            assert before * after >= 0
    unprotected = result.summary["unprotected"]
    assert unprotected["fills"] > 50
    assert (unprotected["max_ms"], unprotected["max_quantity"], unprotected["attached_fills"]) == (0.0, 0, 0)


def test_after_a_stop_nothing_new_is_opened_for_the_stated_rounds(stopped: Stopped) -> None:
    out: dict[str, int] = {}
    for row, before, after in paths(stopped.run):
        name = row["instrument_id"]
        if is_stop(row["client_order_id"]):
            out[name] = row["round"] if not after else out.get(name, 0)
        elif abs(after) > abs(before) and name in out:
            assert row["round"] > out[name] + 1
    refusals = {rule: count for desk, rule, count in stopped.run.summary["refusals"] if desk == "gate"}
    assert refusals["stopped_out"] > 5


def test_without_a_cool_down_the_next_round_may_open_again(stopped: Stopped, tmp_path: Path) -> None:
    loaded = settings(SYMBOLS, FREE | {"risk.stops": TIGHT | {"cool_down_rounds": 0}})
    other = run(loaded, stopped.catalog, tmp_path / "run")
    assert "stopped_out" not in {rule for _, rule, _ in other.summary["refusals"]}
    assert other.summary["fills"] > stopped.run.summary["fills"]


def test_watched_stops_close_at_the_tick_that_reaches_them(stopped: Stopped, tmp_path: Path) -> None:
    loaded = settings(SYMBOLS, FREE | {"risk.stops": TIGHT | {"working": "watched"}})
    other = run(loaded, stopped.catalog, tmp_path / "run")
    assert_no_stop_turns_a_position(other)
    assert set(other.table("orders")["type"]) == {"MARKET"}
    for row in fills(other):
        if is_stop(row["client_order_id"]):
            at_open, opening, _, _ = prices_of(stopped.market, row)
            assert at_open
            assert float(row["price"]) == pytest.approx(opening, abs=1e-4)


def test_sliced_orders_and_stops_share_a_position(tmp_path: Path) -> None:
    minutes = synthetic_market(SYMBOLS, 1, "1-MINUTE")
    catalog = minutes.write(tmp_path / "catalog", "1-MINUTE")
    loaded = settings(SYMBOLS, SLICED | {"risk.stops": TIGHT | {"max_rounds": 40}}, macro=False)
    result = run(loaded, catalog, tmp_path / "run")
    assert_no_stop_turns_a_position(result)
    assert any(row["exec_algorithm"] == "TWAP" for row in fills(result))


@pytest.mark.parametrize("kind", ["venue", "watched", "take profits"])
def test_decisions_and_fills_before_a_cut_stay_as_they_were(
    market: Market, stopped: Stopped, tmp_path: Path, kind: str
) -> None:
    stops = BRACKET if kind == "take profits" else TIGHT | {"working": kind}
    loaded = settings(SYMBOLS, FREE | {"risk.stops": stops})
    cut_ns = int(market.closes()[CUT])
    cut = run(loaded, market.cut(cut_ns).write(tmp_path / "catalog"), tmp_path / "cut")
    whole = stopped.run if kind == "venue" else run(loaded, stopped.catalog, tmp_path / "whole")
    until_ns = int(cut.table("equity")["ts"].iloc[-1].value)
    ours, theirs = Past.of(whole, until_ns), Past.of(cut, until_ns)
    ends = "the run ended"
    assert [line for line in theirs.decided if ends not in line] == [line for line in ours.decided if ends not in line]
    assert theirs.traded == ours.traded
    assert sum(is_stop(json.loads(line)["client_order_id"]) for line in theirs.traded) > 5


def test_a_planted_distance_of_the_whole_sample_shows(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a distance that knows how far prices will go."""
    loaded, told = settings(SYMBOLS, FREE), []

    def told_update(_self: Any, *_bar: Any) -> np.ndarray:
        return np.array([told[-1].bars[symbol].close.std() / 10 for symbol in SYMBOLS])

    monkeypatch.setattr(AverageTrueRange, "update", told_update)
    runs = []
    for name, one in (("whole", market), ("cut", market.cut(int(market.closes()[CUT])))):
        told.append(one)
        runs.append(run(loaded, one.write(tmp_path / f"{name}-catalog"), tmp_path / name))
    until_ns = int(runs[1].table("equity")["ts"].iloc[-1].value)
    assert Past.of(runs[0], until_ns).traded != Past.of(runs[1], until_ns).traded


STOPS_ALONE_OR_NOT = [
    pytest.param(TIGHT, id="stops", marks=pytest.mark.slow),  # the others have stops as well
    pytest.param(BRACKET, id="take profits"),
]


@pytest.mark.parametrize("stops", STOPS_ALONE_OR_NOT)
def test_a_session_in_the_sandbox_does_what_a_backtest_does(
    market: Market, tmp_path: Path, stops: dict[str, float]
) -> None:
    made = desk(tmp_path / "desk", market.cut(int(market.closes()[70])), FREE | {"risk.stops": stops})
    ended = made.run(tmp_path / "session")
    assert (ended.status, ended.errors) == (0, [])
    session, backtest = open_run(tmp_path / "session"), made.backtest(tmp_path / "run")
    assert books(session) == books(backtest)
    assert sum(is_stop(row["client_order_id"]) for row in fills(session)) > 5
    assert_replays(tmp_path / "session")
    assert (session.summary["take_profit_fills"] > 3) == (stops is BRACKET)
    assert session.summary["unprotected"] == backtest.summary["unprotected"]
    columns = ["type", "side", "quantity", "status", "trigger_price"]
    ours, theirs = (
        one.table("orders").set_index("client_order_id")[columns].sort_index() for one in (session, backtest)
    )
    assert ours.equals(theirs)


ON_THE_WALL = """
from nautilus_ai_firm.clock import MarketClock
MarketClock.received_ns = lambda self, event: event.ts_init
"""
"""Records every event of an order with the time on the wall at which the node made it."""


@pytest.mark.parametrize("stops", STOPS_ALONE_OR_NOT)
def test_in_the_sandbox_no_fill_is_without_a_stop_for_longer_than_a_quarter_of_a_second(
    tmp_path: Path, stops: dict[str, float]
) -> None:
    """On the wall, with sliced entries: what the records of a session say by market time is 0."""
    minutes = synthetic_market(SYMBOLS, 1, "1-MINUTE")
    changes = SLICED | {"risk.stops": stops | {"max_rounds": 40}}
    made = desk(tmp_path / "desk", minutes.cut(int(minutes.closes()[120])), changes, bar="1-MINUTE", macro=False)
    ended = made.run(tmp_path / "session", planted=ON_THE_WALL)
    assert (ended.status, ended.errors) == (0, [])
    unprotected = open_run(tmp_path / "session").summary["unprotected"]
    assert unprotected["fills"] > 50
    assert 0 < unprotected["p50_ms"] <= unprotected["p99_ms"] <= unprotected["max_ms"] <= 250


@pytest.mark.slow
def test_two_fresh_processes_and_a_stream_cut_everywhere_agree(stopped: Stopped, tmp_path: Path) -> None:
    def fresh(seed: int) -> str:
        command = [sys.executable, "-W", "error", "-m", "tests.firm_runs", str(stopped.catalog), "A,B"]
        done = subprocess.run(
            [*command, json.dumps(FREE)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    cuts = sorted({int(ts) + delta for ts in stopped.market.closes() for delta in (0, 1)})
    again = run(settings(SYMBOLS, FREE), stopped.catalog, tmp_path / "run", cuts=cuts)
    sha256 = stopped.run.summary["result_sha256"]
    assert (fresh(1), fresh(2), again.summary["result_sha256"]) == (sha256, sha256, sha256)

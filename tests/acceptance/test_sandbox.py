"""A session in the sandbox, by its command: what it prints and leaves behind, and that a backtest does the same."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.research.session_command import session
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.firm_runs import Market, audit, run, synthetic_market
from tests.live_runs import (
    RUN_FILES,
    SLICED,
    Desk,
    assert_done_once,
    assert_sealed,
    books,
    desk,
    end_of,
    minute_market,
    write_config,
)

ROUNDS = 60
MISSING = [20, 21, 40, 52]
STATUS = re.compile(
    r"SANDBOX \d{4}-\d\d-\d\d \d\d:\d\d UTC \| equity [\d,]+\.\d\d USD \| \d+ positions, gross \d+%, net [+-]\d+% \| "
    r"\d+ working \| round [\d,]+, agents 3/3 \| [\d,]+ fills \| \S.*"
)
HALTED = {
    "market.bar": "1-HOUR",
    "risk.max_drawdown": 0.02,
    "costs.commission_bps": 30.0,
    "cio.target_volatility_per_year": 0.8,
    "execution.no_trade_band": 0.0,
    "execution.twap.above_participation": 0.5,
}
"""A firm whose costs trip its drawdown limit within a few days."""


def without(columns: BarColumns, places: Any) -> BarColumns:
    keep = np.ones(len(columns), dtype=np.bool_)
    keep[places] = False
    return columns.take(keep)


@pytest.fixture
def daily(tmp_path: Path) -> Desk:
    """Two stocks, the second of which misses some days, an index and two macro series."""
    return desk(tmp_path / "desk", gappy())


def gappy() -> Market:
    whole = synthetic_market(["A", "B"], ROUNDS)
    return replace(whole, bars=whole.bars | {"B": without(whole.bars["B"], MISSING)})


def with_one_other_close(market: Market) -> Market:
    """One close of one bar is a tenth of a percent higher."""
    bars = market.bars["B"]
    closes = bars.close.copy()
    closes[45] = np.round(closes[45] * 1.001, 4)
    spoilt = replace(bars, close=closes, high=np.maximum(bars.high, closes), low=np.minimum(bars.low, closes))
    return replace(market, bars=market.bars | {"B": spoilt})


def test_the_command_trades_prints_status_and_leaves_a_complete_run_that_a_backtest_repeats(
    daily: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    ended = daily.run(out, "--venue", "sandbox")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.splitlines()[1].startswith("| SANDBOX: market data is replayed from the catalog and every fill is")
    assert len(ended.status_lines) >= 2
    assert [line for line in ended.status_lines if not STATUS.fullmatch(line)] == []
    assert f"round {ROUNDS}," in ended.status_lines[-1]
    result = assert_sealed(out, "normal")
    assert {path.name for path in out.iterdir()} == RUN_FILES
    assert result.summary["not_modelled"][0].startswith("a broker: this was a sandbox")
    assert result.summary["fills"] > 20
    assert f"{result.summary['fills']} fills" in ended.status_lines[-1]
    assert "audit chain" in verify_run(out)
    session_ = assert_done_once(out)
    assert session_.complete
    stale = [snapshot.round - 1 for snapshot in session_.of("snapshot") if not snapshot.fresh.all()]
    assert stale == MISSING
    recorded = books(result)
    assert books(daily.backtest(tmp_path / "backtest")) == recorded
    catalog = with_one_other_close(gappy()).write(tmp_path / "other")  # the negative control of every comparison here
    found = books(run(daily.loaded, catalog, tmp_path / "other_backtest"))
    assert found["rounds"] == recorded["rounds"]
    assert {name for name in recorded if found[name] != recorded[name]} >= {"result_sha256", "fills", "decisions"}


def test_without_run_it_is_built_and_checked_and_nothing_is_left_behind(daily: Desk, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    where = ["--config", str(daily.config), "--catalog", str(daily.catalog), "--out", str(tmp_path / "run")]
    ended = end_of(daily.start("--venue", "sandbox", *where))
    assert (ended.status, ended.errors) == (0, [])
    last = ended.out.splitlines()[-1]
    assert last.startswith(f"built and checked: {ROUNDS} rounds from 2012-01-03")
    assert last.endswith("run it with --run")
    assert sorted(tmp_path.rglob("*")) == before


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    try:
        status = session("", config="none", catalog_command="firm catalog demo", arguments=arguments)
    except SystemExit as left:  # argparse does not return
        status = left.code
    assert status == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "error: " in last
    return last


def test_what_cannot_be_used_is_one_line_and_leaves_nothing_behind(
    daily: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, catalog, out = str(daily.config), str(daily.catalog), tmp_path / "run"
    where = ("--config", config, "--catalog", catalog, "--out", str(out), "--run")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "something").touch()
    bad = tmp_path / "bad.toml"
    bad.write_text(daily.config.read_text().replace("max_gross", "max_groos"))
    assert "max_groos" in refused(capsys, *where, "--config", str(bad))
    assert "no such file" in refused(capsys, *where, "--config", str(tmp_path / "none.toml"))
    assert "holds no A.US-1-DAY" in refused(capsys, *where, "--catalog", str(tmp_path / "none"))
    assert "firm catalog demo" in refused(capsys, *where, "--catalog", str(tmp_path / "none"))
    assert "never overwrites" in refused(capsys, *where, "--out", str(taken))
    assert "no data from 1990-01-02" in refused(capsys, *where, "--start", "1990-01-02", "--end", "1990-01-02")
    for option, value in (("--minutes", "0"), ("--minutes", "-1"), ("--minutes", "nan"), ("--speed", "-1")):
        assert f"argument {option}: {value!r} (allowed: " in refused(capsys, *where, option, value)
    assert "--venue" in refused(capsys, *where, "--venue", "nyse")
    assert "not a run folder" in refused(capsys, "--run", "--resume", str(tmp_path / "none")) or not out.exists()
    assert not out.exists()


@pytest.mark.slow
def test_minute_bars_in_slices_that_span_rounds_give_what_a_backtest_gives(tmp_path: Path) -> None:
    made = desk(
        tmp_path / "desk",
        minute_market(["A", "B"], 150),
        SLICED | {"signals.hosting": "shared"},
        bar="1-MINUTE",
        macro=False,
    )
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "normal")
    assert books(made.backtest(tmp_path / "backtest")) == books(result)
    session_ = assert_done_once(tmp_path / "run")
    at = {snapshot.round: snapshot.ts_event for snapshot in session_.of("snapshot")}
    rounds_of_parent: dict[str, set[int]] = {}
    for row in session_.of("order"):
        if row.kind == "filled" and row.parent_order_id is not None:
            seen = max(number for number, ts in at.items() if ts < row.ts_event)
            rounds_of_parent.setdefault(row.parent_order_id, set()).add(seen)
    assert max(map(len, rounds_of_parent.values())) >= 3


@pytest.mark.slow
def test_a_drawdown_halt_on_hourly_bars_is_that_of_a_backtest_and_latches_the_file_for_the_next_session(
    tmp_path: Path,
) -> None:
    made = desk(
        tmp_path / "desk", synthetic_market(["A", "B"], 25, "1-HOUR", start=date(2012, 6, 20)), HALTED, bar="1-HOUR",
        macro=False,
    )  # fmt: skip
    simulated = made.backtest(tmp_path / "backtest")
    assert not made.switch.exists()
    first = made.run(tmp_path / "first")
    assert first.status == 0, first.errors
    assert books(assert_sealed(tmp_path / "first", "normal")) == books(simulated)
    (halt, *_) = audit(tmp_path / "first", "command")
    assert (halt["action"], halt["who"]) == ("halt", "risk")
    assert any(f"HALT by risk: {halt['cause']}" in line for line in first.status_lines)
    assert '"latched": true' in made.switch.read_text()
    next_ = made.run(tmp_path / "next")
    assert next_.status == 0
    result = assert_sealed(tmp_path / "next", "normal")
    assert result.summary["rounds"] == simulated.summary["rounds"]
    assert result.summary["orders"] == 0
    assert audit(tmp_path / "next", "command")[0]["cause"] == halt["cause"]


def test_a_session_that_warmed_up_decides_in_its_first_round_what_a_backtest_that_began_earlier_decides(
    tmp_path: Path,
) -> None:
    market = synthetic_market(["A", "B"], ROUNDS)
    closes = market.closes().astype("datetime64[ns]").astype("datetime64[D]").tolist()
    first, warm_up = 45, 45
    dates = {"market.start": closes[first], "market.end": closes[first + 3], "execution.no_trade_band": 0.0}
    made = desk(tmp_path / "desk", market, dates | {"market.warm_up_rounds": warm_up})
    ended = made.run(tmp_path / "warm")
    assert ended.status == 0, ended.errors
    assert [entry.record for entry in read_session(tmp_path / "warm").entries].count("history") > 2 * warm_up
    found = first_round(tmp_path / "warm", closes[first])
    for name, given in (("earlier", {"market.end": closes[first + 3]}), ("cold", dates)):
        write_config(made, tuple(market.bars), given | {"execution.no_trade_band": 0.0})
        run(made.loaded, made.catalog, tmp_path / name, journal=True)
    expected = first_round(tmp_path / "earlier", closes[first])
    assert np.any(np.frombuffer(expected["weights"]) != 0)
    assert found == expected
    assert first_round(tmp_path / "cold", closes[first]) != expected


def first_round(folder: Path, day: date) -> dict[str, Any]:
    """Signals and the CIO's weights of the round of a day, to the bit."""
    session_ = read_session(folder)
    (ts,) = (
        snapshot.ts_event
        for snapshot in session_.of("snapshot")
        if np.datetime64(snapshot.ts_event, "ns").astype("datetime64[D]") == np.datetime64(day)
    )
    (decision,) = (one for one in session_.of("decision") if one.ts_event == ts)
    signals = {
        one.agent: one.score.tobytes() + one.confidence.tobytes() for one in session_.of("signal") if one.ts_event == ts
    }
    return {"weights": decision.weights.tobytes(), "agents": decision.agents, "signals": signals}


@pytest.mark.slow
def test_minutes_on_the_wall_end_a_session(daily: Desk, tmp_path: Path) -> None:
    ended = daily.run(tmp_path / "run", "--minutes", "0.05", "--start", "2012-01-20", speed=200_000)
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "minutes")
    assert 0 < result.summary["rounds"] < ROUNDS
    assert result.summary["wall_seconds"] == pytest.approx(3.0, abs=2.0)
    assert {path.name for path in (tmp_path / "run").iterdir()} == RUN_FILES


LATE = {"market.grace_ms": 2_000, "live.sandbox.max_bar_delay_ms": 3_000}


def late_desk(tmp_path: Path, changes: dict[str, Any]) -> Desk:
    live = {"live": {"sandbox": {"max_bar_delay_ms": changes.pop("live.sandbox.max_bar_delay_ms")}}}
    market = minute_market(["A", "B"], 120)
    return desk(tmp_path / "desk", market, SLICED | changes | live, bar="1-MINUTE", macro=False)


def test_bars_later_than_the_grace_are_recorded_and_their_instrument_gets_no_new_exposure(tmp_path: Path) -> None:
    made = late_desk(tmp_path, dict(LATE))
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "normal")
    assert result.summary["rounds"] == 120
    assert any("late bar of" in line for line in ended.status_lines)
    session_ = assert_done_once(tmp_path / "run")
    stale = {
        (snapshot.ts_event, made.loaded.firm.instrument_ids[place])
        for snapshot in session_.of("snapshot")
        for place in np.flatnonzero(~snapshot.fresh)
    }
    late = {(one.ts_event, one.instrument_id) for one in session_.of("late_bar")}
    assert len(late) > 20
    assert late == stale
    rounds = [snapshot.round for snapshot in session_.of("snapshot")]
    assert rounds == list(range(1, 121))
    checked = 0
    for cleared in session_.of("cleared"):
        decision = cleared.risked.decision
        for place in np.flatnonzero(~decision.fresh):
            current, weight = decision.current[place], cleared.weights[place]
            assert min(current, 0) <= weight <= max(current, 0)
            checked += 1
    assert checked == len(stale)


@pytest.mark.slow
def test_bars_within_the_grace_leave_every_round_complete(tmp_path: Path) -> None:
    made = late_desk(tmp_path, {"market.grace_ms": 2_000, "live.sandbox.max_bar_delay_ms": 1_900})
    ended = made.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    session_ = assert_done_once(tmp_path / "run")
    assert session_.of("late_bar") == []
    snapshots = session_.of("snapshot")
    assert len(snapshots) == 120
    assert all(snapshot.fresh.all() for snapshot in snapshots)
    assert assert_sealed(tmp_path / "run", "normal").summary["fills"] > 20

"""Gaps, jumps and odd values at run time: nothing carries over silently, and the run goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.recorder import RunRecorder
from tests.acceptance.conftest import Studied
from tests.faults.conftest import MINUTES
from tests.firm_runs import Market, audit, decisions, fills, market_events, run, settings, synthetic_market

ROUNDS = 120
GAPS = np.sort(np.random.default_rng(5).choice(np.arange(5, ROUNDS - 2), 30, replace=False))


def without(columns: BarColumns, places: Any) -> BarColumns:
    keep = np.ones(len(columns), dtype=np.bool_)
    keep[places] = False
    return columns.take(keep)


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Stock A trades daily, stock B misses thirty random days."""
    folder = tmp_path_factory.mktemp("gappy")
    whole = synthetic_market(["A", "B"], ROUNDS)
    market = replace(whole, bars=whole.bars | {"B": without(whole.bars["B"], GAPS)})
    catalog, loaded = market.write(folder / "catalog"), settings(["A", "B"], {"execution.no_trade_band": 0.0})
    snapshots.clear()
    with pytest.MonkeyPatch.context() as spy:
        honest = RunRecorder.snapshot
        spy.setattr(RunRecorder, "snapshot", lambda self, seen: (snapshots.append(seen), honest(self, seen))[1])
        result = run(loaded, catalog, folder / "run")
    return Studied(market=market, catalog=catalog, loaded=loaded, run=result)


snapshots: list[Any] = []


def test_a_missing_bar_is_marked_and_keeps_its_last_close_without_volume(gappy: Studied) -> None:
    assert gappy.run.summary["rounds"] == len(snapshots) == ROUNDS
    stale = [seen for seen in snapshots if not seen.fresh[1]]
    assert [seen.round - 1 for seen in stale] == GAPS.tolist()
    for seen in stale:
        before = snapshots[seen.round - 2]
        assert seen.fresh[0]
        assert seen.open[1] == seen.high[1] == seen.low[1] == seen.close[1] == before.close[1]
        assert seen.volume[1] == 0


def test_a_stale_instrument_gets_no_new_exposure(gappy: Studied) -> None:
    stale = {seen.round for seen in snapshots if not seen.fresh[1]}
    checked = 0
    for line in decisions(gappy.run.folder):
        if line["round"] in stale:
            checked += 1
            current, cleared = line["current"][1], line["compliance"][1]
            assert min(current, 0) <= cleared <= max(current, 0)
    assert checked > 10
    assert not [row for row in fills(gappy.run) if row["instrument_id"] == "B.US" and row["round"] in stale]


def test_an_order_whose_market_does_not_open_is_dropped_at_the_next_round(gappy: Studied) -> None:
    dropped = [fact for fact in audit(gappy.run.folder, "parent") if fact["state"].startswith("dropped: no trade")]
    assert dropped
    stale = {seen.round: seen.ts_event for seen in snapshots if not seen.fresh[1]}
    for fact in dropped:
        assert fact["instrument_id"] == "B.US"
        assert fact["round"] + 1 in stale
        assert fact["ts"] == stale[fact["round"] + 1] + 1
        assert fact["filled_quantity"] == 0


def test_nothing_is_filled_away_from_the_market(gappy: Studied) -> None:
    names = [f"{symbol}.US-1-DAY-LAST-EXTERNAL" for symbol in "AB"]
    events = market_events(gappy.catalog, names)
    rows = fills(gappy.run)
    assert len(rows) > 50
    assert all((row["instrument_id"], row["ts"], row["price"]) in events for row in rows)


def test_a_stock_that_starts_late_is_not_traded_before(tmp_path: Path) -> None:
    whole = synthetic_market(["A", "B"], ROUNDS)
    market = replace(whole, bars=whole.bars | {"B": whole.bars["B"].take(slice(50, None))})
    result = run(settings(["A", "B"]), market.write(tmp_path / "catalog"), tmp_path / "run")
    assert result.summary["rounds"] == ROUNDS
    assert min(row["round"] for row in fills(result) if row["instrument_id"] == "B.US") > 50


def test_a_stock_that_ends_early_keeps_its_last_mark(tmp_path: Path) -> None:
    whole = synthetic_market(["A", "B"], ROUNDS)
    market = replace(whole, bars=whole.bars | {"B": whole.bars["B"].take(slice(0, 80))})
    result = run(settings(["A", "B"]), market.write(tmp_path / "catalog"), tmp_path / "run")
    assert result.summary["rounds"] == ROUNDS
    assert max(row["round"] for row in fills(result) if row["instrument_id"] == "B.US") < 80


def test_a_jump_beyond_the_collar_blocks_the_order_and_names_it(tmp_path: Path) -> None:
    whole = synthetic_market(["A", "B"], ROUNDS)
    scale = np.where(np.arange(ROUNDS) >= 60, 0.5, 1.0)
    bars = whole.bars["A"]
    halved = bars.adjusted(scale, np.ones(ROUNDS))
    market = Market(bars={"A": halved, "B": whole.bars["B"]}, index=whole.index, macro=whole.macro)
    loaded = settings(["A", "B"], {"execution.no_trade_band": 0.0})
    result = run(loaded, market.write(tmp_path / "catalog"), tmp_path / "run")
    blocked = [
        fact
        for fact in audit(result.folder, "gate")
        if fact["breach"] and fact["breach"]["rule"] == "max_collar" and fact["instrument_id"] == "A.US"
    ]
    assert [fact["round"] for fact in blocked] == [60]
    assert not [row for row in fills(result) if row["instrument_id"] == "A.US" and row["round"] == 60]


@pytest.mark.parametrize("bar", ["1-DAY", "1-MINUTE"])
def test_a_series_without_volume_is_not_traded_and_does_not_end_the_run(tmp_path: Path, bar: str) -> None:
    """What never trades cannot be sliced or charged for impact; the other stock is traded as ever."""
    whole = synthetic_market(["A", "B"], ROUNDS if bar == "1-DAY" else 1, bar)
    bars = whole.bars["B"]
    market = replace(whole, bars=whole.bars | {"B": replace(bars, volume=np.zeros(len(bars)))})
    catalog = market.write(tmp_path / "catalog", bar)
    result = run(settings(["A", "B"], MINUTES if bar == "1-MINUTE" else {}, macro=False), catalog, tmp_path / "run")
    assert {row["instrument_id"] for row in fills(result)} == {"A.US"}


def test_a_price_that_never_moves_gets_no_position(tmp_path: Path) -> None:
    whole = synthetic_market(["A", "B"], ROUNDS)
    bars = whole.bars["B"]
    level = np.full(len(bars), 50.0)
    market = replace(whole, bars=whole.bars | {"B": replace(bars, open=level, high=level, low=level, close=level)})
    result = run(settings(["A", "B"]), market.write(tmp_path / "catalog"), tmp_path / "run")
    assert {row["instrument_id"] for row in fills(result)} == {"A.US"}


def test_a_firm_of_one_stock_runs(tmp_path: Path) -> None:
    market = synthetic_market(["A"], ROUNDS)
    result = run(settings(["A"]), market.write(tmp_path / "catalog"), tmp_path / "run")
    assert result.summary["fills"] > 10


@pytest.mark.parametrize("days", [1, 2])
def test_a_window_of_a_few_rounds_gives_a_run_without_trades(gappy: Studied, tmp_path: Path, days: int) -> None:
    dates = gappy.market.closes().astype("datetime64[ns]").astype("datetime64[D]").tolist()
    first, last = dates[60], dates[59 + days]
    result = run(gappy.loaded, gappy.catalog, tmp_path / "run", start=first, end=last)
    assert (result.summary["rounds"], result.summary["fills"]) == (days, 0)
    assert result.summary["ending_equity"] == pytest.approx(1e7, rel=1e-3)


def test_a_window_without_data_is_refused_before_anything_is_made(gappy: Studied, tmp_path: Path) -> None:
    day = np.datetime64("1990-01-02").item()
    with pytest.raises(CatalogError, match="has no data from 1990-01-02"):
        run(gappy.loaded, gappy.catalog, tmp_path / "run", start=day, end=day)
    assert list(tmp_path.iterdir()) == []


def test_a_firm_that_lost_more_than_everything_is_halted_and_flattened(tmp_path: Path) -> None:
    """A night in which every stock jumps against the firm; equity is negative from then on."""
    changes = {
        "risk.max_drawdown": 1.0,
        "risk.max_position": 1.0,
        "execution.no_trade_band": 0.0,
        "execution.twap.above_participation": 1.0,
        "cio.target_volatility_per_year": 1.0,
    }
    market, loaded, night = synthetic_market(["A", "B"], ROUNDS), settings(["A", "B"], changes), 70
    calm = run(loaded, market.write(tmp_path / "calm"), tmp_path / "before")
    held = {name: position(calm, f"{name}.US", night) for name in "AB"}
    jumped = {
        name: bars.adjusted(np.where(np.arange(ROUNDS) < night, 1.0, 0.01 if held[name] > 0 else 20.0), np.ones(ROUNDS))
        for name, bars in market.bars.items()
    }
    result = run(loaded, replace(market, bars=jumped).write(tmp_path / "catalog"), tmp_path / "run")
    table = result.table("equity")
    equity = dict(zip(table["round"].to_list(), table["equity"].to_list(), strict=True))
    assert result.summary["rounds"] == ROUNDS
    assert equity[night + 1] < 0
    ruined = {round_ for round_, value in equity.items() if value <= 0}
    assert len(ruined) > 40
    assert exposure_added(result, ruined) == []
    assert [command["action"] for command in result.summary["commands"]] == ["halt", "cancel_all", "flatten"]
    assert all(held.values())
    assert [position(result, f"{name}.US", ROUNDS) for name in "AB"] == [0, 0]


def position(result: Run, name: str, before: int) -> int:
    signed = [
        int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        for row in fills(result)
        if row["instrument_id"] == name and row["round"] < before
    ]
    return sum(signed)


def exposure_added(result: Run, rounds: set[int]) -> list[dict[str, Any]]:
    """Fills of these rounds that made a position larger or changed its side."""
    held: dict[str, int] = {}
    added: list[dict[str, Any]] = []
    for row in fills(result):
        before = held.get(row["instrument_id"], 0)
        after = before + int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        held[row["instrument_id"]] = after
        if row["round"] in rounds and (abs(after) > abs(before) or before * after < 0):
            added.append(row)
    return added

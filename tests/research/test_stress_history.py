"""What the scenarios of the house say happened is what the prices say."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.research.stress_history import measured_moves, stress_report
from nautilus_ai_firm.settings.stress import ShockTable, StressScenario
from nautilus_ai_firm.settings.stress_files import load_scenarios
from tests.firm_runs import ROOT, synthetic_market

SCENARIOS = load_scenarios(ROOT / "configs" / "stress")
SYMBOLS = ("SPY", "QQQ", "IWM", "EEM", "AAPL", "IBM", "BAC", "AIG", "GOOG", "USO", "VXX")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory):
    market = synthetic_market(["A", "B"], 30)
    return Catalog(market.write(tmp_path_factory.mktemp("synthetic") / "catalog")), market.bars["A"]


def moment(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns / 1e9, UTC)


def history(bars, move: float, price: Any = "close", series: str = "A.US-1-DAY-LAST-EXTERNAL") -> StressScenario:
    return StressScenario(
        name="synthetic", kind="historical", description="of the test", horizon_sessions=7.0, source="seed",
        script="none", begin=moment(bars.ts_close_ns[5]), end=moment(bars.ts_close_ns[12]), price=price,
        shocks=(ShockTable(instrument="*", move=move, series=series),),
    )  # fmt: skip


@pytest.mark.parametrize("price", ["close", "low"])
def test_a_move_is_from_close_to_close_or_low(synthetic, price):
    catalog, bars = synthetic
    expected = getattr(bars, price)[12] / bars.close[5] - 1
    (move,) = measured_moves(history(bars, round(float(expected), 3), price), catalog)
    assert move.measured == pytest.approx(expected, rel=1e-12)
    assert move.agrees
    assert stress_report((history(bars, round(float(expected), 3), price),), catalog)[1]


def test_a_move_that_was_not_is_named(synthetic):
    catalog, bars = synthetic
    text, agree = stress_report((history(bars, -0.9),), catalog)
    assert not agree
    assert "differs" in text
    assert "-90.0%" in text


def test_a_moment_without_a_bar_is_refused(synthetic):
    catalog, bars = synthetic
    off = msgspec.structs.replace(history(bars, 0.0), end=moment(bars.ts_close_ns[12] + 60_000_000_000))
    with pytest.raises(CatalogError, match=r"A\.US-1-DAY-LAST-EXTERNAL: no bar closes at 2012"):
        measured_moves(off, catalog)


def test_what_never_happened_is_not_measured(synthetic):
    guess = next(scenario for scenario in SCENARIOS if scenario.kind == "hypothetical")
    with pytest.raises(ValueError, match="allowed is a historical scenario"):
        measured_moves(guess, synthetic[0])


def lean_bars(shared_data: Path, folder: Path) -> Path:
    """Days and hours alone: minutes and options of the same tickers take minutes to read."""
    whole = shared_data / "lean" / "equity" / "usa"
    (folder / "equity" / "usa").mkdir(parents=True)
    for part in ("daily", "hour", "factor_files"):
        (folder / "equity" / "usa" / part).symlink_to(whole / part)
    return folder


@pytest.mark.shared_data
def test_what_the_index_fund_did_is_as_written(shared_data: Path, tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog")
    add_lean(catalog, lean_bars(shared_data, tmp_path / "lean"), ["SPY"])
    everything = [
        msgspec.structs.replace(one, shocks=tuple(shock for shock in one.shocks if shock.instrument == "*"))
        for one in SCENARIOS
        if one.kind == "historical"
    ]
    assert len(everything) >= 6
    text, agree = stress_report(tuple(everything), catalog)
    assert agree, text


@pytest.mark.slow
@pytest.mark.shared_data
def test_every_historical_shock_is_as_written(shared_data: Path, tmp_path: Path):
    add_lean(Catalog(tmp_path / "catalog"), lean_bars(shared_data, tmp_path / "lean"), SYMBOLS)
    script = [sys.executable, "backtests/stress_scenarios.py", "--catalog", str(tmp_path / "catalog")]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all moves as written\n")
    assert done.stdout.count("-EXTERNAL") == sum(len(one.shocks) for one in SCENARIOS if one.kind == "historical")
    # the control: one move changed is found
    folder = tmp_path / "scenarios"
    folder.mkdir()
    text = (ROOT / "configs" / "stress" / "march_2020.toml").read_text()
    (folder / "march_2020.toml").write_text(text.replace("move = -0.337", "move = -0.237"))
    found = subprocess.run([*script, "--scenarios", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "differs" in found.stdout

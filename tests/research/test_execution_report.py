"""The execution of a run, written up: figures against the run's own tables, and what each line says."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.models.execution.quality import PARTS
from nautilus_ai_firm.research.execution_figures import ALL, AT_ONCE, SHOWN, execution_figures
from nautilus_ai_firm.research.execution_report import AT_BROKER, execution_report
from nautilus_ai_firm.runs.folder import Run, open_run
from tests.firm_runs import run, settings, synthetic_market

TWAP = {"above_participation": 0.02, "duration_minutes": 5, "interval_minutes": 1}


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Some hours of minutes, sliced and at once, with stops."""
    folder = tmp_path_factory.mktemp("sliced")
    market = synthetic_market(["A", "B"], 1, "1-MINUTE")
    catalog = market.cut(int(market.closes()[199])).write(folder / "catalog", "1-MINUTE")
    stops = {"initial_fraction": 0.0005, "working": "venue"}
    changes = {"market.bar": "1-MINUTE", "execution.twap": TWAP, "risk.stops": stops}
    return run(settings(["A", "B"], changes, macro=False), catalog, folder / "run")


def rewritten(found: Run, folder: Path, change: Any) -> Run:
    shutil.copytree(found.folder, folder)
    change(found.table("execution")).to_parquet(folder / "execution.parquet")
    return open_run(folder)


def test_figures_are_those_of_the_table(sliced: Run) -> None:
    figures = execution_figures(sliced)
    table: Any = sliced.table("execution")
    assert [group.name for group in figures.groups] == [AT_ONCE, "TWAP", "stop"]
    assert sum(group.parents for group in figures.groups) == len(table)
    twap = figures.groups[1]
    own = table[table["exec_algorithm"] == "TWAP"]
    bps, notional = own["shortfall_bps"], own["arrival_notional"].astype(float)
    assert twap.parents == twap.measured == len(own) > 20
    assert twap.mean == pytest.approx(bps.mean())
    assert twap.weighted == pytest.approx(np.average(bps, weights=notional))
    assert (twap.low, twap.high) == pytest.approx(np.percentile(bps, [5, 95]).tolist())
    known = own[own["vwap_bps"].notna()]
    expected = np.average(known["vwap_bps"], weights=known["arrival_notional"].astype(float))
    assert twap.vwap == pytest.approx(expected)
    for group in (*figures.groups, figures.total):
        assert sum(group.parts.values()) == pytest.approx(group.weighted)
    assert figures.total.name == ALL
    assert figures.total.weighted == pytest.approx(sliced.summary["shortfall_bps"])
    assert figures.total.fill_rate == pytest.approx(sliced.summary["fill_rate"])
    assert math.isnan(figures.total.estimated)


def test_best_and_worst_are_the_extremes_and_name_the_part_that_dominates(sliced: Run) -> None:
    figures = execution_figures(sliced)
    decided: Any = sliced.table("execution").query("origin == 'decision'").set_index("parent_order_id")
    shortfall = decided["shortfall"].astype(float).sort_values()
    assert [one.parent_id for one in figures.best] == list(shortfall.index[:SHOWN])
    assert [one.parent_id for one in figures.worst] == list(shortfall.index[: -SHOWN - 1 : -1])
    for one in figures.worst:
        parts = {part: float(decided.loc[one.parent_id, part]) for part in PARTS}
        biggest = max(parts.values()) / float(decided.loc[one.parent_id, "arrival_notional"]) * 1e4
        assert one.why.endswith(f"{biggest:+.1f} bps")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("delay", "gap at the open"),
        ("timing", "market while it was worked"),
        ("spread", "half-spread"),
        ("impact", "impact"),
        ("fees", "commission"),
        ("opportunity", "move of what was not filled (canceled)"),
    ],
)
def test_every_part_has_its_words(sliced: Run, tmp_path: Path, part: str, words: str) -> None:
    def dominated(table: Any) -> Any:
        first = table.index[table["exec_algorithm"] == "TWAP"][0]
        for other in (*PARTS, "shortfall"):
            table[other] = table[other].astype(float)
        table.loc[first, part] = table.loc[first, "shortfall"] = 1e9
        table["decision_ts"] -= np.timedelta64(1, "D")
        return table

    assert execution_figures(rewritten(sliced, tmp_path / "run", dominated)).worst[0].why.startswith(words)


def test_inside_a_day_a_delay_is_no_gap(sliced: Run, tmp_path: Path) -> None:
    def dominated(table: Any) -> Any:
        table["delay"], table["shortfall"] = table["delay"].astype(float), table["shortfall"].astype(float)
        table.loc[table.index[0], ["delay", "shortfall"]] = 1e9
        return table

    assert execution_figures(rewritten(sliced, tmp_path / "run", dominated)).worst[0].why.startswith("delay until")


def test_the_command_prints_it_aligned(sliced: Run) -> None:
    done = CliRunner().invoke(app, ["execution", str(sliced.folder)])
    assert (done.exit_code, done.stdout) == (0, execution_report(sliced) + "\n")
    lines = done.stdout.splitlines()
    assert lines[0] == f"run: {len(sliced.table('execution')):,} parent orders in 200 rounds"
    assert lines[1] == "SHORTFALL, bps"
    assert len({len(line) for line in lines[2:7]}) == 1
    assert [line.split()[0] for line in lines[2:7]] == ["way", "at", "TWAP", "stop", "all"]
    assert max(map(len, lines)) <= 110
    assert AT_BROKER.split()[-1] not in lines[-1]


def test_without_impact_none_is_saved_and_with_an_estimate_the_difference_is(sliced: Run, tmp_path: Path) -> None:
    def estimated(bps: float, impact: float) -> Any:
        def change(table: Any) -> Any:
            table["estimated_impact_bps"] = bps
            table["impact"] = table["arrival_notional"].astype(float) * impact / 1e4
            return table

        return change

    free = execution_report(rewritten(sliced, tmp_path / "free", estimated(0.0, 0.0)))
    assert "IMPACT estimated 0.00 bps if all went out at once, charged 0.00 bps, saved 0.00 bps" in free
    paid_run = rewritten(sliced, tmp_path / "paid", estimated(5.0, 3.0))
    paid = execution_report(paid_run)
    assert "IMPACT estimated 5.00 bps if all went out at once, charged 3.00 bps, saved 2.00 bps" in paid
    broker = replace(paid_run, summary=paid_run.summary | {"host": "ib"})
    assert "5.00 bps if all went out at once; what came of it is inside timing" in execution_report(broker)
    assert "IMPACT was not estimated before the trade" in execution_report(sliced)


def test_unprotected_time_is_told_where_the_run_knows_it(sliced: Run) -> None:
    known = {
        "fills": 20, "attached_fills": 3, "p50_ms": 0.0, "p99_ms": 1.25, "max_ms": 2.0, "max_quantity": 1_000,
        "uncovered_fills": 1,
    }  # fmt: skip
    text = execution_report(replace(sliced, summary=sliced.summary | {"unprotected": known}))
    assert "UNPROTECTED p50 0.0 ms, p99 1.2 ms, max 2.0 ms of market time, at most 1,000 units\n" in text
    assert "over 20 fills (3 with a stop that the broker held; 1 without one at the end)\n" in text
    assert "UNPROTECTED p50" not in execution_report(replace(sliced, summary=sliced.summary | {"unprotected": None}))


def test_a_run_that_traded_nothing_is_written_up(sliced: Run, tmp_path: Path) -> None:
    lines = execution_report(rewritten(sliced, tmp_path / "run", lambda table: table.iloc[:0])).splitlines()
    assert lines[0].startswith("run: 0 parent orders")
    assert next(line for line in lines if line.startswith(ALL)).split()[2:] == ["0", "n/a", "0", *["n/a"] * 6]
    assert lines.count("none") == 2


def test_a_session_at_a_broker_says_where_spread_and_impact_are(sliced: Run, tmp_path: Path) -> None:
    shutil.copytree(sliced.folder, tmp_path / "run")
    path = tmp_path / "run" / "summary.json"
    path.write_text(json.dumps(sliced.summary | {"host": "ib"}), encoding="utf-8")
    assert AT_BROKER in " ".join(execution_report(open_run(path.parent)).splitlines())


def test_a_run_from_before_the_table_is_refused_in_one_line(sliced: Run, tmp_path: Path) -> None:
    shutil.copytree(sliced.folder, tmp_path / "run")
    (tmp_path / "run" / "execution.parquet").unlink()
    done = CliRunner().invoke(app, ["execution", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert "has no execution.parquet" in done.stderr

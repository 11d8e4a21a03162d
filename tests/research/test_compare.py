"""Two runs side by side: figures and their differences, days in common, and exactly the settings that differ."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.research.compare import compare, comparison_text
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import load
from nautilus_ai_firm.settings.paths import with_values
from tests.firm_runs import run

EARLY = date(1990, 1, 1)  # before the first bar
SPAN = "signals.agents.momentum.params.volatility_span"


@pytest.fixture(scope="module")
def other(small_run: Run, small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    loaded = load(small_run.folder / "config.toml")
    changed = with_values(
        loaded, {SPAN: 30.0, "market.start": EARLY, "market.universe.A.US.max_order_value": 4e6}, loaded.source
    )
    return run(changed, small_market, tmp_path_factory.mktemp("other") / "run")


def test_figures_and_their_differences_are_those_of_the_summaries(small_run: Run, other: Run) -> None:
    rows = {row[0]: row[1:] for row in compare(small_run, other).figures}
    assert rows["fills"] == (
        f"{small_run.summary['fills']:,}",
        f"{other.summary['fills']:,}",
        f"{other.summary['fills'] - small_run.summary['fills']:,}",
    )
    assert rows["Sharpe ratio"][2] == f"{other.summary['sharpe'] - small_run.summary['sharpe']:.2f}"


def test_exactly_the_settings_that_differ_are_named(small_run: Run, other: Run) -> None:
    assert compare(small_run, other).settings == [
        ("market.start", "absent", "1990-01-01"),
        ("market.universe.A.US.max_order_value", "5e+06", "4e+06"),
        (SPAN, "20", "30"),
    ]


def test_a_run_differs_from_itself_in_nothing(small_run: Run) -> None:
    found = compare(small_run, small_run)
    assert found.settings == []
    assert dict(found.together)["decisions and fills"] == "the same"
    assert dict(found.together)["correlation of returns"] == "1.000"
    assert dict(found.together)["tracking error a year"] == "0.00%"
    assert "B less A a year" not in dict(found.together)
    assert "SETTINGS THAT DIFFER: none" in comparison_text(found)


def test_the_command_prints_and_writes_a_page_that_needs_nothing_else(
    small_run: Run, other: Run, tmp_path: Path
) -> None:
    page = tmp_path / "comparison.html"
    result = CliRunner().invoke(app, ["compare", str(small_run.folder), str(other.folder), "--html", str(page)])
    assert result.exit_code == 0, result.output
    assert "DAYS THAT BOTH HAVE" in result.stdout
    html = page.read_text(encoding="utf-8")
    assert "<script src" not in html
    assert "<link" not in html
    assert SPAN in html


def test_what_is_no_run_is_refused(small_run: Run, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["compare", str(small_run.folder), str(tmp_path)])
    assert result.exit_code == 2
    assert "not a run folder" in result.stderr

"""The risk of a run, written up: figures against the tables of the run folder, exceptions by another hand."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.models.risk.backtests import proportion_of_failures
from nautilus_ai_firm.research.risk_figures import RiskFigures, risk_figures
from nautilus_ai_firm.research.risk_report import risk_report
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.risk_table import FIGURES
from tests.firm_runs import ABSENT, ALL_RISK, run, settings
from tests.research.conftest import SYMBOLS


@pytest.fixture(scope="module")
def measured(small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with everything of risk switched on."""
    return run(settings(SYMBOLS, ALL_RISK), small_market, tmp_path_factory.mktemp("measured") / "run")


@pytest.fixture(scope="module")
def figures(measured: Run) -> RiskFigures:
    return risk_figures(measured)


def test_peaks_are_those_of_the_table(measured: Run, figures: RiskFigures) -> None:
    table: Any = measured.table("risk")
    assert [peak.rule for peak in figures.peaks] == [
        name for name in dict.fromkeys(table["rule"]) if name not in FIGURES
    ]
    assert len(figures.peaks) > 15
    cut = {rule: count for desk, rule, count in measured.summary["refusals"] if desk == "risk"}
    for peak in figures.peaks:
        own = table[table["rule"] == peak.rule]
        share = own["value"] / own["limit"]
        assert peak.share == pytest.approx(share.max())
        at = own[
            (own["ts"].astype("datetime64[ns, UTC]").astype("int64") == peak.ts) & (own["subject"] == peak.subject)
        ]
        assert at["value"].to_list() == [peak.value]
        assert peak.near == own[share >= 0.8]["round"].nunique()
        assert peak.breaches == cut.get(peak.rule, 0)


def test_exceptions_are_counted_against_the_figure_of_the_round_before(measured: Run, figures: RiskFigures) -> None:
    table: Any = measured.table("risk")
    equity: Any = measured.table("equity")
    values = dict(table[table["rule"] == "max_var"][["round", "value"]].to_numpy().tolist())
    levels = dict(zip(equity["round"].tolist(), map(float, equity["equity"]), strict=True))
    seen = [(values[r - 1], levels[r] / levels[r - 1] - 1) for r in levels if r > 1 and values.get(r - 1, 0) > 0]
    hits = sum(-moved > figure for figure, moved in seen)
    assert figures.judged is not None
    assert (figures.judged.observations, figures.judged.exceptions) == (len(seen), hits)
    assert len(seen) > 50
    assert figures.judged.coverage == proportion_of_failures(len(seen), hits, 0.95)
    same_round = sum(-(levels[r] / levels[r - 1] - 1) > values[r] for r in levels if r > 1 and values.get(r, 0) > 0)
    assert same_round != hits or len(seen) != sum(values.get(r, 0) > 0 for r in levels if r > 1)  # the wrong pairing


def test_stress_is_at_the_end_and_at_its_largest(measured: Run, figures: RiskFigures) -> None:
    table: Any = measured.table("risk")
    assert [row.scenario for row in figures.stress] != []
    for row in figures.stress:
        own = table[(table["rule"] == "stress") & (table["subject"] == row.scenario)]["value"].to_numpy()
        assert (row.last, row.worst) == (own[-1], own.max())
    assert [row.worst for row in figures.stress] == sorted((row.worst for row in figures.stress), reverse=True)


def test_the_parts_of_the_value_at_risk_sum_to_it(measured: Run, figures: RiskFigures) -> None:
    table: Any = measured.table("risk")
    assert figures.share is not None
    then = table[table["ts"].astype("datetime64[ns, UTC]").astype("int64") == figures.share.ts]
    whole = then[then["rule"] == "max_var"]["value"].to_list()
    assert figures.share.total == pytest.approx(whole[0], rel=1e-9)
    assert figures.share.liquidity_adjusted > figures.share.total  # at the spread at least
    told = table[table["rule"] == "component_var"].groupby("round")["value"].sum()
    assert figures.share.total == pytest.approx(told.max(), rel=1e-12)
    assert 1 < len(told) < table["round"].nunique()  # when it changed much, and not in each round


def test_leverage_is_of_returns_and_not_of_money(measured: Run, figures: RiskFigures) -> None:
    levels = measured.table("equity")["equity"].astype("float64").to_numpy()
    returns = levels[1:] / levels[:-1] - 1
    rate = 0.01 / 252
    assert figures.leverage.optimal_multiple == pytest.approx((returns.mean() - rate) / returns.var(ddof=1))
    assert figures.leverage.optimal_gross == pytest.approx(
        figures.leverage.optimal_multiple * measured.table("equity")["gross"].mean()
    )


def test_the_report_says_all_of_it(measured: Run) -> None:
    text = risk_report(measured)
    for said in (
        "max_var",
        "max_sector",
        "Kupiec",
        "Christoffersen",
        "Basel traffic light",
        "fall",
        "whose it was",
        "growth-optimal",
    ):
        assert said in text
    assert max(map(len, text.splitlines())) <= 100
    assert CliRunner().invoke(app, ["risk", str(measured.folder)]).stdout == f"{text}\n"


def test_a_run_without_value_at_risk_or_with_a_missing_limit_says_so(
    small_run: Run, small_market: Path, tmp_path: Path
) -> None:
    assert "VALUE AT RISK not measured" in risk_report(small_run)
    silent = run(settings(SYMBOLS, {"risk.max_sector": ABSENT}), small_market, tmp_path / "run")
    text = risk_report(silent)
    assert "*** MISSING, so nothing was added: max_sector ***" in text
    assert "LEVERAGE gross used 0.00 on average, 0.00 at most; growth-optimal n/a" in text


def test_the_tearsheet_draws_use_and_stress(measured: Run) -> None:
    page = write_tearsheet(measured).read_text(encoding="utf-8")
    charts = page.rpartition("Plotly.newPlot")[2]
    assert "Largest use of limits" in charts
    assert "Largest loss under stress, of equity" in charts
    assert "<h2>Use of limits</h2>" in page
    assert "<h2>Stress</h2>" in page
    assert re.search(r"<td>max_var</td>", page)

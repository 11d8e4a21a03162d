"""What a person reads of a sweep and of a walk: luck first, all that was tried, one file that needs nothing else."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.research.sweeps.curves import months_section
from nautilus_ai_firm.research.sweeps.panel import SearchPanel, search_panel, search_rows, walk_panel, walk_rows
from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.research.sweeps.sweep_page import write_sweep_page
from nautilus_ai_firm.research.sweeps.sweep_text import WIDTH, sweep_text
from nautilus_ai_firm.research.sweeps.sweeping import Swept
from nautilus_ai_firm.research.sweeps.trial import Outcome
from nautilus_ai_firm.research.sweeps.wording import idle_text, short_names, value_text
from tests.research.sweeps.conftest import BAND, SPAN, sweep_file


def firm(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def outside(html: str) -> list[str]:
    """What a browser would fetch."""
    body = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    return re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[^>]+", html) + re.findall(r"https?://\S+", body)


def headings(html: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", html)


def test_the_page_of_a_sweep_begins_with_luck_and_fetches_nothing(whole: Swept) -> None:
    html = write_sweep_page(whole).read_text(encoding="utf-8")
    assert outside(html) == []
    assert headings(html) == [
        "How much of this is luck",
        "All trials, and the best of half of the time in the other half",
        "sharpe by parameters",
        "Trials, the best first",
        f"The best trial ({whole.best.outcome.number if whole.best else None}) in its own sample",
        "Months",
        "What it was compared with",
        "What ran",
    ]
    assert '"type":"heatmap"' in html
    assert 'name="viewport"' in html
    assert "@media print" in html
    assert whole.result_sha256 in html


def test_the_text_of_a_sweep_has_the_best_trial_and_the_hash_and_fits(whole: Swept) -> None:
    lines = sweep_text(whole).splitlines()
    assert whole.best is not None
    assert f"BEST  trial {whole.best.outcome.number}, sharpe {whole.best.outcome.figures['sharpe']:.4f}" in lines
    assert f"result_sha256  {whole.result_sha256}" in lines
    assert max(map(len, (line for line in lines if str(whole.folder) not in line))) <= WIDTH + 5


def test_firm_sweep_runs_and_goes_on(market: Path, tmp_path: Path) -> None:
    lists = {"signals.agents.momentum.params.fast_spans": {"values": [[4, 8], [8, 16]]}}
    config = sweep_file(tmp_path, {"space": {SPAN: {"values": [10]}, **lists, BAND: {"values": [0.1, 0.2]}}})
    first = firm("sweep", config, "--catalog", market, "--out", tmp_path / "out")
    assert first.exit_code == 0, first.output
    again = firm("sweep", config, "--catalog", market, "--out", tmp_path / "out")
    assert "4 of them before" in again.stdout
    assert first.stdout.splitlines()[-2] == again.stdout.splitlines()[-2]
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"space": {"execution.no_trade_bnd": {"values": [0.1]}}}, "(did you mean no_trade_band?)"),
        ({"walk_forward": {"train_days": 500, "test_days": 50}}, "too few"),
    ],
)
def test_what_cannot_run_is_one_line(changes: dict, line: str, market: Path, tmp_path: Path) -> None:
    config = sweep_file(tmp_path, changes)
    result = firm(
        "walk" if "walk_forward" in changes else "sweep", config, "--catalog", market, "--out", tmp_path / "o"
    )
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert line in result.stderr
    assert not (tmp_path / "o").exists()


def test_firm_walk_prints_windows_and_writes_a_page(market: Path, tmp_path: Path) -> None:
    walk = {"walk_forward": {"train_days": 40, "test_days": 20}, "space": {SPAN: {"values": [10, 20]}}}
    config = sweep_file(tmp_path, walk)
    result = firm("walk", config, "--catalog", market, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "HOW SURE THIS IS" in result.stdout
    assert "1 windows, 2 trials" in result.stdout
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert outside(html) == []
    assert headings(html)[:2] == ["How sure this is", "Out of sample"]
    assert {"Windows", "Stability of the parameters", "Months"} < set(headings(html))


def tried(returns: np.ndarray) -> list[Tried]:
    days = (np.arange(len(returns)) * DAY_NS).astype("<i8").tobytes()
    return [
        Tried(
            parameters={},
            outcome=Outcome(number=number, figures={"sharpe": 1.0}, days=days, returns=column.astype("<f8").tobytes()),
        )
        for number, column in enumerate(returns.T)
    ]


def test_noise_is_rejected_and_skill_accepted() -> None:
    noise = 0.01 * np.random.default_rng(5).standard_normal((1_500, 20))
    luck, skill = search_panel(tried(noise), 0.0, 1), search_panel(tried(noise + np.eye(20)[3] * 0.0025), 0.0, 1)
    assert isinstance(luck, SearchPanel)
    assert isinstance(skill, SearchPanel)
    assert (luck.verdict.accepted, skill.verdict.accepted, skill.trial) == (False, True, 3)
    assert search_rows(luck)[0][:2] == ("verdict", "REJECTED")
    assert search_rows(skill)[0][:2] == ("verdict", "accepted")
    assert walk_rows(walk_panel(noise[:, 0], 0.0, 1))[0][1] == "REJECTED"
    assert walk_rows(walk_panel(noise[:, 0] + 0.003, 0.0, 1))[0][1] == "accepted"


def test_interest_on_cash_is_no_merit() -> None:
    idle = np.full((500, 3), 0.05 / 252) + 1e-6 * np.random.default_rng(1).standard_normal((500, 3))
    rich, fair = search_panel(tried(idle), 0.0, 1), search_panel(tried(idle), 0.05, 1)
    assert isinstance(rich, SearchPanel)
    assert isinstance(fair, SearchPanel)
    assert rich.verdict.sharpe_per_year > 100
    assert abs(fair.verdict.sharpe_per_year) < 3


def test_too_little_to_judge_says_so() -> None:
    assert search_rows(search_panel(tried(np.zeros((1, 2))), 0.0, 1))[0][1] == "none"
    assert search_rows(search_panel([], 0.0, 1))[0][2] == "no trial ran to its end"


def test_months_compound() -> None:
    days = [datetime(2020, month, day, 21, tzinfo=UTC) for month, day in ((1, 30), (1, 31), (2, 3))]
    html = months_section(np.array([int(day.timestamp()) * 10**9 for day in days]), np.array([0.1, 0.1, -0.5]))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert cells[:3] == ["2020", "21.0%", "-50.0%"]
    assert cells[13] == "-39.5%"


def test_names_are_short_and_stay_apart() -> None:
    paths = ["signals.agents.a.params.span", "signals.agents.b.params.span", "execution.no_trade_band", "name"]
    assert list(short_names(paths).values()) == ["a.span", "b.span", "execution.no_trade_band", "name"]
    assert [value_text(one) for one in (0.1, 20, True, [1, 2], "x")] == ["0.1", "20", "true", "[1, 2]", "x"]


def test_what_never_traded_says_so(whole: Swept) -> None:
    def without_fills(one: Tried) -> Tried:
        figures = one.outcome.figures | {"fills": 0.0}
        return replace(one, outcome=msgspec.structs.replace(one.outcome, figures=figures))

    idle = replace(whole, tried=[without_fills(one) for one in whole.tried])
    said = "NOTHING WAS TRADED"
    assert said in sweep_text(idle)
    assert said in write_sweep_page(idle).read_text(encoding="utf-8")
    assert said not in sweep_text(whole)
    assert said not in write_sweep_page(whole).read_text(encoding="utf-8")
    assert idle_text([*idle.tried, None]) != ""
    assert idle_text([None]) == idle_text([*idle.tried, whole.tried[0]]) == ""

"""The tearsheet: one file that opens without a network, with every agent, rule, cost and limit in it."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nautilus_ai_firm.research.execution_figures import execution_figures
from nautilus_ai_firm.research.figures import figures_of
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.research.tearsheet_charts import FEW_DAYS
from nautilus_ai_firm.runs.audit import verify
from nautilus_ai_firm.runs.folder import Run, open_run

LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}


class Page(HTMLParser):
    """What a browser would load, and what a reader would read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.read: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if LOADING.get(tag) == name]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["script"], ["style"]):
            self.read.append(data)


@pytest.fixture(scope="module")
def page(small_run: Run) -> str:
    return write_tearsheet(small_run).read_text(encoding="utf-8")


def test_it_loads_nothing(page: str) -> None:
    parsed = Page(page)
    assert parsed.loads == []
    assert "@import" not in page.partition("</style>")[0]
    assert parsed.tags.count("html") == parsed.tags.count("body") == 1
    assert "Plotly.newPlot" in page
    assert len(page) > 1_000_000  # plotly itself is inside


def test_the_check_above_sees_what_a_page_loads() -> None:
    assert Page('<script src="https://cdn.plot.ly/plotly.js"></script><link href="x.css">').loads == [
        "https://cdn.plot.ly/plotly.js",
        "x.css",
    ]


def test_it_names_agents_rules_costs_and_limits(small_run: Run, page: str) -> None:
    charts, text = page.rpartition("Plotly.newPlot")[2], " ".join(Page(page).read)
    assert small_run.summary["refusals"]
    for desk, rule, _ in small_run.summary["refusals"]:
        assert f"{desk}\\u003cbr\\u003e{rule}" in charts
        assert rule in text
    for name in ("momentum", "mean_reversion", "macro", "commission", "half-spread", "impact", "financing"):
        assert name in charts
    for line in (*small_run.summary["not_modelled"], "20.0% of equity in one instrument", "0.5 bps, at least 1 USD"):
        assert line in text
    assert "not profit" in text
    assert "buy-and-hold" in text


def test_it_has_the_engines_charts(page: str) -> None:
    charts = page.rpartition("Plotly.newPlot")[2]
    for title in ("Equity, start = 1", "Drawdown", "Monthly Returns", "Yearly Returns", "Rolling Sharpe"):
        assert title in charts
    assert '"name":"Buy-and-hold"' in charts
    assert "Sharpe Ratio (252 days)" in charts


def test_a_run_of_few_days_is_drawn_by_round(small_run: Run, tmp_path: Path) -> None:
    """With four days left of its books the engine's daily charts go, and each round is a point."""
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    equity = pq.read_table(folder / "equity.parquet")
    last = equity.slice(len(equity) - FEW_DAYS + 1)
    pq.write_table(last, folder / "equity.parquet")
    charts = write_tearsheet(open_run(folder)).read_text(encoding="utf-8").rpartition("Plotly.newPlot")[2]
    for title in ("Monthly Returns", "Daily returns", "Yearly Returns"):
        assert title not in charts
    start = small_run.summary["starting_equity"]
    levels = [float(level) / start for level in last.column("equity").to_pylist()]
    assert "Drawdown by round" in charts
    drawn = re.search(r'"name":"equity".*?"y":\[(.*?)\]', charts)
    assert drawn is not None
    assert len(set(levels)) == FEW_DAYS - 1
    assert [float(one) for one in drawn.group(1).split(",")] == pytest.approx(levels)


def test_statistics_are_those_of_the_summary(small_run: Run, page: str) -> None:
    charts = page.rpartition("Plotly.newPlot")[2]
    cells = re.search(r'"CAGR \(252 days\)".*?\]\s*,\s*\[(.*?)\]', charts, re.DOTALL)
    assert cells is not None
    assert f"{small_run.summary['cagr']:.2%}" in cells.group(1)
    assert f"{small_run.summary['sharpe']:.3f}" in cells.group(1)


def test_no_chart_is_empty_where_there_is_nothing_to_draw(small_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    (folder / "benchmark.parquet").unlink()
    run = open_run(folder)
    quiet = replace(run, summary=run.summary | {"refusals": []})
    charts = write_tearsheet(quiet).read_text(encoding="utf-8").rpartition("Plotly.newPlot")[2]
    assert "Refusals by rule" not in charts
    assert "Buy-and-hold" not in charts
    assert figures_of(quiet).benchmark_returns is None


def test_it_has_the_shortfall_of_its_orders_in_parts(small_run: Run, page: str) -> None:
    charts, text = page.rpartition("Plotly.newPlot")[2], Page(page).read
    assert "Execution of decided orders" in charts
    total = execution_figures(small_run).total
    assert f'"{total.weighted:+.2f}"' in charts
    assert {"Execution, bps of arrival notional", "Worst and best parent orders", "missed"} <= set(text)
    assert execution_figures(small_run).worst[0].why in text


def test_an_older_run_has_no_execution_in_it(small_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    (folder / "execution.parquet").unlink()
    assert "Execution" not in write_tearsheet(open_run(folder)).read_text(encoding="utf-8").rpartition("newPlot")[2]


def test_what_is_written_in_a_run_is_text_and_not_markup(small_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    run = open_run(folder)
    sly = replace(run, summary=run.summary | {"not_modelled": ["<script src=x></script>"]})
    parsed = Page(write_tearsheet(sly).read_text(encoding="utf-8"))
    assert parsed.loads == []
    assert "<script src=x></script>" in parsed.read


def test_it_leaves_the_audited_files_alone(small_run: Run, page: str) -> None:
    assert page
    assert verify(small_run.folder) > 0
    assert not list(small_run.folder.glob("*.pending"))

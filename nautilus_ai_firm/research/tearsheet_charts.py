"""A run's figures -> the charts of its tearsheet: the engine's own, and bars and lines that are registered with it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from nautilus_trader.analysis import (
    TearsheetChart,
    TearsheetCustomChart,
    TearsheetDistributionChart,
    TearsheetDrawdownChart,
    TearsheetEquityChart,
    TearsheetMonthlyReturnsChart,
    TearsheetRollingSharpeChart,
    TearsheetRunInfoChart,
    TearsheetStatsTableChart,
    TearsheetYearlyReturnsChart,
    register_tearsheet_chart,
)

from nautilus_ai_firm.research.execution_report import PART_HEADS
from nautilus_ai_firm.research.figures import Figures
from nautilus_ai_firm.runs.folder import Run

BARS, LINES = "firm_bars", "firm_lines"
FEW_DAYS = 5  # below it charts by the day show next to nothing: a session is drawn by round
PERCENT = 100.0  # as the engine's drawdown
SHARPE_DAYS = 60  # of the engine's rolling Sharpe ratio; with fewer its chart is empty
LABEL_PIXELS = 11
MOST_RULES = 8  # in the chart; the table has them all


def charts_of(run: Run, figures: Figures) -> list[TearsheetChart]:
    """Choose the charts that the run has something to show in, in the order of the page."""
    charts = [TearsheetRunInfoChart(title="Run"), TearsheetStatsTableChart(title="Statistics of daily returns")]
    equity = run.table("equity")
    if len(figures.returns) < FEW_DAYS:
        charts += _by_round(equity, run.summary["starting_equity"])
    else:
        equity = equity.groupby(equity["ts"].dt.date).last()  # one a day: a chart of minutes would be all ink
        charts += _by_day(len(figures.returns))
    charts += [
        _bars("Contribution by agent, share of decided weights", run.summary["contributions"], ".1%"),
        _lines(
            "Exposure, fraction of equity: gross grey, net green",
            equity["ts"].tolist(),
            {name: equity[name].tolist() for name in ("gross", "net")},
        ),
        _bars("Costs, USD (negative: earned)", figures.amounts, ",.0f"),
    ]
    if figures.execution is not None and figures.execution.total.measured:
        decided = figures.execution.total
        costs: dict[str, float] = dict(zip(PART_HEADS[1:], (*decided.parts.values(), decided.weighted), strict=True))
        charts.append(_bars("Execution of decided orders, bps of arrival notional", costs, "+.2f"))
    if figures.risk.peaks:
        used = sorted(figures.risk.peaks, key=lambda peak: (math.isnan(peak.share), -peak.share, peak.rule))[
            :MOST_RULES
        ]
        charts.append(_bars("Largest use of limits", {peak.rule: peak.share for peak in used}, ".0%"))
    if figures.risk.stress:
        losses = {row.scenario: row.worst for row in figures.risk.stress[:MOST_RULES]}
        charts.append(_bars("Largest loss under stress, of equity", losses, ".1%"))
    if figures.refusals:
        most = {f"{desk}<br>{rule}": count for desk, rule, count in figures.refusals[:MOST_RULES]}
        charts.append(_bars("Refusals by rule", most, ",d"))
    return charts


def _by_day(days: int) -> Iterable[TearsheetChart]:
    charts = [
        TearsheetEquityChart(title="Equity, start = 1"),
        TearsheetDrawdownChart(),
        TearsheetMonthlyReturnsChart(),
        TearsheetDistributionChart(title="Daily returns"),
        TearsheetYearlyReturnsChart(),
    ]
    return [*charts, TearsheetRollingSharpeChart()] if days > SHARPE_DAYS else charts


def _by_round(equity: pd.DataFrame, start: float) -> Iterable[TearsheetChart]:
    """Show what the engine's charts, which are by the day, cannot show of a session."""
    level = [float(value) for value in equity["equity"]]
    highest = list(accumulate(level, max, initial=start))[1:]
    return [
        _lines("Equity by round, start = 1", equity["ts"].tolist(), {"equity": [one / start for one in level]}),
        _lines(
            "Drawdown by round, %",
            equity["ts"].tolist(),
            {"drawdown": [PERCENT * (one / top - 1) for one, top in zip(level, highest, strict=True)]},
        ),
    ]


def _lines(title: str, x: Sequence[Any], lines: Mapping[str, Sequence[float]]) -> TearsheetCustomChart:
    return TearsheetCustomChart(chart=LINES, title=title, args={"x": x, "lines": lines})


def _bars(title: str, values: Mapping[str, float], form: str) -> TearsheetCustomChart:
    return TearsheetCustomChart(chart=BARS, title=title, args={"values": values, "form": form})


def _draw_bars(
    fig: go.Figure, row: int, col: int, theme_config: dict[str, Any], values: Mapping[str, float], form: str, **_: Any
) -> None:
    names = list(values)[::-1]  # the first one on top
    fig.add_trace(
        go.Bar(
            x=[values[name] for name in names],
            y=names,
            orientation="h",
            width=0.7,
            text=[format(values[name], form) for name in names],
            textangle=0,
            marker={"color": theme_config["colors"]["primary"]},
            showlegend=False,
        ),
        row=row,
        col=col,
    )
    fig.update_yaxes(tickfont={"size": LABEL_PIXELS}, row=row, col=col)


def _draw_lines(
    fig: go.Figure,
    row: int,
    col: int,
    theme_config: dict[str, Any],
    x: Sequence[Any],
    lines: Mapping[str, Sequence[float]],
    **_: Any,
) -> None:
    colors = theme_config["colors"]
    for (name, values), color in zip(lines.items(), (colors["primary"], colors["positive"]), strict=False):
        line = {"color": color, "width": 1}
        trace = go.Scatter(x=x, y=values, mode="lines", name=name, line=line, showlegend=False)
        fig.add_trace(trace, row=row, col=col)


register_tearsheet_chart(BARS, "bar", "Bars", _draw_bars)
register_tearsheet_chart(LINES, "scatter", "Lines", _draw_lines)

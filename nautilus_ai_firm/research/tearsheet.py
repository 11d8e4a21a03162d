"""A run folder -> `tearsheet.html`: the engine's own charts and the firm's, in one file that opens offline."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from nautilus_trader.analysis import (
    CAGR,
    CalmarRatio,
    ExpectedShortfall,
    GridLayout,
    MaxDrawdown,
    ProfitFactor,
    ReturnsAverage,
    ReturnsAverageLoss,
    ReturnsAverageWin,
    ReturnsKurtosis,
    ReturnsSkewness,
    ReturnsVolatility,
    SharpeRatio,
    SortinoRatio,
    TailRatio,
    TearsheetChart,
    TearsheetConfig,
    TearsheetCustomChart,
    TearsheetDistributionChart,
    TearsheetDrawdownChart,
    TearsheetEquityChart,
    TearsheetMonthlyReturnsChart,
    TearsheetRollingSharpeChart,
    TearsheetRunInfoChart,
    TearsheetStatsTableChart,
    TearsheetYearlyReturnsChart,
    create_tearsheet_from_stats,
    register_tearsheet_chart,
)

from nautilus_ai_firm.hosts.raw_series import RAW_PRICES
from nautilus_ai_firm.research.benchmark import ASSUMPTIONS
from nautilus_ai_firm.research.execution_figures import ExecutionFigures
from nautilus_ai_firm.research.execution_report import (
    EXTREME_HEADS,
    PART_HEADS,
    SHORTFALL_HEADS,
    extreme_row,
    part_row,
    shortfall_row,
)
from nautilus_ai_firm.research.figures import PURPOSE, Figures, figures_of, session_line
from nautilus_ai_firm.research.outline import limit_rows
from nautilus_ai_firm.research.risk_report import (
    OPTION_HEADS,
    OPTIONS_TITLE,
    PEAK_HEADS,
    STRESS_HEADS,
    option_rows,
    peak_rows,
    stress_rows,
)
from nautilus_ai_firm.runs.folder import Run

TEARSHEET = "tearsheet.html"
BARS, LINES = "firm_bars", "firm_lines"
SHARPE_DAYS = 60  # of the engine's rolling Sharpe ratio; with fewer its chart is empty
ROW_PIXELS = (480, 340, 340, 260, 260, 260, 260, 260)
GAP_PIXELS = 90  # between rows: a title and the labels of an axis
MARGIN_PIXELS = 200  # the engine's own, above and below
COLUMNS = 2
COLUMN_GAP = 0.15  # of the width: what the longest names of rules need beside their bars
LABEL_PIXELS = 11
MOST_RULES = 8  # in the chart; the table has them all
FRACTIONS = (
    CAGR,
    ReturnsVolatility,
    MaxDrawdown,
    ReturnsAverage,
    ReturnsAverageWin,
    ReturnsAverageLoss,
    ExpectedShortfall,
)
RATIOS = (SharpeRatio, SortinoRatio, CalmarRatio, ProfitFactor, TailRatio, ReturnsSkewness, ReturnsKurtosis)

STYLE = """
body { font-family: "Open Sans", verdana, arial, sans-serif; color: #2a3f5f; margin: 24px auto; max-width: 1500px; }
section { margin: 0 50px 28px; } h1 { font-size: 22px; } h2 { font-size: 16px; margin-bottom: 8px; }
table { border-collapse: collapse; font-size: 13px; } th { background: #4a4a4a; color: white; text-align: left; }
th, td { padding: 4px 14px 4px 8px; border-bottom: 1px solid #e0e0e0; } .number { text-align: right; }
.halt { background: #d62728; color: white; padding: 8px 12px; font-weight: bold; } p, li { font-size: 13px; }
.tables { display: flex; flex-wrap: wrap; align-items: flex-start; } .tables section { margin-right: 0; }
"""


def write_tearsheet(run: Run) -> Path:
    """Write the tearsheet of a run into its folder, from the folder alone.

    Parameters
    ----------
    run : Run
        A finished run; buy-and-hold is drawn where `write_benchmark` has added it.

    Returns
    -------
    Path
        The file; an older one is replaced.

    Raises
    ------
    ConfigError
        The configuration in the folder cannot be read.

    """
    figures = figures_of(run)
    charts = _charts(run, figures)
    pixels = ROW_PIXELS[: math.ceil(len(charts) / COLUMNS)]
    height = sum(pixels) + GAP_PIXELS * (len(pixels) - 1)
    figure = create_tearsheet_from_stats(
        stats_pnls={},
        stats_returns=_statistics(figures.returns),
        stats_general={},
        returns=_series(figures.returns),
        output_path=None,
        title="",
        config=TearsheetConfig(
            charts=charts,
            title="",
            height=height + MARGIN_PIXELS,
            layout=GridLayout(
                rows=len(pixels),
                cols=COLUMNS,
                heights=list(pixels),
                vertical_spacing=GAP_PIXELS / height,
                horizontal_spacing=COLUMN_GAP,
            ),
        ),
        benchmark_returns=None if figures.benchmark_returns is None else _series(figures.benchmark_returns),
        benchmark_name="Buy-and-hold",
        run_info=_run_info(run),
        account_info=_account_info(run),
    )
    assert figure is not None  # without an output path the engine returns the page
    path = run.folder / TEARSHEET
    pending = path.with_suffix(".pending")
    pending.write_text(_page(figure, run, figures), encoding="utf-8")
    pending.replace(path)
    return path


def _charts(run: Run, figures: Figures) -> list[TearsheetChart]:
    equity = run.table("equity")
    equity = equity.groupby(equity["ts"].dt.date).last()  # one a day: a chart of minutes would be all ink
    exposure = {name: equity[name].tolist() for name in ("gross", "net")}
    charts: list[TearsheetChart] = [
        TearsheetRunInfoChart(title="Run"),
        TearsheetStatsTableChart(title="Statistics of daily returns"),
        TearsheetEquityChart(title="Equity, start = 1"),
        TearsheetDrawdownChart(),
        TearsheetMonthlyReturnsChart(),
        TearsheetDistributionChart(title="Daily returns"),
        TearsheetYearlyReturnsChart(),
    ]
    if len(figures.returns) > SHARPE_DAYS:
        charts.append(TearsheetRollingSharpeChart())
    charts += [
        _bars("Contribution by agent, share of decided weights", run.summary["contributions"], ".1%"),
        TearsheetCustomChart(
            chart=LINES,
            title="Exposure at day's end, fraction of equity: gross grey, net green",
            args={"x": equity["ts"].tolist(), "lines": exposure},
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
    for (name, values), color in zip(lines.items(), (colors["primary"], colors["positive"]), strict=True):
        line = {"color": color, "width": 1}
        trace = go.Scatter(x=x, y=values, mode="lines", name=name, line=line, showlegend=False)
        fig.add_trace(trace, row=row, col=col)


register_tearsheet_chart(BARS, "bar", "Bars", _draw_bars)
register_tearsheet_chart(LINES, "scatter", "Lines", _draw_lines)


def _series(returns: dict[int, float]) -> pd.Series:
    return pd.Series(list(returns.values()), index=pd.to_datetime(list(returns), unit="ns", utc=True), dtype="float64")


def _statistics(returns: dict[int, float]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for form, kinds in (("{:.2%}", FRACTIONS), ("{:.3f}", RATIOS)):
        for statistic in (kind() for kind in kinds):
            value = statistic.calculate_from_returns(returns)
            rows[statistic.name] = "n/a" if value is None or not math.isfinite(value) else form.format(value)
    return rows


def _run_info(run: Run) -> dict[str, str]:
    summary = run.summary
    counts = ("bars", "rounds", "decisions", "refused_decisions", "orders", "denied_orders", "fills")
    return {
        "run": summary["run_id"],
        "window": f"{summary['start']} to {summary['end']}",
        "engine": f"nautilus_trader {summary['engine_version']}",
        **{name.replace("_", " "): f"{summary[name]:,}" for name in counts},
        "result_sha256": summary["result_sha256"][:16],
        "config_sha256": summary["config_sha256"][:16],
        "catalog_sha256": summary["catalog_sha256"][:16],
    }


def _account_info(run: Run) -> dict[str, str]:
    summary = run.summary
    return {
        "starting equity": f"{summary['starting_equity']:,.2f} USD",
        "ending equity": f"{summary['ending_equity']:,.2f} USD",
        "traded": f"{summary['traded_notional']:,.0f} USD",
        "turnover": f"{summary['turnover']:.1f} times equity a year",
        "half-spread and impact": f"{summary['slippage_bps']:.2f} bps of traded notional",
    }


def _page(figure: str, run: Run, figures: Figures) -> str:
    """Put the firm's tables around the engine's page."""
    name = escape(f"{figures.firm.name}: {run.summary['start']} to {run.summary['end']}")
    raw = [line for line in run.summary["not_modelled"] if line.startswith(RAW_PRICES)]
    warnings = [line for line in (session_line(run), *figures.commands, *raw) if line]
    halts = "".join(f'<p class="halt">{escape(line)}</p>' for line in warnings)
    refusals = [(desk, rule, f"{count:,}") for desk, rule, count in figures.refusals]
    above = (
        f"<section><h1>{name}</h1><p>{escape(PURPOSE)}</p>{halts}</section>"
        + _section("Result", ("", "firm", "buy-and-hold"), figures.result, (1, 2))
        + f"<section><p>{escape(ASSUMPTIONS)}</p></section>"
    )
    not_modelled = "".join(f"<li>{escape(line)}</li>" for line in run.summary["not_modelled"])
    below = (
        '<div class="tables">'
        + _section("Costs", ("", "USD", "bps of traded", "configuration (negative: earned)"), figures.costs, (1, 2))
        + _section("Refusals", ("desk", "rule", "times"), refusals or [("none", "", "")], (2,))
        + _execution(figures.execution)
        + _section("Limits", ("limit", "value"), limit_rows(figures.firm))
        + _section("Use of limits", PEAK_HEADS, peak_rows(figures.risk), (2, 3, 4, 6, 7))
        + _section("Stress", STRESS_HEADS, stress_rows(figures.risk), (1, 2))
        + _options(option_rows(figures.risk))
        + f"<section><h2>Not modelled</h2><ul>{not_modelled}</ul></section></div>"
    )
    head, _, rest = figure.partition("<body>")
    head = head.replace("<head>", f"<head><title>{name}</title><style>{STYLE}</style>", 1)
    body, _, tail = rest.rpartition("</body>")
    return f"<!DOCTYPE html>\n{head}<body>{above}{body}{below}</body>{tail}"


def _options(rows: Sequence[tuple[str, ...]]) -> str:
    right = tuple(column for column in range(1, len(OPTION_HEADS)) if column % 3)
    return _section(OPTIONS_TITLE, OPTION_HEADS, rows, right) if rows else ""


def _execution(found: ExecutionFigures | None) -> str:
    if found is None or not found.total.parents:
        return ""
    groups = (*found.groups, found.total)
    numbers = range(1, max(len(SHORTFALL_HEADS), len(PART_HEADS)))
    extremes = [extreme_row(one) for one in (*found.worst, *found.best)]
    return (
        _section("Execution, bps of arrival notional", SHORTFALL_HEADS, [shortfall_row(one) for one in groups], numbers)
        + _section("Parts of the shortfall, bps", PART_HEADS, [part_row(one) for one in groups], numbers)
        + _section("Worst and best parent orders", EXTREME_HEADS, extremes or [("none", "", "", "", "")], (2, 3))
    )


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [f'<{tag} class="number">' if at in numbers else f"<{tag}>" for at in range(len(cells))]
        return (
            "<tr>" + "".join(f"{kind}{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)) + "</tr>"
        )

    body = "".join(line(row, "td") for row in rows)
    return f"<section><h2>{escape(title)}</h2><table>{line(header, 'th')}{body}</table></section>"

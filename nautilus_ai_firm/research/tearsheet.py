"""A run folder -> `tearsheet.html`: the engine's own charts and the firm's, in one file that opens offline."""

import math
from pathlib import Path

import pandas as pd
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
    TearsheetConfig,
    create_tearsheet_from_stats,
)

from nautilus_ai_firm.research.figures import figures_of
from nautilus_ai_firm.research.tearsheet_charts import charts_of
from nautilus_ai_firm.research.tearsheet_page import page_of
from nautilus_ai_firm.runs.folder import Run

TEARSHEET = "tearsheet.html"
ROW_PIXELS = (480, 340, 340, 260, 260, 260, 260, 260)
GAP_PIXELS = 90  # between rows: a title and the labels of an axis
MARGIN_PIXELS = 200  # the engine's own, above and below
COLUMNS = 2
COLUMN_GAP = 0.15  # of the width: what the longest names of rules need beside their bars
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
    charts = charts_of(run, figures)
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
    pending.write_text(page_of(figure, run, figures), encoding="utf-8")
    pending.replace(path)
    return path


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

"""A run folder -> the rows that the report and the tearsheet both print: result, trading, costs, refusals, halts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.research.benchmark import BENCHMARK
from nautilus_ai_firm.research.execution_figures import ExecutionFigures, execution_figures, has_execution
from nautilus_ai_firm.research.outline import cost_rows
from nautilus_ai_firm.research.performance_words import PERFORMANCE, figure_text
from nautilus_ai_firm.research.risk_figures import RiskFigures, risk_figures
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.performance import daily_returns, performance
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.settings import Firm, load

PURPOSE = "This demonstrates the machine, not profit: nothing was tuned, and past prices promise nothing."
BPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run folder says, ready to be read.

    Attributes
    ----------
    firm : Firm
        The settings of the run.
    returns : dict of int to float
        Daily returns of the firm by nanosecond, fractions.
    benchmark_returns : dict of int to float or None
        The same of buy-and-hold, where the run folder has it.
    result : list of tuple of str
        Name, firm, buy-and-hold.
    costs : list of tuple of str
        Name, amount, basis points of traded notional, what the configuration says.
    amounts : dict of str to float
        Each kind of cost in account currency; what was earned is negative.
    refusals : list of tuple of (str, str, int)
        Desk, rule, how often.
    commands : list of str
        What was ordered for the whole firm, when, by whom and why.
    risk : RiskFigures
        Peaks of the limits, stress, exceptions of the value at risk.
    execution : ExecutionFigures or None
        What orders cost; None for a run that is older than the table of its parent orders.

    """

    firm: Firm
    returns: dict[int, float]
    benchmark_returns: dict[int, float] | None
    result: list[tuple[str, str, str]]
    costs: list[tuple[str, str, str, str]]
    amounts: dict[str, float]
    refusals: list[tuple[str, str, int]]
    commands: list[str]
    risk: RiskFigures
    execution: ExecutionFigures | None


def session_line(run: Run) -> str:
    """Say that a run was a session, where and how it ended; nothing for a backtest."""
    host, ended = run.summary.get("host", Host.BACKTEST), run.summary.get("ended", "normal")
    if host == Host.BACKTEST:
        return ""
    where = "simulated fills, nothing was sent to a broker" if host == Host.SANDBOX else "orders went to a broker"
    return f"{host.upper()} SESSION, ended: {ended}; {where}"


def figures_of(run: Run) -> Figures:
    """Read a run folder.

    Raises
    ------
    ConfigError
        The configuration in the folder cannot be read.

    """
    firm = load(run.folder / "config.toml").firm
    start = firm.venue.starting_balance
    held = run.table(BENCHMARK) if (run.folder / f"{BENCHMARK}.parquet").is_file() else None
    benchmark = None if held is None else _levels(held)
    amounts = {
        "commission": run.summary["fees"],
        "half-spread": run.summary["half_spread_cost"],
        "impact": run.summary["impact_cost"],
        "financing": 0.0 - run.summary["financing"],
    }
    return Figures(
        firm=firm,
        returns=daily_returns(*_levels(run.table("equity")), start),
        benchmark_returns=None if benchmark is None else daily_returns(*benchmark, start),
        result=_result(run.summary, _figures_of_benchmark(benchmark, start)),
        costs=_costs(firm, amounts, run.summary["traded_notional"]),
        amounts=amounts,
        refusals=[(desk, rule, count) for desk, rule, count in run.summary["refusals"]],
        commands=_commands(run.folder / "audit.jsonl"),
        risk=risk_figures(run),
        execution=execution_figures(run) if has_execution(run) else None,
    )


def _levels(table: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    ts = table["ts"].astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    return ts, table["equity"].astype("float64").to_numpy()


def _figures_of_benchmark(
    benchmark: tuple[NDArray[np.int64], NDArray[np.float64]] | None, start: float
) -> dict[str, float | None]:
    if benchmark is None:
        return {}
    ts, equity = benchmark
    ends = {"ending_equity": float(equity[-1]), "total_return": float(equity[-1]) / start - 1.0}
    return ends | performance(daily_returns(ts, equity, start))


def _result(firm: dict[str, Any], benchmark: dict[str, float | None]) -> list[tuple[str, str, str]]:
    forms = PERFORMANCE | {"ending_equity": ("ending equity, USD", "{:,.0f}")}
    return [
        (label, figure_text(firm.get(name), form), figure_text(benchmark.get(name), form))
        for name, (label, form) in forms.items()
    ]


def _costs(firm: Firm, amounts: dict[str, float], notional: float) -> list[tuple[str, str, str, str]]:
    says = dict(cost_rows(firm))
    rows: list[tuple[str, str, str, str]] = []
    for name, amount in amounts.items():
        bps = f"{amount / notional * BPS:.2f}" if notional else "n/a"
        rows.append((name, f"{amount:,.2f}", bps, says[name]))
    return rows


def _commands(audit: Path) -> list[str]:
    """Read what was ordered for the whole firm from the audit chain; orders of one time and cause share a line."""
    with audit.open("rb") as lines:
        orders = [json.loads(line) for line in lines if b'"kind":"command"' in line]
    said: dict[tuple[str, str, str], list[str]] = {}
    for order in orders:
        if order.get("place") is not None:
            continue  # a stop is everyday business
        said.setdefault((utc(order["ts"]), order["who"], order["cause"]), []).append(order["action"])
    return [f"{', '.join(actions).upper()} at {time} by {who}: {cause}" for (time, who, cause), actions in said.items()]

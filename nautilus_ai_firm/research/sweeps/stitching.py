"""Tests of a walk, one after the other -> one line of equity out of sample, and buy-and-hold beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.utc_days import day_ns
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.research.benchmark import bar_prices, buy_and_hold
from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.runs.charges import TIME
from nautilus_ai_firm.runs.performance import daily_returns, performance
from nautilus_ai_firm.settings import Costs

EQUITY = "out_of_sample.parquet"
BPS = 10_000

type Days = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Tested = tuple[date, date, Tried | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stitched:
    """All tests in one line.

    Attributes
    ----------
    ends_ns : ndarray of shape (n_days,)
        Last round of each day, nanoseconds UTC.
    windows : ndarray of shape (n_days,)
        Place of the window that the day belongs to, from 0.
    returns, benchmark : ndarray of shape (n_days,)
        Simple return of each day, of the firm and of buying and holding its universe, fractions.
    figures, benchmark_figures : dict of str to float or None
        Performance of both over all days.

    """

    ends_ns: Days
    windows: Days
    returns: Floats
    benchmark: Floats
    figures: dict[str, float | None]
    benchmark_figures: dict[str, float | None]


def closed_at_end(returns: Floats, gross: float, costs: Costs) -> Floats:
    """Take from the last day what closing its positions at the close would cost.

    Parameters
    ----------
    returns : ndarray of shape (n_days,)
        Simple returns of one test that is marked at its last close, fractions.
    gross : float
        Size of the positions at the last close, a fraction of equity.
    costs : Costs
        Commission and half-spread are paid; there is no impact, since nothing is traded.

    """
    kept = returns.copy()
    if len(kept):
        kept[-1] = (1.0 + kept[-1]) * (1.0 - gross * (costs.commission_bps + costs.half_spread_bps) / BPS) - 1.0
    return kept


def stitch(plan: SweepPlan, tests: Sequence[Tested]) -> Stitched:
    """Compound tests that follow each other, each begun and ended without positions.

    Parameters
    ----------
    plan : SweepPlan
        Days, costs and universe.
    tests : sequence of (date, date, Tried or None)
        First and last day of each test, and what came of it; without one the firm holds cash that earns nothing.

    """
    firm = plan.loaded.base.firm
    days, returns, windows = [], [], []
    for place, (start, end, tried) in enumerate(tests):
        ends = _days_between(plan, start, end)
        if tried is None:
            made = np.zeros(len(ends))
        else:
            ends, made = tried.outcome.ends_ns, tried.outcome.daily_returns
            made = closed_at_end(made, tried.outcome.gross_at_end, firm.costs)
        days.append(ends)
        returns.append(made)
        windows.append(np.full(len(ends), place, np.int64))
    ends_ns, made = np.concatenate(days), np.concatenate(returns)
    benchmark = benchmark_returns(plan, ends_ns)
    return Stitched(
        ends_ns=ends_ns,
        windows=np.concatenate(windows),
        returns=made,
        benchmark=benchmark,
        figures=_figures(ends_ns, made),
        benchmark_figures=_figures(ends_ns, benchmark),
    )


def write_stitched(folder: Path, stitched: Stitched) -> None:
    """Write one row a day: window, return and equity (start 1) of the firm and of buy-and-hold."""
    table = pa.table(
        {
            "ts": pa.array(stitched.ends_ns, TIME),
            "window": stitched.windows + 1,
            "return": stitched.returns,
            "equity": np.cumprod(1.0 + stitched.returns),
            "benchmark_return": stitched.benchmark,
            "benchmark_equity": np.cumprod(1.0 + stitched.benchmark),
        }
    )
    path = folder / EQUITY
    pending = path.with_suffix(".pending")
    pq.write_table(table, pending)
    pending.replace(path)


def benchmark_returns(plan: SweepPlan, ends_ns: Days) -> Floats:
    """Return what buying and holding the universe made on days that follow each other, shape (n_days,)."""
    firm, rounds = plan.loaded.base.firm, plan.rounds_ns
    rounds = rounds[(rounds >= ends_ns[0] // DAY_NS * DAY_NS) & (rounds <= ends_ns[-1])]
    opens, closes = bar_prices(Catalog(plan.catalog), bar_names(firm), rounds)
    cash = firm.venue.starting_balance
    made = daily_returns(rounds, buy_and_hold(opens, closes, cash, firm.costs), cash)
    return np.array([made[int(end)] for end in ends_ns])


def _days_between(plan: SweepPlan, start: date, end: date) -> Days:
    """Last round of each day of a window."""
    rounds = plan.rounds_ns[(plan.rounds_ns >= day_ns(start)) & (plan.rounds_ns < day_ns(end) + DAY_NS)]
    return rounds[np.append(np.flatnonzero(np.diff(rounds // DAY_NS)), len(rounds) - 1)]


def _figures(ends_ns: Days, returns: Floats) -> dict[str, float | None]:
    total = float(np.prod(1.0 + returns)) - 1.0
    return {"total_return": total} | performance(dict(zip(ends_ns.tolist(), returns.tolist(), strict=True)))

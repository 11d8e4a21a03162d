"""Equity, trades and their costs -> the figures of money in a summary."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.performance import daily_returns, performance

YEAR_NS = 365.25 * DAY_NS
SHORTEST_YEARS = 1 / 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """What was traded and what that cost, account currency, exact."""

    notional: Decimal
    fee: Decimal
    half_spread_cost: Decimal
    impact_cost: Decimal
    financing: Decimal

    @classmethod
    def of(cls, notional: Decimal, fills: Iterable[FillCosts], financing: Iterable[FinancingEntry]) -> "Traded":
        """Add up the costs of fills and the bookings of interest."""
        costs = list(fills)
        return cls(
            notional=notional,
            fee=sum((one.fee for one in costs), Decimal(0)),
            half_spread_cost=sum((one.half_spread_cost for one in costs), Decimal(0)),
            impact_cost=sum((one.impact_cost for one in costs), Decimal(0)),
            financing=sum((entry.amount for entry in financing), Decimal(0)),
        )


def money_figures(
    ts: NDArray[np.int64], equity: NDArray[np.float64], start: float, traded: Traded, first_ns: int, last_ns: int
) -> dict[str, float | None]:
    """Compute what a summary says of money.

    Parameters
    ----------
    ts : ndarray of shape (n_rounds,)
        Closes of the rounds, nanoseconds UTC, ascending.
    equity : ndarray of shape (n_rounds,)
        Account currency.
    start : float
        Equity before the first round.
    traded : Traded
        What was traded, and its costs.
    first_ns, last_ns : int
        Closes of the first and the last round, nanoseconds UTC: turnover is a year's.

    """
    levels = equity if len(equity) else np.array([start])
    slippage = traded.half_spread_cost + traded.impact_cost
    years = max((last_ns - first_ns) / YEAR_NS, SHORTEST_YEARS)
    return {
        "starting_equity": start,
        "ending_equity": float(levels[-1]),
        "total_return": float(levels[-1]) / start - 1.0,
        **performance(daily_returns(ts, equity, start)),
        "turnover": float(traded.notional) / float(levels.mean()) / years,
        "traded_notional": float(traded.notional),
        "fees": float(traded.fee),
        "half_spread_cost": float(traded.half_spread_cost),
        "impact_cost": float(traded.impact_cost),
        "financing": float(traded.financing),
        "slippage_bps": float(slippage / traded.notional * 10_000) if traded.notional else 0.0,
    }

"""The parent orders of a run -> what each way of executing cost, part by part, and the best and worst of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.execution.quality import PARTS
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.execution_log import DECISION, ORIGINS, RESTING
from nautilus_ai_firm.runs.folder import Run

AT_ONCE = "at once"
ALL = "all decided"
BPS = 10_000
NOT_DECIDED = frozenset(ORIGINS.values()) - {DECISION}
SHOWN = 5  # of the best and of the worst


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """Parent orders that were executed in one way; basis points are of arrival notional, costs positive, else NaN.

    Attributes
    ----------
    name : str
        The algorithm, `at once`, or what the orders came from where nobody decided them.
    parents, measured : int
        How many there are, and how many of them have a shortfall.
    fill_rate : float
        Filled share of the arrival notional; of exits that wait to be needed the share of orders that were.
    notional : float
        Arrival notional, account currency.
    mean, weighted, low, high : float
        Shortfall in basis points: mean, mean weighted by notional, 5th and 95th percentile.
    parts : dict of str to float
        Each part, weighted by notional.
    vwap, twap : float
        What was paid against the benchmarks, weighted by the notional of those that have them.
    estimated, charged : float
        Impact in basis points, before and after, of the parents with an estimate.

    """

    name: str
    parents: int
    measured: int
    fill_rate: float
    notional: float
    mean: float
    weighted: float
    low: float
    high: float
    parts: dict[str, float]
    vwap: float
    twap: float
    estimated: float
    charged: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One parent order in words: who it was, what it cost, and which part dominated."""

    parent_id: str
    order: str
    money: float
    bps: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFigures:
    """What a run's execution cost: by the way of executing, all that was decided together, and the extremes."""

    groups: tuple[GroupFigures, ...]
    total: GroupFigures
    worst: tuple[Explained, ...]
    best: tuple[Explained, ...]


def execution_figures(run: Run) -> ExecutionFigures:
    """Read the parent orders of a run.

    Raises
    ------
    RunError
        The run is older than the table of its parent orders.

    """
    if not has_execution(run):
        raise RunError(f"{run.folder}: has no execution.parquet, it is older than the table of parent orders")
    table: Any = run.table("execution")
    money = [*PARTS, "shortfall", "arrival_notional", "decision_price", "release_price"]
    table[money] = table[money].astype("float64")
    names = [_way(row) for row in table[["origin", "exec_algorithm"]].itertuples(index=False)]
    order = dict.fromkeys(sorted(names, key=lambda name: (name in NOT_DECIDED, name != AT_ONCE, name)))
    decided = table[table["origin"] == DECISION]
    ranked = decided[decided["shortfall"].notna()].sort_values(["shortfall", "parent_order_id"])
    ranked = ranked[ranked["shortfall"] != 0]
    return ExecutionFigures(
        groups=tuple(_group(name, table[np.array(names) == name]) for name in order),
        total=_group(ALL, decided),
        worst=tuple(_explained(row) for row in _rows(ranked[ranked["shortfall"] > 0].iloc[: -SHOWN - 1 : -1])),
        best=tuple(_explained(row) for row in _rows(ranked[ranked["shortfall"] < 0].iloc[:SHOWN])),
    )


def has_execution(run: Run) -> bool:
    """Whether a run has the table of its parent orders."""
    return (run.folder / "execution.parquet").is_file()


def _way(row: Any) -> str:
    if row.origin != DECISION:
        return row.origin
    return row.exec_algorithm if isinstance(row.exec_algorithm, str) else AT_ONCE


def _rows(table: Any) -> Sequence[Any]:
    return list(table.itertuples(index=False))


def _group(name: str, table: Any) -> GroupFigures:
    known = table[table["arrival_notional"].fillna(0.0) > 0.0]
    bps, weights = known["shortfall_bps"].to_numpy(), known["arrival_notional"].to_numpy()
    filled = (known["filled_quantity"] * known["decision_price"]).sum()
    estimates = known[known["estimated_impact_bps"].notna()]
    low, high = np.percentile(bps, [5, 95]) if len(bps) else (math.nan, math.nan)
    notional = float(weights.sum())
    rate = float((table["filled_quantity"] > 0).mean()) if name in RESTING else _over(filled, notional)
    return GroupFigures(
        name=name,
        parents=len(table),
        measured=len(known),
        fill_rate=rate,
        notional=notional,
        mean=float(bps.mean()) if len(bps) else math.nan,
        weighted=_over(known["shortfall"].sum() * BPS, notional),
        low=float(low),
        high=float(high),
        parts={part: _over(known[part].sum() * BPS, notional) for part in PARTS},
        vwap=_weighted(known, "vwap_bps"),
        twap=_weighted(known, "twap_bps"),
        estimated=_weighted(estimates, "estimated_impact_bps"),
        charged=_over(estimates["impact"].sum() * BPS, float(estimates["arrival_notional"].sum())),
    )


def _weighted(table: Any, name: str) -> float:
    known = table[table[name].notna()]
    weights = known["arrival_notional"]
    return _over((known[name] * weights).sum(), float(weights.sum()))


def _over(amount: float, notional: float) -> float:
    return float(amount) / notional if notional else math.nan


def _explained(row: Any) -> Explained:
    sign = 1.0 if row.shortfall > 0 else -1.0
    part = max(PARTS, key=lambda name: sign * getattr(row, name))
    share = getattr(row, part) / row.arrival_notional * BPS
    return Explained(
        parent_id=row.parent_order_id,
        order=f"{row.side} {row.quantity:,} {_way(row)}",
        money=row.shortfall,
        bps=row.shortfall_bps,
        why=f"{_words(part, row)} {share:+.1f} bps",
    )


def _words(part: str, row: Any) -> str:
    """Name a part as it happened to an order."""
    if part == "delay":
        overnight = row.release_ts.value // DAY_NS > row.decision_ts.value // DAY_NS
        return "gap at the open" if overnight else "delay until it left"
    return {
        "timing": "market while it was worked" if row.orders > 1 else "fill away from the price at release",
        "spread": "half-spread",
        "impact": "impact",
        "fees": "commission",
        "opportunity": f"move of what was not filled ({row.state})",
    }[part]

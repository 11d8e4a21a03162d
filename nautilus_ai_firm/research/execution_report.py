"""The execution of a run -> a screen of aligned text: shortfall and its parts, benchmarks, best and worst parents."""

import math
import textwrap
from typing import Any

from nautilus_ai_firm.research.execution_figures import (
    SHOWN,
    ExecutionFigures,
    Explained,
    GroupFigures,
    execution_figures,
)
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.session_facts import Host

NOT_KNOWN = "n/a"
WIDTH = 100
SHORTFALL_HEADS = ("way", "parents", "filled", "notional", "mean", "weighted", "p5", "p95", "to VWAP", "to TWAP")
PART_HEADS = ("way", "delay", "timing", "spread", "impact", "fees", "missed", "shortfall")
EXTREME_HEADS = ("parent", "order", "cost", "of arrival", "what dominated")
MEANINGS = (
    "Costs are positive, basis points of arrival notional (quantity at the close of the decision; of stops and take "
    "profits what they filled at their price). shortfall: paper gain less real gain (Perold 1988), mean and weighted "
    "by notional; its parts are weighted and sum to it. delay: from the decision's close to the price at release. "
    "timing: from there to the fills. spread, impact, fees: charged beside the price. missed: the move of what was not "
    "filled. filled: share of notional, of stops and take profits of orders. to VWAP, to TWAP: price paid, with spread "
    "and impact, against the bars of the time of work, whole bars: for an order at once the bar it was filled in, so "
    "mostly what prices did after it. UNPROTECTED: from a fill until stops cover it; market time stands while orders "
    "travel, so 0 there means covered before the market moved on, and no more than that."
)
AT_BROKER = "At a broker prices have spread and impact in them: both stand in timing, and their own columns are zero."


def execution_report(run: Run) -> str:
    """Write up the execution of a run.

    Parameters
    ----------
    run : Run
        A finished run.

    Raises
    ------
    RunError
        As `execution_figures`.

    """
    figures = execution_figures(run)
    groups = (*figures.groups, figures.total)
    parents = sum(group.parents for group in figures.groups)
    meanings = MEANINGS if run.summary.get("host") != Host.IB else f"{MEANINGS} {AT_BROKER}"
    at_broker = run.summary.get("host") == Host.IB
    return "\n".join(
        [
            f"{run.summary['run_id']}: {parents:,} parent orders in {run.summary['rounds']:,} rounds",
            "SHORTFALL, bps",
            *aligned([SHORTFALL_HEADS, *map(shortfall_row, groups)], right=range(1, len(SHORTFALL_HEADS))),
            "PARTS, bps",
            *aligned([PART_HEADS, *map(part_row, groups)], right=range(1, len(PART_HEADS))),
            _impact(figures.total, at_broker=at_broker),
            *_unprotected(run.summary.get("unprotected"), at_broker=at_broker),
            *_extremes(figures),
            *textwrap.wrap(meanings, WIDTH),
        ]
    )


def shortfall_row(group: GroupFigures) -> tuple[str, ...]:
    """Say what one way of executing cost, and against what."""
    return (
        group.name,
        f"{group.parents:,}",
        _known(group.fill_rate, ".1%"),
        f"{group.notional:,.0f}",
        *(_known(value, "+.1f") for value in (group.mean, group.weighted, group.low, group.high)),
        *(_known(value, "+.1f") for value in (group.vwap, group.twap)),
    )


def part_row(group: GroupFigures) -> tuple[str, ...]:
    """Say the parts of what it cost, and their sum."""
    return (group.name, *(_known(value, "+.2f") for value in (*group.parts.values(), group.weighted)))


def _impact(total: GroupFigures, *, at_broker: bool) -> str:
    if math.isnan(total.estimated):
        return "IMPACT was not estimated before the trade"
    at_once = f"IMPACT estimated {total.estimated:.2f} bps if all went out at once"
    if at_broker:
        return f"{at_once}; what came of it is inside timing"
    return f"{at_once}, charged {total.charged:.2f} bps, saved {total.estimated - total.charged:.2f} bps"


def _unprotected(found: dict[str, Any] | None, *, at_broker: bool) -> list[str]:
    """Say for how long positions had no stop, where the run knows."""
    if not found:
        return []
    times = ", ".join(f"{name} {found[f'{name}_ms']:,.1f} ms" for name in ("p50", "p99", "max"))
    held, left = found["attached_fills"], found["uncovered_fills"]
    clock = "" if at_broker else " of market time"  # which stands while orders travel
    return [
        f"UNPROTECTED {times}{clock}, at most {found['max_quantity']:,} units",
        f"  over {found['fills']:,} fills ({held:,} with a stop that the broker held; {left:,} without one at the end)",
    ]


def _extremes(figures: ExecutionFigures) -> list[str]:
    lines: list[str] = []
    for title, found in ((f"WORST {SHOWN}", figures.worst), (f"BEST {SHOWN}", figures.best)):
        lines.append(f"{title} by money, and the part that dominates")
        lines += aligned([extreme_row(one) for one in found], right=(2, 3)) if found else ["none"]
    return lines


def extreme_row(one: Explained) -> tuple[str, ...]:
    """Explain one parent order."""
    return one.parent_id, one.order, f"{one.money:+,.0f} USD", f"{one.bps:+.1f} bps", one.why


def _known(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else NOT_KNOWN

"""Parent orders and the charges of their fills -> one table: a row a parent, with what it cost and against what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

import pyarrow as pa

from nautilus_ai_firm.models.execution.quality import (
    PARTS,
    Charged,
    Shortfall,
    against_benchmark_bps,
    average_price,
    implementation_shortfall,
)
from nautilus_ai_firm.runs.charges import MONEY, TIME
from nautilus_ai_firm.runs.execution_log import DECISION, Worked

EXECUTION = pa.schema(
    [
        ("round", pa.int64()),
        ("decision_id", pa.string()),
        ("parent_order_id", pa.string()),
        ("instrument_id", pa.string()),
        ("origin", pa.string()),
        ("side", pa.string()),
        ("exec_algorithm", pa.string()),
        ("quantity", pa.int64()),
        ("filled_quantity", pa.int64()),
        ("orders", pa.int64()),
        ("fills", pa.int64()),
        ("decision_ts", TIME),
        ("decision_price", MONEY),
        ("release_ts", TIME),
        ("release_price", MONEY),
        ("done_ts", TIME),
        ("last_price", MONEY),
        ("average_price", pa.float64()),
        ("bars", pa.int64()),
        ("vwap", pa.float64()),
        ("twap", pa.float64()),
        *((part, MONEY) for part in PARTS),
        ("shortfall", MONEY),
        ("arrival_notional", MONEY),
        ("shortfall_bps", pa.float64()),
        ("vwap_bps", pa.float64()),
        ("twap_bps", pa.float64()),
        ("estimated_impact_bps", pa.float64()),
        ("average_daily_volume", pa.float64()),
        ("volatility_per_day", pa.float64()),
        ("state", pa.string()),
    ]
)
WORKING = "working: nothing was said of its end"
_DIGITS = Decimal("1e-12")  # of a price in a table


def execution_table(parents: Iterable[Worked], fills: pa.Table) -> pa.Table:
    """Make the table, in the order of rounds and parent ids.

    Parameters
    ----------
    parents : iterable of Worked
        Every parent order.
    fills : Table
        The run's fills with their charges.

    """
    charged = _charged(fills)
    ordered = sorted(parents, key=lambda one: (one.round, one.parent_id))
    return pa.Table.from_pylist([_row(one, charged.get(one.parent_id, Charged())) for one in ordered], schema=EXECUTION)


def execution_figures(table: pa.Table) -> dict[str, float | None]:
    """Return what decided orders cost all together, as the summary has it.

    Returns
    -------
    dict
        `fill_rate`, the share of what was decided that was filled, and `shortfall_bps`, both weighted by arrival
        notional; None where nothing was decided.

    """
    names = ("origin", "filled_quantity", "decision_price", "shortfall", "arrival_notional")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    decided = [row for origin, *row in rows if origin == DECISION and row[2] is not None]
    notional = float(sum((row[3] for row in decided), Decimal(0)))
    if not notional:
        return {"fill_rate": None, "shortfall_bps": None}
    filled = float(sum((quantity * price for quantity, price, *_ in decided), Decimal(0)))
    shortfall = float(sum((row[2] for row in decided), Decimal(0)))
    return {"fill_rate": filled / notional, "shortfall_bps": shortfall / notional * 1e4}


def _charged(fills: pa.Table) -> Mapping[str, Charged]:
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    columns = (fills[name].to_pylist() for name in ("parent_order_id", "half_spread_cost", "impact_cost", "fee"))
    for parent_id, *parts in zip(*columns, strict=True):
        sums[parent_id] = [total + part for total, part in zip(sums[parent_id], parts, strict=True)]
    return {name: Charged(spread=spread, impact=impact, fees=fees) for name, (spread, impact, fees) in sums.items()}


def _row(one: Worked, charged: Charged) -> dict[str, Any]:
    record, side = one.record, 1 if one.side == "BUY" else -1
    quantity = one.quantity if record is None else record.quantity
    filled = sum((amount for amount, _ in one.fills), Decimal(0))
    found = _shortfall(one, side, filled if one.rests else max(Decimal(quantity), filled), charged)
    average = average_price(one.fills)
    vwap, twap = one.window.volume_weighted, one.window.time_weighted
    return {
        "round": one.round,
        "decision_id": one.decision_id,
        "parent_order_id": one.parent_id,
        "instrument_id": one.instrument_id,
        "origin": one.origin,
        "side": one.side,
        "exec_algorithm": None if record is None else record.exec_algorithm,
        "quantity": quantity,
        "filled_quantity": int(filled),
        "orders": one.orders,
        "fills": len(one.fills),
        "decision_ts": one.decision_ts,
        "decision_price": _price(one.decision_price),
        "release_ts": one.release_ts,
        "release_price": _price(one.release_price),
        "done_ts": None if record is None else record.ts_event,
        "last_price": _price(one.end_price),
        "average_price": _known(average),
        "bars": one.window.bars,
        "vwap": _known(vwap),
        "twap": _known(twap),
        **{part: None if found is None else getattr(found, part) for part in PARTS},
        "shortfall": None if found is None else found.total,
        "arrival_notional": None if found is None else found.arrival_notional,
        "shortfall_bps": None if found is None else _known(found.bps()),
        "vwap_bps": _known(against_benchmark_bps(side, one.fills, charged, vwap)),
        "twap_bps": _known(against_benchmark_bps(side, one.fills, charged, twap)),
        "estimated_impact_bps": None if record is None else record.estimated_impact_bps,
        "average_daily_volume": None if record is None else record.average_daily_volume,
        "volatility_per_day": None if record is None else record.volatility_per_day,
        "state": WORKING if record is None else record.state,
    }


def _shortfall(one: Worked, side: int, quantity: Decimal, charged: Charged) -> Shortfall | None:
    """Measure one; an exit that rests was to trade what it filled, so nothing of it was missed."""
    decision, end = _price(one.decision_price), _price(one.end_price)
    if not one.fills and one.rests:
        end = decision
    if decision is None or end is None:
        return None
    return implementation_shortfall(
        side=side,
        quantity=quantity,
        decision_price=decision,
        release_price=_price(one.release_price),
        end_price=end,
        fills=one.fills,
        charged=charged,
    )


def _price(price: float | Decimal) -> Decimal | None:
    """Return the price as it is written; a price in between that nobody quotes is rounded to twelve digits."""
    if isnan(price):
        return None
    return (price if isinstance(price, Decimal) else Decimal(repr(price))).quantize(_DIGITS)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None

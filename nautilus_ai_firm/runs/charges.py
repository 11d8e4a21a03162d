"""What the venue charged -> the tables of fills and of financing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

import pyarrow as pa

from nautilus_ai_firm.messages import OrderRecord

MONEY = pa.decimal128(38, 12)
TIME = pa.timestamp("ns", tz="UTC")

FILLS = pa.schema(
    [
        ("ts", TIME),
        ("round", pa.int64()),
        ("instrument_id", pa.string()),
        ("side", pa.string()),
        ("quantity", MONEY),
        ("price", MONEY),
        ("commission", MONEY),
        ("currency", pa.string()),
        ("client_order_id", pa.string()),
        ("parent_order_id", pa.string()),
        ("exec_algorithm", pa.string()),
        ("decision_id", pa.string()),
        ("fee", MONEY),
        ("half_spread_cost", MONEY),
        ("impact_cost", MONEY),
    ]
)
"""`commission` is what the venue booked, in cents; the last three columns are its exact parts."""

_COSTS = ("fee", "half_spread_cost", "impact_cost")
_OF_FILL = attrgetter("ts_event", *FILLS.names[1 : -len(_COSTS)])
_OF_COSTS = attrgetter(*_COSTS)
_ORDER = itemgetter(*map(FILLS.get_field_index, ("ts", "instrument_id", "client_order_id")))

FINANCING = pa.schema(
    [("ts", TIME), ("nights", pa.int64()), ("cash", MONEY), ("short_market_value", MONEY), ("amount", MONEY)]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillCosts:
    """Exact costs of one fill, account currency; the venue charges their sum rounded to cents."""

    fee: Decimal
    half_spread_cost: Decimal
    impact_cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingEntry:
    """One booking of interest and borrow fees, account currency; a positive amount is earned."""

    ts: int
    nights: int
    cash: Decimal
    short_market_value: Decimal
    amount: Decimal


def fills_table(fills: Sequence[OrderRecord], charged: Mapping[str, Sequence[FillCosts]]) -> pa.Table:
    """One row a fill, sorted by time, instrument and order.

    Parameters
    ----------
    fills : sequence of OrderRecord
        Fills in order of arrival.
    charged : mapping of str to sequence of FillCosts
        Costs of the fills of each order, by client order id, in order of arrival.

    """
    seen: defaultdict[str, int] = defaultdict(int)
    rows: list[tuple[Any, ...]] = []
    for fill in fills:
        order_id = fill.client_order_id
        rows.append((*_OF_FILL(fill), *_OF_COSTS(charged[order_id][seen[order_id]])))
        seen[order_id] += 1
    rows.sort(key=_ORDER)
    columns = zip(*rows, strict=True) if rows else ([] for _ in FILLS)
    return pa.table(list(map(list, columns)), schema=FILLS)


def financing_table(entries: Sequence[FinancingEntry]) -> pa.Table:
    """One row a booking."""
    return pa.Table.from_pylist([asdict(entry) for entry in entries], schema=FINANCING)

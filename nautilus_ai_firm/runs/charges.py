"""What the venue charged -> the tables of fills and of financing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

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
    seen: Counter[str] = Counter()
    rows: list[dict[str, object]] = []
    for fill in fills:
        parts = charged[fill.client_order_id][seen[fill.client_order_id]]
        seen[fill.client_order_id] += 1
        row = {name: getattr(fill, name, None) for name in FILLS.names}
        rows.append(row | {"ts": fill.ts_event} | asdict(parts))
    rows.sort(key=lambda row: (row["ts"], row["instrument_id"], row["client_order_id"]))
    return pa.Table.from_pylist(rows, schema=FILLS)


def financing_table(entries: Sequence[FinancingEntry]) -> pa.Table:
    """One row a booking."""
    return pa.Table.from_pylist([asdict(entry) for entry in entries], schema=FINANCING)

"""What the risk desk made of a round -> the table of equity."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from nautilus_ai_firm.messages import RiskedDecision
from nautilus_ai_firm.runs.charges import MONEY, TIME, FinancingEntry

EQUITY = pa.schema(
    [
        ("ts", TIME),
        ("round", pa.int64()),
        ("equity", MONEY),
        ("cash", MONEY),
        ("gross", pa.float64()),
        ("net", pa.float64()),
        ("drawdown", pa.float64()),
        ("financing", MONEY),
    ]
)


class EquityLog:
    """Keeps the equity and the exposure of each round."""

    __slots__ = ("_columns",)

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = defaultdict(list)

    def risked(self, message: RiskedDecision) -> None:
        """Keep a round."""
        decision = message.decision
        exposure = decision.positions * decision.close / float(decision.equity)
        row = {
            "ts": decision.ts_event,
            "round": decision.round,
            "equity": decision.equity,
            "cash": decision.balance,
            "gross": float(np.abs(exposure).sum()),
            "net": float(exposure.sum()),
            "drawdown": message.drawdown,
        }
        for name, value in row.items():
            self._columns[name].append(value)

    def table(self, financing: Sequence[FinancingEntry]) -> pa.Table:
        """One row a round; equity, cash and financing booked so far in account currency, the rest as fractions."""
        columns: dict[str, list[Any]] = {name: self._columns[name] for name in EQUITY.names}
        booked = list(accumulate((entry.amount for entry in financing), initial=Decimal(0)))
        times = [entry.ts for entry in financing]
        columns["financing"] = [booked[bisect_right(times, ts)] for ts in columns["ts"]]
        return pa.table(columns, schema=EQUITY)

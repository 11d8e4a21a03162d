"""The books of a run, made again from its fills and the catalog's closes: an account that rounds as the engine does."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.runs.folder import Run

CENT = Decimal("0.01")
START = Decimal(10_000_000)


@dataclass(slots=True)
class Account:
    """A margin account that rounds as the engine does: realised profit of each fill and commission to cents."""

    balance: Decimal
    quantity: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    average: dict[str, Fraction] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def fill(self, row: dict[str, Any]) -> None:
        name, price = row["instrument_id"], Fraction(row["price"])
        traded = int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        held = self.quantity[name]
        self.kinds.add(kind(held, traded))
        if held * traded < 0:
            closed = min(abs(held), abs(traded)) * (1 if held > 0 else -1)
            self.balance += rounded_profit(closed, float(price) - float(self.average[name]))
        if held * traded >= 0:
            value = held * self.average.get(name, Fraction(0)) + traded * price
            self.average[name] = value / (held + traded)
        elif abs(traded) > abs(held):
            self.average[name] = price
        self.quantity[name] = held + traded
        self.balance -= row["commission"]

    def equity(self, closes: dict[str, Decimal]) -> Decimal:
        held = ((name, quantity) for name, quantity in self.quantity.items() if quantity)
        open_profit = sum(
            (quantity * (Fraction(closes[name]) - self.average[name]) for name, quantity in held), Fraction()
        )
        exact = self.balance + Decimal(open_profit.numerator) / Decimal(open_profit.denominator)
        return exact.quantize(CENT, ROUND_HALF_EVEN)


def rounded_profit(closed: int, gained: float) -> Decimal:
    """Realised profit in cents: the engine computes it in floats and rounds ties away from zero."""
    return Decimal(closed * gained * 100.0).quantize(Decimal(1), ROUND_HALF_UP) / 100


def kind(held: int, traded: int) -> str:
    if held == 0:
        return "open long" if traded > 0 else "open short"
    side = "long" if held > 0 else "short"
    if held * traded > 0:
        return f"add to {side}"
    if abs(traded) < abs(held):
        return f"reduce {side}"
    return f"close {side}" if abs(traded) == abs(held) else f"flip {side}"


EVERY_KIND = {f"{what} {side}" for what in ("open", "reduce", "flip", "add to") for side in ("long", "short")}
"""A close to exactly 0 comes with the ledger by hand; a signal of exactly 0 hardly ever happens."""


def booked_rounds(
    result: Run, catalog: Path, rows: Iterable[dict[str, Any]], bar: str = "1-DAY", start: Decimal = START
) -> tuple[list[tuple[int, Decimal, Decimal]], Account]:
    """Recompute (round, balance, equity) of each round from fills, financing and the catalog's closes."""
    account = Account(start)
    pending = sorted(rows, key=lambda row: row["ts"])
    booked = [(row["ts"].value, row["amount"]) for row in result.table("financing").to_dict("records")]
    reader = Catalog(catalog)
    series = {name: reader.bar_columns(bar_type_id(name, bar)) for name in {row["instrument_id"] for row in pending}}
    found: list[tuple[int, Decimal, Decimal]] = []
    for row in result.table("equity").to_dict("records"):
        ts = row["ts"].value
        while pending and pending[0]["ts"] <= ts:
            account.fill(pending.pop(0))
        while booked and booked[0][0] <= ts:
            account.balance += booked.pop(0)[1]
        closes = {
            name: Decimal(repr(float(columns.close[np.searchsorted(columns.ts_close_ns, ts, side="right") - 1])))
            for name, columns in series.items()
        }
        found.append((row["round"], account.balance, account.equity(closes)))
    assert not pending
    return found, account


def recorded_rounds(result: Run) -> list[tuple[int, Decimal, Decimal]]:
    return [
        (row["round"], row["cash"].quantize(CENT), row["equity"].quantize(CENT))
        for row in result.table("equity").to_dict("records")
    ]

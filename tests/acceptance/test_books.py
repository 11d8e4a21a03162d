"""The books close every round: equity of the engine's account against a recomputation from fills and closes."""

from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS
from tests.acceptance.conftest import Studied
from tests.acceptance.recomputed_books import CENT, EVERY_KIND, START, booked_rounds, recorded_rounds
from tests.firm_runs import fills, run, settings


def test_every_round_of_daily_bars_closes_to_the_cent(daily: Studied) -> None:
    ours, _ = booked_rounds(daily.run, daily.catalog, fills(daily.run))
    assert len(ours) == daily.run.summary["rounds"]
    assert recorded_rounds(daily.run) == ours


def test_every_round_closes_with_every_kind_of_fill_and_heavy_fees(costly: Studied) -> None:
    ours, account = booked_rounds(costly.run, costly.catalog, fills(costly.run))
    assert account.kinds >= EVERY_KIND
    assert any(row["fee"] == 35 for row in fills(costly.run))
    assert min(row["cash"] for row in costly.run.table("financing").to_dict("records")) < 0
    assert recorded_rounds(costly.run) == ours


def test_every_round_closes_to_the_cent_with_fills_of_stops_inside_bars(daily: Studied, tmp_path: Path) -> None:
    stops = {"initial_atr": 0.5, "trailing_atr": 1.5}
    stopped = run(settings(changes={"risk.stops": stops}), daily.catalog, tmp_path / "run")
    assert sum(row["client_order_id"].startswith("S") for row in fills(stopped)) > 20
    ours, _ = booked_rounds(stopped, daily.catalog, fills(stopped))
    assert recorded_rounds(stopped) == ours


def test_every_round_of_sliced_orders_closes_to_the_cent(minutes: Studied) -> None:
    ours, _ = booked_rounds(minutes.run, minutes.catalog, fills(minutes.run), "1-MINUTE")
    assert recorded_rounds(minutes.run) == ours


def test_every_round_of_hourly_bars_closes_to_the_cent(hours: Studied) -> None:
    ours, _ = booked_rounds(hours.run, hours.catalog, fills(hours.run), "1-HOUR")
    assert hours.run.summary["fills"] > 100
    assert recorded_rounds(hours.run) == ours


def change_price(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"price": row["price"] + Decimal("0.0100")}


def drop_fee(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"commission": row["commission"] - CENT}


def add_unit(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"quantity": row["quantity"] + 1}


@pytest.mark.parametrize("spoil", [change_price, drop_fee, add_unit])
def test_a_changed_fill_is_found(daily: Studied, spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    rows = fills(daily.run)
    place = len(rows) // 2
    rows[place] = spoil(rows[place])
    ours, _ = booked_rounds(daily.run, daily.catalog, rows)
    theirs = recorded_rounds(daily.run)
    before = sum(round_ < rows[place]["round"] for round_, _, _ in ours)
    assert ours[:before] == theirs[:before]
    assert ours != theirs


def test_cash_of_a_cash_account_agrees_within_the_rounding_of_the_fills(costly: Studied) -> None:
    """An account of another kind (a purchase takes cash, nothing is averaged) has the same equity."""
    rows, table = fills(costly.run), costly.run.table("equity").to_dict("records")
    last = table[-1]
    done = [row for row in rows if row["ts"] <= last["ts"].value]
    signed = [(row, row["quantity"] if row["side"] == "BUY" else -row["quantity"]) for row in done]
    cash = START - sum(quantity * row["price"] + row["commission"] for row, quantity in signed) + last["financing"]
    position: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row, quantity in signed:
        position[row["instrument_id"]] += quantity
    value = sum(
        quantity * Decimal(repr(float(costly.market.bars[name[0]].rounded().close[-1])))
        for name, quantity in position.items()
    )
    assert abs(cash + value - last["equity"]) <= Decimal("0.005") * (len(rows) + 1)


def test_every_night_is_financed_on_cash_and_shorts_of_the_evening(costly: Studied) -> None:
    rows = [(row["ts"], row) for row in fills(costly.run)]
    cash, position, seen = START, defaultdict[str, Decimal](Decimal), 0
    financed = costly.run.table("financing").to_dict("records")
    assert len(financed) == costly.run.summary["rounds"] - 1
    before = costly.market.bars["A"].ts_close_ns[0]
    for entry in financed:
        ts = entry["ts"].value
        while seen < len(rows) and rows[seen][0] < ts:
            row = rows[seen][1]
            quantity = row["quantity"] if row["side"] == "BUY" else -row["quantity"]
            position[row["instrument_id"]] += quantity
            cash -= quantity * row["price"] + row["commission"]
            seen += 1
        short = Decimal(0)
        for name, quantity in position.items():
            columns = costly.market.bars[name[0]].rounded()
            close = columns.close[np.searchsorted(columns.ts_close_ns, ts) - 1]
            short += max(-quantity, Decimal(0)) * Decimal(repr(float(close)))
        nights = ts // DAY_NS - before // DAY_NS
        rate = Decimal("0.01") if cash > 0 else Decimal("0.05")
        amount = ((cash * rate - short * Decimal("0.01")) * int(nights) / 360).quantize(CENT, ROUND_HALF_EVEN)
        assert (entry["nights"], entry["cash"], entry["short_market_value"]) == (nights, cash, short)
        assert entry["amount"] == amount
        cash, before = cash + amount, ts

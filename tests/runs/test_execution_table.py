"""Parent orders of a run, measured: message in, row out; and rows of whole runs against their fills and bars."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.messages import (
    Breach,
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
)
from nautilus_ai_firm.models.execution.quality import PARTS
from nautilus_ai_firm.runs.charges import FillCosts, fills_table
from nautilus_ai_firm.runs.execution_log import ExecutionLog
from nautilus_ai_firm.runs.execution_table import EXECUTION, WORKING, execution_table
from nautilus_ai_firm.runs.folder import Run, open_run
from tests.acceptance.conftest import SLICED
from tests.firm_runs import run, settings, synthetic_market

NAMES = ("A.US", "B.US")
COST = FillCosts(fee=Decimal("0.5"), half_spread_cost=Decimal("0.25"), impact_cost=Decimal("0.125"))


def snapshot(round_: int, close: float, *, fresh: bool = True, volume: float = 100.0) -> MarketSnapshot:
    """A bar of both instruments that closes at 1,000 times its number; only A has prices that matter."""
    closes = np.array([close, 1.0])
    return MarketSnapshot(
        round=round_, ts_event=1_000 * round_, open=closes, high=closes + 1, low=closes - 2, close=closes,
        volume=np.full(2, volume), fresh=np.array([fresh, True]), inputs=np.ones(0),
        inputs_fresh=np.ones(0, dtype=np.bool_),
    )  # fmt: skip


def gate(ts: int, quantity: int, price: float, order_id: str = "R000001-A.US", **changes: Any) -> GateResult:
    fields: dict[str, Any] = {
        "ts_event": ts, "round": 1, "decision_id": order_id[:7], "instrument_id": "A.US", "client_order_id": order_id,
        "side": "BUY" if quantity > 0 else "SELL", "quantity": quantity, "price": price, "breach": None,
    }  # fmt: skip
    return GateResult(**fields | changes)


def order(
    ts: int, quantity: int, price: str, parent_id: str = "R000001-A.US", side: str = "BUY", **changes: Any
) -> OrderRecord:
    fields: dict[str, Any] = {
        "kind": OrderEventKind.FILLED, "ts_event": ts, "round": 1, "decision_id": parent_id[:7],
        "instrument_id": "A.US", "client_order_id": parent_id, "parent_order_id": parent_id, "exec_algorithm": None,
        "side": side, "quantity": Decimal(quantity), "price": Decimal(price), "commission": Decimal("0.88"),
        "currency": "USD",
    }  # fmt: skip
    return OrderRecord(**fields | changes)


def over(ts: int, quantity: int, filled: int, state: str, parent_id: str = "R000001-A.US", **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "ts_event": ts, "round": 1, "decision_id": parent_id[:7], "instrument_id": "A.US",
        "parent_order_id": parent_id, "exec_algorithm": None, "side": "BUY", "quantity": quantity,
        "filled_quantity": filled, "state": state,
    }  # fmt: skip
    return ParentRecord(**fields | changes)


def rows(messages: Iterable[object]) -> list[dict[str, Any]]:
    log, fills = ExecutionLog(NAMES), list[OrderRecord]()
    for message in messages:
        match message:
            case MarketSnapshot():
                log.snapshot(message)
            case GateResult():
                log.gate_result(message)
            case OrderRecord():
                log.order(message)
                fills += [message] if message.kind is OrderEventKind.FILLED else []
            case ParentRecord():
                log.parent(message)
            case _:
                raise AssertionError(message)
    costs = {fill.client_order_id: [COST] * len(fills) for fill in fills}
    table = execution_table(log.parents.values(), fills_table(fills, costs))
    assert table.schema == EXECUTION
    return table.to_pylist()


def one(messages: Iterable[object]) -> dict[str, Any]:
    (row,) = rows(messages)
    parts = [row[part] for part in PARTS]
    assert row["shortfall"] is None or sum(parts) == row["shortfall"]
    return row


def test_an_order_at_once_is_measured_in_the_bar_in_which_it_was_filled() -> None:
    row = one(
        [
            snapshot(1, 100.0), gate(1_001, 10, 101.0), order(1_001, 10, "101"), over(1_001, 10, 10, "filled"),
            snapshot(2, 104.0), snapshot(3, 500.0),
        ]
    )  # fmt: skip
    assert (row["origin"], row["exec_algorithm"], row["state"]) == ("decision", None, "filled")
    assert (row["decision_price"], row["release_price"], row["average_price"]) == (100, 101, 101.0)
    assert [row[name].value for name in ("decision_ts", "release_ts", "done_ts")] == [1_000, 1_001, 1_001]
    assert {part: row[part] for part in PARTS} == {
        "delay": 10, "timing": 0, "spread": Decimal("0.25"), "impact": Decimal("0.125"), "fees": Decimal("0.5"),
        "opportunity": 0,
    }  # fmt: skip
    assert row["shortfall_bps"] == pytest.approx(10.875 / 1000 * 1e4)
    assert (row["bars"], row["vwap"], row["twap"]) == (1, pytest.approx(104 - 1 / 3), pytest.approx(103.75))
    assert row["twap_bps"] == pytest.approx((101.0375 / 103.75 - 1) * 1e4)


def test_a_sliced_order_is_one_row_over_the_bars_of_its_window() -> None:
    parent, end = "R000001-A.US", {"exec_algorithm": "TWAP", "estimated_impact_bps": 3.5}
    row = one(
        [
            snapshot(1, 100.0), gate(1_001, -20, 99.0), gate(1_001, -10, 99.0, f"{parent}-E1"),
            order(1_001, 10, "99", side="SELL", client_order_id=f"{parent}-E1"),
            snapshot(2, 98.0), snapshot(3, 700.0, fresh=False),
            gate(3_001, -10, 97.0, f"{parent}-E2"), order(3_001, 4, "97", side="SELL", client_order_id=f"{parent}-E2"),
            snapshot(4, 96.0, volume=300.0), over(4_000, 20, 14, "canceled", side="SELL", **end), snapshot(5, 1.0),
        ]
    )  # fmt: skip
    assert (row["quantity"], row["filled_quantity"], row["orders"], row["fills"]) == (20, 14, 3, 2)
    assert (row["delay"], row["timing"]) == (14, 8)
    assert (row["last_price"], row["opportunity"]) == (96, 24)
    assert (row["spread"], row["fees"]) == (Decimal("0.50"), 1)
    assert row["bars"] == 2
    assert row["vwap"] == pytest.approx((98 * 100 + 96 * 300) / 400 - 1 / 3)
    assert row["twap"] == pytest.approx(97 - 0.25)
    assert row["vwap_bps"] < 0  # sold above it
    assert row["estimated_impact_bps"] == 3.5


def test_an_order_that_waited_in_vain_missed_the_move_until_it_was_dropped() -> None:
    row = one([snapshot(1, 100.0), snapshot(2, 103.0), over(2_000, 10, 0, "dropped: no trade before the next round")])
    assert (row["release_ts"], row["release_price"], row["vwap"]) == (None, None, None)
    assert row["shortfall"] == row["opportunity"] == 30
    assert row["shortfall_bps"] == pytest.approx(300)


def test_a_refused_order_has_not_left_and_missed_the_move_to_the_price_that_refused_it() -> None:
    breach = Breach(rule="max_collar", instrument_id="A.US", observed=0.2, limit=0.1, action="refused")
    row = one([snapshot(1, 100.0), gate(1_001, 10, 120.0, breach=breach), over(1_001, 10, 0, "refused")])
    assert (row["release_ts"], row["shortfall"], row["state"]) == (None, 200, "refused")
    assert row["last_price"] == 120


@pytest.mark.parametrize("told_first", [True, False], ids=["end then fill", "fill then end"])
def test_a_stop_is_measured_against_the_trigger_in_force_and_from_its_fill_on(told_first: bool) -> None:
    stop = "S000001-A.US"
    ends: list[Any] = [
        order(4_000, 10, "93", stop, "SELL"), over(4_000, 10, 10, "filled: trailing", stop, side="SELL")
    ]  # fmt: skip
    moved = {"kind": OrderEventKind.UPDATED, "commission": None, "currency": None}
    row = one(
        [
            snapshot(1, 100.0), gate(1_001, -10, 90.0, stop, is_stop=True),
            order(1_500, 10, "95", stop, "SELL", **moved), snapshot(2, 100.0), snapshot(3, 100.0),
            *(reversed(ends) if told_first else ends), snapshot(4, 92.0), snapshot(5, 50.0), snapshot(6, 40.0),
        ]
    )  # fmt: skip
    assert (row["origin"], row["decision_price"], row["release_price"]) == ("stop", 95, 95)
    assert [row[name].value for name in ("decision_ts", "release_ts")] == [1_001, 4_000]
    assert (row["timing"], row["delay"], row["opportunity"]) == (20, 0, 0)
    assert (row["bars"], row["twap"]) == (1, 91.75)


def test_a_take_profit_is_measured_against_its_limit() -> None:
    take = "T000001-A.US"
    row = one(
        [
            snapshot(1, 100.0), gate(1_001, -10, 110.0, take, is_stop=True), snapshot(2, 100.0),
            order(3_000, 4, "110", take, "SELL"), over(3_000, 10, 4, "canceled: its stop", take, side="SELL"),
        ]
    )  # fmt: skip
    assert (row["origin"], row["decision_price"], row["filled_quantity"]) == ("take_profit", 110, 4)
    assert (row["timing"], row["delay"], row["opportunity"]) == (0, 0, 0)
    assert row["arrival_notional"] == 440


def test_a_stop_that_was_not_needed_costs_nothing() -> None:
    stop = "S000001-A.US"
    row = one(
        [snapshot(1, 100.0), gate(1_001, -10, 90.0, stop, is_stop=True), over(9_000, 10, 0, "canceled: trailing", stop)]
    )
    assert (row["origin"], row["filled_quantity"], row["shortfall"], row["release_ts"]) == ("stop", 0, 0, None)
    assert row["shortfall_bps"] is None


def test_what_was_still_working_when_the_records_end_is_there_as_far_as_it_came() -> None:
    row = one([snapshot(1, 100.0), gate(1_001, 10, 101.0), order(1_001, 4, "101"), snapshot(2, 102.0)])
    assert (row["state"], row["done_ts"], row["filled_quantity"]) == (WORKING, None, 4)
    assert (row["last_price"], row["opportunity"]) == (102, 12)


def test_a_fill_of_which_nothing_was_known_is_measured_from_itself() -> None:
    row = one([snapshot(1, 100.0), order(1_500, 7, "101"), over(1_500, 7, 7, "filled")])
    assert (row["delay"], row["timing"], row["orders"]) == (7, 0, 0)


def test_without_a_close_there_is_nothing_to_measure_against() -> None:
    nothing = snapshot(1, float("nan"))
    row = one([nothing, gate(1_001, 10, 101.0), order(1_001, 10, "101"), over(1_001, 10, 10, "filled")])
    assert (row["decision_price"], row["shortfall"], row["shortfall_bps"]) == (None, None, None)
    assert (row["bars"], row["vwap"]) == (0, None)


def test_rows_are_in_the_order_of_rounds_and_ids_whatever_came_first() -> None:
    said = [gate(1_001, 10, 1.0, name, instrument_id=name[8:]) for name in ("R000001-B.US", "R000001-A.US")]
    assert rows([snapshot(1, 1.0), *said]) == rows([snapshot(1, 1.0), *said[::-1]])


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """One day of minutes, sliced, with stops."""
    folder = tmp_path_factory.mktemp("sliced")
    market = synthetic_market(["A", "B"], 1, "1-MINUTE")
    catalog = market.cut(int(market.closes()[199])).write(folder / "catalog", "1-MINUTE")
    changes = {"risk.stops": {"initial_fraction": 0.0005, "working": "venue"}}
    return run(settings(["A", "B"], SLICED | changes, macro=False), catalog, folder / "run"), catalog


def test_a_whole_run_accounts_for_every_fill_and_every_charge(sliced: tuple[Run, Path]) -> None:
    result, _ = sliced
    table: Any = result.table("execution")
    fills: Any = result.table("fills")
    assert {"decision", "stop"} <= set(table["origin"])
    assert (table["exec_algorithm"] == "TWAP").sum() > 20
    assert table["parent_order_id"].is_unique
    assert int(table["filled_quantity"].sum()) == int(fills["quantity"].sum())
    assert int(table["fills"].sum()) == len(fills) > 100
    for part, column in (("fees", "fee"), ("spread", "half_spread_cost"), ("impact", "impact_cost")):
        assert table[part].sum() == fills[column].sum()
    known = table[table["shortfall"].notna()]
    assert len(known) == len(table)
    assert all(sum(row[part] for part in PARTS) == row["shortfall"] for row in known.to_dict("records"))
    assert (table["filled_quantity"] <= table["quantity"]).all()
    assert result.summary["fill_rate"] == pytest.approx(_fill_rate(table))


def _fill_rate(table: Any) -> float:
    decided = table[table["origin"] == "decision"]
    return decided["filled_quantity"].mul(decided["decision_price"].astype(float)).sum() / float(
        decided["arrival_notional"].sum()
    )


def test_benchmarks_are_those_of_the_catalogs_bars(sliced: tuple[Run, Path]) -> None:
    result, catalog = sliced
    table: Any = result.table("execution")
    twap = table[(table["exec_algorithm"] == "TWAP") & (table["bars"] > 2)]
    assert len(twap) > 10
    for row in twap.to_dict("records"):
        bars = Catalog(catalog).bar_columns(f"{row['instrument_id']}-1-MINUTE-LAST-EXTERNAL")
        inside = (bars.ts_close_ns > row["release_ts"].value) & (bars.ts_open_ns < row["done_ts"].value)
        part = bars.take(inside)
        assert row["bars"] == inside.sum()
        typical = (part.high + part.low + part.close) / 3
        assert row["vwap"] == pytest.approx(np.average(typical, weights=part.volume))
        assert row["twap"] == pytest.approx(np.mean((part.open + part.high + part.low + part.close) / 4))


def test_a_run_without_impact_shows_none_and_none_saved(tmp_path: Path) -> None:
    market = synthetic_market(["A", "B"], 1, "1-MINUTE")
    catalog = market.cut(int(market.closes()[119])).write(tmp_path / "catalog", "1-MINUTE")
    for slices in (True, False):
        above = 0.02 if slices else 1.0
        twap = {"above_participation": above, "duration_minutes": 5, "interval_minutes": 1}
        changes = {"market.bar": "1-MINUTE", "execution.twap": twap, "costs.impact_coefficient": 0.0}
        free = run(settings(["A", "B"], changes, macro=False), catalog, tmp_path / f"run{slices}")
        table: Any = free.table("execution")
        assert ((table["exec_algorithm"] == "TWAP").any(), len(table) > 10) == (slices, True)
        assert table["impact"].sum() == 0


def test_a_run_from_before_the_table_can_still_be_opened(recorded: Run, tmp_path: Path) -> None:
    for path in recorded.folder.iterdir():
        if path.name != "execution.parquet":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert open_run(tmp_path).summary == recorded.summary


def test_a_run_that_traded_nothing_has_an_empty_typed_table() -> None:
    assert rows([]) == []

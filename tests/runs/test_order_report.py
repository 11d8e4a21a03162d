"""Reports of orders made of records alone: every end that an order can have, and those that a crash left open."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord, ParentRecord
from nautilus_ai_firm.runs.order_report import UNKNOWN, order_report
from nautilus_ai_firm.runs.position_report import instruments_of, position_report
from tests.runs.a_session import BREACH, gate, order, parent

ID = "R000001-A.US"
EQUITY = {
    "type": "Equity", "id": "A.US", "raw_symbol": "A", "currency": "USD", "price_precision": 4,
    "price_increment": "0.0001", "ts_event": 0, "ts_init": 0, "info": {}, "margin_init": "0", "margin_maint": "0",
    "isin": None, "lot_size": "1", "max_quantity": None, "min_quantity": None, "max_price": None, "min_price": None,
    "tick_scheme": None,
}  # fmt: skip


def report_of(messages: Sequence[object]) -> pd.DataFrame:
    return order_report(messages, instruments_of([EQUITY]))


def child(number: int, quantity: int) -> GateResult:
    return replace(gate(1), client_order_id=f"{ID}-E{number}", quantity=quantity)


def sliced(record: OrderRecord, number: int) -> OrderRecord:
    return replace(record, client_order_id=f"{ID}-E{number}", exec_algorithm="TWAP")


def ended(state: str) -> ParentRecord:
    return replace(parent(1), exec_algorithm="TWAP", state=state, filled_quantity=100, ts_event=9_000)


def fill(quantity: int, side: str = "BUY", price: str = "1.0000", commission: str = "1.00") -> OrderRecord:
    return replace(
        order(1, OrderEventKind.FILLED),
        quantity=Decimal(quantity),
        side=side,
        price=Decimal(price),
        commission=Decimal(commission),
    )


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        ([], "INITIALIZED"),
        (["SUBMITTED"], "SUBMITTED"),
        (["SUBMITTED", "ACCEPTED"], "ACCEPTED"),
        (["SUBMITTED", "ACCEPTED", "FILLED"], "FILLED"),
        (["SUBMITTED", "FILLED"], "FILLED"),
        (["DENIED"], "DENIED"),
        (["SUBMITTED", "REJECTED"], "REJECTED"),
        (["SUBMITTED", "ACCEPTED", "CANCELED"], "CANCELED"),
        (["SUBMITTED", "ACCEPTED", "EXPIRED"], "EXPIRED"),
    ],
)
def test_an_order_is_reported_as_it_ended(kinds: list[str], status: str) -> None:
    report = report_of([gate(1), *(order(1, OrderEventKind[kind]) for kind in kinds)])
    row = report.loc[ID]
    assert (row["status"], row["quantity"], row["side"]) == (status, "400", "BUY")
    assert row["filled_qty"] == ("400" if status == "FILLED" else "0")
    assert row["tags"] == ["R000001"]
    assert not set(report.columns) & set(UNKNOWN)


def test_a_partial_fill_is_reported_with_its_average_price() -> None:
    submitted = order(1, OrderEventKind.SUBMITTED)
    report = report_of([gate(1), submitted, fill(100, price="1.0000"), fill(100, price="3.0000")])
    row = report.loc[ID]
    assert (row["status"], row["filled_qty"], float(row["avg_px"])) == ("PARTIALLY_FILLED", "200", 2.0)
    assert row["commissions"] == ["2.00 USD"]


def test_a_stop_is_reported_with_the_trigger_and_the_quantity_that_it_had_last() -> None:
    placed = replace(gate(1), is_stop=True, price=0.9)
    moved = replace(order(1, OrderEventKind.UPDATED), quantity=Decimal(300), price=Decimal("0.9500"))
    events = [order(1, OrderEventKind[kind]) for kind in ("SUBMITTED", "ACCEPTED")]
    row = report_of([placed, *events]).loc[ID]
    assert (row["type"], row["quantity"], row["trigger_price"], row["status"]) == (
        "STOP_MARKET", "400", "0.9000", "ACCEPTED"
    )  # fmt: skip
    row = report_of([placed, *events, moved, fill(300)]).loc[ID]
    assert (row["quantity"], row["trigger_price"], row["status"]) == ("300", "0.9500", "FILLED")


def test_a_take_profit_is_reported_as_a_limit_order_with_the_limit_and_the_quantity_that_it_had_last() -> None:
    placed = replace(gate(1), is_stop=True, price=1.1, decision_id="T000001")
    events = [replace(order(1, OrderEventKind[kind]), decision_id="T000001") for kind in ("SUBMITTED", "ACCEPTED")]
    halved = replace(events[0], kind=OrderEventKind.UPDATED, quantity=Decimal(200), price=Decimal("1.1000"))
    row = report_of([placed, *events, halved]).loc[ID]
    assert (row["type"], row["quantity"], row["price"], row["status"]) == ("LIMIT", "200", "1.1000", "ACCEPTED")


def test_what_the_gate_refused_is_no_order() -> None:
    assert report_of([gate(1, BREACH)]).empty
    assert report_of([]).empty


@pytest.mark.parametrize("state", ["canceled", "expired", "refused"])
def test_a_sliced_parent_that_ended_early_is_canceled_with_what_is_left(state: str) -> None:
    submitted = order(1, OrderEventKind.SUBMITTED)
    report = report_of([gate(1), child(1, 100), sliced(submitted, 1), sliced(fill(100), 1), ended(state)])
    assert report["status"].to_dict() == {ID: "CANCELED", f"{ID}-E1": "FILLED"}
    assert report["quantity"].to_dict() == {ID: "300", f"{ID}-E1": "100"}
    assert report["exec_spawn_id"].to_dict() == {ID: ID, f"{ID}-E1": ID}
    assert report.loc[ID, "ts_last"] == 9_000


def test_a_sliced_parent_is_itself_the_last_slice() -> None:
    submitted = order(1, OrderEventKind.SUBMITTED)
    last = [replace(record, exec_algorithm="TWAP") for record in (submitted, fill(300))]
    passed = replace(gate(1), quantity=300, ts_event=5_000)
    messages = [gate(1), child(1, 100), sliced(submitted, 1), sliced(fill(100), 1), passed, *last, ended("filled")]
    report = report_of(messages)
    assert report["status"].to_dict() == {ID: "FILLED", f"{ID}-E1": "FILLED"}
    assert report["quantity"].to_dict() == {ID: "300", f"{ID}-E1": "100"}
    assert report.loc[ID, "ts_init"] == gate(1).ts_event


def test_an_intent_that_a_crash_left_alone_is_an_order_without_events() -> None:
    report = report_of([gate(1), child(1, 100)])
    assert report["status"].to_dict() == {ID: "INITIALIZED", f"{ID}-E1": "INITIALIZED"}
    assert report["quantity"].to_dict() == {ID: "300", f"{ID}-E1": "100"}


def test_a_sliced_parent_that_the_end_left_open_is_reported_with_what_is_left() -> None:
    second = replace(child(2, 100), ts_event=5_000)
    report = report_of([gate(1), child(1, 100), sliced(order(1, OrderEventKind.SUBMITTED), 1), second])
    row = report.loc[ID]
    assert (row["status"], row["quantity"], row["ts_last"]) == ("INITIALIZED", "200", 5_000)
    assert (row["exec_algorithm_id"], row["exec_spawn_id"]) == ("TWAP", ID)


def test_a_name_that_only_looks_like_a_slice_is_an_order_of_its_own() -> None:
    lone = replace(gate(1), client_order_id="R000001-A-E1")
    assert report_of([lone]).loc["R000001-A-E1", "quantity"] == "400"


def test_a_fill_through_zero_closes_one_position_and_opens_the_next() -> None:
    fills = [fill(100), fill(150, "SELL", "1.1000", "1.51"), fill(50, "BUY", "1.0000", "0.50")]
    report = position_report(fills, instruments_of([EQUITY]))
    assert report["entry"].tolist() == ["BUY", "SELL"]
    assert report["side"].tolist() == ["FLAT", "FLAT"]
    assert report["is_snapshot"].tolist() == [True, False]
    # 100 bought at 1.00 for 1.00 and sold at 1.10 for 1.01; 50 sold at 1.10 for 0.50 and bought at 1.00 for 0.50
    assert report["realized_pnl"].tolist() == ["7.99 USD", "4.00 USD"]
    assert report["commissions"].tolist() == [["2.01 USD"], ["1.00 USD"]]


def test_no_fills_are_no_positions() -> None:
    assert position_report([], {}).empty

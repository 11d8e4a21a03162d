"""Time without a stop: hand-made records, and what must hold of all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord
from nautilus_ai_firm.models.execution.unprotected import Unprotected, unprotected

MS = 1_000_000
K = OrderEventKind


def gate(name: str, quantity: int, ts_ms: int = 0) -> GateResult:
    return GateResult(
        ts_event=ts_ms * MS, round=1, decision_id=f"{name[0]}000001", instrument_id="A.US", client_order_id=name,
        side="BUY" if quantity > 0 else "SELL", quantity=quantity, price=100.0, breach=None, is_stop=name[0] in "ST",
    )  # fmt: skip


def order(name: str, kind: OrderEventKind, ts_ms: int, quantity: int = 0, **more: Any) -> OrderRecord:
    return OrderRecord(
        kind=kind, ts_event=ts_ms * MS, round=1, decision_id=f"{name[0]}000001", instrument_id="A.US",
        client_order_id=name, parent_order_id=name, exec_algorithm=None, side="BUY" if quantity > 0 else "SELL",
        quantity=Decimal(abs(quantity)), **more,
    )  # fmt: skip


def summary(**values: Any) -> Unprotected:
    zero: dict[str, Any] = dict.fromkeys(("fills", "attached_fills", "max_quantity", "uncovered_fills"), 0)
    times: dict[str, Any] = dict.fromkeys(("p50_ms", "p99_ms", "max_ms"), 0.0)
    return Unprotected(**(zero | times | values))


def test_without_stops_there_is_nothing_to_say() -> None:
    assert unprotected([gate("R1", 100), order("R1", K.FILLED, 5, 100)]) is None


def test_a_fill_is_without_a_stop_until_the_venue_accepts_one() -> None:
    records = [
        gate("R1", 100), order("R1", K.FILLED, 10, 100), gate("S1", -100, 10), order("S1", K.SUBMITTED, 12),
        order("S1", K.ACCEPTED, 40),
    ]  # fmt: skip
    took = summary(fills=1, p50_ms=30.0, p99_ms=30.0, max_ms=30.0, max_quantity=100)
    assert unprotected(records) == took
    assert unprotected(records[:-1]) == summary(max_quantity=100, uncovered_fills=1)


def test_what_is_added_is_without_a_stop_until_the_stop_has_grown_to_it() -> None:
    records = [
        order("R1", K.FILLED, 0, 100), gate("S1", -100), order("S1", K.ACCEPTED, 0), order("R2", K.FILLED, 10, 60),
        order("S1", K.UPDATED, 35, -130), order("S1", K.UPDATED, 60, -160),
    ]  # fmt: skip
    assert unprotected(records) == summary(fills=2, p99_ms=50.0, max_ms=50.0, max_quantity=60)


def test_what_is_closed_before_a_stop_came_ends_then_and_a_turn_counts_what_it_opens() -> None:
    closed = [order("R1", K.FILLED, 0, 100), gate("S1", -100), order("R2", K.FILLED, 20, -100)]
    assert unprotected(closed) == summary(fills=1, p50_ms=20.0, p99_ms=20.0, max_ms=20.0, max_quantity=100)
    turned = [order("R1", K.FILLED, 0, 100), gate("S1", -100), order("S1", K.ACCEPTED, 0)]
    turned += [order("S1", K.CANCELED, 5), order("R2", K.FILLED, 10, -130), gate("S2", 30), order("S2", K.ACCEPTED, 17)]
    assert unprotected(turned) == summary(fills=2, p99_ms=7.0, max_ms=7.0, max_quantity=30)


def test_only_a_stop_that_left_before_the_fill_is_said_to_be_attached() -> None:
    attached = [gate("R1", 100), gate("S1", -100), gate("T1", -100), order("R1", K.FILLED, 10, 100)]
    assert unprotected(attached) == summary(fills=1, attached_fills=1)
    in_parts = [*attached[:3], order("R1", K.FILLED, 10, 30), order("R1", K.FILLED, 900, 70)]
    assert unprotected(in_parts) == summary(fills=2, attached_fills=2)
    rejected = [*attached[:3], order("S1", K.REJECTED, 5), order("R1", K.FILLED, 10, 100)]
    assert unprotected(rejected) == summary(uncovered_fills=1)


def test_a_take_profit_covers_nothing() -> None:
    records = [order("R1", K.FILLED, 0, 100), gate("S1", -100), gate("T1", -100), order("T1", K.ACCEPTED, 5)]
    assert unprotected([*records, order("S1", K.ACCEPTED, 9)]) == summary(
        fills=1, p50_ms=9.0, p99_ms=9.0, max_ms=9.0, max_quantity=100
    )


def test_the_time_on_the_wall_counts_where_it_is_recorded() -> None:
    records = [
        order("R1", K.FILLED, 0, 100, received_ns=1_700 * MS), gate("S1", -100),
        order("S1", K.ACCEPTED, 1_000, received_ns=1_720 * MS),
    ]  # fmt: skip
    assert unprotected(records) == summary(fills=1, p50_ms=20.0, p99_ms=20.0, max_ms=20.0, max_quantity=100)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 300), st.booleans()), min_size=1, max_size=20))
def test_each_fill_waits_as_long_as_its_own_stop(fills: list[tuple[int, int, bool]]) -> None:
    """Sliced entries with a stop of each slice's own: the waits are known one by one."""
    records: list[GateResult | OrderRecord] = []
    now = 0
    for number, (quantity, wait, _) in enumerate(fills):
        records += [order(f"R{number}", K.FILLED, now, quantity), gate(f"S{number}", -quantity, now)]
        now += wait
        records.append(order(f"S{number}", K.ACCEPTED, now))
    found, waits = unprotected(records), sorted(wait for _, wait, _ in fills)
    assert found is not None
    assert (found.fills, found.uncovered_fills, found.max_ms) == (len(fills), 0, waits[-1])
    assert found.p50_ms == waits[(len(waits) - 1) // 2]
    assert found.max_quantity == max((quantity for quantity, wait, _ in fills if wait), default=0)


@pytest.mark.parametrize("late", [0, 251])
def test_a_late_stop_breaks_the_bound(late: int) -> None:
    """The control of every test that asserts 250 ms."""
    records = [order("R1", K.FILLED, 0, 100), gate("S1", -100), order("S1", K.ACCEPTED, late)]
    found = unprotected(records)
    assert found is not None
    assert (found.max_ms <= 250) == (not late)


def test_what_was_held_before_is_closed_and_not_opened_the_other_way() -> None:
    records = [
        gate("S1", -100), order("S1", K.ACCEPTED, 1, -100), order("R1", K.FILLED, 5, -40),
        order("S1", K.UPDATED, 6, -60), order("R2", K.FILLED, 9, 10), order("S1", K.UPDATED, 11, -70),
    ]  # fmt: skip
    assert unprotected(records, {"A.US": 100}) == summary(fills=1, p50_ms=2.0, p99_ms=2.0, max_ms=2.0, max_quantity=10)
    assert unprotected(records) == summary(fills=1, attached_fills=1)  # the first sale would be a short

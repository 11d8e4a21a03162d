"""What is left of a parent after an interruption, and until when it may go on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.interruption import is_in_time, left_of
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.execution.told_ledger import ToldLedger

LEFT = st.integers(-10_000, 10_000).filter(bool)
POSITIONS = st.integers(-10_000, 10_000)


@given(LEFT, POSITIONS, st.floats(0, 1))
def test_fills_that_nobody_heard_are_taken_off(left: int, position: int, share: float) -> None:
    filled = round(left * share)
    assert left_of(left, position, position + filled) == left - filled


@given(LEFT, POSITIONS, st.integers(1, 10_000))
def test_a_position_that_others_changed_ends_it(left: int, position: int, other: int) -> None:
    sign = 1 if left > 0 else -1
    assert left_of(left, position, position - sign * other) is None  # a stop, a person
    assert left_of(left, position, position + left + sign * other) is None  # more than it could have filled


@given(LEFT, POSITIONS, POSITIONS)
def test_what_goes_on_never_turns_and_never_grows(left: int, then: int, now: int) -> None:
    rest = left_of(left, then, now)
    assert rest is None or (rest * left >= 0 and abs(rest) <= abs(left) and then + left == now + rest)


@pytest.mark.parametrize(
    ("now_ns", "ends_ns", "is_there"),
    [(99, 100, True), (100, 100, False), (54, 0, True), (55, 0, False), (3, 0, True)],
)
def test_a_slicing_has_its_time_and_an_order_at_once_some_grace(now_ns: int, ends_ns: int, is_there: bool) -> None:
    assert is_in_time(now_ns, execution_ns=50, ends_ns=ends_ns, grace_ns=5) is is_there


def parent(place: int, quantity: int) -> Parent:
    return Parent(
        parent_id=f"P{place}", place=place, quantity=quantity, round=1, decision_id="R000001", execution_ns=0, end_ns=9
    )


def test_a_ledger_tells_what_would_go_on_after_every_change() -> None:
    told: list[list[tuple[str, int]]] = []
    ledger = ToldLedger(3, lambda works: told.append([(one.parent_id, left) for one, left in works]))
    ledger.hold(parent(2, -50))
    ledger.hold(parent(0, 100))
    assert told == [[("P2", -50)], [("P0", 100), ("P2", -50)]]  # in the order of the universe
    ledger.release("P0")
    ledger.child_submitted("P0", "P0-E1", 40)
    ledger.child_filled("P0-E1", 30)
    assert told[-1] == [("P0", 70), ("P2", -50)]  # what works of a child may fill, and is left until then
    ledger.child_closed("P0-E1")
    ledger.finish("P0")
    assert told[-1] == [("P2", -50)]
    assert ledger.close_if_done("P0") == 30
    ledger.drop("P2")
    assert told[-1] == []
    assert len(told) == 7


def test_a_parent_that_is_filled_leaves_nothing() -> None:
    ledger = WorkingLedger(1)
    ledger.hold(parent(0, 10))
    ledger.release("P0")
    ledger.child_submitted("P0", "P0-E1", 10)
    ledger.child_filled("P0-E1", 10)
    assert ledger.unfinished() == []

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.slicing import due_quantity, n_slices

MINUTE = 60_000_000_000
START = 1_300_000_000 * 10**9


@st.composite
def schedules(draw):
    lot = draw(st.sampled_from([1, 10, 100]))
    interval = draw(st.integers(1, 10**12))
    return draw(st.integers(0, 5000)) * lot, lot, START, START + draw(st.integers(0, 40 * interval)), interval


def cumulative(total, lot, start, end, interval):
    moments = [start + k * interval for k in range(n_slices(start, end, interval))]
    return [due_quantity(total, lot, start, end, interval, moment) for moment in moments]


def test_worked_example():
    """Ten lots in four slices: 2.5, 5, 7.5, 10, halves upwards."""
    assert cumulative(10, 1, START, START + 20 * MINUTE, 5 * MINUTE) == [3, 5, 8, 10]


def test_few_lots_are_spread_over_the_whole_time():
    due = cumulative(2, 1, START, START + 10 * MINUTE, MINUTE)
    assert due == [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("minutes", "slices"), [(0, 1), (4, 1), (5, 1), (6, 2), (10, 2), (30, 6)])
def test_number_of_slices(minutes, slices):
    assert n_slices(START, START + minutes * MINUTE, 5 * MINUTE) == slices


@given(schedules())
def test_the_last_slice_completes_the_total_exactly(schedule):
    total, lot, start, end, interval = schedule
    assert cumulative(*schedule)[-1] == total
    assert due_quantity(total, lot, start, end, interval, end) == total
    assert due_quantity(total, lot, start, end, interval, end + 10**15) == total


@given(schedules())
def test_slices_are_whole_lots_that_differ_by_one_at_most_and_keep_to_the_line(schedule):
    total, lot, *_ = schedule
    due = cumulative(*schedule)
    slices = [after - before for before, after in zip([0, *due], due, strict=False)]
    assert all(quantity >= 0 and quantity % lot == 0 for quantity in slices)
    assert max(slices) - min(slices) <= lot
    for k, quantity in enumerate(due, start=1):
        assert abs(quantity - total * k / len(due)) <= lot / 2


@given(schedules(), st.integers(-(10**12), 10**14), st.integers(0, 10**13))
def test_what_is_due_never_falls_and_nothing_is_due_before_the_start(schedule, offset, later):
    total, lot, start, end, interval = schedule
    due = due_quantity(total, lot, start, end, interval, start + offset)
    assert due <= due_quantity(total, lot, start, end, interval, start + offset + later)
    if offset < 0:
        assert due == 0


def test_between_slices_nothing_more_is_due():
    schedule = (100, 1, START, START + 20 * MINUTE, 5 * MINUTE)
    assert due_quantity(*schedule, START + 10 * MINUTE - 1) == due_quantity(*schedule, START + 5 * MINUTE) == 50


@pytest.mark.parametrize(("total", "lot"), [(-1, 1), (150, 100), (10, 0)])
def test_a_total_that_is_no_whole_lots_is_refused(total, lot):
    with pytest.raises(ValueError, match="total is"):
        due_quantity(total, lot, START, START + MINUTE, MINUTE, START)


@pytest.mark.parametrize(("end", "interval"), [(START - 1, MINUTE), (START + MINUTE, 0)])
def test_no_schedule_is_refused(end, interval):
    with pytest.raises(ValueError, match="no schedule"):
        n_slices(START, end, interval)

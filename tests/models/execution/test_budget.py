import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.budget import MessageBudget

SECOND = 1_000_000_000


def test_refuses_above_the_maximum_and_counts_nothing_then():
    budget = MessageBudget(5, SECOND)
    assert budget.reserve(0, 3)
    assert not budget.reserve(1, 3)
    assert budget.count(1) == 3
    assert budget.reserve(1, 2)
    assert not budget.reserve(1, 1)


def test_room_comes_back_when_messages_are_a_window_old():
    budget = MessageBudget(1, SECOND)
    assert budget.reserve(100, 1)
    assert not budget.reserve(100 + SECOND - 1, 1)
    assert budget.reserve(100 + SECOND, 1)


def test_recording_is_never_refused_but_takes_room():
    budget = MessageBudget(2, SECOND)
    budget.record(0, 10)
    assert budget.count(0) == 10
    assert not budget.reserve(0, 1)
    assert budget.reserve(0, 0) is False


def test_a_maximum_of_zero_refuses_every_reservation():
    assert not MessageBudget(0, SECOND).reserve(0, 1)


STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.booleans()), max_size=60)


@given(STEPS, st.integers(0, 12), st.integers(1, 100))
def test_equals_counting_anew_each_time(steps, maximum, window):
    budget, sent, now = MessageBudget(maximum, window), [], 0
    for wait, n, forced in steps:
        now += wait
        inside = sum(count for ts, count in sent if now - window < ts <= now)
        assert budget.count(now) == inside
        if forced:
            budget.record(now, n)
        else:
            assert budget.reserve(now, n) == (inside + n <= maximum)
        if forced or inside + n <= maximum:
            sent.append((now, n))


def test_time_runs_forwards():
    budget = MessageBudget(1, SECOND)
    budget.count(10)
    with pytest.raises(ValueError, match="time 9 lies before 10"):
        budget.count(9)


@pytest.mark.parametrize(("maximum", "window"), [(-1, 1), (1, 0)])
def test_a_budget_that_is_none_is_refused(maximum, window):
    with pytest.raises(ValueError, match="max_messages is"):
        MessageBudget(maximum, window)


def test_a_negative_number_of_messages_is_refused():
    budget = MessageBudget(1, SECOND)
    budget.record(0, 5)
    for ask in (budget.record, budget.reserve):
        with pytest.raises(ValueError, match="-1 messages"):
            ask(0, -1)

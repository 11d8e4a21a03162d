"""Orders for new risk: how many in a window, how far apart, and how often the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.new_risk import NewRisk, NewRiskLimits

FREE = {"max_parents": None, "window_ns": 60, "max_repeats": None, "repeat_window_ns": 60, "spacing_ns": 0}


def made(**changes):
    return NewRisk(NewRiskLimits(**(FREE | changes)))


def test_without_limits_everything_may_follow_at_once():
    free = made()
    for _ in range(1000):
        assert free.refusal(5) is None
        free.record(5)
        assert free.repeats(0, 5, buys=True) is None
        assert free.space(5) == 5


def test_ten_a_window_and_the_eleventh_waits_for_the_first_to_be_old():
    limited = made(max_parents=10)
    for _ in range(10):
        assert limited.refusal(100) is None
        limited.record(100)
    assert limited.refusal(159) == (11.0, 10.0)
    assert limited.refusal(160) is None


def test_releases_keep_their_distance_in_the_order_in_which_they_were_asked_for():
    spaced = made(spacing_ns=100)
    assert [spaced.space(at) for at in (1000, 1000, 1050, 1500, 1501)] == [1000, 1100, 1200, 1500, 1600]


@pytest.mark.parametrize("other", [(1, True), (0, False)])
def test_the_same_order_too_often_is_named_and_another_is_not_the_same(other):
    limited = made(max_repeats=3)
    assert [limited.repeats(0, ts, buys=True) for ts in (1, 2, 3, 4)] == [None, None, None, 3]
    assert limited.repeats(other[0], 4, buys=other[1]) is None
    limited.forget_repeats()
    assert limited.repeats(0, 5, buys=True) is None


def test_repeats_get_old():
    limited = made(max_repeats=1)
    assert [limited.repeats(0, ts, buys=True) for ts in (1, 61, 120, 121)] == [None, None, 1, 1]


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 5))
def test_no_window_has_more_than_the_limit(steps, most):
    limited, taken, now = made(max_parents=most), [], 0
    for step in steps:
        now += step
        if limited.refusal(now) is None:
            limited.record(now)
            taken.append(now)
    assert all(sum(at - 60 < one <= at for one in taken) <= most for at in taken)

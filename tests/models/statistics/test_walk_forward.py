"""Windows walk through days: tests never overlap and leave no gap, and every training ends before its test."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.statistics.walk_forward import walk_windows

LENGTHS = st.tuples(
    st.integers(2, 60), st.integers(1, 40), st.integers(0, 20), st.integers(0, 20), st.integers(0, 300), st.booleans()
)


@given(LENGTHS)
def test_windows_hold_what_they_promise(lengths: tuple[int, int, int, int, int, bool]) -> None:
    beyond, test, purge, embargo, more, anchored = lengths
    train = purge + beyond
    days = train + embargo + test + more
    windows = walk_windows(days, train=train, test=test, purge=purge, embargo=embargo, anchored=anchored)
    assert windows[0].test_begin == train + embargo
    for window in windows:
        assert 0 <= window.train_begin < window.train_end < window.test_begin + 1
        assert window.test_begin - window.train_end == purge + embargo
        assert -(-test // 2) <= window.test_end - window.test_begin <= test
        length = window.train_end - window.train_begin
        assert length == (window.test_begin - embargo - purge if anchored else train - purge)
    for before, after in pairwise(windows):
        assert before.test_end == after.test_begin  # no overlap, no gap
        assert before.test_end - before.test_begin == test
        assert after.train_end <= after.test_begin
    assert days - windows[-1].test_end < -(-test // 2)  # what is left is no half of a test


def test_two_years_in_quarters() -> None:
    windows = walk_windows(504, train=252, test=63, purge=5, embargo=5)
    assert [(one.train_begin, one.train_end, one.test_begin, one.test_end) for one in windows] == [
        (0, 247, 257, 320),
        (63, 310, 320, 383),
        (126, 373, 383, 446),
        (189, 436, 446, 504),
    ]


def test_anchored_trainings_begin_together() -> None:
    windows = walk_windows(504, train=252, test=63, anchored=True)
    assert {one.train_begin for one in windows} == {0}
    assert [one.train_end for one in windows] == [252, 315, 378, 441]


@pytest.mark.parametrize(
    "lengths",
    [
        {"train": 10, "test": 0},
        {"train": 10, "test": 5, "purge": 10},
        {"train": 10, "test": 5, "embargo": -1},
        {"train": 98, "test": 5},
    ],
)
def test_lengths_that_cannot_be_are_refused(lengths: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"allowed|too few"):
        walk_windows(100, **lengths)

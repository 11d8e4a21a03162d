"""Paths inside of a bar keep what the bar says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.research.minute_paths import minute_path

PRICES = st.lists(st.floats(90, 110), min_size=4, max_size=4).map(sorted)


@st.composite
def bars(draw):
    low, one, other, high = draw(PRICES)
    return np.array(draw(st.permutations([one, other]))).tolist(), high, low


@given(bars(), st.integers(3, 60), st.integers(0, 1000))
def test_a_path_keeps_open_high_low_and_close(bar, minutes, seed):
    (opened, closed), high, low = bar
    generator = np.random.default_rng(seed)
    pace, noise = generator.uniform(0.5, 2, 3), generator.standard_normal(minutes)
    path = minute_path(np.array([opened, high, low, closed]), pace, noise)
    assert path.shape == (minutes,)
    assert path[-1] == pytest.approx(closed, rel=1e-12)
    assert path.max() == pytest.approx(high, rel=1e-12)
    assert path.min() == pytest.approx(low, rel=1e-12)


def test_without_noise_the_legs_take_time_by_their_length():
    bar = np.exp(np.array([0.0, 0.01, -0.04, -0.03]))  # open, high, low, close: 1, 5 and 1 percent of way
    path = np.log(minute_path(bar, np.ones(3), np.zeros(70)))
    np.testing.assert_allclose(np.diff(path)[:8], 0.001, atol=1e-9)
    assert path.argmax() == 9
    assert path.argmin() == 59
    np.testing.assert_allclose(np.diff(path)[9:59], -0.001, atol=1e-9)


def test_the_noise_is_as_large_as_the_range_tells():
    """A walk that is nowhere cut: the variance around the legs is Parkinson's, less what the bridge ties."""
    generator = np.random.default_rng(1)
    bar = np.array([100.0, 110.0, 90.0, 109.0])
    steps = []
    for _ in range(300):
        path = np.log(minute_path(bar, np.ones(3), generator.standard_normal(60)))
        calm = np.log(minute_path(bar, np.ones(3), np.zeros(60)))
        inside = (path > np.log(90) + 1e-9) & (path < np.log(110) - 1e-9)
        steps += (np.diff(path) - np.diff(calm))[inside[1:] & inside[:-1]].tolist()
    expected = np.log(110 / 90) / np.sqrt(4 * np.log(2) * 60)
    assert np.std(steps) == pytest.approx(expected, rel=0.1)


def test_a_bar_that_stood_still_stands_still():
    np.testing.assert_allclose(minute_path(np.full(4, 50.0), np.ones(3), np.ones(10)), 50.0)


def test_a_bar_too_short_for_its_extremes_is_refused():
    with pytest.raises(ValueError, match="2 minutes, allowed are 3 or more"):
        minute_path(np.ones(4), np.ones(3), np.ones(2))

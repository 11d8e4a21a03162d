import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.standstill import Standstill


def counts(bars):
    still = Standstill(bars.shape[2])
    return np.array([still.update(bar) for bar in bars])


def test_counts_bars_that_are_the_close_before_them_and_nothing_else():
    closes = np.array([5.0, 5.0, 5.0, 6.0, 6.0, 5.0])
    assert counts(np.tile(closes[:, np.newaxis, np.newaxis], (1, 3, 1)))[:, 0].tolist() == [0, 1, 2, 0, 1, 0]
    wide = np.array([[6.0, 5.0, 5.0], [5.0, 5.0, 5.0], [6.0, 5.0, 5.0], [5.0, 5.0, 5.0]])  # high, low and close
    assert counts(wide[:, :, np.newaxis])[:, 0].tolist() == [0, 1, 0, 1]


@given(seed=st.integers(0, 1000), share=st.floats(0, 0.9))
@settings(max_examples=20)
def test_a_gap_leaves_the_count_as_it_was(seed, share):
    generator = np.random.default_rng(seed)
    bars = np.repeat(generator.integers(1, 3, size=(60, 1, 2)).astype(np.float64), 3, axis=1)
    gaps = generator.random((60, 2)) < share
    bars[gaps[:, np.newaxis, :].repeat(3, axis=1) & (np.arange(3) == seed % 3)[:, np.newaxis]] = np.nan
    found = counts(bars)
    for i in range(2):
        np.testing.assert_array_equal(found[~gaps[:, i], i], counts(bars[~gaps[:, i]][:, :, [i]])[:, 0])
        np.testing.assert_array_equal(found[1:][gaps[1:, i], i], found[:-1][gaps[1:, i], i])

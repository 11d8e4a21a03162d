import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.rolling_sum import RollingSum


def incremental(x, length, observed=None):
    """Sums of an array of shape (n_rounds, rows, n)."""
    observed = np.ones((len(x), x.shape[2]), dtype=bool) if observed is None else observed
    rolling = RollingSum(length, x.shape[1], x.shape[2])
    return np.array([rolling.update(*bar) for bar in zip(x, observed, strict=True)])


@given(length=st.integers(1, 30), seed=st.integers(0, 100))
def test_equals_pandas(length, seed):
    x = np.random.default_rng(seed).normal(size=(100, 2, 3))
    expected = np.array(pd.DataFrame(x.reshape(100, 6)).rolling(length).sum()).reshape(100, 2, 3)
    np.testing.assert_allclose(incremental(x, length), expected, atol=1e-12)


def test_a_gap_leaves_that_instrument_alone():
    rng = np.random.default_rng(1)
    x, observed = rng.normal(size=(200, 2, 2)), rng.random((200, 2)) > 0.2
    sums = incremental(x, 13, observed)
    for i in range(2):
        kept = observed[:, i]
        np.testing.assert_array_equal(sums[kept, :, i], incremental(x[kept][:, :, [i]], 13)[:, :, 0])


def test_what_left_the_window_leaves_no_error_behind():
    x = np.full((200, 1, 1), 0.1)
    x[30] = 1e12
    sums = incremental(x, 10)[:, 0, 0]
    assert abs(sums[45] - 1) > 1e-6  # the control: for a while it does
    assert sums[-1] == pytest.approx(1.0, abs=1e-15)


def test_a_returned_sum_does_not_change_later():
    rolling = RollingSum(1, 1, 1)
    first = rolling.update(np.array([[1.0]]), np.array([True]))
    rolling.update(np.array([[9.0]]), np.array([True]))
    assert first.tolist() == [[1.0]]


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match="length is 0"):
        RollingSum(0, 1, 1)

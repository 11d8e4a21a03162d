import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nautilus_ai_firm.models.estimators.ewma import Ewma

VALUES = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")))


def incremental(x, span):
    ewma = Ewma(span, x.shape[1])
    return np.array([ewma.update(row) for row in x])


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=VALUES), st.floats(1, 500))
def test_equals_pandas_with_adjusted_weights_that_ignore_gaps(x, span):
    expected = pd.DataFrame(x).ewm(span=span, adjust=True, ignore_na=True).mean().to_numpy()
    np.testing.assert_allclose(incremental(x, span), expected, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(x), initial=1))


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_missing_entry_leaves_only_that_entry_unchanged(gap):
    ewma = Ewma(10, 2)
    ewma.update(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(ewma.update(np.array([gap, 2.0])), [1.0, ewma.mean[1]])
    assert ewma.mean[1] > 1
    assert ewma.count.tolist() == [1, 2]


def test_mean_is_nan_before_the_first_observation():
    ewma = Ewma(10, 2)
    assert np.isnan(ewma.mean).all()
    assert np.isnan(ewma.update(np.array([np.nan, 1.0]))).tolist() == [True, False]


@given(st.floats(-1e9, 1e9), st.floats(1, 500))
def test_a_constant_has_exactly_itself_as_mean(value, span):
    assert (incremental(np.full((50, 1), value), span) == value).all()


def test_each_row_may_have_a_span_of_its_own():
    x = np.random.default_rng(1).normal(size=(60, 3))
    both = Ewma([[5.0], [50.0]], (2, 3))
    means = np.array([both.update(np.broadcast_to(row, (2, 3))) for row in x])
    np.testing.assert_array_equal(means[:, 0], incremental(x, 5))
    np.testing.assert_array_equal(means[:, 1], incremental(x, 50))


def test_a_returned_mean_does_not_change_later():
    ewma = Ewma(3, 1)
    first = ewma.update(np.array([1.0]))
    ewma.update(np.array([9.0]))
    assert first.tolist() == [1.0]


@pytest.mark.parametrize("span", [0.5, 0, -3, float("nan"), float("inf"), [5.0, 0.0]])
def test_a_span_below_one_is_refused_with_its_value(span):
    with pytest.raises(ValueError, match=r"span is .*at least 1"):
        Ewma(span, 2)

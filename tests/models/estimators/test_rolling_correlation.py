import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.rolling_correlation import RollingCorrelation


def incremental(returns, length=40, warm_up=20):
    estimator = RollingCorrelation(length, returns.shape[1], warm_up)
    return np.array([estimator.update(row) for row in returns])


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
def test_equals_pandas_over_the_rounds_that_a_pair_shares(seed, missing):
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.001, 0.01, (90, 3)) + rng.normal(0, 0.01, (90, 1))
    returns[rng.random((90, 3)) < missing] = np.nan
    found = incremental(returns)
    for t in (19, 45, 89):
        window = pd.DataFrame(returns[max(0, t - 39) : t + 1])
        expected = window.corr(min_periods=20).fillna(0.0).to_numpy().copy()
        np.fill_diagonal(expected, 1.0)
        np.testing.assert_allclose(found[t], expected, atol=1e-9)


def test_one_that_never_moves_is_uncorrelated():
    returns = np.random.default_rng(1).normal(size=(60, 2))
    returns[:, 1] = 0.0
    np.testing.assert_array_equal(incremental(returns)[-1], np.eye(2))


def test_rounding_does_not_build_up_from_a_large_past():
    returns = np.random.default_rng(1).normal(size=(200, 2))
    large = np.concatenate([1e9 * returns, returns])
    np.testing.assert_array_equal(incremental(large)[-1], incremental(returns)[-1])


@pytest.mark.parametrize(("length", "warm_up"), [(2, 2), (40, 41), (40, 2)])
def test_a_parameter_out_of_range_is_refused(length, warm_up):
    with pytest.raises(ValueError, match="allowed are 3 or more"):
        RollingCorrelation(length, 2, warm_up)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.covariance import EwmaCovariance, covariance_of


def incremental(returns, span=75.0, warm_up=20):
    estimator = EwmaCovariance(span, returns.shape[1], warm_up)
    return np.array([estimator.update(row) for row in returns])


@pytest.fixture
def returns():
    mixed = np.random.default_rng(3).normal(scale=0.01, size=(400, 4))
    mixed[:, 1] = 0.8 * mixed[:, 0] + 0.6 * mixed[:, 1]
    mixed[:, 3] *= 3
    return mixed


def test_equals_pandas_on_products_and_a_batch_of_weights(returns):
    found = incremental(returns)
    frame = pd.DataFrame(returns)
    products = pd.DataFrame({(i, j): frame[i] * frame[j] for i in range(4) for j in range(4)})
    expected = products.ewm(span=75).mean().to_numpy().reshape(-1, 4, 4)
    np.testing.assert_allclose(found[19:], expected[19:], rtol=1e-9, atol=1e-15)
    weights = (1 - 2 / 76) ** np.arange(400)[::-1]
    batch = (returns * weights[:, np.newaxis]).T @ returns / weights.sum()
    np.testing.assert_allclose(found[-1], batch, rtol=1e-9, atol=1e-15)


def test_of_a_long_span_is_near_the_sample_covariance(returns):
    np.testing.assert_allclose(incremental(returns, 1e7)[-1], returns.T @ returns / 400, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(incremental(returns, 1e7)[-1], np.cov(returns.T, ddof=0), atol=2e-6)


def test_there_is_no_figure_before_the_warm_up_and_none_of_what_never_traded(returns):
    returns[:, 2] = np.nan
    found = incremental(returns)
    assert np.isnan(found[18]).all()
    known = np.ix_([0, 1, 3], [0, 1, 3])
    assert np.isfinite(found[19][known]).all()
    assert np.isnan(found[-1][2]).all()
    assert np.isnan(found[-1][:, 2]).all()


def test_a_missing_return_leaves_its_instrument_and_its_pairs_as_they_were(returns):
    gapped = np.insert(returns, 300, returns[300], axis=0)
    gapped[300, 2] = np.nan
    estimator = EwmaCovariance(75, 4)
    before = [estimator.update(row) for row in gapped[:300]][-1]
    after = estimator.update(gapped[300])
    np.testing.assert_array_equal(after[2], after[:, 2])
    assert after[2, 2] == before[2, 2]
    np.testing.assert_allclose(estimator.correlation[2, [0, 1, 3]], incremental_correlation(gapped[:300])[2, [0, 1, 3]])
    assert after[0, 0] != before[0, 0]


def incremental_correlation(returns):
    estimator = EwmaCorrelation(75, returns.shape[1])
    return [estimator.observe(row) for row in returns][-1]


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.8))
def test_is_positive_semi_definite_whatever_is_missing(seed, missing):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    rows = rng.normal(scale=0.01, size=(60, n))
    rows[rng.random((60, n)) < missing] = np.nan
    matrix = incremental(rows, span=5, warm_up=1)[-1]
    known = np.isfinite(np.diagonal(matrix))
    kept = matrix[np.ix_(known, known)]
    assert not kept.size or np.linalg.eigvalsh(kept).min() >= -1e-12 * np.abs(kept).max()


def test_the_cutting_of_the_future_changes_nothing(returns):
    np.testing.assert_array_equal(incremental(returns)[:200], incremental(returns[:200]))


def test_the_correlation_is_that_of_the_cio_on_the_same_returns():
    closes = 50 * np.exp(np.random.default_rng(8).normal(scale=0.01, size=(200, 3)).cumsum(axis=0))
    logs = np.diff(np.log(closes), axis=0, prepend=np.nan)
    own, desk = EwmaCovariance(60, 3), EwmaCorrelation(60, 3)
    for close, row in zip(closes, logs, strict=True):
        own.update(row)
        np.testing.assert_array_equal(own.correlation, desk.update(close, np.isfinite(close)))
    np.testing.assert_array_equal(own.matrix, covariance_of(own.volatility, own.correlation))
    assert own.known.all()


@pytest.mark.parametrize(("span", "warm_up"), [(0.5, 20), (60, 0)])
def test_a_parameter_out_of_range_is_refused(span, warm_up):
    with pytest.raises(ValueError, match=r"at least 1|1 or more"):
        EwmaCovariance(span, 2, warm_up)

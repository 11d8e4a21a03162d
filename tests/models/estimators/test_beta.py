import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.models.estimators.beta import EwmaBeta


@pytest.fixture
def returns():
    """A benchmark's returns and those of two instruments with betas 0.5 and 1.4, 500 bars."""
    rng = np.random.default_rng(17)
    benchmark = rng.normal(scale=0.01, size=500)
    own = benchmark[:, np.newaxis] * [0.5, 1.4] + rng.normal(scale=[0.002, 0.01], size=(500, 2))
    return own, np.repeat(benchmark[:, np.newaxis], 2, axis=1)


def incremental(own, benchmark, warm_up=30):
    estimator = EwmaBeta(40, own.shape[1], warm_up)
    rows = [(estimator.update(*row), estimator.correlation) for row in zip(own, benchmark, strict=True)]
    return np.array(rows).swapaxes(0, 1)


def test_equals_pandas(returns):
    own, benchmark = (pd.DataFrame(frame) for frame in returns)
    joint, squares, others = (f.ewm(span=40).mean() for f in (own * benchmark, own**2, benchmark**2))
    beta, correlation = incremental(*returns)
    np.testing.assert_allclose(beta[29:], (joint / others)[29:], rtol=1e-9)
    np.testing.assert_allclose(correlation[29:], (joint / np.sqrt(squares * others))[29:], rtol=1e-9)
    assert np.isnan(beta[:29]).all()
    assert np.isnan(correlation[:29]).all()


def test_counts_joint_returns(returns):
    own, benchmark = returns
    own[300, 0] = np.nan
    estimator = EwmaBeta(40, 2, 30)
    for row in zip(own, benchmark, strict=True):
        estimator.update(*row)
    assert estimator.count.tolist() == [499, 500]


def test_finds_the_betas_of_which_the_returns_were_made(returns):
    np.testing.assert_allclose(incremental(*returns)[0][100:].mean(axis=0), [0.5, 1.4], rtol=0.1)


def test_a_return_that_only_one_has_changes_nothing(returns):
    own, benchmark = returns
    own[300, 0], benchmark[310, 1] = np.nan, np.inf
    values = incremental(own, benchmark)
    for i, gap in enumerate((300, 310)):
        dropped = incremental(np.delete(own[:, [i]], gap, axis=0), np.delete(benchmark[:, [i]], gap, axis=0))
        np.testing.assert_array_equal(np.delete(values[:, :, i], gap, axis=1), dropped[:, :, 0])


def test_who_never_moved_has_no_correlation_and_a_still_benchmark_gives_no_beta(returns):
    own, benchmark = returns
    own[:, 0], benchmark[:, 1] = 0.0, 0.0
    beta, correlation = incremental(own, benchmark)
    assert np.isnan(correlation).all()
    assert (beta[30:, 0] == 0).all()
    assert np.isnan(beta[:, 1]).all()


def test_itself_has_beta_and_correlation_one(returns):
    beta, correlation = incremental(returns[0], returns[0])
    np.testing.assert_allclose(beta[30:], 1, rtol=1e-12)
    np.testing.assert_allclose(correlation[30:], 1, rtol=1e-12)
    assert (correlation[30:] <= 1).all()


def test_a_warm_up_of_nothing_is_refused():
    with pytest.raises(ValueError, match="warm_up is 0"):
        EwmaBeta(10, 1, 0)

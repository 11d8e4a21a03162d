"""Rolling moments, and the reversion that is tested and fitted from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant
from statsmodels.tsa.stattools import adfuller

from nautilus_ai_firm.models.estimators.autoregression import RollingAutoregression
from nautilus_ai_firm.models.estimators.dickey_fuller import dickey_fuller
from nautilus_ai_firm.models.estimators.mackinnon import mackinnon_p
from nautilus_ai_firm.models.estimators.ornstein_uhlenbeck import fit_ornstein_uhlenbeck


def reverting(seed, length, persistence, deviation=0.05, mean=4.0, n=3):
    """Sample a process at its exact discretisation."""
    rng = np.random.default_rng(seed)
    x = np.full((length, n), mean)
    noise = rng.normal(scale=deviation * np.sqrt(1 - persistence**2), size=(length, n))
    for t in range(1, length):
        x[t] = mean + persistence * (x[t - 1] - mean) + noise[t]
    return x


def last(x, length, lag):
    rolling = RollingAutoregression(length, lag, x.shape[1])
    for row in x[:-1]:
        rolling.update(row)
    return rolling.update(x[-1])


@given(
    seed=st.integers(0, 1000),
    length=st.integers(30, 200),
    lag=st.integers(0, 5),
    persistence=st.sampled_from([0.5, 0.9, 0.99]),
)
@settings(max_examples=50)
def test_the_statistic_equals_that_of_statsmodels(seed, length, lag, persistence):
    x = reverting(seed, length + lag + 1 + 37, persistence)
    statistic = dickey_fuller(last(x, length, lag))
    for i in range(3):
        window = x[-(length + lag + 1) :, i]
        expected, p, *_ = adfuller(window, lag, "c", autolag=None, result_object=False)  # pyright: ignore[reportArgumentType] - the stub forgets None
        assert statistic[i] == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert mackinnon_p(statistic, 1)[i] == pytest.approx(p, rel=1e-7, abs=1e-12)


def test_p_values_of_walks_are_uniform():
    """Near enough for a fit to asymptotic distributions: the share below a level is that level."""
    walks = np.random.default_rng(5).normal(size=(251, 3000)).cumsum(axis=0)
    p = mackinnon_p(dickey_fuller(last(walks, 249, 1)), 1)
    for level in (0.05, 0.1, 0.2, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=0.02)


@given(seed=st.integers(0, 1000), length=st.integers(30, 300), lag=st.integers(0, 3))
@settings(max_examples=40)
def test_the_fit_equals_least_squares_of_statsmodels(seed, length, lag):
    x = reverting(seed, length + lag + 1, 0.8)
    fit = fit_ornstein_uhlenbeck(last(x, length, lag))
    for i in range(3):
        series = x[lag:, i]
        ols = OLS(series[1:], add_constant(series[:-1])).fit()
        a, b = ols.params
        if not 0 < b < 1:
            assert np.isnan(fit.half_life[i])
            continue
        assert fit.persistence[i] == pytest.approx(b, rel=1e-9)
        assert fit.mean[i] == pytest.approx(a / (1 - b), rel=1e-9)
        assert fit.deviation[i] == pytest.approx(np.sqrt(ols.mse_resid / (1 - b**2)), rel=1e-8)
        assert fit.half_life[i] == pytest.approx(np.log(0.5) / np.log(b), rel=1e-8)


def test_a_decay_without_noise_is_found_exactly():
    """x = m + c exp(-κ t) has the half-life ln 2 / κ."""
    x = 4 + 0.3 * 0.5 ** (np.arange(40) / 7)[:, np.newaxis]
    fit = fit_ornstein_uhlenbeck(last(x, 39, 0))
    assert fit.half_life[0] == pytest.approx(7, rel=1e-9)
    assert fit.mean[0] == pytest.approx(4, rel=1e-9)
    assert fit.deviation[0] == pytest.approx(0, abs=1e-7)


def test_known_processes_are_found_with_the_bias_of_least_squares():
    b, length = 0.9, 200
    fit = fit_ornstein_uhlenbeck(last(reverting(3, length + 1, b, n=2000), length, 0))
    assert fit.persistence.mean() == pytest.approx(b - (1 + 3 * b) / length, abs=0.003)  # Kendall 1954
    assert fit.mean.mean() == pytest.approx(4.0, abs=0.002)
    assert fit.deviation.mean() == pytest.approx(0.05, rel=0.06)  # with b too low, it is too


def test_what_does_not_revert_has_no_fit():
    growing = np.exp(0.05 * np.arange(60))[:, np.newaxis]
    jumping = (0.9 * (-1.0) ** np.arange(60))[:, np.newaxis] + np.random.default_rng(1).normal(size=(60, 1)) / 10
    for x in (growing, jumping):
        fit = fit_ornstein_uhlenbeck(last(x, 50, 0))
        for figure in (fit.mean, fit.deviation, fit.persistence, fit.half_life):
            assert np.isnan(figure).all()


@pytest.mark.parametrize("before", [0, 1, 60])
def test_what_never_moved_in_the_window_has_no_moments(before):
    x = np.full((before + 70, 1), 3.737)
    x[:before] += np.random.default_rng(2).normal(size=(before, 1))
    moments = last(x, 40, 1)
    assert np.isnan(moments.level).all()
    assert np.isnan(dickey_fuller(moments)).all()
    assert np.isnan(fit_ornstein_uhlenbeck(moments).half_life).all()


def test_there_are_no_moments_before_the_window_is_full():
    rolling = RollingAutoregression(30, 2, 1)
    known = [bool(np.isfinite(rolling.update(row).change[0])) for row in reverting(1, 40, 0.8, n=1)]
    assert known.index(True) == 30 + 2
    assert all(known[32:])


def test_a_gap_leaves_the_window():
    x = reverting(9, 300, 0.9)
    gapped = np.insert(x, [100, 100, 250], np.nan, axis=0)
    np.testing.assert_array_equal(last(gapped, 60, 1).products[-1], last(x, 60, 1).products[-1])


def test_levels_that_went_far_from_where_they_began_lose_little():
    """A stock that rose a thousandfold: log prices, here within 0.01 of each other, are 7 away from the first one."""
    x = reverting(4, 400, 0.9, deviation=0.01)
    risen = np.concatenate([[[-3.0, -3.0, -3.0]], x])
    near, far = dickey_fuller(last(x, 100, 1)), dickey_fuller(last(risen, 100, 1))
    np.testing.assert_allclose(far, near, rtol=1e-8)

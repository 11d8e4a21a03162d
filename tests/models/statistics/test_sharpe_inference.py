"""The probabilistic Sharpe ratio and the minimum track record against the figures of the paper."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nautilus_ai_firm.models.statistics.sharpe_inference import (
    SharpeSample,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
    standard_error,
)


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "published"), [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)], ids=["normal", "as measured"]
)
def test_two_years_of_a_hedge_fund(skewness, kurtosis, published):
    """Bailey and López de Prado 2012, exhibit 2: 24 monthly returns, Sharpe ratio 0.458 a month, 1.59 a year."""
    sample = SharpeSample(sharpe=0.458, periods=24, skewness=skewness, kurtosis=kurtosis)
    assert probabilistic_sharpe(sample) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(("periods_per_year", "published"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_years_to_tell_a_sharpe_ratio_of_two_from_one(periods_per_year, published):
    """The same paper, section 5: normal returns, 95 % confidence, by day, week and month."""
    sample = SharpeSample(sharpe=2 / periods_per_year**0.5, periods=periods_per_year)
    years = minimum_track_record(sample, 1 / periods_per_year**0.5) / periods_per_year
    assert years == pytest.approx(published, abs=5e-3)


def test_moments_agree_with_scipy():
    returns = 0.01 * np.random.default_rng(5).standard_t(5, 800) + 0.0005
    sample = sharpe_sample(returns)
    assert sample.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-12)
    assert sample.skewness == pytest.approx(stats.skew(returns), rel=1e-9)
    assert sample.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-9)
    assert sample.periods == 800


@given(st.floats(0.01, 0.5), st.floats(-1, 1), st.floats(3, 12))
def test_the_minimum_track_record_is_where_the_probability_reaches_the_level(sharpe, skewness, kurtosis):
    sample = SharpeSample(sharpe=sharpe, periods=100, skewness=skewness, kurtosis=kurtosis)
    needed = minimum_track_record(sample, level=0.05)
    factor = sample.variance_factor()
    z = sharpe * ((needed - 1) / factor) ** 0.5
    assert stats.norm.cdf(z) == pytest.approx(0.95, abs=1e-9)


def test_no_record_is_long_enough_for_what_is_not_above_the_benchmark():
    assert minimum_track_record(SharpeSample(sharpe=0.1, periods=100), 0.1) == inf


def test_a_series_without_risk_is_as_likely_good_as_bad():
    assert probabilistic_sharpe(sharpe_sample(np.full(50, 0.001))) == 0.5


def test_the_standard_error_is_what_repeated_samples_show():
    generator = np.random.default_rng(1)
    draws = 0.1 + generator.standard_exponential((500, 4000)) - 1.0
    shown = (draws.mean(axis=0) / draws.std(axis=0, ddof=1)).std(ddof=1)
    exponential = SharpeSample(sharpe=0.1, periods=500, skewness=2.0, kurtosis=9.0)
    assert standard_error(exponential) == pytest.approx(shown, rel=0.05)
    assert standard_error(SharpeSample(sharpe=0.1, periods=500)) > 1.05 * shown  # what normal returns would have


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_a_level_outside_of_its_range_is_refused(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        minimum_track_record(SharpeSample(sharpe=0.1, periods=100), level=level)


def test_impossible_moments_are_refused():
    with pytest.raises(ValueError, match="no returns have skewness 5"):
        probabilistic_sharpe(SharpeSample(sharpe=0.5, periods=100, skewness=5.0, kurtosis=3.0))
    with pytest.raises(ValueError, match=r"allowed: \(T,\)"):
        sharpe_sample(np.zeros((5, 2)))

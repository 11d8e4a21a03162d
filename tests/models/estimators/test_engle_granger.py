import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.stattools import coint

from nautilus_ai_firm.models.estimators.engle_granger import engle_granger


def pair(seed, length, reversion=0.1, memory=0.0):
    """Log prices whose spread comes back by `reversion` a bar, with changes that remember their last one."""
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=0.01, size=length).cumsum()
    spread, change = np.zeros(length), 0.0
    for t in range(1, length):
        change = memory * change + rng.normal(scale=0.005)
        spread[t] = (1 - reversion) * spread[t - 1] + change
    return 4 + 0.7 * x + spread, 3 + x


@given(
    seed=st.integers(0, 10_000),
    length=st.integers(60, 300),
    max_lag=st.integers(0, 8),
    reversion=st.sampled_from([0.0, 0.05, 0.5]),
    memory=st.sampled_from([-0.4, 0.0, 0.5]),
)
@settings(max_examples=60)
def test_equals_statsmodels(seed, length, max_lag, reversion, memory):
    y, x = pair(seed, length, reversion, memory)
    expected, p_value, _ = coint(y, x, trend="c", maxlag=max_lag, autolag="aic")
    statistic, p = engle_granger(y, x, max_lag)
    assert statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert p == pytest.approx(p_value, rel=1e-8, abs=1e-12)


def test_p_values_of_unrelated_walks_are_uniform():
    """Near enough for a fit to simulated distributions: the share below a level is that level."""
    rng = np.random.default_rng(8)
    walks = rng.normal(size=(1500, 2, 250)).cumsum(axis=2)
    p_values = np.array([engle_granger(y, x, 2)[1] for y, x in walks])
    for level in (0.05, 0.1, 0.5):
        assert (p_values <= level).mean() == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 1500) + 0.01)


def test_units_do_not_matter_and_a_strong_reversion_is_found():
    y, x = pair(1, 250, 0.3)
    statistic, p = engle_granger(y, x, 4)
    assert p < 0.001
    assert engle_granger(100 - 7 * y, 3 + 0.01 * x, 4)[0] == pytest.approx(statistic, rel=1e-9)


@pytest.mark.parametrize("case", ["constant y", "constant x", "same", "missing"])
def test_without_a_spread_there_is_no_statistic(case):
    y, x = pair(2, 100)
    if case == "constant y":
        y[:] = 4.0
    elif case == "constant x":
        x[:] = 4.0
    elif case == "same":
        y = 2 * x + 1
    else:
        y[50] = np.nan
    statistic, p = engle_granger(y, x, 3)
    assert np.isnan(statistic)
    assert p == 1.0


def test_a_window_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="10 observations, 11 or more are needed with max_lag 3"):
        engle_granger(np.arange(10.0), np.arange(10.0), 3)

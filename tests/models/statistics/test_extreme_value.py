"""What luck makes of many trials, against published figures and simulation."""

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.statistics.extreme_value import expected_maximum, minimum_backtest_years


def test_ten_trials_find_a_sharpe_ratio_of_one_and_a_half():
    """Bailey et al. 2014: "if the researcher tries only 10 alternative configurations": 1.57."""
    assert expected_maximum(10) == pytest.approx(1.57, abs=5e-3)


def test_five_years_bear_no_more_than_45_trials():
    """The same paper: "if only 5 years of data are available, no more than 45 independent configurations"."""
    assert minimum_backtest_years(45, 1.0) <= 5 < minimum_backtest_years(46, 1.0)


@pytest.mark.parametrize(("n_trials", "tolerance"), [(5, 0.03), (20, 0.02), (100, 0.02), (1000, 0.01)])
def test_the_approximation_agrees_with_simulation(n_trials, tolerance):
    shown = np.random.default_rng(2).standard_normal((4000, n_trials)).max(axis=1).mean()
    assert expected_maximum(n_trials) == pytest.approx(shown, abs=tolerance + 2 / 4000**0.5)


@given(st.floats(1, 1e6), st.floats(1, 2))
def test_more_trials_are_luckier(n_trials, factor):
    assert 0 <= expected_maximum(n_trials) <= expected_maximum(n_trials * factor)


@given(st.floats(2, 1e6), st.floats(0.1, 5))
def test_the_published_bound_holds(n_trials, sharpe_per_year):
    assert minimum_backtest_years(n_trials, sharpe_per_year) < 2 * log(n_trials) / sharpe_per_year**2


def test_one_trial_had_no_luck_to_choose_from():
    assert expected_maximum(1) == 0
    assert minimum_backtest_years(1, 0.5) == 0


def test_no_backtest_is_long_enough_for_a_loss():
    assert minimum_backtest_years(10, 0.0) == inf


@pytest.mark.parametrize("n_trials", [0.5, 0, -1, float("nan")])
def test_less_than_one_trial_is_refused(n_trials):
    with pytest.raises(ValueError, match="at least 1"):
        expected_maximum(n_trials)

"""One verdict on a search: noise is rejected, an edge is accepted, and each figure is that of its own module."""

import numpy as np
import pytest

from nautilus_ai_firm.models.statistics.deflated_sharpe import deflated_sharpe, effective_trials
from nautilus_ai_firm.models.statistics.extreme_value import expected_maximum
from nautilus_ai_firm.models.statistics.overfitting import backtest_overfitting
from nautilus_ai_firm.models.statistics.verdict import judge


def trials(edge=0.0, periods=1250, n=20):
    returns = 0.01 * np.random.default_rng(0).standard_normal((periods, n))
    returns[:, 3] += edge
    return returns


def test_noise_is_rejected_and_an_edge_accepted():
    assert not judge(trials()).accepted
    found = judge(trials(0.0018))
    assert found.accepted
    assert found.selected == 3


def test_figures_are_those_of_their_modules():
    returns = trials(0.0018)
    found = judge(returns)
    assert found.deflated == deflated_sharpe(returns, 3)
    assert found.overfitting is not None
    assert found.overfitting.probability == backtest_overfitting(returns).probability
    assert found.sharpe_per_year == pytest.approx(returns[:, 3].mean() / returns[:, 3].std(ddof=1) * 252**0.5)
    assert found.trials == 20
    assert found.years == pytest.approx(1250 / 252)
    assert found.minimum_track_record_years < found.years
    luck = expected_maximum(effective_trials(returns))
    assert found.minimum_backtest_years == pytest.approx((luck / found.sharpe_per_year) ** 2)


def test_one_trial_is_judged_by_its_own_record():
    found = judge(trials(0.0018)[:, 3])
    assert found.overfitting is None
    assert found.deflated.probability == found.probabilistic
    assert found.accepted


def test_a_sharpe_ratio_that_only_the_search_explains_is_rejected():
    returns = trials()
    best = judge(returns).selected
    assert judge(returns[:, best]).probabilistic > 0.95
    assert not judge(returns).accepted

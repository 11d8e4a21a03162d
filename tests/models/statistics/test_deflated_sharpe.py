"""The deflated Sharpe ratio against the paper's example, and the number of trials that correlated ones are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.statistics.deflated_sharpe import deflate, deflated_sharpe, effective_trials
from nautilus_ai_firm.models.statistics.sharpe_inference import SharpeSample


def test_the_example_of_the_paper():
    """Bailey and López de Prado 2014: an annual 2.5 of five years, found in 100 trials, is not significant at 95 %."""
    sample = SharpeSample(sharpe=2.5 / 250**0.5, periods=1250, skewness=-3.0, kurtosis=10.0)
    found = deflate(sample, n_trials=100, variance=0.5 / 250)
    assert found.expected_maximum == pytest.approx(0.1132, abs=5e-5)
    assert found.probability == pytest.approx(0.9004, abs=5e-5)


def test_the_example_found_in_fewer_trials():
    """The same paper: had it been found in 46 trials, it would have been significant."""
    sample = SharpeSample(sharpe=2.5 / 250**0.5, periods=1250, skewness=-3.0, kurtosis=10.0)
    assert deflate(sample, 46, 0.5 / 250).probability == pytest.approx(0.9505, abs=5e-4)
    assert deflate(SharpeSample(sharpe=2.5 / 250**0.5, periods=1250), 88, 0.5 / 250).probability == pytest.approx(
        0.9505, abs=1e-3
    )


def related(correlation, n, periods=4000, seed=0):
    generator = np.random.default_rng(seed)
    shared, own = generator.standard_normal((periods, 1)), generator.standard_normal((periods, n))
    return correlation**0.5 * shared + (1 - correlation) ** 0.5 * own


@pytest.mark.parametrize(("correlation", "expected"), [(0.0, 50.0), (0.5, 25.5), (0.9, 5.9)])
def test_related_trials_are_worth_fewer(correlation, expected):
    assert effective_trials(related(correlation, 50)) == pytest.approx(expected, abs=1.0)


def test_the_mean_correlation_is_that_of_all_pairs():
    trials = related(0.4, 6, periods=60) * np.array([1, 2, 3, 4, 5, 6])
    pairs = np.corrcoef(trials.T)[np.triu_indices(6, 1)].mean()
    assert effective_trials(trials) == pytest.approx(pairs + (1 - pairs) * 6, rel=1e-12)


def test_copies_are_one_trial_and_are_not_deflated():
    copies = np.repeat(np.random.default_rng(1).normal(0.1, 1, (500, 1)), 20, axis=1)
    found = deflated_sharpe(copies)
    assert found.effective_trials == pytest.approx(1.0)
    assert found.expected_maximum == pytest.approx(0.0, abs=1e-9)
    assert found.probability == pytest.approx(deflated_sharpe(copies[:, 0]).probability)


def test_a_trial_that_never_traded_counts_as_one():
    trials = related(0.0, 10, periods=300)
    with_idle = np.column_stack([trials, np.zeros(300)])
    assert effective_trials(with_idle) > effective_trials(trials)
    assert deflated_sharpe(with_idle).sample == deflated_sharpe(trials).sample


@given(st.integers(0, 200))
def test_the_number_is_between_one_and_all(seed):
    trials = np.random.default_rng(seed).standard_normal((20, 7)) * np.array([1, -1, 1, -1, 0, 1, 1])
    assert 1 <= effective_trials(trials) <= 7


def test_the_best_trial_is_chosen_unless_another_is():
    trials = related(0.0, 5) + np.array([0.0, 0.05, 0.2, 0.1, 0.0])
    best, other = deflated_sharpe(trials), deflated_sharpe(trials, 3)
    assert best.sample.sharpe > other.sample.sharpe
    assert best.expected_maximum == other.expected_maximum


def test_more_trials_deflate_more():
    sample = SharpeSample(sharpe=0.1, periods=1000)
    assert deflate(sample, 10, 0.001).probability > deflate(sample, 100, 0.001).probability


def test_a_negative_variance_is_refused():
    with pytest.raises(ValueError, match="variance is -1"):
        deflate(SharpeSample(sharpe=0.1, periods=1000), 10, -1.0)

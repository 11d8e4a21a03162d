"""Cross-validation over all halves: against a plain re-reading of the paper, its first test case, and known answers."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from nautilus_ai_firm.models.statistics import overfitting
from nautilus_ai_firm.models.statistics.overfitting import backtest_overfitting


def noise(periods=480, n=30, seed=0):
    return np.random.default_rng(seed).standard_normal((periods, n))


def plain(trials, blocks):
    """The algorithm of the paper word by word: matrices are put together, Sharpe ratios taken, ranks compared."""
    parts = np.split(trials, blocks)
    logits, pairs = [], []
    for half in combinations(range(blocks), blocks // 2):
        training = np.concatenate([parts[place] for place in half])
        testing = np.concatenate([parts[place] for place in range(blocks) if place not in half])
        here, there = (one.mean(axis=0) / one.std(axis=0, ddof=1) for one in (training, testing))
        best = int(here.argmax())
        relative = stats.rankdata(there)[best] / (trials.shape[1] + 1)
        logits.append(np.log(relative / (1 - relative)))
        pairs.append((here[best], there[best]))
    return np.array(logits), np.array(pairs)


@pytest.mark.parametrize("blocks", [2, 6, 10])
def test_it_is_the_algorithm_of_the_paper(blocks):
    trials = 0.01 * noise(480, 12) + 0.0005
    logits, pairs = plain(trials, blocks)
    found = backtest_overfitting(trials, blocks)
    assert found.logits == pytest.approx(logits, abs=1e-12)
    assert np.stack([found.in_sample, found.out_of_sample], axis=1) == pytest.approx(pairs, abs=1e-12)
    assert found.probability == (logits <= 0).mean()
    assert found.probability_of_loss == (pairs[:, 1] < 0).mean()
    if blocks > 2:
        slope, intercept = np.polyfit(pairs[:, 0], pairs[:, 1], 1)
        assert (found.slope, found.intercept) == pytest.approx((slope, intercept))
        assert found.r_squared == pytest.approx(np.corrcoef(pairs.T)[0, 1] ** 2)


def test_chunks_do_not_change_a_bit(monkeypatch):
    whole = backtest_overfitting(noise(), 8)
    monkeypatch.setattr(overfitting, "CHUNK_VALUES", 300)
    parts = backtest_overfitting(noise(), 8)
    assert parts.logits.tobytes() == whole.logits.tobytes()
    assert parts.in_sample.tobytes() == whole.in_sample.tobytes()


def test_trials_without_skill_over_the_sample_are_always_overfit():
    """Bailey et al. 2017, first test case: all Sharpe ratios are 0, so what wins in one half loses in the other."""
    trials = noise(1000, 100)
    found = backtest_overfitting((trials - trials.mean(axis=0)) / trials.std(axis=0, ddof=1))
    assert found.probability == pytest.approx(1.0, abs=1e-3)
    assert len(found.logits) == 12_870
    assert found.probability_of_loss == 1
    assert found.slope < -0.5


def test_trials_of_noise_are_overfit_half_of_the_time():
    shares = [backtest_overfitting(noise(240, 20, seed), 8).probability for seed in range(60)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.08)


def test_one_trial_with_an_edge_is_found_in_every_half():
    trials = noise(960, 40)
    trials[:, 7] += 0.3
    found = backtest_overfitting(trials)
    assert found.probability == 0
    assert found.probability_of_loss == 0
    assert (found.logits == np.log(40)).mean() > 0.95


def test_the_earliest_periods_that_fill_no_block_are_left_out():
    trials = noise(485)
    assert backtest_overfitting(trials, 8).logits.tolist() == backtest_overfitting(trials[5:], 8).logits.tolist()


def test_equal_trials_share_their_rank():
    copies = np.repeat(noise(64, 1), 5, axis=1)
    found = backtest_overfitting(copies, 4)
    assert found.logits.tolist() == [0.0] * 6
    assert found.probability == 1


def test_trials_that_never_traded_have_no_performance():
    trials = np.column_stack([np.zeros(64), np.full(64, 0.001), -0.2 + 0.1 * noise(64, 1)])
    found = backtest_overfitting(trials, 4)
    assert found.in_sample.tolist() == [0.0] * 6
    assert np.isnan(found.slope)


def test_units_do_not_matter():
    found, scaled = backtest_overfitting(noise(), 8), backtest_overfitting(1e-4 * noise(), 8)
    assert scaled.logits == pytest.approx(found.logits)


@pytest.mark.parametrize("blocks", [0, 3, 22])
def test_blocks_out_of_range_are_refused(blocks):
    with pytest.raises(ValueError, match="even, 2 to 20"):
        backtest_overfitting(noise(), blocks)


def test_too_little_to_compare_is_refused():
    with pytest.raises(ValueError, match="N at least 2"):
        backtest_overfitting(noise(480, 1))
    with pytest.raises(ValueError, match="31 periods are too few"):
        backtest_overfitting(noise(31))

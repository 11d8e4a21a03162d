"""Intervals by drawing again: the law of the blocks, coverage, and agreement with the reference implementation."""

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.statistics import ratios, stationary_bootstrap
from nautilus_ai_firm.models.statistics.sharpe_inference import sharpe_sample, standard_error
from nautilus_ai_firm.models.statistics.stationary_bootstrap import bootstrap_interval, stationary_indices


def generator(seed=0):
    return np.random.default_rng(seed)


def mean(columns):
    return columns.mean(axis=0)


def test_an_interval_of_the_sharpe_ratio_of_an_index_agrees_with_arch():
    closes = sp500.load()["Adj Close"].to_numpy()
    returns = closes[1:] / closes[:-1] - 1
    ours = bootstrap_interval(returns, ratios.sharpe_ratio, generator(), resamples=2000)
    theirs = StationaryBootstrap(round(ours.block_length), returns, seed=1).conf_int(
        lambda one: one.mean() / one.std(ddof=1) * 252**0.5, 2000, method="percentile"
    )
    assert (ours.low, ours.high) == pytest.approx(theirs.ravel().tolist(), abs=0.04)  # an interval 0.8 wide
    assert ours.estimate == pytest.approx(float(ratios.sharpe_ratio(returns)))


def test_blocks_have_the_length_that_was_asked_for_and_go_around_the_end():
    places = stationary_indices(500, 400, 8.0, generator())
    steps = (places[1:] - places[:-1]) % 500
    broken = (steps != 1).mean()
    assert broken == pytest.approx((1 / 8) * (499 / 500), rel=0.03)
    assert np.bincount(places.ravel(), minlength=500) == pytest.approx(np.full(500, 400), abs=6 * 8**0.5 * 20)
    assert ((places[:-1] == 499) & (places[1:] == 0)).any()


def test_blocks_of_one_are_the_ordinary_bootstrap():
    places = stationary_indices(50, 4000, 1.0, generator())
    assert (((places[1:] - places[:-1]) % 50) == 1).mean() == pytest.approx(1 / 50, rel=0.1)


@given(st.integers(10, 60), st.floats(1, 20), st.integers(0, 99))
def test_every_place_is_in_the_series(periods, length, seed):
    places = stationary_indices(periods, 5, length, generator(seed))
    assert places.shape == (periods, 5)
    assert places.min() >= 0
    assert places.max() < periods


def test_the_same_seed_gives_the_same_interval():
    returns = generator(3).normal(0.001, 0.01, 300)
    first, again, other = (bootstrap_interval(returns, ratios.sharpe_ratio, generator(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first.low != other.low


def test_it_covers_the_truth_as_often_as_it_says():
    sure = [
        bootstrap_interval(generator(1000 + seed).normal(0.1, 1, 200), mean, generator(seed), resamples=400)
        for seed in range(200)
    ]
    covered = np.mean([one.low <= 0.1 <= one.high for one in sure])
    assert covered == pytest.approx(0.95, abs=0.05)


def test_memory_is_kept_by_blocks_and_lost_without_them():
    shocks = generator(2).standard_normal(3000)
    slow = np.convolve(
        shocks, np.ones(10) / 10, mode="valid"
    )  # the variance of its mean is about ten times its own / T
    truth = 1 / 3000**0.5
    blocks = bootstrap_interval(slow, mean, generator())
    none = bootstrap_interval(slow, mean, generator(), block_length=1.0)
    assert blocks.standard_error == pytest.approx(truth, rel=0.25)
    assert none.standard_error < 0.5 * truth


def test_the_standard_error_agrees_with_the_formula_for_independent_returns():
    returns = generator(4).normal(0.05, 1, 2000)
    found = bootstrap_interval(returns, lambda columns: ratios.sharpe_ratio(columns, 1), generator(), block_length=1.0)
    assert found.standard_error == pytest.approx(standard_error(sharpe_sample(returns)), rel=0.1)


def test_a_figure_that_is_not_defined_has_no_interval():
    found = bootstrap_interval(np.zeros(50), ratios.sharpe_ratio, generator())
    assert np.isnan([found.estimate, found.low, found.high, found.standard_error]).all()


def test_resamples_are_drawn_in_parts_of_bounded_size(monkeypatch):
    sizes = []

    def noted(columns):
        sizes.append(columns.size)
        return columns.mean(axis=0)

    monkeypatch.setattr(stationary_bootstrap, "CHUNK_VALUES", 1000)
    bootstrap_interval(generator().standard_normal(100), noted, generator(), resamples=55)
    assert sizes == [1000] * 5 + [500, 100]


@pytest.mark.parametrize(
    "wrong", [{"resamples": 1}, {"confidence": 1.0}, {"confidence": float("nan")}, {"block_length": 0.5}]
)
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="allowed"):
        bootstrap_interval(np.arange(20.0), mean, generator(), **wrong)
    with pytest.raises(ValueError, match=r"allowed: \(T,\)"):
        bootstrap_interval(np.zeros((20, 2)), mean, generator())

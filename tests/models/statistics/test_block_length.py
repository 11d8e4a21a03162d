"""The automatic block length against the reference implementation and its own logic."""

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length
from arch.data import sp500

from nautilus_ai_firm.models.statistics.block_length import stationary_block_length


def autoregressive(coefficient, periods=2000, seed=0):
    shocks = np.random.default_rng(seed).standard_normal(periods)
    values = np.empty(periods)
    level = 0.0
    for place, shock in enumerate(shocks):
        level = coefficient * level + shock
        values[place] = level
    return values


def reference(values):
    return float(optimal_block_length(values)["stationary"].iloc[0])


@pytest.fixture(scope="module")
def index_returns():
    closes = sp500.load()["Adj Close"].to_numpy()
    return closes[1:] / closes[:-1] - 1


@pytest.mark.parametrize("coefficient", [-0.5, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("periods", [60, 333, 2000])
def test_it_agrees_with_arch(coefficient, periods):
    values = autoregressive(coefficient, periods)
    assert stationary_block_length(values) == pytest.approx(max(1.0, reference(values)), rel=1e-9)


def test_it_agrees_with_arch_on_the_returns_of_an_index(index_returns):
    for values in (index_returns, index_returns**2, np.abs(index_returns)):
        assert stationary_block_length(values) == pytest.approx(reference(values), rel=1e-9)


def test_longer_memory_needs_longer_blocks():
    lengths = [stationary_block_length(autoregressive(one)) for one in (0.0, 0.5, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 5 * lengths[0]


def test_a_series_that_does_not_vary_needs_no_blocks():
    assert stationary_block_length(np.full(50, 0.01)) == 1


def test_ten_values_are_enough_and_nine_are_not():
    assert 1 <= stationary_block_length(autoregressive(0.5, 10)) <= 4
    with pytest.raises(ValueError, match="at least 10"):
        stationary_block_length(np.arange(9.0))
    with pytest.raises(ValueError, match=r"allowed: \(T,\)"):
        stationary_block_length(np.zeros((20, 2)))

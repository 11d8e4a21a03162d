"""The figures of Kelly (1956) and of Thorp (2006, The Kelly criterion in blackjack, sports betting, and markets)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.kelly import (
    continuous_fraction,
    continuous_growth,
    even_money_fraction,
    growth_optimal_leverage,
)


def test_kellys_even_money_bet():
    assert even_money_fraction(0.6) == pytest.approx(0.2)


def test_thorps_stock_market():
    fraction = continuous_fraction(0.11, 0.06, 0.15)
    assert fraction == pytest.approx(2.222, abs=5e-4)
    assert continuous_growth(fraction, 0.11, 0.06, 0.15) == pytest.approx(0.11556, abs=5e-6)


@given(st.floats(0.01, 0.99), st.floats(0.1, 10))
def test_no_other_stake_grows_faster(probability, odds):
    fraction = even_money_fraction(probability, odds)
    stakes = np.linspace(-1 / odds + 1e-3, 1 - 1e-3, 400)
    growth = probability * np.log1p(odds * stakes) + (1 - probability) * np.log1p(-stakes)
    if stakes[0] < fraction < stakes[-1]:
        best = probability * np.log1p(odds * fraction) + (1 - probability) * np.log1p(-fraction)
        assert best >= growth.max() - 1e-12


@given(st.floats(-0.5, 0.5), st.floats(-0.1, 0.1), st.floats(0.05, 1), st.floats(-5, 5))
def test_no_other_leverage_grows_faster(mean, rate, volatility, other):
    best = continuous_fraction(mean, rate, volatility)
    assert continuous_growth(best, mean, rate, volatility) >= continuous_growth(other, mean, rate, volatility) - 1e-9


def test_of_returns_it_is_their_mean_over_their_variance():
    returns = np.random.default_rng(4).normal(0.0005, 0.01, 1000)
    expected = (returns.mean() - 0.0001) / returns.var(ddof=1)
    assert growth_optimal_leverage(returns, rate=0.0001) == pytest.approx(expected, rel=1e-12)


def test_leveraged_returns_need_less_leverage():
    returns = np.random.default_rng(4).normal(0.0005, 0.01, 1000)
    assert growth_optimal_leverage(2 * returns) == pytest.approx(growth_optimal_leverage(returns) / 2)


@pytest.mark.parametrize("returns", [[], [0.01], [0.01, 0.01, 0.01]])
def test_there_is_no_figure_where_nothing_varies(returns):
    assert np.isnan(growth_optimal_leverage(np.array(returns)))


@pytest.mark.parametrize("wrong", [250_000.0, -11.0, float("nan"), float("inf")])
def test_amounts_of_money_are_refused(wrong):
    with pytest.raises(ValueError, match=r"returns\[1\] is .*allowed are fractions up to 10.*not amounts of money"):
        growth_optimal_leverage(np.array([0.01, wrong, 0.02]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: even_money_fraction(1.1),
        lambda: even_money_fraction(0.5, 0),
        lambda: continuous_fraction(0.1, 0.0, 0.0),
        lambda: continuous_fraction(0.1, 0.0, float("nan")),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(ValueError, match="allowed"):
        call()

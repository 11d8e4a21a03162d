"""Figures of performance against an independent library where the definitions agree, and by hand where they do not."""

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.statistics import ratios

WORDS = {
    "sharpe_ratio": empyrical.sharpe_ratio,
    "sortino_ratio": empyrical.sortino_ratio,
    "max_drawdown": lambda r: -empyrical.max_drawdown(r),
    "calmar_ratio": empyrical.calmar_ratio,
    "omega_ratio": empyrical.omega_ratio,
    "tail_ratio": empyrical.tail_ratio,
    "cagr": empyrical.cagr,
    "volatility_per_year": empyrical.annual_volatility,
    "total_return": empyrical.cum_returns_final,
    "value_at_risk": lambda r: -empyrical.value_at_risk(r),
    "expected_shortfall": lambda r: -empyrical.conditional_value_at_risk(r),
}
"""Each figure in the other library's words; its losses are negative."""

SIGNS = np.random.default_rng(7).choice([-0.01, 0.012], 300)
SERIES = {
    "drifting": np.random.default_rng(3).normal(0.0004, 0.01, 504),
    "losing": np.random.default_rng(4).normal(-0.002, 0.02, 90),
    "fat tails": 0.01 * np.random.default_rng(5).standard_t(3, 1000),
    "mostly flat": np.where(np.random.default_rng(6).random(300) < 0.5, 0.0, SIGNS),
    "two days": np.array([0.02, -0.01]),
}


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("series", SERIES)
def test_every_figure_agrees_with_empyrical(name, series):
    found = float(getattr(ratios, name)(SERIES[series]))
    assert found == pytest.approx(WORDS[name](SERIES[series]), abs=1e-9, rel=1e-9, nan_ok=True)


def test_the_comparison_notices_another_definition():
    """Planted: a Sortino ratio over the deviation of the losses alone, as often seen."""
    returns = SERIES["drifting"]
    other = returns.mean() / returns[returns < 0].std(ddof=1) * np.sqrt(252)
    assert abs(other - WORDS["sortino_ratio"](returns)) > 0.05


@pytest.mark.parametrize("name", WORDS)
def test_columns_are_series_of_their_own(name):
    columns = np.stack([np.random.default_rng(seed).normal(0, 0.01, 60) for seed in range(3)], axis=1)
    together = getattr(ratios, name)(columns)
    assert together.shape == (3,)
    assert together == pytest.approx([float(getattr(ratios, name)(column)) for column in columns.T], rel=1e-12)


def test_what_has_no_risk_has_no_ratio():
    flat, steady = np.zeros(10), np.full(10, 0.001)
    for name in ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio"):
        assert np.isnan(getattr(ratios, name)(flat)), name
    assert np.isnan(ratios.sharpe_ratio(steady))
    assert ratios.max_drawdown(steady) == 0


def test_without_a_loss_there_is_no_ratio_of_losses_where_empyrical_divides_by_nothing():
    gains = np.where(SIGNS > 0, SIGNS, 0.0)
    with np.errstate(divide="ignore"):
        for name in ("sortino_ratio", "tail_ratio"):
            assert WORDS[name](gains) == np.inf
            assert np.isnan(getattr(ratios, name)(gains)), name


def test_one_period_has_growth_but_no_variation():
    one = np.array([0.01])
    assert ratios.cagr(one) == pytest.approx(1.01**252 - 1)
    assert np.isnan([ratios.volatility_per_year(one), ratios.sharpe_ratio(one), ratios.omega_ratio(one)]).all()
    assert np.isnan(ratios.sortino_ratio(one))


def test_a_first_loss_is_a_drawdown_from_the_start():
    assert ratios.drawdowns(np.array([-0.1, 0.2, -0.5])) == pytest.approx([0.1, 0.0, 0.5])


def test_nothing_grows_after_more_than_all_is_lost():
    assert np.isnan(ratios.cagr(np.array([-1.5, 0.1])))
    assert ratios.cagr(np.array([-1.0, 0.1])) == -1


@given(st.floats(0.1, 10), st.integers(0, 99))
def test_ratios_do_not_depend_on_leverage(scale, seed):
    returns = np.random.default_rng(seed).normal(0.0005, 0.01, 50)
    for name in ("sharpe_ratio", "sortino_ratio", "omega_ratio", "tail_ratio"):
        figure = getattr(ratios, name)
        assert figure(scale * returns) == pytest.approx(figure(returns), rel=1e-9), name


def test_a_year_of_hours_has_more_periods():
    returns = SERIES["drifting"]
    assert ratios.sharpe_ratio(returns, 252 * 7) == pytest.approx(ratios.sharpe_ratio(returns) * np.sqrt(7))
    assert ratios.cagr(returns, 504) == pytest.approx(float(ratios.total_return(returns)))

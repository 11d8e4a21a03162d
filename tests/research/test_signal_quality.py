"""Figures of scores against scipy and statsmodels, by hand, and the laws that they keep."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from nautilus_ai_firm.research.signal_quality import (
    FEWEST_HORIZONS,
    correlation,
    forward_returns,
    information_coefficient,
    mean_size,
    turnover,
)

NAN = float("nan")
SEEDS = st.integers(0, 2**32 - 1)


def panel(seed: int, rounds: int = 240, instruments: int = 3, skill: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Scores that last for some rounds, with gaps, and fat-tailed returns that follow them a little."""
    generator = np.random.default_rng(seed)
    scores = np.zeros((rounds, instruments))
    for t in range(1, rounds):
        scores[t] = 0.9 * scores[t - 1] + 0.2 * generator.standard_normal(instruments)
    returns = skill * scores + generator.standard_t(3, scores.shape) * [0.01, 0.02, 0.05][:instruments]
    scores = np.clip(scores, -1, 1)
    scores[generator.random(scores.shape) < 0.1] = np.nan
    returns[generator.random(scores.shape) < 0.05] = np.nan
    return scores, returns


def by_statsmodels(scores: np.ndarray, returns: np.ndarray, horizon: int) -> tuple[float, float]:
    """The slope of standardised ranks by least squares with the covariance of Driscoll and Kraay."""
    scaled = returns / np.nanstd(returns, axis=0)
    cells = np.isfinite(scores) & np.isfinite(scaled)
    x, y = (rankdata(values[cells]) for values in (scores, scaled))
    x, y = ((ranks - ranks.mean()) / ranks.std() for ranks in (x, y))
    options: dict[str, Any] = {"time": np.nonzero(cells)[0], "maxlags": 2 * horizon - 1, "use_correction": False}
    fitted = sm.OLS(y, x).fit(cov_type="hac-groupsum", cov_kwds=options)
    return float(fitted.params[0]), float(fitted.bse[0])


def by_scipy(scores: np.ndarray, returns: np.ndarray) -> float:
    found: Any = spearmanr(scores.ravel(), returns.ravel())
    return float(found.statistic)


@pytest.mark.parametrize("horizon", [1, 2, 5, 20])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coefficient_and_error_are_those_of_statsmodels(seed: int, horizon: int) -> None:
    scores, returns = panel(seed)
    found = information_coefficient(scores, returns, horizon)
    value, error = by_statsmodels(scores, returns, horizon)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert found.views == int((np.isfinite(scores) & np.isfinite(returns)).sum())


def test_the_coefficient_of_one_instrument_is_that_of_spearman_by_scipy() -> None:
    scores, returns = panel(4, instruments=1)
    known = np.isfinite(scores[:, 0]) & np.isfinite(returns[:, 0])
    expected = by_scipy(scores[known, 0], returns[known, 0])
    assert information_coefficient(scores, returns, 3).value == pytest.approx(expected, rel=1e-12)


def overlapping(horizon: int, error_of: Callable[[np.ndarray, np.ndarray], tuple[float, float]]) -> float:
    """Deviation of t-values of scores without any skill, over many runs; 1 where the error is right."""
    generator = np.random.default_rng(5)
    ts: list[float] = []
    for _ in range(300):
        steps = generator.standard_normal((600 + horizon, 2))
        common = generator.standard_normal((600 + horizon, 1))
        returns = np.array([(steps + common)[t : t + horizon].sum(axis=0) for t in range(600)])
        ranks = generator.standard_normal((600 + horizon, 2)) + generator.standard_normal((600 + horizon, 1))
        scores = np.array([ranks[t : t + horizon].sum(axis=0) for t in range(600)])
        value, error = error_of(scores, returns)
        ts.append(value / error)
    return float(np.std(ts))


def test_the_error_is_right_where_views_overlap_and_instruments_move_together() -> None:
    def ours(scores: np.ndarray, returns: np.ndarray) -> tuple[float, float]:
        found = information_coefficient(scores, returns, 10)
        return found.value, found.standard_error

    assert overlapping(10, ours) == pytest.approx(1.0, abs=0.25)


def test_an_error_that_knows_of_neither_is_far_too_small() -> None:
    def plain(scores: np.ndarray, returns: np.ndarray) -> tuple[float, float]:
        return by_scipy(scores, returns), 1 / math.sqrt(scores.size)

    assert overlapping(10, plain) > 2


@given(SEEDS, st.sampled_from([1, 3, 7]), st.floats(0.01, 100))
def test_units_do_not_matter_and_a_mirrored_score_mirrors_it(seed: int, horizon: int, unit: float) -> None:
    scores, returns = panel(seed, 100)
    found = information_coefficient(scores, returns, horizon)
    scaled = information_coefficient(scores, returns * [unit, 1.0, 1.0], horizon)
    mirrored = information_coefficient(-scores, returns, horizon)
    assert scaled.value == pytest.approx(found.value, abs=1e-9)
    assert mirrored.value == pytest.approx(-found.value, abs=1e-9)
    assert mirrored.standard_error == pytest.approx(found.standard_error, rel=1e-9)
    assert -1 <= found.value <= 1


def test_perfect_foresight_is_1() -> None:
    _, returns = panel(6, instruments=1)
    assert information_coefficient(returns, returns, 1).value == pytest.approx(1.0)


def test_from_few_horizons_and_from_constants_nothing_is_known() -> None:
    scores, returns = panel(7, 10 * FEWEST_HORIZONS)
    assert math.isfinite(information_coefficient(scores, returns, 10).value)
    for found in (
        information_coefficient(scores, returns, 11),
        information_coefficient(np.full_like(scores, 0.5), returns, 1),
        information_coefficient(scores, np.zeros_like(returns), 1),
        information_coefficient(np.full_like(scores, NAN), returns, 1),
    ):
        assert math.isnan(found.value)
        assert math.isnan(found.standard_error)


def test_a_forward_return_runs_from_the_next_open_over_the_horizon() -> None:
    opens, closes = np.array([[10.0], [11.0], [NAN], [13.0]]), np.array([[10.5], [12.0], [NAN], [14.0]])
    found = forward_returns(opens, closes, 1)[:, 0]
    np.testing.assert_allclose(found, [np.log(12 / 11), NAN, np.log(14 / 13), NAN])
    np.testing.assert_allclose(forward_returns(opens, closes, 3)[:, 0], [np.log(14 / 11), NAN, NAN, NAN])
    assert np.isnan(forward_returns(opens, closes, 4)).all()
    assert np.isnan(forward_returns(opens, closes, 9)).all()


@given(SEEDS, st.integers(1, 8))
def test_no_forward_return_knows_a_price_before_it(seed: int, horizon: int) -> None:
    prices = np.exp(np.random.default_rng(seed).normal(0, 0.1, (30, 2)))
    whole = forward_returns(prices, prices, horizon)
    for t in (3, 11, 29):
        other = prices.copy()
        other[: t + 1] = 7.0  # the round's own close and all before
        assert forward_returns(other, other, horizon)[t:].tobytes() == whole[t:].tobytes()


def test_size_and_turnover_by_hand() -> None:
    scores = np.array([[0.5, NAN], [-0.5, 0.2], [NAN, 0.1], [0.25, 0.1]])
    assert mean_size(scores) == pytest.approx((0.5 + 0.5 + 0.25 + 0.2 + 0.1 + 0.1) / 6)
    assert turnover(scores) == pytest.approx((1.0 + 0.1 + 0.0) / 3)
    assert math.isnan(mean_size(scores[:0]))
    assert math.isnan(turnover(scores[:1]))


def test_correlation_is_that_of_numpy_where_both_have_a_view() -> None:
    one, other = (panel(seed)[0] for seed in (8, 9))
    both = np.isfinite(one) & np.isfinite(other)
    assert correlation(one, other) == pytest.approx(np.corrcoef(one[both], other[both])[0, 1], rel=1e-12)
    assert correlation(one, one) == pytest.approx(1.0)
    assert math.isnan(correlation(one[:9], other[:9]))
    assert math.isnan(correlation(one, np.full_like(one, 0.3)))

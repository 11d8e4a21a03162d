"""Published figures of the tests of value at risk, and those of the S&P 500."""

import numpy as np
import pytest
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nautilus_ai_firm.models.risk.backtests import (
    Zone,
    backtest,
    exceptions,
    independence_of,
    proportion_of_failures,
    traffic_light,
)
from nautilus_ai_firm.models.risk.parametric_risk import ParametricRisk, tail_multiples
from nautilus_ai_firm.models.risk.scenario_risk import ScenarioRisk

WINDOW = 250


@pytest.mark.parametrize(
    ("observations", "failures", "statistic"), [(250, 3, 0.0949), (30, 7, 32.338), (1000, 17, 4.091)]
)
def test_kupiecs_figures(observations, failures, statistic):
    found = proportion_of_failures(observations, failures, 0.99)
    assert found.statistic == pytest.approx(statistic, abs=5e-4 if statistic > 1 else 5e-5)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1), rel=1e-9)


def test_kupiecs_p_value():
    assert proportion_of_failures(250, 3, 0.99).p_value == pytest.approx(0.758, abs=5e-4)


@pytest.mark.parametrize(("observations", "fewest", "most"), [(255, 1, 6), (510, 2, 10), (1000, 5, 16)])
def test_kupiecs_non_rejection_ranges(observations, fewest, most):
    """Kupiec 1995: N < 7, 1 < N < 11 and 4 < N < 17, at 95 %."""
    kept = [x for x in range(observations + 1) if proportion_of_failures(observations, x, 0.99).p_value > 0.05]
    assert kept == list(range(fewest, most + 1))


@pytest.mark.parametrize("failures", [0, 250])
def test_none_and_all_have_a_statistic(failures):
    expected = -2 * (250 - failures) * np.log(0.99) - 2 * failures * np.log(0.01)
    assert proportion_of_failures(250, failures, 0.99).statistic == pytest.approx(expected)


@pytest.fixture(scope="module")
def returns():
    return sp500.load()["Adj Close"].pct_change().dropna().to_numpy()


def historical(window):
    return ScenarioRisk(
        shocks=window[:, np.newaxis],
        known=np.array([True]),
        scale=np.ones(1),
        mean=np.zeros(1),
        confidence=0.99,
    )


def normal(window):
    return ParametricRisk(
        covariance=np.array([[window.var(ddof=1)]]),
        mean=np.array([window.mean()]),
        multiples=tail_multiples(0.99, None),
    )


def figures(returns, method):
    whole = np.ones(1)
    return np.array([method(returns[t - WINDOW : t]).risk(whole).value_at_risk for t in range(WINDOW, len(returns))])


@pytest.mark.parametrize(
    ("method", "count", "coverage", "independence"), [(historical, 81, 19.276, 6.009), (normal, 116, 70.271, 9.245)]
)
def test_the_s_and_p_500(returns, method, count, coverage, independence):
    hits = exceptions(returns[WINDOW:], figures(returns, method))
    found = backtest(hits, 0.99)
    assert (found.exceptions, found.observations) == (count, 4780)
    assert found.coverage.statistic == pytest.approx(coverage, abs=5e-4)
    assert found.independence.statistic == pytest.approx(independence, abs=5e-4)
    both = found.conditional_coverage
    assert both.statistic == pytest.approx(coverage + independence, abs=1e-3)
    assert both.p_value == pytest.approx(stats.chi2.sf(both.statistic, 2), rel=1e-9)
    assert found.zone is Zone.RED


def test_a_window_that_has_seen_the_day_finds_far_fewer(returns):
    """The control: with the day itself in the window, value at risk looks better than it is."""
    peeking = np.array(
        [
            historical(returns[t - WINDOW + 1 : t + 1]).risk(np.ones(1)).value_at_risk
            for t in range(WINDOW, len(returns))
        ]
    )
    assert exceptions(returns[WINDOW:], peeking).sum() < 75


def test_independence_by_hand():
    """Ten pairs: 0 to 0 five times, 0 to 1 twice, 1 to 0 once, 1 to 1 twice."""
    hits = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1], dtype=bool)
    apart = 5 * np.log(5 / 7) + 2 * np.log(2 / 7) + np.log(1 / 3) + 2 * np.log(2 / 3)
    together = 6 * np.log(6 / 10) + 4 * np.log(4 / 10)
    assert independence_of(hits).statistic == pytest.approx(2 * (apart - together))


@pytest.mark.parametrize("hits", [[], [True], [False] * 9, [True] * 9, [False, False, True]])
def test_where_one_state_is_missing_nothing_is_seen(hits):
    assert independence_of(np.array(hits, dtype=bool)).statistic == 0


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.3))
def test_statistics_are_never_negative_and_probabilities_lie_in_0_to_1(seed, share):
    found = backtest(np.random.default_rng(seed).random(300) < share, 0.95)
    for test in (found.coverage, found.independence, found.conditional_coverage):
        assert test.statistic >= 0
        assert 0 <= test.p_value <= 1


def test_independent_exceptions_are_rejected_about_as_often_as_stated():
    rng = np.random.default_rng(5)
    rejected = [backtest(rng.random(1000) < 0.05, 0.95).coverage.p_value < 0.05 for _ in range(400)]
    assert 0.02 < np.mean(rejected) < 0.09


@pytest.mark.parametrize(
    ("failures", "zone"),
    [(0, Zone.GREEN), (4, Zone.GREEN), (5, Zone.YELLOW), (9, Zone.YELLOW), (10, Zone.RED), (250, Zone.RED)],
)
def test_basels_zones(failures, zone):
    assert traffic_light(250, failures, 0.99) is zone


@given(st.integers(1, 3000), st.floats(0.9, 0.999), st.data())
def test_zones_equal_scipys_binomial(observations, confidence, data):
    failures = data.draw(st.integers(0, min(observations, 400)))
    probability = stats.binom.cdf(failures, observations, 1 - confidence)
    if min(abs(probability - 0.95), abs(probability - 0.9999)) > 1e-9:
        expected = Zone.GREEN if probability < 0.95 else Zone.YELLOW if probability < 0.9999 else Zone.RED
        assert traffic_light(observations, failures, confidence) is expected


def test_rounds_without_a_figure_do_not_count_and_a_loss_of_the_figure_is_none():
    nan = float("nan")
    hits = exceptions(np.array([-0.1, -0.1, nan, -0.05, 0.2]), np.array([nan, 0.05, 0.05, 0.05, 0.05]))
    assert hits.tolist() == [True, False, False]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="5 failures in 4 observations"):
        proportion_of_failures(4, 5, 0.99)
    with pytest.raises(ValueError, match="confidence 1"):
        traffic_light(4, 1, 1.0)
    with pytest.raises(ValueError, match="2 returns and 3 figures"):
        exceptions(np.zeros(2), np.zeros(3))

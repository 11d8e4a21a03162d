"""What holds for every way to measure a portfolio, and what each is by an independent computation."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from nautilus_ai_firm.models.risk.parametric_risk import ParametricRisk, tail_multiples
from nautilus_ai_firm.models.risk.scenario_risk import ScenarioRisk

WEIGHTS = arrays(np.float64, 4, elements=st.floats(-1, 1, allow_subnormal=False))
per_kind = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
BOOK = np.array([0.3, -0.2, 0.5, 0.1])


@per_kind
@given(WEIGHTS)
def test_a_book_of_half_the_size_has_half_the_risk(kind, measure_of, weights):
    measure = measure_of(kind)
    whole, half = measure.risk(weights), measure.risk(weights / 2)
    np.testing.assert_allclose(np.array(half), np.array(whole) / 2, rtol=1e-12)


@per_kind
@given(WEIGHTS, WEIGHTS)
def test_two_books_together_have_at_most_the_shortfall_of_both(kind, measure_of, one, other):
    measure = measure_of(kind)
    apart = measure.risk(one).expected_shortfall + measure.risk(other).expected_shortfall
    assert measure.risk(one + other).expected_shortfall <= apart + 1e-12


@per_kind
@given(WEIGHTS)
def test_shortfall_is_not_below_value_at_risk(kind, measure_of, weights):
    at_risk, shortfall = measure_of(kind).risk(weights)
    assert shortfall >= at_risk - 1e-12


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_order_of_instruments_does_not_matter(kind, measure_of, order):
    """Drawn scenarios give each place its own random numbers, so there it holds up to the error of the sample."""
    found = measure_of(kind, order).risk(BOOK[list(order)])
    tolerance = 0.08 if kind == "drawn" else 1e-10
    np.testing.assert_allclose(np.array(found), np.array(measure_of(kind).risk(BOOK)), rtol=tolerance)


def test_the_same_weights_on_other_instruments_are_another_book(kind, measure_of):
    """The control of the one above."""
    found = measure_of(kind, (3, 0, 1, 2)).risk(BOOK)
    assert abs(found.value_at_risk / measure_of(kind).risk(BOOK).value_at_risk - 1) > 0.2


@per_kind
@given(WEIGHTS)
def test_more_confidence_never_means_less_risk(kind, measure_of, weights):
    found = [measure_of(kind, confidence=confidence).risk(weights) for confidence in (0.9, 0.95, 0.99)]
    for less, more in pairwise(found):
        assert more.value_at_risk >= less.value_at_risk - 1e-12
        assert more.expected_shortfall >= less.expected_shortfall - 1e-12


def test_nothing_held_is_no_risk(kind, measure_of):
    np.testing.assert_array_equal(np.array(measure_of(kind).risk(np.zeros(4))), [0.0, 0.0])


def test_the_mean_counts_once_and_grows_with_the_horizon(kind, measure_of):
    mean = np.array([0.01, -0.002, 0.003, 0.0])
    for rounds in (1, 9):
        with_mean = measure_of(kind, mean=mean, horizon_rounds=rounds).risk(BOOK)
        without = measure_of(kind, horizon_rounds=rounds).risk(BOOK)
        np.testing.assert_allclose(np.array(without) - np.array(with_mean), rounds * (BOOK * mean).sum(), atol=1e-15)
        np.testing.assert_allclose(np.array(without), np.sqrt(rounds) * np.array(measure_of(kind).risk(BOOK)))


def test_asking_changes_nothing(kind, measure_of):
    measure = measure_of(kind)
    first = measure.risk(BOOK)
    for k in np.linspace(0, 1, 7):
        measure.risk(k * BOOK)
        measure.marginals(BOOK)
    assert measure.risk(BOOK) == first


def test_what_is_not_known_may_not_be_held(kind, measure_of):
    mean = np.array([0.0, float("nan"), 0.0, 0.0])
    measure = measure_of(kind, mean=mean)
    assert np.isnan(measure.risk(BOOK)).all()
    assert np.isnan(measure.marginals(BOOK)).all()
    without = np.where(np.isnan(mean), 0.0, BOOK)
    assert measure.risk(without) == measure_of(kind).risk(without)
    for marginal in measure.marginals(without):
        assert np.isnan(marginal).tolist() == [False, True, False, False]


def test_historical_is_the_quantile_of_what_the_book_would_have_lost(measure_of, market):
    losses = -(market @ BOOK)
    found = measure_of("historical").risk(BOOK)
    assert found.value_at_risk == pytest.approx(np.quantile(losses, 0.95), rel=1e-12)
    assert found.expected_shortfall == pytest.approx(np.sort(losses)[-15:].mean(), rel=1e-12)  # 5 % of 300


def test_normal_is_numpys_covariance_times_scipys_quantile(measure_of, market):
    deviation = np.sqrt(BOOK @ np.cov(market.T) @ BOOK)
    found = measure_of("normal").risk(BOOK)
    assert found.value_at_risk == pytest.approx(deviation * stats.norm.ppf(0.95), rel=1e-12)
    tail = integrate.quad(lambda x: x * stats.norm.pdf(x), stats.norm.ppf(0.95), np.inf)[0] / 0.05
    assert found.expected_shortfall == pytest.approx(deviation * tail, rel=1e-7)


@pytest.mark.parametrize("freedom", [2.5, 4.0, 30.0])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_student_t_is_scipys_with_variance_one(freedom, confidence):
    scale = np.sqrt((freedom - 2) / freedom)
    found = tail_multiples(confidence, freedom)
    t = stats.t.ppf(confidence, freedom)
    assert found.value_at_risk == pytest.approx(scale * t, rel=1e-9)
    tail = integrate.quad(lambda x: x * stats.t.pdf(x, freedom), t, np.inf)[0] / (1 - confidence)
    assert found.expected_shortfall == pytest.approx(scale * tail, rel=1e-6)


def test_a_student_t_of_many_degrees_is_normal():
    np.testing.assert_allclose(np.array(tail_multiples(0.99, 1e5)), np.array(tail_multiples(0.99, None)), rtol=1e-4)


def test_drawn_scenarios_agree_with_their_distribution(measure_of):
    """4,000 scenarios at 95 %: 200 in the tail, so about 5 % of error; the shortfall of a fat tail has more."""
    drawn, exact = measure_of("drawn").risk(BOOK), measure_of("student_t").risk(BOOK)
    assert drawn.value_at_risk == pytest.approx(exact.value_at_risk, rel=0.06)
    assert drawn.expected_shortfall == pytest.approx(exact.expected_shortfall, rel=0.10)


def test_long_and_short_of_drawn_scenarios_are_the_same_risk(measure_of):
    """Mirror images make the scenarios symmetric, as their distribution is."""
    measure = measure_of("drawn")
    assert measure.risk(BOOK) == measure.risk(-BOOK)


@pytest.mark.parametrize("freedom", [2.0, 1.0, float("nan")])
def test_a_variance_that_is_infinite_is_refused(freedom):
    with pytest.raises(ValueError, match="above 2"):
        tail_multiples(0.99, freedom)


def test_a_perfect_hedge_has_no_risk_and_no_marginal_of_chance():
    measure = ParametricRisk(
        covariance=np.array([[0.04, 0.04], [0.04, 0.04]]), mean=np.zeros(2), multiples=tail_multiples(0.99, None)
    )
    assert measure.risk(np.array([0.5, -0.5])) == (0.0, 0.0)
    assert measure.marginals(np.array([0.5, -0.5]))[0].tolist() == [0.0, 0.0]


def test_an_instrument_that_is_not_known_leaves_the_others_their_figures():
    measure = ScenarioRisk(
        shocks=np.array([[0.01, 0.0], [-0.03, 0.0]]),
        known=np.array([True, False]),
        scale=np.ones(2),
        mean=np.zeros(2),
        confidence=0.5,
    )
    assert measure.risk(np.array([1.0, 0.0])).expected_shortfall == pytest.approx(0.03)
    assert np.isnan(measure.risk(np.array([1.0, 0.1]))).all()

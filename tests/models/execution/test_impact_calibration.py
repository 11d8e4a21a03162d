from math import inf, nan

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.student_t import quantile
from nautilus_ai_firm.models.execution.impact_calibration import ImpactPrior, calibrate_impact

PLANTED, SEEDS = 0.8, 150
NO_BELIEF = ImpactPrior(deviation=inf)


def orders(n, seed, planted=PLANTED, noise=0.3, outliers=0.0):
    """Shares of the volume from 1 bp to 20 %, costs by the law, the market's moves in daily volatilities beside."""
    generator = np.random.default_rng(seed)
    participation = np.exp(generator.uniform(np.log(1e-4), np.log(0.2), n))
    volatility = generator.uniform(0.005, 0.03, n)
    moves = noise * generator.normal(size=n)
    moves += np.where(generator.random(n) < outliers, 5 * generator.normal(size=n), 0.0)
    return participation, volatility, volatility * (planted * participation**0.5 + moves)


def coverage(n, *, own, **kind):
    held = 0
    for seed in range(SEEDS):
        found = calibrate_impact(*orders(n, seed, **kind))
        low, high = (found.own_low, found.own_high) if own else (found.low, found.high)
        held += low <= kind.get("planted", PLANTED) <= high
    return held / SEEDS


@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize("kind", [{}, {"outliers": 0.05}, {"planted": 0.0}, {"planted": 1.5}])
def test_own_bounds_hold_the_planted_coefficient_in_95_of_100_samples(n, kind):
    """With 150 samples two standard errors of the share are 3.5 points."""
    assert 0.91 <= coverage(n, own=True, **kind) <= 0.99


@pytest.mark.parametrize("n", [3, 30])
def test_with_a_belief_that_is_right_bounds_hold_it_at_least_as_often(n):
    assert coverage(n, own=False) >= 0.92


def test_a_belief_that_is_wrong_and_sure_of_itself_misses():
    """The control: bounds are as good as what was believed."""
    sure = ImpactPrior(coefficient=3.0, deviation=0.05)
    found = calibrate_impact(*orders(30, 1), prior=sure)
    assert found.low > 1.5 * PLANTED


def test_outliers_cost_least_squares_more_than_the_calibration():
    errors = []
    for seed in range(100):
        participation, volatility, cost = orders(100, seed, outliers=0.05)
        least_squares = sm.OLS(cost / volatility, participation**0.5).fit().params[0]
        robust = calibrate_impact(participation, volatility, cost).own_coefficient
        errors.append(((robust - PLANTED) ** 2, (least_squares - PLANTED) ** 2))
    robust, plain = np.mean(errors, axis=0)
    assert robust < plain / 3


def test_on_orderly_orders_it_agrees_with_least_squares():
    participation, volatility, cost = orders(5000, 7)
    theirs = sm.OLS(cost / volatility, participation**0.5).fit()
    found = calibrate_impact(participation, volatility, cost, prior=NO_BELIEF)
    assert found.own_coefficient == pytest.approx(theirs.params[0], abs=theirs.bse[0] / 2)
    assert found.own_high - found.own_low == pytest.approx(np.ptp(theirs.conf_int()), rel=0.1)
    assert found.coefficient == pytest.approx(found.own_coefficient, rel=1e-12)
    assert found.prior_share == 0


def test_without_orders_the_belief_is_what_is_known():
    found = calibrate_impact(*np.empty((3, 0)), prior=ImpactPrior(coefficient=0.7, deviation=0.2, noise_orders=5))
    reach = 0.2 * quantile(0.975, 5)
    assert (found.coefficient, found.low, found.high) == pytest.approx((0.7, 0.7 - reach, 0.7 + reach))
    assert found.prior_share == 1
    assert np.isnan([found.own_coefficient, found.own_low, found.own_high]).all()


def test_one_order_by_hand():
    """A quarter of the volume cost one daily volatility: Ŷ = 2, v = 0.5² / 0.25 = 1, prior N(0.75, 0.5²) = 4 of 5."""
    found = calibrate_impact(np.array([0.25]), np.array([0.02]), np.array([0.02]))
    assert found.coefficient == pytest.approx((2 + 4 * 0.75) / 5)
    assert found.prior_share == pytest.approx(0.8)
    assert found.high - found.coefficient == pytest.approx(quantile(0.975, 4) / 5**0.5)


@given(st.integers(10, 200), st.integers(0, 2**32), st.floats(0, 3), st.floats(0.05, 2))
def test_the_coefficient_lies_between_what_was_believed_and_what_orders_say(n, seed, believed, deviation):
    found = calibrate_impact(*orders(n, seed), prior=ImpactPrior(coefficient=believed, deviation=deviation))
    low, high = sorted((believed, found.own_coefficient))
    assert low - 1e-12 <= found.coefficient <= high + 1e-12
    assert found.low < found.coefficient < found.high


def test_what_was_believed_fades_with_orders():
    shares = [calibrate_impact(*orders(n, 3)).prior_share for n in (0, 3, 30, 300, 3000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[1] > 0.9
    assert shares[-1] < 0.01


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_the_order_of_orders_does_not_matter(n, seed):
    arrays = orders(n, seed)
    places = np.random.default_rng(seed).permutation(n)
    one, other = calibrate_impact(*arrays), calibrate_impact(*(values[places] for values in arrays))
    assert (other.coefficient, other.low, other.high) == pytest.approx((one.coefficient, one.low, one.high), rel=1e-9)


def test_orders_that_moved_no_price_have_no_impact_whatever_was_believed():
    """Simulated fills: each at its arrival price, however large the order."""
    participation, volatility, _ = orders(1000, 5)
    found = calibrate_impact(participation, volatility, 0 * participation)
    assert (found.own_coefficient, found.own_low, found.own_high) == (0, 0, 0)
    assert -0.05 < found.low < 0 < found.coefficient < found.high < 0.05
    assert calibrate_impact(*orders(1000, 5)).low > 0.5  # the control


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0.1, 0.2], [0.01], [0.0, 0.0]), r"volatility has the shape \(1,\), allowed is \(2,\)"),
        (([0.0], [0.01], [0.0]), "participation has 0.0, allowed are finite numbers above 0"),
        (([0.1], [nan], [0.0]), "volatility has nan"),
        (([0.1], [0.01], [inf]), "cost has inf, allowed are finite numbers$"),
    ],
)
def test_orders_that_are_not_whole_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        calibrate_impact(*(np.array(values) for values in arrays))


@pytest.mark.parametrize(
    "settings",
    [
        {"exponent": 0.0},
        {"confidence": 1.0},
        {"prior": ImpactPrior(deviation=0.0)},
        {"prior": ImpactPrior(coefficient=nan)},
        {"prior": ImpactPrior(noise=-1.0)},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"allowed are|is no belief"):
        calibrate_impact(*orders(5, 1), **settings)


def test_neither_orders_nor_a_belief_are_refused():
    with pytest.raises(ValueError, match="no order and no belief"):
        calibrate_impact(*np.empty((3, 0)), prior=NO_BELIEF)

import numpy as np
import pytest
import statsmodels.api as sm

from nautilus_ai_firm.models.execution.impact_exponent import calibrate_exponent

SEEDS = 40


def orders(n, seed, exponent, coefficient=0.8, noise=0.05):
    generator = np.random.default_rng(seed)
    participation = np.exp(generator.uniform(np.log(1e-4), np.log(0.2), n))
    volatility = generator.uniform(0.005, 0.03, n)
    return (
        participation,
        volatility,
        volatility * (coefficient * participation**exponent + noise * generator.normal(size=n)),
    )


@pytest.mark.parametrize("exponent", [0.4, 0.5, 0.6, 1.0])
def test_bounds_hold_the_planted_exponent(exponent):
    found = [calibrate_exponent(*orders(500, seed, exponent, noise=0.03)) for seed in range(SEEDS)]
    told = [one for one in found if one is not None]
    assert len(told) >= 0.95 * SEEDS
    assert sum(one.low <= exponent <= one.high for one in told) >= 0.85 * len(told)
    assert np.mean([one.exponent for one in told]) == pytest.approx(exponent, abs=0.02)
    assert np.median([one.coefficient for one in told]) == pytest.approx(0.8, rel=0.1)


def test_a_half_and_three_fifths_can_be_told_apart():
    """What Almgren et al. 2005 find lies outside of the bounds where the truth is a square root."""
    found = calibrate_exponent(*orders(4000, 1, 0.5))
    assert found is not None
    assert found.low < 0.5 < found.high < 0.6


def test_a_fit_of_logarithms_would_see_impact_in_pure_noise():
    """The control: orders that the market favoured have no logarithm, and the others look like impact."""
    participation, volatility, cost = orders(2000, 3, 0.5, coefficient=0.0)
    paid = cost > 0
    design = sm.add_constant(np.log(participation[paid]))
    logs = sm.OLS(np.log(cost[paid] / volatility[paid]), design).fit()
    assert logs.pvalues[0] < 1e-6
    assert np.exp(logs.params[0]) > 0.01
    assert calibrate_exponent(participation, volatility, cost) is None


@pytest.mark.parametrize(
    "arrays",
    [
        orders(49, 1, 0.5),
        orders(200, 1, 0.5, noise=3.0),
        orders(200, 1, 0.5, coefficient=-0.8),
        orders(200, 1, 0.5, coefficient=0.0, noise=0.0),
        (np.full(200, 0.01), np.full(200, 0.02), orders(200, 1, 0.5)[2]),
    ],
    ids=["few", "noisy", "paid for trading", "no impact", "one size"],
)
def test_orders_that_do_not_tell_give_none(arrays):
    assert calibrate_exponent(*arrays) is None


def test_orders_without_noise_give_it_exactly():
    found = calibrate_exponent(*orders(100, 1, 0.6, noise=0.0))
    assert found is not None
    assert (found.exponent, found.coefficient) == pytest.approx((0.6, 0.8))

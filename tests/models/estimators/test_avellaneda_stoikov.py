import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.avellaneda_stoikov import inventory_offset, optimal_spread

POSITIVE = st.floats(1e-3, 1e3)
VOLATILITY, DECAY, INTENSITY, STEPS, PATHS = 2.0, 1.5, 140.0, 200, 4000  # section 3.3 of the paper, with more paths


def dealer(risk_aversion, uses_inventory):
    """Run the simulation of section 3.3: profits and final inventories of a dealer over one unit of time."""
    rng = np.random.default_rng(8)
    step = 1 / STEPS
    sigma = np.array(VOLATILITY)
    mid, cash, held = np.full(PATHS, 100.0), np.zeros(PATHS), np.zeros(PATHS)
    for t in range(STEPS):
        left = 1 - t * step
        half = optimal_spread(risk_aversion, sigma, DECAY, left) / 2
        lean = held * inventory_offset(risk_aversion, sigma, left) * uses_inventory
        ask_distance, bid_distance = half - lean, half + lean
        sold = rng.random(PATHS) < INTENSITY * np.exp(-DECAY * ask_distance) * step
        bought = rng.random(PATHS) < INTENSITY * np.exp(-DECAY * bid_distance) * step
        cash += sold * (mid + ask_distance) - bought * (mid - bid_distance)
        held += bought.astype(float) - sold
        mid = mid + VOLATILITY * np.sqrt(step) * rng.choice([-1.0, 1.0], PATHS)
    return cash + held * mid, held


@pytest.mark.parametrize(
    ("risk_aversion", "uses_inventory", "profit", "profit_deviation", "final_deviation"),
    [(0.1, True, 65.0, 6.6, 2.9), (0.1, False, 68.4, 12.7, 8.4)],
)
def test_a_simulated_dealer_earns_what_was_published(
    risk_aversion, uses_inventory, profit, profit_deviation, final_deviation
):
    """Avellaneda and Stoikov (2008), table 1: a thousand simulations with γ = 0.1."""
    profits, held = dealer(risk_aversion, uses_inventory)
    assert abs(profits.mean() - profit) < 4 * profit_deviation / np.sqrt(1000)
    np.testing.assert_allclose(profits.std(), profit_deviation, rtol=0.1)
    np.testing.assert_allclose(held.std(), final_deviation, rtol=0.1)


@pytest.mark.parametrize(("risk_aversion", "published"), [(0.1, 1.49), (0.01, 1.35)])
def test_the_mean_spread_is_the_published_one(risk_aversion, published):
    """Avellaneda and Stoikov (2008), tables 1 and 2; the mean over time is the spread at half of the horizon."""
    spread = optimal_spread(risk_aversion, np.array([VOLATILITY]), DECAY, 0.5)
    np.testing.assert_allclose(spread, published, atol=0.005)


def test_equals_numbers_by_hand():
    sigma = np.array([2.0, 0.0])
    np.testing.assert_allclose(inventory_offset(0.1, sigma, 0.5), [0.2, 0.0], rtol=1e-15)
    np.testing.assert_allclose(
        optimal_spread(0.1, sigma, 1.5, 0.5), 20 * np.log(16 / 15) + np.array([0.2, 0]), rtol=1e-14
    )


@given(gamma=POSITIVE, sigma=POSITIVE, kappa=POSITIVE, horizon=POSITIVE, unit=st.integers(-20, 20))
def test_the_unit_of_the_price_does_not_matter(gamma, sigma, kappa, horizon, unit):
    scale = 2.0**unit
    spread = optimal_spread(gamma, np.array([sigma]), kappa, horizon)
    np.testing.assert_allclose(
        optimal_spread(gamma / scale, np.array([sigma * scale]), kappa / scale, horizon), spread * scale, rtol=1e-12
    )
    assert spread[0] > 0


@given(kappa=POSITIVE)
def test_without_risk_aversion_the_spread_is_what_the_flow_of_orders_pays_for(kappa):
    """As γ goes to 0 each side stands at 1 / κ, where δ exp(-κ δ) has its maximum."""
    np.testing.assert_allclose(optimal_spread(1e-9 * kappa, np.array([0.01]), kappa, 1.0), 2 / kappa, rtol=1e-6)


@given(gamma=POSITIVE, sigma=POSITIVE, more=st.floats(1.01, 10))
def test_more_volatility_or_a_longer_horizon_widens_the_quotes(gamma, sigma, more):
    sigmas = np.array([sigma, sigma * more])
    spread, offset = optimal_spread(gamma, sigmas, 1.5, 1.0), inventory_offset(gamma, sigmas, 1.0)
    assert spread[1] > spread[0]
    np.testing.assert_allclose(offset[1], offset[0] * more**2, rtol=1e-12)
    assert optimal_spread(gamma, sigmas, 1.5, more)[0] > spread[0]

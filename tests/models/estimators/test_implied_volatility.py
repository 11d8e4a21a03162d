import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.american_option import american_value, american_worth
from nautilus_ai_firm.models.estimators.european_option import Options, european_value, european_worth
from nautilus_ai_firm.models.estimators.implied_volatility import implied_volatility
from tests.models.option_surface import in_units, true


def out_of_the_money(n, seed=6, longest=182):
    """Options up to one and a half standard deviations from the forward, and their volatilities."""
    rng = np.random.default_rng(seed)
    years, sigma, carry = rng.integers(7, longest, n) / 365, rng.uniform(0.1, 0.8, n), rng.uniform(-0.02, 0.05, n)
    distance = rng.uniform(-1.5, 1.5, n)
    contracts = Options(
        spot=100 * np.exp(-carry * years),
        strike=100 * np.exp(distance * sigma * np.sqrt(years)),
        years=years,
        rate=0.04,
        carry=carry,
        is_call=distance > 0,
    )
    return contracts, sigma


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40)
def test_finds_the_volatility_of_which_the_price_was_made(seed):
    contracts, sigma = out_of_the_money(25, seed)
    for value, worth in ((american_value, american_worth), (european_value, european_worth)):
        price = value(contracts, sigma).price
        # of options out of the money against the forward some are in the money against the spot, and due
        held = price > np.maximum(contracts.sign * (contracts.spot - contracts.strike), 0) + 1e-6
        found = implied_volatility(contracts, price, worth)
        np.testing.assert_allclose(found[held], sigma[held], atol=1e-6)
        assert held.mean() > 0.8


def test_finds_it_in_the_money_too_as_long_as_exercise_is_not_due():
    contracts, sigma = out_of_the_money(200)
    other = contracts.both_sides().of(np.concatenate([contracts.is_call, ~contracts.is_call]))
    place = np.argsort(np.concatenate([np.flatnonzero(contracts.is_call), np.flatnonzero(~contracts.is_call)]))
    value = american_value(other, sigma[np.argsort(place)])
    found = implied_volatility(other, value.price)
    held = (value.gamma > 0) & np.isfinite(found)
    np.testing.assert_allclose(
        american_value(other, np.where(held, found, 0.2)).price[held], value.price[held], atol=1e-3
    )
    assert held.mean() > 0.9


def test_equals_the_volatility_of_quantlibs_prices():
    """0.1 volatility points in nine of ten, and 0.4 at most: what the approximation leaves."""
    contracts, sigma = out_of_the_money(300)
    found = implied_volatility(contracts, true(contracts, sigma))
    error = np.abs(found - sigma)
    assert error.max() < 0.004
    assert np.quantile(error, 0.9) < 0.001
    ignorant = implied_volatility(contracts, true(contracts, sigma), european_worth)
    assert np.abs(ignorant - sigma).max() > 2 * error.max()  # the control: early exercise left out


@pytest.mark.parametrize("is_call", [True, False])
def test_a_price_that_no_volatility_explains_has_none(is_call):
    strike = np.full(6, 100.0)
    contracts = Options(
        spot=np.full(6, 110.0 if is_call else 90.0),
        strike=strike,
        years=np.full(6, 0.25),
        rate=0.03,
        carry=np.full(6, 0.01),
        is_call=np.full(6, is_call),
    )
    price = np.array([np.nan, 9.9, 10.0, 0.0, 1e6, 12.0])
    assert np.isfinite(implied_volatility(contracts, price)).tolist() == [False] * 5 + [True]
    assert implied_volatility(contracts.of(np.zeros(6, dtype=bool)), np.empty(0)).shape == (0,)
    assert np.isnan(implied_volatility(contracts, np.full(6, np.nan))).all()


@given(seed=st.integers(0, 10_000), exponent=st.integers(-20, 20))
@settings(max_examples=20)
def test_the_unit_of_prices_does_not_matter(seed, exponent):
    contracts, sigma = out_of_the_money(10, seed)
    price, scale = american_value(contracts, sigma).price, 2.0**exponent
    scaled = in_units(contracts, scale)
    np.testing.assert_array_equal(implied_volatility(scaled, price * scale), implied_volatility(contracts, price))


def test_a_dearer_option_has_a_higher_volatility():
    contracts, sigma = out_of_the_money(50)
    price = american_value(contracts, sigma).price
    assert (implied_volatility(contracts, price * 1.01) > implied_volatility(contracts, price)).all()

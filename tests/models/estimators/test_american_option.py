import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options, european_value
from tests.models.option_surface import in_units, quantlib, true

PUBLISHED = {
    # Haug (2007), table 3-1: rate 10 %, carry 0, strike 100, spots 90, 100, 110
    (True, 0.1, 0.15): (0.0206, 1.8771, 10.0089),
    (True, 0.1, 0.25): (0.3159, 3.1280, 10.3919),
    (True, 0.1, 0.35): (0.9495, 4.3777, 11.1679),
    (True, 0.5, 0.15): (0.8208, 4.0842, 10.8087),
    (True, 0.5, 0.25): (2.7437, 6.8015, 13.0170),
    (True, 0.5, 0.35): (5.0063, 9.5106, 15.5689),
    (False, 0.1, 0.15): (10.0000, 1.8770, 0.0410),
    (False, 0.1, 0.25): (10.2533, 3.1277, 0.4562),
    (False, 0.1, 0.35): (10.8787, 4.3777, 1.2402),
    (False, 0.5, 0.15): (10.5595, 4.0842, 1.0822),
    (False, 0.5, 0.25): (12.4419, 6.8014, 3.3226),
    (False, 0.5, 0.35): (14.6945, 9.5104, 5.8823),
}


def options(n, seed=2, rate=0.05, longest=365, width=2.0):
    """Contracts within some standard deviations of the forward, and their volatilities."""
    rng = np.random.default_rng(seed)
    years, sigma, carry = rng.integers(5, longest, n) / 365, rng.uniform(0.1, 0.8, n), rng.uniform(-0.05, 0.06, n)
    spot = 100 * np.exp(rng.uniform(-width, width, n) * sigma * np.sqrt(years) - carry * years)
    strike, is_call = np.full(n, 100.0), rng.random(n) < 0.5
    return Options(spot=spot, strike=strike, years=years, rate=rate, carry=carry, is_call=is_call), sigma


@pytest.mark.parametrize(("contract", "values"), PUBLISHED.items())
def test_equals_published_values(contract, values):
    is_call, years, sigma = contract
    three = Options(
        spot=np.array([90.0, 100.0, 110.0]),
        strike=np.full(3, 100.0),
        years=np.full(3, years),
        rate=0.1,
        carry=np.zeros(3),
        is_call=np.full(3, is_call),
    )
    np.testing.assert_allclose(american_value(three, np.full(3, sigma)).price, values, atol=3e-3)


def test_equals_quantlibs_solution_of_the_same_approximation():
    contracts, sigma = options(300)
    expected = [one.NPV() for one in quantlib(contracts, sigma, ql.BaroneAdesiWhaleyApproximationEngine)]
    np.testing.assert_allclose(american_value(contracts, sigma).price, expected, atol=1e-4)  # it stops there


def test_is_close_to_the_true_value():
    contracts, sigma = options(300, longest=182)
    error = np.abs(american_value(contracts, sigma).price - true(contracts, sigma))
    assert error.max() < 0.15  # of a strike of 100
    assert np.median(error) < 0.005
    european = np.abs(european_value(contracts, sigma).price - true(contracts, sigma))
    assert european.max() > 5 * error.max()  # the control: what early exercise is worth is no rounding error


def test_equals_a_textbook_put():
    """Hull, Options, Futures and Other Derivatives, example 21.1: 4.28 with many steps."""
    put = Options(
        spot=np.array([50.0]),
        strike=np.array([50.0]),
        years=np.array([5 / 12]),
        rate=0.1,
        carry=np.array([0.1]),
        is_call=np.array([False]),
    )
    np.testing.assert_allclose(american_value(put, np.array([0.4])).price, 4.28, atol=0.02)


def test_delta_and_gamma_are_derivatives_of_the_price():
    contracts, sigma = options(200)
    step = 1e-4 * contracts.spot
    moved = [
        american_value(
            Options(
                spot=contracts.spot + k * step,
                strike=contracts.strike,
                years=contracts.years,
                rate=contracts.rate,
                carry=contracts.carry,
                is_call=contracts.is_call,
            ),
            sigma,
        ).price
        for k in (-1, 0, 1)
    ]
    value = american_value(contracts, sigma)
    np.testing.assert_allclose(value.delta, (moved[2] - moved[0]) / (2 * step), atol=1e-4)
    held = np.abs(value.delta) < 0.99  # gamma jumps where exercise begins
    curvature = ((moved[2] - 2 * moved[1] + moved[0]) / step**2)[held]
    np.testing.assert_allclose(value.gamma[held], curvature, atol=1e-4)
    assert held.sum() > 100


@given(seed=st.integers(0, 10_000), rate=st.floats(0, 0.2))
@settings(max_examples=50)
def test_is_worth_at_least_a_european_one_and_what_exercise_pays(seed, rate):
    contracts, sigma = options(20, seed, rate)
    value = american_value(contracts, sigma)
    assert (value.price >= european_value(contracts, sigma).price - 1e-9).all()
    assert (value.price >= contracts.sign * (contracts.spot - contracts.strike) - 1e-9).all()
    assert (value.price <= np.where(contracts.is_call, contracts.spot, contracts.strike)).all()
    assert (value.premium >= -1e-9).all()
    np.testing.assert_allclose(value.price - value.premium, european_value(contracts, sigma).price, atol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50)
def test_rises_with_volatility_and_with_time(seed):
    contracts, sigma = options(20, seed)
    price = american_value(contracts, sigma).price
    assert (american_value(contracts, sigma * 1.1).price >= price - 1e-9).all()


@given(seed=st.integers(0, 10_000), exponent=st.integers(-20, 20))
@settings(max_examples=25)
def test_the_unit_of_prices_does_not_matter(seed, exponent):
    contracts, sigma = options(20, seed)
    scale = 2.0**exponent
    scaled = in_units(contracts, scale)
    one, other = american_value(contracts, sigma), american_value(scaled, sigma)
    np.testing.assert_array_equal(other.price, one.price * scale)
    np.testing.assert_array_equal(other.delta, one.delta)
    np.testing.assert_array_equal(other.gamma, one.gamma / scale)


def test_a_contract_is_worth_the_same_alone_and_among_others():
    contracts, sigma = options(40)
    together = american_value(contracts, sigma)
    for i in range(40):
        alone = american_value(contracts.of(np.arange(40) == i), sigma[[i]])
        np.testing.assert_allclose(alone.price[0], together.price[i], rtol=1e-14)


@pytest.mark.parametrize(
    ("is_call", "rate", "carry"), [(True, 0.05, 0.05), (True, 0.05, 0.07), (False, 0.0, 0.0), (False, 0.0, -0.02)]
)
def test_without_a_reason_to_exercise_early_it_is_european(is_call, rate, carry):
    contracts, sigma = options(50, rate=rate)
    same = Options(
        spot=contracts.spot,
        strike=contracts.strike,
        years=contracts.years,
        rate=rate,
        carry=np.full(50, carry),
        is_call=np.full(50, is_call),
    )
    np.testing.assert_array_equal(american_value(same, sigma).price, european_value(same, sigma).price)


def test_a_call_may_be_exercised_without_interest_where_there_are_dividends():
    contracts, sigma = options(100, rate=0.0, width=1.0)
    dividends = Options(
        spot=contracts.spot,
        strike=contracts.strike,
        years=contracts.years,
        rate=0.0,
        carry=np.full(100, -0.04),
        is_call=np.full(100, True),
    )
    value = american_value(dividends, sigma)
    error = np.abs(value.price - true(dividends, sigma))
    assert error.max() < 0.3
    assert np.median(error) < 0.02
    assert (value.premium > 0.001).sum() > 50


def test_no_contract_has_no_value_and_no_volatility_neither():
    contracts, sigma = options(3)
    assert american_value(contracts.of(np.zeros(3, dtype=bool)), np.empty(0)).price.shape == (0,)
    price = american_value(contracts, np.array([np.nan, *sigma[1:]])).price
    assert np.isnan(price).tolist() == [True, False, False]

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.models.estimators.european_option import Options, european_value, normal_cdf


def contracts(spot, strike, years, rate, carry, is_call):
    arrays = (np.asarray(one, dtype=np.float64) for one in (spot, strike, years, carry))
    calls, spot, strike, years, carry = np.broadcast_arrays(np.atleast_1d(is_call), *arrays)
    return Options(spot=spot, strike=strike, years=years, rate=rate, carry=carry, is_call=calls)


@pytest.mark.parametrize("is_call", [True, False])
def test_equals_quantlib(is_call):
    rng = np.random.default_rng(4)
    spot, strike = rng.uniform(60, 150, 50), rng.uniform(60, 150, 50)
    years, carry, sigma = rng.uniform(0.02, 2, 50), rng.uniform(-0.08, 0.08, 50), rng.uniform(0.05, 0.9, 50)
    value = european_value(contracts(spot, strike, years, 0.04, carry, is_call), sigma)
    side = ql.Option.Call if is_call else ql.Option.Put
    for i in range(50):
        forward, discount = spot[i] * np.exp(carry[i] * years[i]), np.exp(-0.04 * years[i])
        known = ql.BlackCalculator(
            ql.PlainVanillaPayoff(side, strike[i]), forward, sigma[i] * np.sqrt(years[i]), discount
        )
        np.testing.assert_allclose(value.price[i], known.value(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(value.delta[i], known.delta(spot[i]), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(value.gamma[i], known.gamma(spot[i]), rtol=1e-10, atol=1e-12)
    assert (value.premium == 0).all()


def test_equals_a_published_example():
    """Hull, Options, Futures and Other Derivatives, example 15.6: a call is worth 4.76 and a put 0.81."""
    value = european_value(contracts(42, 40, 0.5, 0.1, 0.1, [True, False]), np.array([0.2, 0.2]))
    np.testing.assert_allclose(value.price, [4.76, 0.81], atol=0.005)


@given(
    moneyness=st.floats(0.5, 2), years=st.floats(0.01, 3), rate=st.floats(0, 0.3), carry=st.floats(-0.3, 0.3),
    sigma=st.floats(0.05, 2),
)  # fmt: skip
def test_put_call_parity(moneyness, years, rate, carry, sigma):
    both = contracts(100 * moneyness, 100, years, rate, carry, True).both_sides()
    put, call = european_value(both, np.full(2, sigma)).price
    forward = 100 * moneyness * np.exp(carry * years)
    np.testing.assert_allclose(call - put, (forward - 100) * np.exp(-rate * years), atol=1e-9)


def test_some_of_the_contracts_are_contracts():
    some = contracts([90, 100, 110], 100, [0.1, 0.2, 0.3], 0.02, [0.0, 0.01, 0.02], [True, False, True])
    kept = some.of(np.array([True, False, True]))
    sigma = np.array([0.2, 0.3, 0.4])
    np.testing.assert_array_equal(european_value(kept, sigma[[0, 2]]).price, european_value(some, sigma).price[[0, 2]])
    assert kept.sign.tolist() == [1, 1]


def test_no_volatility_has_no_value():
    assert np.isnan(european_value(contracts(100, 100, 1, 0.02, 0.02, True), np.array([np.nan])).price).all()


def test_the_normal_distribution_is_that_of_scipy_in_its_tails_too():
    x = np.linspace(-30, 9, 400)
    np.testing.assert_allclose(list(map(normal_cdf, x.tolist())), norm.cdf(x), rtol=1e-12)
    assert np.isnan(normal_cdf(np.nan))

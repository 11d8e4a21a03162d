from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.option_quotes import option_quotes
from nautilus_ai_firm.models.estimators.smile import smiles
from tests.models.option_surface import Surface, chain_of, true

TENORS = 30 / 365, 90 / 365
EXPIRIES = np.array([28, 35, 63, 91]) / 365  # next to 30 days, and next to 90


def read(chain, rate=0.03, tenors=TENORS):
    return smiles(option_quotes(chain, 0, 5 / 365, 0.5), rate, *tenors)


def expected_reversal(surface, years):
    """Find the strikes with delta 0.25 on the surface itself, and the difference of their volatilities."""

    def at(is_call):
        def delta(moneyness):
            volatility = surface.volatility(years, moneyness)
            strike = 100 * np.exp(surface.carry * years + moneyness)
            one = Options(
                spot=np.array([100.0]),
                strike=np.array([strike]),
                years=np.array([years]),
                rate=surface.rate,
                carry=np.array([surface.carry]),
                is_call=np.array([is_call]),
            )
            return abs(american_value(one, np.array([volatility])).delta[0]) - 0.25

        return surface.volatility(years, brentq(delta, *((1e-6, 0.25) if is_call else (-0.25, -1e-6))))

    return at(is_call=True) - at(is_call=False)


@pytest.mark.parametrize(
    "surface", [Surface(), Surface(short=0.5, long=0.3, skew=-0.15), Surface(rate=0.0, dividend=0.0, skew=0.04)]
)
def test_reads_the_surface_of_which_the_chain_was_made(surface):
    found = read(chain_of(surface, 0), surface.rate)
    np.testing.assert_allclose(found.years, EXPIRIES, rtol=1e-12)
    np.testing.assert_allclose(found.volatility, surface.level(EXPIRIES), atol=2e-4)
    expected = [expected_reversal(surface, years) for years in EXPIRIES[:2]]
    np.testing.assert_allclose(found.risk_reversal[:2], expected, atol=3e-4)
    assert np.isnan(found.risk_reversal[2:]).all()


def test_reads_the_true_prices_of_american_options():
    """Valued by QuantLib with the method of Andersen, Lake and Offengenden: 0.03 volatility points."""
    surface = Surface()
    found = read(chain_of(surface, 0, price=true))
    np.testing.assert_allclose(found.volatility, surface.level(EXPIRIES), atol=3e-4)
    np.testing.assert_allclose(
        found.risk_reversal[:2], [expected_reversal(surface, years) for years in EXPIRIES[:2]], atol=4e-4
    )


@pytest.mark.parametrize("factor", [1 / 7, 7.0, 2.0**-10])
def test_scaling_spot_and_strikes_together_changes_nothing(factor):
    chain = chain_of(Surface(), 0)
    scaled = replace(
        chain,
        spot=chain.spot * factor,
        strike=chain.strike * factor,
        bid=chain.bid * factor,
        ask=chain.ask * factor,
    )
    one, other = read(chain), read(scaled)
    np.testing.assert_allclose(other.volatility, one.volatility, rtol=1e-9)
    np.testing.assert_allclose(other.risk_reversal, one.risk_reversal, rtol=1e-9)


def test_the_order_of_the_chain_does_not_matter():
    chain = chain_of(Surface(), 0)
    order = np.random.default_rng(2).permutation(len(chain.strike))
    names = ("strike", "expiry_ns", "is_call", "bid", "ask")
    mixed = replace(chain, **{name: getattr(chain, name)[order] for name in names})
    np.testing.assert_array_equal(read(mixed).volatility, read(chain).volatility)
    np.testing.assert_array_equal(read(mixed).risk_reversal, read(chain).risk_reversal)


def test_quotes_that_are_not_used_might_as_well_not_be_there():
    chain = chain_of(Surface(), 0)
    bid, ask = chain.bid.copy(), chain.ask.copy()
    bad = np.random.default_rng(3).random(len(bid)) < 0.2
    kept = replace(
        chain, **{name: getattr(chain, name)[~bad] for name in ("strike", "expiry_ns", "is_call", "bid", "ask")}
    )
    bid[bad], ask[bad] = ask[bad] * 3, bid[bad]  # crossed
    np.testing.assert_array_equal(read(replace(chain, bid=bid, ask=ask)).volatility, read(kept).volatility)
    np.testing.assert_allclose(read(kept).volatility, Surface().level(EXPIRIES), atol=5e-4)
    # the control: used, they are noise
    assert (
        np.abs(read(replace(chain, bid=bid, ask=np.where(bad, bid, ask))).volatility - Surface().level(EXPIRIES)).max()
        > 0.01
    )


def test_what_the_quotes_do_not_reach_is_not_known():
    surface = Surface()
    narrow = read(chain_of(surface, 0, strikes=np.arange(98.0, 103)))
    np.testing.assert_allclose(narrow.volatility[:2], surface.level(EXPIRIES[:2]), atol=3e-4)
    assert np.isnan(narrow.risk_reversal).all()
    below = read(chain_of(surface, 0, strikes=np.arange(85.0, 96)))
    assert np.isnan(below.volatility).all()


@given(seed=st.integers(0, 100_000), rate=st.floats(0, 0.5), noise=st.floats(0, 3))
@settings(max_examples=60)
def test_nonsense_is_read_without_a_word(seed, rate, noise):
    """Quotes that contradict each other, on strikes far and near: what is read is a volatility or nothing."""
    rng = np.random.default_rng(seed)
    chain = chain_of(Surface(), 0, days=(7, 30, 60, 400), strikes=100 * np.exp(rng.uniform(-1, 1, 12)))
    bid = chain.bid * np.exp(noise * rng.normal(size=len(chain.bid)))
    found = read(replace(chain, bid=bid, ask=bid * 1.01), rate)
    known = found.volatility[np.isfinite(found.volatility)]
    assert ((known > 0.005) & (known < 5)).all()
    assert (np.abs(found.risk_reversal[np.isfinite(found.risk_reversal)]) < 5).all()
    assert len(found.volatility) == len(found.years) <= 4


def test_no_expiry_no_reading():
    chain = chain_of(Surface(), 0)
    for nothing in (replace(chain, spot=np.nan), replace(chain, bid=np.zeros(len(chain.bid)))):
        found = read(nothing)
        assert [len(one) for one in (found.years, found.volatility, found.risk_reversal)] == [0, 0, 0]
    one = read(chain_of(Surface(), 0, days=(21,)))
    np.testing.assert_allclose(one.years, [21 / 365])
    np.testing.assert_allclose(one.volatility, Surface().level(21 / 365), atol=2e-4)


def test_an_expiry_at_the_tenor_is_next_to_it():
    found = read(chain_of(Surface(), 0, days=(20, 30, 40, 90)))
    np.testing.assert_allclose(found.years * 365, [30, 40, 90])
    assert round(found.years[0] * 365 * DAY_NS) == 30 * DAY_NS

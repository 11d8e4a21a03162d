from dataclasses import replace

import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.implied_forward import implied_forwards
from nautilus_ai_firm.models.estimators.option_quotes import option_quotes
from tests.models.option_surface import Surface, approximate, chain_of, true

YEARS = np.array([28, 35, 91]) / 365


def forwards(surface, chain, rate=None):
    quotes = option_quotes(chain, 0, 5 / 365, 0.5)
    return implied_forwards(quotes, YEARS, surface.rate if rate is None else rate)


@pytest.mark.parametrize(("price", "tolerance"), [(approximate, 1e-4), (true, 3e-4)])
@pytest.mark.parametrize("dividend", [0.0, 0.015, 0.06])
def test_finds_the_forward_of_american_options(price, tolerance, dividend):
    surface = Surface(dividend=dividend)
    found = forwards(surface, chain_of(surface, 0, strikes=np.arange(96.0, 105), price=price))
    np.testing.assert_allclose(found.price, 100 * np.exp(surface.carry * YEARS), rtol=tolerance)
    np.testing.assert_allclose(found.carry, np.log(found.price / 100) / YEARS, rtol=1e-12)
    np.testing.assert_allclose(found.deviation, surface.level(YEARS) * np.sqrt(YEARS), rtol=0.05)


def test_early_exercise_left_in_would_miss_it():
    """The control: American prices taken as European, in a market with much interest and no dividends."""
    surface = Surface(rate=0.08, dividend=0.0)
    chain = chain_of(surface, 0, strikes=np.array([99.0, 100, 101]))
    quotes = option_quotes(chain, 0, 5 / 365, 0.5)
    puts, calls = quotes.pairs()
    last = quotes.years[puts] == YEARS[-1]
    naive = quotes.strike[puts][last] + np.exp(0.08 * YEARS[-1]) * (quotes.mid[calls] - quotes.mid[puts])[last]
    expected = 100 * np.exp(0.08 * YEARS[-1])
    assert np.abs(np.median(naive) - expected) > 5 * np.abs(forwards(surface, chain).price[-1] - expected)


def test_one_bad_quote_of_three_moves_it_little():
    surface = Surface()
    chain = chain_of(surface, 0, strikes=np.array([99.0, 100, 101]))
    bid, ask = chain.bid.copy(), chain.ask.copy()
    bad = (chain.strike == 100) & chain.is_call
    bid[bad], ask[bad] = 2 * bid[bad], 2 * ask[bad]
    spoilt = forwards(surface, replace(chain, bid=bid, ask=ask))
    np.testing.assert_allclose(spoilt.price, forwards(surface, chain).price, rtol=2e-4)


def test_expiries_without_pairs_or_with_impossible_ones_imply_nothing():
    surface = Surface()
    chain = chain_of(surface, 0)
    near = chain.expiry_ns == np.unique(chain.expiry_ns)[3]
    calls_alone = replace(chain, bid=np.where(near & ~chain.is_call, np.nan, chain.bid))
    assert np.isnan(forwards(surface, calls_alone).price).tolist() == [True, False, False]
    dear = np.where(near & ~chain.is_call, 500.0, chain.bid)
    impossible = replace(chain, bid=dear, ask=np.where(near & ~chain.is_call, 500.0, chain.ask))
    assert np.isnan(forwards(surface, impossible).price).tolist() == [True, False, False]
    nothing = replace(chain, spot=np.nan)
    assert np.isnan(forwards(surface, nothing).price).all()

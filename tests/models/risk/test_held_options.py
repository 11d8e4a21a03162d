"""What is held beside the firm is valued by its quotes: position by position, against QuantLib, and with gaps."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.greeks import greeks
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS
from nautilus_ai_firm.models.risk.held_options import HeldOptions
from tests.models.held_rounds import EXPIRY_DAY, FLAT, READING, STRIKES, contract, round_on
from tests.models.option_surface import quantlib, true

EQUITY = 1e6


def exposures(rounds, *held, equity=EQUITY, reading=READING):
    options = HeldOptions(held, reading)
    for one in rounds:
        options.update(one)
    return options.exposures(equity)


def at(spot, day, *held, volatility=0.3):
    """The exposures of positions at a volatility that is given."""
    options = Options(
        spot=np.full(len(held), spot),
        strike=np.array([one.strike for one in held]),
        years=np.full(len(held), (EXPIRY_DAY - day) / 365),
        rate=FLAT.rate,
        carry=np.full(len(held), FLAT.carry),
        is_call=np.array([one.is_call for one in held]),
    )
    found = greeks(options, np.full(len(held), volatility))
    units = np.array([one.quantity * one.multiplier for one in held]) / EQUITY
    return {
        "delta": found.delta * spot / 100 * units,
        "gamma": found.gamma * (spot / 100) ** 2 * units,
        "vega": found.vega / 100 * units,
        "theta": found.theta / 365 * units,
    }


def assert_are(found, expected, rtol=1e-3):
    for greek in GREEKS:
        np.testing.assert_allclose(getattr(found, greek), expected[greek], rtol=rtol, err_msg=greek)


def test_positions_have_the_greeks_of_quantlib():
    """Quotes are true American prices; QuantLib values the positions again after small moves, by finite differences."""
    held = [contract(95, 20), contract(105, -30), contract(95, -15, is_call=False), contract(100, 40, is_call=False)]
    found = exposures([round_on(0, price=true)], *held)
    options = Options(
        spot=np.full(4, 100.0),
        strike=np.array([one.strike for one in held]),
        years=np.full(4, EXPIRY_DAY / 365),
        rate=FLAT.rate,
        carry=np.full(4, FLAT.carry),
        is_call=np.array([one.is_call for one in held]),
    )
    units = np.array([one.quantity * 100.0 for one in held])

    def worth(changed=options, volatility=0.3):
        fine = quantlib(changed, np.full(4, volatility), lambda p: ql.FdBlackScholesVanillaEngine(p, 400, 800))
        return units * np.array([one.NPV() for one in fine]) / EQUITY

    up, down = (worth(replace(options, spot=np.full(4, spot))) for spot in (101.0, 99.0))
    np.testing.assert_allclose(found.delta, (up - down) / 2, rtol=0.02)
    np.testing.assert_allclose(found.gamma, up + down - 2 * worth(), rtol=0.05)
    np.testing.assert_allclose(found.vega, (worth(volatility=0.31) - worth(volatility=0.29)) / 2, rtol=0.02)
    later = worth(replace(options, years=options.years - 1 / 365))
    np.testing.assert_allclose(found.theta, later - worth(), rtol=0.05)


def test_positions_have_the_volatility_at_which_they_are_quoted():
    held = [contract(95, 20), contract(105, -30, is_call=False)]
    assert_are(exposures([round_on(0)], *held), at(100.0, 0, *held))


def test_before_the_first_quote_nothing_is_known():
    for found in (exposures([], contract(95, 20)), exposures([round_on(0, unquoted=(95,))], contract(95, 20))):
        assert np.isnan(found.rows).all()


def test_without_a_usable_quote_the_last_volatility_counts_at_the_new_spot_for_some_rounds():
    held = [contract(95, 20), contract(105, 5)]
    rounds = [round_on(0), *(round_on(day, 100.0 + day, unquoted=(95,)) for day in (1, 2, 3))]
    for day in (0, 1, 2):
        assert_are(exposures(rounds[: day + 1], *held), at(100.0 + day, day, *held))
    last = exposures(rounds, *held)
    assert np.isnan(last.rows[:, 0]).all()
    assert_are(exposures(rounds, held[1]), at(103.0, 3, held[1]))
    assert np.isfinite(last.rows[:, 1]).all()
    again = exposures([*rounds, round_on(4, 104.0)], *held)
    assert_are(again, at(104.0, 4, *held))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"half_spread": 0.3},
        {"unquoted": tuple(STRIKES)},
        {"price": lambda options, _: np.where(options.is_call, 9.0, np.nan)},
    ],
)
def test_what_is_too_wide_or_has_no_forward_is_as_if_it_were_not_quoted(spoilt):
    first, strict = round_on(0), replace(READING, max_carried_rounds=0)
    assert np.isnan(exposures([first, round_on(1, **spoilt)], contract(95, 20), reading=strict).rows).all()
    carried = exposures([first, round_on(1, **spoilt)], contract(95, 20))
    assert_are(carried, at(100.0, 1, contract(95, 20)))


def test_far_in_the_money_the_volatility_is_that_of_the_other_kind_at_the_strike():
    """A call at 90 that is quoted below the ten that exercise pays says nothing of volatility; its put does."""
    one, held = round_on(0), contract(90, 20)
    chain = one.chains[0]
    calls, puts = (chain.strike == 90.0) & chain.is_call, (chain.strike == 90.0) & ~chain.is_call

    def found(put_quote):
        quotes = {
            side: np.where(calls, call, np.where(puts, put_quote * getattr(chain, side), getattr(chain, side)))
            for side, call in (("bid", 9.9), ("ask", 9.98))
        }
        return exposures([replace(one, chains=(replace(chain, **quotes),))], held)

    assert_are(found(1.0), at(100.0, 0, held))
    assert found(2.0).vega[0] > 1.1 * found(1.0).vega[0], "a dearer put is a higher volatility"
    assert np.isnan(found(np.nan).rows).all()


def test_a_round_without_a_spot_keeps_the_last_one():
    blind = round_on(1)
    blind = replace(blind, chains=(replace(blind.chains[0], spot=np.nan),))
    assert_are(exposures([round_on(0), blind], contract(95, 20)), at(100.0, 1, contract(95, 20)))


def test_what_has_expired_has_no_exposure_and_needs_no_quote():
    held = [contract(95, 20), contract(105, 20, expiry_ns=2 * EXPIRY_DAY * DAY_NS)]
    last = exposures([round_on(day) for day in (0, EXPIRY_DAY - 1)], *held)
    assert np.isfinite(last.rows[:, 0]).all()
    over = replace(round_on(0), ts_event=EXPIRY_DAY * DAY_NS)
    for found in (exposures([round_on(0), over], *held), exposures([over], *held, equity=-1.0)):
        assert found.rows[:, 0].tolist() == [0, 0, 0, 0]
        assert np.isnan(found.rows[:, 1]).all()


def test_after_a_split_nothing_is_known_at_once():
    """Seven for one, and the prices of the universe are adjusted for it: its close stays, the spot falls."""
    before, after = round_on(0, unit=7.0), round_on(1)
    held = contract(700, 20)
    assert np.isfinite(exposures([before], held).rows).all()
    assert np.isnan(exposures([before, after], held).rows).all()
    # the control: the same fall of a price that no split explains is a move, and the volatility is kept
    fall = round_on(1, close=100.0 / 7)
    assert np.isfinite(exposures([before, fall], held).rows).all()
    # a dividend changes the ratio of both prices a little
    assert np.isfinite(exposures([before, round_on(1, close=99.0, unit=7.0, unquoted=(100,))], held).rows).all()


def test_of_two_contracts_with_the_same_terms_no_quote_is_used():
    one = round_on(0)
    chain = one.chains[0]
    twice = {name: np.tile(getattr(chain, name), 2) for name in ("strike", "expiry_ns", "is_call", "bid", "ask")}
    doubled = replace(one, chains=(replace(chain, **twice),))
    assert np.isnan(exposures([doubled], contract(95, 20)).rows).all()


@pytest.mark.parametrize("equity", [0.0, -1e5])
def test_without_equity_no_share_of_it_is_known(equity):
    assert np.isnan(exposures([round_on(0)], contract(95, 20), equity=equity).rows).all()


def test_the_order_of_the_positions_is_of_no_effect():
    held = [contract(95, 20), contract(105, -30, is_call=False), contract(110, 7), contract(90, 7, expiry_ns=DAY_NS)]
    rounds = [round_on(0), round_on(2, 101.0)]
    whole = exposures(rounds, *held)
    order = [2, 0, 3, 1]
    np.testing.assert_array_equal(exposures(rounds, *(held[one] for one in order)).rows, whole.rows[:, order])

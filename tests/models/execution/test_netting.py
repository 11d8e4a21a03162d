from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.netting import order_quantity, target_quantity


def target(weight, equity=1_000_000.0, price=100.0, lot=1.0, multiplier=1.0):
    result = target_quantity(np.array([weight]), equity, np.array([price]), lot, multiplier)
    assert result.dtype == np.int64
    return int(result[0])


@pytest.mark.parametrize(
    ("weight", "lot", "multiplier", "expected"),
    [
        (0.1, 1, 1, 1000),
        (0.10009, 1, 1, 1000),
        (-0.10009, 1, 1, -1000),
        (0.1, 300, 1, 900),
        (-0.1, 300, 1, -900),
        (0.1, 1, 50, 20),
        (0.00009, 1, 1, 0),
        (0.0, 1, 1, 0),
    ],
)
def test_cuts_towards_zero_to_whole_lots(weight, lot, multiplier, expected):
    assert target(weight, lot=lot, multiplier=multiplier) == expected


@given(st.integers(-(10**7), 10**7), st.floats(1e3, 1e10), st.floats(0.01, 1e5), st.sampled_from([1, 10, 100]))
def test_the_weight_of_whole_lots_comes_back_as_those_lots(lots, equity, price, lot):
    quantity = lots * lot
    assert target(quantity * price / equity, equity, price, lot) == quantity


def test_plain_truncation_would_lose_lots():
    """The control of the property above."""
    rng = np.random.default_rng(2)
    lots, equity, price = rng.integers(1, 10**5, 1000), rng.uniform(1e5, 1e7, 1000), rng.uniform(1, 500, 1000)
    assert (np.trunc(lots * price / equity * equity / price) != lots).any()


@given(st.floats(-5, 5), st.floats(1e3, 1e9), st.floats(0.01, 1e4), st.sampled_from([1, 10, 100]))
def test_never_larger_than_the_weight_and_less_than_a_lot_below(weight, equity, price, lot):
    exact = Fraction(weight) * Fraction(equity) / Fraction(price) / lot
    lots = Fraction(target(weight, equity, price, lot), lot)
    slack = Fraction(1, 10**8) * (1 + abs(exact))
    assert abs(lots) <= abs(exact) + slack
    assert abs(exact) - abs(lots) < 1
    assert lots * exact >= 0


def test_a_missing_price_is_allowed_where_there_is_nothing_to_hold():
    out = target_quantity(np.array([0.0, 0.0, 0.1]), 1e6, np.array([np.nan, 0.0, 100.0]), np.array([1, 1, 1]))
    assert out.tolist() == [0, 0, 1000]


@pytest.mark.parametrize(
    ("weight", "price"), [(np.nan, 100.0), (np.inf, 100.0), (0.1, np.nan), (0.1, 0.0), (0.1, -3.0)]
)
def test_a_weight_without_a_meaning_is_refused(weight, price):
    with pytest.raises(ValueError, match="each weight needs a price above 0"):
        target(weight, price=price)


def order(target, held, band, **rules):
    return order_quantity(np.array(target), np.array(held), band, **rules).tolist()


def test_small_differences_are_left_alone_and_large_ones_go_all_the_way():
    assert order([109, 110, 111, 112, 90, 89], [100] * 6, 0.1) == [0, 0, 0, 12, 0, -11]


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.floats(0, 0.99))
def test_entering_leaving_and_changing_sides_always_trade(wanted, held, band):
    quantity = order([wanted], [held], band)[0]
    assert quantity in {0, wanted - held}
    if wanted * held <= 0 or band == 0:
        assert quantity == wanted - held


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=5), st.floats(0, 0.99))
def test_ordering_reaches_a_fixed_point(targets, band):
    held = np.zeros(len(targets), dtype=np.int64)
    held = held + np.array(order(targets, held, band))
    assert held.tolist() == targets
    assert not any(order(targets, held, band))


def test_the_band_does_not_apply_to_what_is_urgent():
    assert order([95, 95], [100, 100], 0.1, urgent=np.array([True, False])) == [-5, 0]


@pytest.mark.parametrize("band", [-0.1, 1.0, float("nan")])
def test_a_band_out_of_range_is_refused(band):
    with pytest.raises(ValueError, match="no_trade_band is"):
        order([1], [0], band)

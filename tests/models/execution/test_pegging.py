"""Limits of children: inside the spread at first, across it near the end, on the grid of prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.pegging import Peg, confirms, limit_price


def limit(share=0.0, offset_bps=0.0, *, buys=True, bid=99.98, ask=100.02, step=0.01, crosses=False):
    peg = Peg(share=share, offset_bps=offset_bps)
    return limit_price(peg, buys=buys, bid=bid, ask=ask, step=step, crosses=crosses)


@pytest.mark.parametrize(
    ("share", "buy", "sell"), [(0.0, 99.98, 100.02), (0.5, 100.0, 100.0), (0.3, 99.99, 100.01), (1.0, 100.02, 99.98)]
)
def test_a_share_of_the_spread_is_counted_from_the_own_side_and_rounded_away_from_the_other(share, buy, sell):
    assert limit(share) == pytest.approx(buy, abs=1e-9)
    assert limit(share, buys=False) == pytest.approx(sell, abs=1e-9)


def test_crossing_is_at_the_other_sides_price_whatever_the_peg():
    assert limit(offset_bps=50, crosses=True) == pytest.approx(100.02)
    assert limit(offset_bps=50, crosses=True, buys=False) == pytest.approx(99.98)


def test_where_the_market_is_between_two_prices_of_the_grid_crossing_goes_beyond_it():
    assert limit(bid=99.983, ask=100.017, crosses=True) == pytest.approx(100.02)
    assert limit(bid=99.983, ask=100.017, crosses=True, buys=False) == pytest.approx(99.98)


def test_at_a_trade_there_is_no_spread_and_an_offset_waits_for_a_better_price():
    assert limit(0.5, bid=100.0, ask=100.0) == pytest.approx(100.0)
    assert limit(0.5, 10, bid=100.0, ask=100.0) == pytest.approx(99.9)
    assert limit(0.5, 10, bid=100.0, ask=100.0, buys=False) == pytest.approx(100.1)


@given(
    bid=st.integers(1, 100_000), spread=st.integers(0, 500), share=st.floats(0, 1), offset=st.floats(0, 100),
    buys=st.booleans(),
)  # fmt: skip
def test_a_child_never_pays_more_than_the_other_side_asks(bid, spread, share, offset, buys):
    low, high = bid / 100, (bid + spread) / 100
    price = limit(share, offset, buys=buys, bid=low, ask=high)
    assert round(price * 100) == pytest.approx(price * 100, abs=1e-6)
    if buys:
        assert price <= high + 1e-9
    else:
        assert price >= low - 1e-9


@pytest.mark.parametrize("changes", [{"bid": 0.0}, {"ask": -1.0}, {"ask": float("nan")}, {"step": 0.0}])
def test_prices_that_are_none_are_refused(changes):
    with pytest.raises(ValueError, match="allowed are finite numbers above 0"):
        limit(**changes)


@pytest.mark.parametrize(
    ("floor", "price", "buy", "sell"),
    [(None, 1.0, True, True), (100.0, 100.0, True, True), (100.0, 99.9, False, True), (100.0, 100.1, True, False)],
)
def test_a_floor_price_confirms_on_its_own_side(floor, price, buy, sell):
    assert confirms(floor, price, buys=True) is buy
    assert confirms(floor, price, buys=False) is sell

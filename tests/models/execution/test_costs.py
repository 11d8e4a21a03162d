from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.costs import commission, financing, half_spread, square_root_impact

MONEY = st.decimals(0, 10**12, places=6)
BPS = st.decimals(0, 1000, places=4)
RATE = st.decimals(0, 1, places=6)


def test_commission_is_the_rate_or_the_minimum():
    zero = Decimal(0)
    assert commission(Decimal(100_000), Decimal("0.5"), Decimal(1), zero, zero) == 5
    assert commission(Decimal(1000), Decimal("0.5"), Decimal(1), zero, zero) == 1


def test_partial_fills_pay_the_minimum_once_and_the_rate_from_there():
    """Fills of 8,000, 8,000 and 8,000 at 0.5 bps with a minimum of 1: owed 1, then 1, then 1.2."""
    charges, charged, so_far = [], Decimal(0), Decimal(0)
    for _ in range(3):
        charge = commission(Decimal(8000), Decimal("0.5"), Decimal(1), charged, so_far)
        charges.append(charge)
        charged, so_far = charged + charge, so_far + 8000
    assert charges == [Decimal(1), Decimal(0), Decimal("0.2")]


@given(st.lists(MONEY, min_size=1, max_size=8), BPS, MONEY)
def test_how_an_order_is_split_into_fills_does_not_change_its_commission(fills, rate, minimum):
    charged, so_far = Decimal(0), Decimal(0)
    for fill in fills:
        charged += commission(fill, rate, minimum, charged, so_far)
        so_far += fill
    assert charged == commission(sum(fills, Decimal(0)), rate, minimum, Decimal(0), Decimal(0))


@given(MONEY, BPS)
def test_half_spread_is_exact_and_doubles_with_either_argument(notional, bps):
    cost = half_spread(notional, bps)
    assert Fraction(cost) == Fraction(notional) * Fraction(bps) / 10_000
    assert half_spread(notional, 2 * bps) == 2 * cost
    assert half_spread(2 * notional, bps) == 2 * cost


def test_the_callers_decimal_precision_does_not_matter():
    notional, bps = Decimal("123456789.123456"), Decimal("1.2345")
    with localcontext(prec=5):
        cost = half_spread(notional, bps)
        rounded = notional * bps / 10_000
    assert cost == Decimal("15240.74061729064320")
    assert rounded != cost  # the control


def test_square_root_impact_by_hand():
    """One percent of the volume at 2 % volatility and Y = 0.8: 0.8 x 0.02 x 0.1."""
    assert square_root_impact(10_000, 1_000_000, 0.02, 0.8) == pytest.approx(0.0016)
    assert square_root_impact(-10_000, 1_000_000, 0.02, 0.8) == pytest.approx(0.0016)
    assert square_root_impact(0, 1_000_000, 0.02, 0.8) == 0


@given(st.floats(1, 1e6), st.floats(1e3, 1e9), st.floats(0.001, 0.1), st.integers(1, 390))
def test_square_root_impact_does_not_depend_on_the_size_of_the_bar(quantity, volume, volatility, bars):
    daily = square_root_impact(quantity, volume, volatility, 0.7)
    assert square_root_impact(quantity, volume / bars, volatility / bars**0.5, 0.7) == pytest.approx(daily)


def test_with_another_exponent_the_bar_does_matter():
    """The control of the property above: Almgren's 3/5."""
    daily = square_root_impact(1e4, 1e6, 0.02, 0.7, 0.6)
    assert square_root_impact(1e4, 1e6 / 390, 0.02 / 390**0.5, 0.7, 0.6) > 1.5 * daily


@given(st.floats(1, 1e6), st.floats(0.1, 1))
def test_impact_grows_as_the_given_power_of_size(quantity, exponent):
    one, four = (square_root_impact(size, 1e6, 0.02, 0.7, exponent) for size in (quantity, 4 * quantity))
    assert four / one == pytest.approx(4**exponent)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0, 0.02, 0.7), "average_volume is 0"),
        ((1, float("nan"), 0.02, 0.7), "average_volume is nan"),
        ((1, 1, -0.02, 0.7), "volatility is -0.02"),
        ((1, 1, 0.02, -0.7), "coefficient -0.7"),
        ((1, 1, 0.02, 0.7, 0), "exponent is 0"),
    ],
)
def test_impact_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        square_root_impact(*arguments)


RATES = (Decimal("0.036"), Decimal("0.072"), Decimal("0.018"))


@pytest.mark.parametrize(
    ("cash", "short", "nights", "expected"),
    [
        (100_000, 0, 1, "10"),  # 100,000 x 3.6 % / 360
        (-100_000, 0, 1, "-20"),
        (0, 100_000, 1, "-5"),
        (100_000, 100_000, 3, "15"),  # a weekend
        (-50_000, 40_000, 2, "-24"),
        (100_000, 0, 0, "0"),
    ],
)
def test_financing_by_hand(cash, short, nights, expected):
    assert financing(Decimal(cash), Decimal(short), nights, *RATES) == Decimal(expected)


@given(st.decimals(-(10**9), 10**9, places=2), MONEY, st.integers(0, 10), RATE, RATE, RATE)
def test_financing_of_nights_is_that_of_one_night_times_nights(
    cash, short, nights, cash_rate, margin_rate, borrow_rate
):
    rates = (cash_rate, margin_rate, borrow_rate)
    one = financing(cash, short, 1, *rates)
    assert financing(cash, short, nights, *rates) == pytest.approx(nights * one, abs=Decimal("1e-9"))


def test_negative_cash_rates_cost():
    assert financing(Decimal(360_000), Decimal(0), 1, Decimal("-0.01"), Decimal(0), Decimal(0)) == -10


@pytest.mark.parametrize(
    "call",
    [
        lambda: half_spread(Decimal(-1), Decimal(1)),
        lambda: half_spread(Decimal(1), Decimal(-1)),
        lambda: commission(Decimal(-1), Decimal(1), Decimal(0), Decimal(0), Decimal(0)),
        lambda: financing(Decimal(1), Decimal(-1), 1, *RATES),
        lambda: financing(Decimal(1), Decimal(1), -1, *RATES),
        lambda: financing(Decimal(1), Decimal(1), 1, Decimal(0), Decimal(-1), Decimal(0)),
    ],
)
def test_negative_amounts_are_refused(call):
    with pytest.raises(ValueError, match="allowed are numbers from 0"):
        call()

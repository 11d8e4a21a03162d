"""What the engine's decimals become as floats."""

from nautilus_trader.model import FIXED_PRECISION, Price, Quantity

UNITS = range(1, 100_000)
TEN_THOUSANDTHS = range(1, 100_000_000, 5_003)


def test_the_engines_float_of_a_quantity_can_be_below_the_whole_number():
    below = [units for units in UNITS if int(Quantity.from_int(units).as_double()) != units]
    assert below
    assert all(round(Quantity.from_int(units).as_double()) == units for units in UNITS)


def test_the_engines_float_of_a_price_is_not_always_the_nearest():
    assert any(Price.from_str(f"{units / 10_000:.4f}").as_double() != units / 10_000 for units in TEN_THOUSANDTHS)


def test_the_quotient_of_the_raw_number_is_the_nearest_float():
    scale = 10**FIXED_PRECISION
    assert all(Price.from_str(f"{units / 10_000:.4f}").raw / scale == units / 10_000 for units in TEN_THOUSANDTHS)
    assert all(Quantity.from_int(units).raw / scale == units for units in UNITS)

"""Charges of the simulated venue, asked directly: parts, rounding, minimum of an order, nights."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model import Bar, BarType, Currency, InstrumentId, OrderSide, Price, Quantity

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.hosts.venue import Charges, FillCharges, OvernightFinancing
from nautilus_ai_firm.settings import Costs

AAA, BBB = (InstrumentId.from_str(name) for name in ("AAA.US", "BBB.US"))
USD = Currency.from_str("USD")
RATES: dict[str, float] = {
    "commission_bps": 1.0,
    "commission_minimum": 5.0,
    "half_spread_bps": 2.0,
    "impact_coefficient": 1.0,
    "cash_rate_per_year": 0.036,
    "margin_rate_per_year": 0.072,
    "borrow_rate_per_year": 0.018,
}


@dataclass
class Order:
    client_order_id: str
    instrument_id: InstrumentId = AAA
    side: OrderSide = OrderSide.BUY


def bar(day: int, close: str, volume: int = 10_000, instrument: InstrumentId = AAA) -> Bar:
    price, ts = Price.from_str(close), day * DAY_NS
    bar_type = BarType.from_str(f"{instrument}-1-DAY-LAST-EXTERNAL")
    return Bar(bar_type, price, price, price, price, Quantity.from_int(volume), ts, ts)


def charges_of(**rates: float) -> Charges:
    """A venue that has seen three bars at 100."""
    charges = Charges(Costs(**(RATES | rates)), (AAA, BBB), Decimal(1_000_000), 20, USD)
    for day in (1, 2, 3):
        charges.see(bar(day, "100.0000"))
    charges.due()
    return charges


def test_a_fill_pays_commission_and_half_spread_once() -> None:
    charges = charges_of()
    assert charges.charge(Order("O"), Decimal(1_000), Decimal(100)) == Decimal("30.00")
    (parts,) = charges.fills["O"]
    assert (parts.fee, parts.half_spread_cost, parts.impact_cost) == (10, 20, 0)


def test_partial_fills_pay_the_minimum_of_their_order_once() -> None:
    charges = charges_of(half_spread_bps=0.0)
    paid = [charges.charge(Order("O"), Decimal(quantity), Decimal(100)) for quantity in (100, 200, 300)]
    assert paid == [Decimal("5.00"), Decimal("0.00"), Decimal("1.00")]  # 60,000 at 1 bp is 6.00 in all
    assert charges.charge(Order("P"), Decimal(100), Decimal(100)) == Decimal("5.00")


def test_the_sum_of_exact_parts_is_rounded_once_half_to_even() -> None:
    charges = charges_of(commission_minimum=0.0, commission_bps=0.5, half_spread_bps=0.5)
    assert charges.charge(Order("A"), Decimal(1), Decimal(50)) == Decimal("0.00")  # 0.005
    assert charges.charge(Order("B"), Decimal(3), Decimal(50)) == Decimal("0.02")  # 0.015


def test_impact_follows_the_square_root_of_the_share_of_volume() -> None:
    found = []
    for quantity in (100, 400):
        charges = charges_of(commission_bps=0.0, commission_minimum=0.0, half_spread_bps=0.0)
        charges.see(bar(4, "110.0000"))
        charges.see(bar(5, "110.0000"))
        charges.charge(Order("O"), Decimal(quantity), Decimal(100))
        (parts,) = charges.fills["O"]
        found.append(parts.impact_cost / quantity)
    assert float(found[1] / found[0]) == pytest.approx(2.0, rel=1e-6)


def test_volume_and_volatility_are_of_bars_that_were_over_before() -> None:
    """The bar of the present time is not known when its own data is matched."""
    before, after = charges_of(), charges_of()
    after.see(bar(4, "150.0000", volume=1))
    assert before.charge(Order("O"), Decimal(100), Decimal(100)) == after.charge(Order("O"), Decimal(100), Decimal(100))


def test_a_night_is_booked_once_with_the_first_data_of_the_next_day() -> None:
    charges = charges_of()
    charges.see(bar(4, "100.0000"))
    charges.see(bar(4, "50.0000", instrument=BBB))
    assert [entry.nights for entry in charges.due()] == [1]
    assert charges.due() == []


def test_nights_over_a_gap_are_all_paid() -> None:
    charges = charges_of()
    charges.see(bar(8, "100.0000"))
    (entry,) = charges.due()
    assert entry.nights == 5
    assert entry.amount == (entry.cash * Decimal("0.036") * 5 / 360).quantize(Decimal("0.01"))


def test_borrowed_cash_pays_the_margin_rate() -> None:
    charges = charges_of(commission_bps=0.0, commission_minimum=0.0, half_spread_bps=0.0)
    charges.charge(Order("O"), Decimal(15_000), Decimal(100))
    charges.see(bar(4, "100.0000"))
    (entry,) = charges.due()
    assert entry.cash < 0
    assert entry.amount == (entry.cash * Decimal("0.072") / 360).quantize(Decimal("0.01"))


def test_a_short_pays_for_borrowing_at_the_last_close() -> None:
    charges = charges_of(commission_bps=0.0, commission_minimum=0.0, half_spread_bps=0.0, cash_rate_per_year=0.0)
    charges.charge(Order("O", side=OrderSide.SELL), Decimal(1_000), Decimal(90))
    charges.see(bar(4, "120.0000"))
    (entry,) = charges.due()
    assert (entry.short_market_value, entry.amount) == (Decimal(100_000), Decimal("-5.00"))


def test_a_fee_that_cannot_be_computed_fails_the_run_and_charges_nothing() -> None:
    charges = Charges(Costs(**RATES), (AAA,), Decimal(1_000_000), 20, USD)
    charges.failures = Failures()
    fee = FillCharges(charges)
    order: Any = Order("O", instrument_id=BBB)
    paid = fee.get_commission(order, Quantity.from_int(1), Price.from_str("100.0"), None)
    assert paid.as_decimal() == 0
    assert charges.failures.first is not None
    assert charges.failures.first.component == "venue"


def test_a_booking_that_was_not_applied_fails_the_run() -> None:
    charges = charges_of()
    charges.failures = Failures()

    @dataclass
    class Outcome:
        applied: bool
        error: str = "no account"

    OvernightFinancing(charges).acknowledge([Outcome(applied=True), Outcome(applied=False)])
    assert charges.failures.first is not None
    assert "no account" in charges.failures.first.error


def test_a_venue_serves_one_run() -> None:
    with pytest.raises(RuntimeError, match="serves one run"):
        OvernightFinancing(charges_of()).reset()

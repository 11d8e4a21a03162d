"""The engine's account, the recomputation and the financing, against a ledger by hand."""

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain

from tests.acceptance.hand_ledger import BY_HAND, COSTS, WARM_UP, days_of, trade
from tests.acceptance.recomputed_books import CENT, Account


def test_twelve_trades_by_hand() -> None:
    quantities, prices, balances = zip(*BY_HAND, strict=True)
    bars = days_of([100.0] * WARM_UP + [float(price) for price in prices])
    trader, _, _ = trade(list(quantities), bars, COSTS)
    assert trader.balances == [Decimal(balance) for balance in balances]


def test_the_recomputation_agrees_with_the_ledger_by_hand() -> None:
    quantities, prices, balances = zip(*BY_HAND, strict=True)
    bars = days_of([100.0] * WARM_UP + [float(price) for price in prices])
    _, charges, _ = trade(list(quantities), bars, COSTS)
    account, found = Account(Decimal(1_000_000)), list[Decimal]()
    for quantity, price, parts in zip(quantities, prices, charges.fills.values(), strict=True):
        (part,) = parts
        total = (part.fee + part.half_spread_cost + part.impact_cost).quantize(CENT, ROUND_HALF_EVEN)
        side = "BUY" if quantity > 0 else "SELL"
        account.fill(
            {"instrument_id": "AAA.US", "side": side, "quantity": abs(quantity), "price": price, "commission": total}
        )
        found.append(account.balance)
    assert found == [Decimal(balance) for balance in balances]
    assert account.equity({"AAA.US": Decimal(98)}) == Decimal("1002014.00")  # 3 x 0.6667 of open profit


def test_financing_by_hand_over_a_weekend() -> None:
    """From Thursday 4 January 2024: short 1,000 at 100, 3.6 % on cash and 1.8 % on shorts, a year of 360 days."""
    costs = COSTS | {
        "commission_bps": 0.0,
        "commission_minimum": 0.0,
        "half_spread_bps": 0.0,
        "cash_rate_per_year": 0.036,
        "margin_rate_per_year": 0.072,
        "borrow_rate_per_year": 0.018,
    }
    bars = days_of([100.0, 100.0, 100.0, 100.0, 100.0], [100.0, 100.0, 110.0, 120.0, 120.0])
    _, charges, balance = trade([-1000], bars, costs)
    booked = [(entry.nights, entry.cash, entry.short_market_value, entry.amount) for entry in charges.financing]
    assert booked == [
        (1, Decimal(1_000_000), Decimal(0), Decimal("100.00")),
        (1, Decimal("1000100.00"), Decimal(0), Decimal("100.01")),
        (1, Decimal("1100200.01"), Decimal(110_000), Decimal("104.52")),  # 110.020001 - 5.50
        (3, Decimal("1100304.53"), Decimal(120_000), Decimal("312.09")),  # 330.091359 - 18.00
    ]
    assert balance == Decimal("1000616.62")


def test_doubling_the_half_spread_exactly_doubles_its_cost_on_the_same_fills() -> None:
    quantities, prices, _ = zip(*BY_HAND, strict=True)
    bars = days_of([100.0] * WARM_UP + [float(price) for price in prices])
    _, once, _ = trade(list(quantities), bars, COSTS | {"half_spread_bps": 1.7})
    _, twice, _ = trade(list(quantities), bars, COSTS | {"half_spread_bps": 3.4})
    pairs = [
        (a.half_spread_cost, b.half_spread_cost)
        for a, b in zip(chain(*once.fills.values()), chain(*twice.fills.values()), strict=True)
    ]
    assert len(pairs) == len(BY_HAND)
    assert all(b == 2 * a > 0 for a, b in pairs)

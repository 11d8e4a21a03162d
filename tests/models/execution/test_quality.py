"""Implementation shortfall: textbook numbers, parts that sum exactly, and signs."""

from dataclasses import replace
from decimal import Decimal
from math import isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.benchmarks import BenchmarkWindow, signed_bps
from nautilus_ai_firm.models.execution.quality import (
    PARTS,
    Charged,
    Shortfall,
    against_benchmark_bps,
    average_price,
    implementation_shortfall,
)

PRICE = st.decimals(Decimal("0.0001"), 10**6, places=6)
COST = st.decimals(0, 10**6, places=8)
FILLS = st.lists(st.tuples(st.integers(1, 10**7).map(Decimal), PRICE), max_size=6)
CHARGED = st.builds(Charged, spread=COST, impact=COST, fees=COST)


def measured(side: int, quantity: int, prices: tuple[str, str, str], fills: Any, **charged: str) -> Shortfall:
    decision, release, end = map(Decimal, prices)
    return implementation_shortfall(
        side=side,
        quantity=Decimal(quantity),
        decision_price=decision,
        release_price=release,
        end_price=end,
        fills=[(Decimal(amount), Decimal(price)) for amount, price in fills],
        charged=Charged(**{name: Decimal(amount) for name, amount in charged.items()}),
    )


def test_the_textbooks_purchase() -> None:
    """Maginn et al. (2007), chapter 10: 700 of 1,000 bought at 10.07 for 14; decided at 10.00, released at 10.05,
    canceled at 10.08. Paper gains 80, the real account loses 7: 87, of which 0.35 + 0.14 + 0.14 + 0.24 percent."""
    found = measured(1, 1000, ("10.00", "10.05", "10.08"), [(700, "10.07")], fees="14")
    assert found.total == 87
    assert {part: getattr(found, part) for part in PARTS} == {
        "delay": 35, "timing": 14, "spread": 0, "impact": 0, "fees": 14, "opportunity": 24,
    }  # fmt: skip
    assert [found.bps(part) for part in ("total", "delay", "timing", "fees", "opportunity")] == pytest.approx(
        [87, 35, 14, 14, 24]
    )


def test_the_textbooks_sale() -> None:
    """50,000 sold at 40.25 for 0.05 each; decided at 43, with the broker at 41: 2.80 a share."""
    found = measured(-1, 50_000, ("43.00", "41.00", "40.25"), [(50_000, "40.25")], fees="2500")
    assert found.total == Decimal("2.80") * 50_000
    assert (found.delay, found.timing, found.opportunity) == (100_000, 37_500, 0)


def test_several_fills_and_charges_by_hand() -> None:
    """Buys 100 at 50.10 and 200 at 50.20 of 400; decided at 50, released at 50.05, over at 50.50."""
    found = measured(
        1, 400, ("50", "50.05", "50.50"), [(100, "50.10"), (200, "50.20")], spread="3", impact="1.5", fees="2"
    )
    assert found.delay == 300 * Decimal("0.05")
    assert found.timing == 100 * Decimal("0.05") + 200 * Decimal("0.15")
    assert found.opportunity == 100 * Decimal("0.50")
    assert found.total == 15 + 35 + 3 + Decimal("1.5") + 2 + 50
    assert found.bps() == pytest.approx(106.5 / 20_000 * 1e4)


@given(st.sampled_from([1, -1]), st.integers(0, 10**8), PRICE, PRICE, PRICE, FILLS, CHARGED)
def test_parts_sum_exactly_to_perolds_total(
    side: int, unfilled: int, decision: Decimal, release: Decimal, end: Decimal, fills: Any, charged: Charged
) -> None:
    quantity = sum((amount for amount, _ in fills), Decimal(unfilled))
    found = implementation_shortfall(
        side=side, quantity=quantity, decision_price=decision, release_price=release, end_price=end, fills=fills,
        charged=charged,
    )  # fmt: skip
    assert sum((Decimal(getattr(found, part)) for part in PARTS), Decimal(0)) == found.total


@given(st.sampled_from([1, -1]), PRICE, PRICE, PRICE, FILLS)
def test_what_one_side_pays_the_other_gains(
    side: int, decision: Decimal, release: Decimal, end: Decimal, fills: Any
) -> None:
    quantity = sum((amount for amount, _ in fills), Decimal(100))
    buys, sells = (
        implementation_shortfall(
            side=one, quantity=quantity, decision_price=decision, release_price=release, end_price=end, fills=fills,
            charged=Charged(),
        )
        for one in (side, -side)
    )  # fmt: skip
    assert all(getattr(buys, part) == -getattr(sells, part) for part in (*PARTS, "total"))


@given(PRICE, PRICE, st.integers(1, 10**6))
def test_a_purchase_above_the_arrival_costs_and_a_sale_below_it_too(first: Decimal, second: Decimal, n: int) -> None:
    low, high = sorted((first, second))
    for side, decided, filled in ((1, low, high), (-1, high, low)):
        found = measured(side, n, (str(decided), str(decided), str(filled)), [(n, filled)])
        assert found.total == found.timing == n * (high - low)
        assert found.delay == found.opportunity == 0


@given(FILLS.filter(bool), COST, COST)
def test_without_impact_no_impact_is_saved_however_it_was_sliced(fills: Any, spread: Decimal, fees: Decimal) -> None:
    charged = Charged(spread=spread, fees=fees)
    quantity = sum((amount for amount, _ in fills), Decimal(0))
    sliced = implementation_shortfall(
        side=1, quantity=quantity, decision_price=Decimal(1), release_price=Decimal(2), end_price=Decimal(3),
        fills=fills, charged=charged,
    )  # fmt: skip
    assert sliced.impact == 0
    assert sliced.bps("impact") == 0.0


def test_an_order_that_never_left_costs_what_was_missed() -> None:
    found = implementation_shortfall(
        side=-1, quantity=Decimal(10), decision_price=Decimal(20), release_price=None, end_price=Decimal(18), fills=(),
        charged=Charged(),
    )  # fmt: skip
    assert found.total == found.opportunity == 20
    assert found.bps() == pytest.approx(1000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"side": 0}, "side is 0"),
        ({"quantity": Decimal(9)}, "filled is 10 of a quantity of 9"),
        ({"release_price": None}, "1 fills without a release_price"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    given_: dict[str, Any] = {
        "side": 1, "quantity": Decimal(10), "decision_price": Decimal(1), "release_price": Decimal(1),
        "end_price": Decimal(1), "fills": [(Decimal(10), Decimal(1))], "charged": Charged(),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        implementation_shortfall(**given_ | changes)


def test_a_planted_fault_in_a_part_breaks_the_sum() -> None:
    """The total is not made of the parts, so that it can judge them."""
    found = measured(1, 1000, ("10.00", "10.05", "10.08"), [(700, "10.07")], fees="14")
    spoilt = replace(found, delay=found.delay + 1)
    assert sum(Decimal(getattr(spoilt, part)) for part in PARTS) != spoilt.total


def test_average_price_and_the_comparison_with_a_benchmark() -> None:
    fills = [(Decimal(100), Decimal("10.00")), (Decimal(300), Decimal("10.40"))]
    assert average_price(fills) == pytest.approx(10.30)
    free, charged = Charged(), Charged(spread=Decimal(4), impact=Decimal(16), fees=Decimal(99))
    assert against_benchmark_bps(1, fills, free, 10.0) == pytest.approx(300)
    assert against_benchmark_bps(1, fills, charged, 10.0) == pytest.approx(350)  # 20 over 400 shares are 5 cents
    assert against_benchmark_bps(-1, fills, charged, 10.0) == pytest.approx(-250)
    assert isnan(against_benchmark_bps(1, [], free, 10.0))
    assert isnan(against_benchmark_bps(1, fills, free, nan))


def test_benchmarks_of_two_bars_by_hand() -> None:
    window = BenchmarkWindow()
    window.add(open_=10, high=12, low=9, close=12, volume=100)  # typical 11, mean 10.75
    window.add(open_=12, high=15, low=12, close=15, volume=300)  # typical 14, mean 13.5
    assert window.bars == 2
    assert window.volume_weighted == pytest.approx((11 * 100 + 14 * 300) / 400)
    assert window.time_weighted == pytest.approx(12.125)


def test_no_bar_and_no_volume_give_no_benchmark() -> None:
    window = BenchmarkWindow()
    assert isnan(window.volume_weighted)
    assert isnan(window.time_weighted)
    window.add(open_=1, high=1, low=1, close=1, volume=0)
    assert isnan(window.volume_weighted)
    assert window.time_weighted == 1


@given(
    st.lists(st.tuples(*[st.floats(1, 1000)] * 4, st.floats(0, 1e9)), min_size=1, max_size=8), st.floats(0.001, 1000)
)
def test_benchmarks_scale_with_prices_and_not_with_volumes(bars: Any, scale: float) -> None:
    plain, prices, volumes = BenchmarkWindow(), BenchmarkWindow(), BenchmarkWindow()
    for a, b, c, d, volume in bars:
        plain.add(open_=a, high=b, low=c, close=d, volume=volume)
        prices.add(open_=a * scale, high=b * scale, low=c * scale, close=d * scale, volume=volume)
        volumes.add(open_=a, high=b, low=c, close=d, volume=volume * scale)
    assert prices.time_weighted == pytest.approx(plain.time_weighted * scale)
    assert volumes.time_weighted == plain.time_weighted
    if plain._volume > 1e-6:
        assert prices.volume_weighted == pytest.approx(plain.volume_weighted * scale)
        assert volumes.volume_weighted == pytest.approx(plain.volume_weighted)


def test_a_benchmark_that_is_no_price_gives_nothing() -> None:
    assert isnan(signed_bps(1, 10.0, 0.0))
    assert signed_bps(-1, 9.9, 10.0) == pytest.approx(100)

"""Fills of a parent order -> what carrying it out cost against the price at which it was decided, part by part.

The whole is Perold's implementation shortfall (Perold 1988, "The implementation shortfall: paper versus reality"): the
gain of a paper portfolio that trades all of the quantity at the decision's price, less the gain of the real one. The
split into delay, trading and missed trades follows Wagner and Edwards (1993, "Best execution") and Maginn, Tuttle,
McLeavey and Pinto (2007, "Managing Investment Portfolios", chapter 10). Money is exact; costs are positive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from math import nan

from nautilus_ai_firm.models.execution.benchmarks import signed_bps

PARTS = ("delay", "timing", "spread", "impact", "fees", "opportunity")

_EXACT = Context(prec=100, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What was charged for the fills beside their prices, account currency; zero where prices have it in them."""

    spread: Decimal = Decimal(0)
    impact: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Implementation shortfall of one parent order, account currency; positive is a cost, negative a gain.

    With s the side (+1 buys, -1 sells), Q the quantity, q_i and p_i the fills, F their quantity, and the prices P of
    decision, release and end:

    Attributes
    ----------
    delay : Decimal
        s F (P_release - P_decision): how far the market went before the order left.
    timing : Decimal
        s sum q_i (p_i - P_release): how far prices went while it was worked. Fills of a simulated venue move no price,
        so there it is the market's own drift; at a broker the order's impact and the crossed spread are inside.
    spread, impact, fees : Decimal
        Charged beside the price.
    opportunity : Decimal
        s (Q - F) (P_end - P_decision): what was not filled, and would have been worth by the end.
    total : Decimal
        Paper gain less real gain, s Q (P_end - P_decision) - [s sum q_i (P_end - p_i) - charges]: the sum of the parts.
    arrival_notional : Decimal
        Q P_decision, what basis points are of.

    """

    delay: Decimal
    timing: Decimal
    spread: Decimal
    impact: Decimal
    fees: Decimal
    opportunity: Decimal
    total: Decimal
    arrival_notional: Decimal

    def bps(self, part: str = "total") -> float:
        """Return a part, or the total, in basis points of the arrival notional; NaN where that is zero."""
        if not self.arrival_notional:
            return nan
        return float(getattr(self, part)) / float(self.arrival_notional) * 1e4


def implementation_shortfall(
    *,
    side: int,
    quantity: Decimal,
    decision_price: Decimal,
    release_price: Decimal | None,
    end_price: Decimal,
    fills: Sequence[tuple[Decimal, Decimal]],
    charged: Charged,
) -> Shortfall:
    """Measure a parent order.

    Parameters
    ----------
    side : int
        +1 buys, -1 sells.
    quantity : Decimal
        What was to be traded, instrument units, at least what was filled.
    decision_price : Decimal
        Price at which it was decided.
    release_price : Decimal or None
        Price when it left; None for an order that never did, which has no fills.
    end_price : Decimal
        Last price when it was over.
    fills : sequence of (Decimal, Decimal)
        Quantity and price of each.
    charged : Charged
        Charges of all of them.

    Raises
    ------
    ValueError
        Another side, more filled than there was to trade, or fills of an order that never left.

    """
    filled = sum((amount for amount, _ in fills), Decimal(0))
    if side not in {-1, 1}:
        raise ValueError(f"side is {side}, allowed are 1 and -1")
    if not 0 <= filled <= quantity:
        raise ValueError(f"filled is {filled} of a quantity of {quantity}, allowed is 0 up to the quantity")
    if release_price is None and fills:
        raise ValueError(f"{len(fills)} fills without a release_price: what never left was not filled")
    with localcontext(_EXACT):
        paid = sum((amount * price for amount, price in fills), Decimal(0))
        charges = charged.spread + charged.impact + charged.fees
        paper = side * quantity * (end_price - decision_price)
        real = side * (filled * end_price - paid) - charges
        released = decision_price if release_price is None else release_price
        return Shortfall(
            delay=side * filled * (released - decision_price),
            timing=side * (paid - filled * released),
            spread=charged.spread,
            impact=charged.impact,
            fees=charged.fees,
            opportunity=side * (quantity - filled) * (end_price - decision_price),
            total=paper - real,
            arrival_notional=quantity * decision_price,
        )


def average_price(fills: Sequence[tuple[Decimal, Decimal]]) -> float:
    """Return the average price of fills, weighted by quantity; NaN where there is none."""
    filled = sum((amount for amount, _ in fills), Decimal(0))
    return float(sum((amount * price for amount, price in fills), Decimal(0)) / filled) if filled else nan


def against_benchmark_bps(
    side: int, fills: Sequence[tuple[Decimal, Decimal]], charged: Charged, benchmark: float
) -> float:
    """Compare what was paid with a benchmark price, spread and impact included and fees not; a cost is positive.

    Returns
    -------
    float
        Basis points of the benchmark; NaN where nothing was filled or the benchmark is not known.

    """
    filled = float(sum((amount for amount, _ in fills), Decimal(0)))
    beside = float(charged.spread + charged.impact) / filled if filled else nan
    return signed_bps(side, average_price(fills) + side * beside, benchmark)

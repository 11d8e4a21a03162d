"""Best prices and time -> the limit of a child order: inside the spread at first, across it near the end."""

from dataclasses import dataclass
from math import ceil, floor, isfinite

BPS = 10_000.0
_NOISE = 1e-6  # of a price step: what floats lose


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """Where a child rests.

    Attributes
    ----------
    share : float
        Place in the spread, in [0, 1]: 0 is the best price of the own side, 0.5 the mid, 1 the other side.
    offset_bps : float
        Further away from the other side, basis points of the price, from 0.
    cross_share : float
        Last part of an interval, and of the time, in which the child crosses the spread, in [0, 1].

    """

    share: float = 0.0
    offset_bps: float = 0.0
    cross_share: float = 0.2


def limit_price(peg: Peg, *, buys: bool, bid: float, ask: float, step: float, crosses: bool) -> float:
    """Return the limit of a child, rounded to a price step: away from the other side, or to it where it crosses.

    Crossing is at the best price of the other side. Where bid and ask are one price, as at a trade, there is no spread
    to rest in: only an offset then waits for a better price.

    Parameters
    ----------
    peg : Peg
        Where it rests.
    buys : bool
        Side of the order.
    bid, ask : float
        Best prices, above 0.
    step : float
        Smallest difference of two prices, above 0.
    crosses : bool
        Whether it is to fill at once.

    Raises
    ------
    ValueError
        Prices that are not above 0, or no step.

    """
    if not (bid > 0 and ask > 0 and isfinite(bid + ask) and step > 0):
        raise ValueError(f"bid {bid}, ask {ask}, step {step}: allowed are finite numbers above 0")
    near, far = (bid, ask) if buys else (ask, bid)
    wish = far if crosses else near + peg.share * (far - near)
    if not crosses:
        wish *= 1 - peg.offset_bps / BPS if buys else 1 + peg.offset_bps / BPS
    down = buys != crosses
    steps = floor(wish / step + _NOISE) if down else ceil(wish / step - _NOISE)
    return max(steps, 1) * step


def confirms(floor_price: float | None, price: float, *, buys: bool) -> bool:
    """Whether the market still confirms an order: at its floor or above for one that buys, at or below to sell."""
    return floor_price is None or (price >= floor_price if buys else price <= floor_price)

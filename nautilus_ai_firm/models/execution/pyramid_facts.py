"""What a plan needs to know: whose it is, and its instrument at the close of a round."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One instrument at the close of a round.

    Attributes
    ----------
    intended, current : float
        What would be held at once without layers, NaN where there is no view, and what is held and on the way;
        fractions of equity, signed.
    position : int
        Filled quantity, signed.
    average : float
        Average entry price; anything without a position.
    high, low, close : float
        The bar.
    fresh : bool
        Whether there is one in this round.
    equity : float
        Of the account.

    """

    intended: float
    current: float
    position: int
    average: float
    high: float
    low: float
    close: float
    fresh: bool
    equity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose plan it is.

    Attributes
    ----------
    plan_id : str
        Of the plan.
    place : int
        The instrument's place in every array.
    name : str
        Its name.
    side : int
        1 is long, -1 is short.
    lot : float
        Smallest step of a quantity.
    band : float
        Share of a target within which a difference is not traded.

    """

    plan_id: str
    place: int
    name: str
    side: int
    lot: float
    band: float

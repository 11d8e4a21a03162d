"""A decision's difference in one instrument: the quantity, when it may leave, and who slices it until when."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parent order.

    Attributes
    ----------
    parent_id : str
        Unique over the run.
    place : int
        The instrument's place in the universe.
    quantity : int
        Signed, instrument units, not zero.
    round : int
        The round that decided it.
    decision_id : str
        The decision that it executes.
    execution_ns : int
        Earliest release, nanoseconds UTC.
    end_ns, interval_ns : int
        End and step of slicing, nanoseconds; 0 for an order that goes out at once.
    algorithm : str
        Who slices it, where it has an end.
    floor_price : float, optional
        Price that confirms it: children go out only at or above it, at or below it for a parent that sells.
    parameters : tuple of (str, str)
        What its algorithm is told beside the times, by name.
    impact_bps : float, optional
        What it was expected to move the price if it went out at once, basis points; None where nobody estimates.
    daily_volume, daily_volatility : float, optional
        Average volume, instrument units, and volatility, a fraction, of which that was estimated; None as above.
    auction_ns, close_ns : int
        When what is left of it is committed to the closing auction, and when that is, nanoseconds UTC; 0 where nothing
        is.

    """

    parent_id: str
    place: int
    quantity: int
    round: int
    decision_id: str
    execution_ns: int
    end_ns: int = 0
    interval_ns: int = 0
    algorithm: str = "TWAP"
    floor_price: float | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    impact_bps: float | None = None
    daily_volume: float | None = None
    daily_volatility: float | None = None
    auction_ns: int = 0
    close_ns: int = 0

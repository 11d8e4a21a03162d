"""What execution thinks before an order goes out: the impact that it will have, and on what that rests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRecord:
    """An estimate of the impact of one parent order; the parts sum to the whole.

    Attributes
    ----------
    round, ts_event : int
        The round that decided it, and its close, nanoseconds UTC.
    decision_id, instrument_id, parent_order_id : str
        Whose estimate it is.
    quantity : int
        Signed, instrument units.
    average_daily_volume : float
        Instrument units.
    volatility_per_day : float
        Of returns, a fraction.
    volume_bps, depth_bps, volatility_bps, time_of_day_bps : float
        Parts, basis points of price.
    exec_algorithm : str or None
        What works the order; None for one that goes out at once.
    window_minutes : float
        For how long; 0 at once.
    largest_order : int or None
        The largest order that carries it, instrument units; None where slices have no largest.

    """

    round: int
    ts_event: int
    decision_id: str
    instrument_id: str
    parent_order_id: str
    quantity: int
    average_daily_volume: float
    volatility_per_day: float
    volume_bps: float
    depth_bps: float
    volatility_bps: float
    time_of_day_bps: float
    exec_algorithm: str | None
    window_minutes: float
    largest_order: int | None

    @property
    def total_bps(self) -> float:
        """The whole estimate, basis points."""
        return self.volume_bps + self.depth_bps + self.volatility_bps + self.time_of_day_bps

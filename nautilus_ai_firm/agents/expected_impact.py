"""What is known when an order is planned -> what it is expected to move the price; called by 5."""

from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import ImpactRecord, MarketSnapshot, Quotes
from nautilus_ai_firm.models.execution.impact import ImpactEstimate, ImpactModel
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.settings import Impact

BPS = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An estimate, and the daily volume and volatility that it was made of."""

    estimate: ImpactEstimate
    average_daily_volume: float
    volatility_per_day: float


class ExpectedImpact:
    """Estimates the impact of orders where the firm is configured to.

    Parameters
    ----------
    settings : Impact, optional
        Coefficients; without them nobody estimates.
    bars_per_session : float
        How many bars make a day.

    """

    def __init__(self, settings: Impact | None, bars_per_session: float) -> None:
        self._model = None if settings is None else ImpactModel(**_fields(settings))
        self._bars = bars_per_session
        self._quotes: Quotes | None = None

    def observe(self, snapshot: MarketSnapshot) -> None:
        """Take a round's last quotes, where the firm looks at any."""
        self._quotes = snapshot.quotes

    def of(
        self,
        place: int,
        quantity: int,
        bar: tuple[float, float],
        session: tuple[int, int],
        execution_ns: int,
    ) -> Expected | None:
        """Estimate one order that would go out at once.

        Parameters
        ----------
        place, quantity : int
            Which instrument, and how much, signed.
        bar : tuple of float
            Average volume and volatility of a bar.
        session : tuple of int
            Open and close of the session in which it goes out, nanoseconds UTC; zeros outside of sessions.
        execution_ns : int
            When it goes out, nanoseconds UTC.

        Returns
        -------
        Expected or None
            None where nobody estimates, and while volume and volatility are not known.

        """
        volume, volatility = bar[0] * self._bars, bar[1] * self._bars**0.5
        if self._model is None or not (volume > 0 and isfinite(volume) and isfinite(volatility)):
            return None
        spread_bps, depth = self._book(place, buys=quantity > 0)
        opens_ns, closes_ns = session
        estimate = self._model.estimate(
            quantity,
            average_daily_volume=volume,
            volatility_per_day=volatility,
            spread_bps=spread_bps,
            depth=depth,
            session_fraction=(execution_ns - opens_ns) / (closes_ns - opens_ns) if closes_ns > opens_ns else nan,
        )
        return Expected(estimate=estimate, average_daily_volume=volume, volatility_per_day=volatility)

    def _book(self, place: int, *, buys: bool) -> tuple[float, float]:
        """Spread in bps and quantity at the best price of the other side; NaN where there is none, or it is crossed."""
        if self._quotes is None:
            return nan, nan
        bid, ask = float(self._quotes.bid[place]), float(self._quotes.ask[place])
        size = float((self._quotes.ask_size if buys else self._quotes.bid_size)[place])
        if not (0 < bid <= ask and size > 0):
            return nan, nan
        return BPS * (ask - bid) / ((ask + bid) / 2), size


def impact_record(parent: Parent, name: str, expected: Expected, ts_event: int, max_child: int | None) -> ImpactRecord:
    """Tell what a parent is expected to move, and how it is to go out.

    Parameters
    ----------
    parent : Parent
        The order, planned.
    name : str
        What the firm calls the instrument.
    expected : Expected
        The estimate.
    ts_event : int
        Close of the round that decided it, nanoseconds UTC.
    max_child : int or None
        Largest slice, instrument units; None where slices have none.

    """
    estimate = expected.estimate
    return ImpactRecord(
        round=parent.round,
        ts_event=ts_event,
        decision_id=parent.decision_id,
        instrument_id=name,
        parent_order_id=parent.parent_id,
        quantity=parent.quantity,
        average_daily_volume=expected.average_daily_volume,
        volatility_per_day=expected.volatility_per_day,
        volume_bps=estimate.volume_bps,
        depth_bps=estimate.depth_bps,
        volatility_bps=estimate.volatility_bps,
        time_of_day_bps=estimate.time_of_day_bps,
        exec_algorithm=parent.algorithm if parent.end_ns else None,
        window_minutes=(parent.end_ns - parent.execution_ns) / MINUTE_NS if parent.end_ns else 0.0,
        largest_order=max_child if parent.end_ns else abs(parent.quantity),
    )


def _fields(settings: Impact) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}

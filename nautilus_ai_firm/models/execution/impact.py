"""Size, volume, depth, volatility and time of day become the price impact that an order is expected to have."""

from dataclasses import dataclass
from math import isfinite, isnan

from nautilus_ai_firm.models.execution.costs import square_root_impact

BPS = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactEstimate:
    """Expected impact of an order, basis points of its price; the parts sum to the total.

    Attributes
    ----------
    volume_bps : float
        Of the size against the daily volume, at the reference volatility.
    depth_bps : float
        Of what the order wants beyond the quantity at the best price.
    volatility_bps : float
        Of the volatility above or below the reference; negative on calm days.
    time_of_day_bps : float
        Of the time in the session; negative where liquidity is better than at midday.
    total_bps : float
        Sum of the parts, at least 0 but for rounding.

    """

    volume_bps: float
    depth_bps: float
    volatility_bps: float
    time_of_day_bps: float
    total_bps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactModel:
    """The square-root law with terms for depth, volatility and time of day.

    With Q the quantity, V the daily volume, σ the daily volatility, σ₀ the reference, S the spread, D the depth and u
    the share of the session that has passed:

        volume      Y σ₀ (Q / V)^d             Almgren et al. 2005; Tóth et al. 2011; `costs.square_root_impact`
        volatility  Y (σ - σ₀) (Q / V)^d       so that both sum to the law at the volatility of the day
        depth       Y c S (Q - D)² / (2 D Q)   for Q > D, else 0: the mean price of a sweep through a book whose next
                                               prices hold D each spread (block-shaped: Obizhaeva and Wang 2013)
        time of day (volume + volatility) m    m = o (1 - 2 u)² before the middle of the session, e (2 u - 1)² after:
                                               the U of Wood, McInish and Ord 1985, with two sides of their own

    Attributes
    ----------
    coefficient : float
        Y, dimensionless, at least 0; it scales every term.
    exponent : float
        d, in (0, 1].
    reference_volatility_per_day : float
        σ₀, a fraction, at least 0; it divides volume from volatility and does not change the total.
    depth_coefficient : float
        c, dimensionless, at least 0: 1 for a book that does not refill while the order trades.
    open_premium, close_premium : float
        o and e, fractions from -1: what an order at the open and at the close costs beyond one at midday.

    Raises
    ------
    ValueError
        A setting out of range.

    """

    coefficient: float
    exponent: float = 0.5
    reference_volatility_per_day: float = 0.01
    depth_coefficient: float = 0.0
    open_premium: float = 0.0
    close_premium: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        if not 0 < self.exponent <= 1:
            raise ValueError(f"exponent is {self.exponent}, allowed is (0, 1]")
        for name in ("coefficient", "reference_volatility_per_day", "depth_coefficient"):
            if not (getattr(self, name) >= 0 and isfinite(getattr(self, name))):
                raise ValueError(f"{name} is {getattr(self, name)}, allowed are finite numbers from 0")
        for name in ("open_premium", "close_premium"):
            if not (getattr(self, name) >= -1 and isfinite(getattr(self, name))):
                raise ValueError(f"{name} is {getattr(self, name)}, allowed are finite numbers from -1")

    def estimate(
        self,
        quantity: float,
        *,
        average_daily_volume: float,
        volatility_per_day: float,
        spread_bps: float,
        depth: float,
        session_fraction: float,
    ) -> ImpactEstimate:
        """Return the impact of an order.

        Parameters
        ----------
        quantity : float
            Instrument units; its sign is ignored.
        average_daily_volume : float
            Instrument units, above 0.
        volatility_per_day : float
            Of returns, a fraction, at least 0.
        spread_bps, depth : float
            Whole spread, at least 0, and quantity at the best price of the other side, above 0; NaN where it is not
            known, and then there is no depth term.
        session_fraction : float
            Time since the session's open over its length, in [0, 1]; NaN where it is not known, and then there is no
            term for the time of day.

        Raises
        ------
        ValueError
            An argument out of range.

        """
        if spread_bps < 0 or depth <= 0 or session_fraction < 0 or session_fraction > 1:
            raise ValueError(
                f"spread_bps is {spread_bps}, depth {depth} and session_fraction {session_fraction}, allowed are "
                "numbers from 0, numbers above 0, and [0, 1]"
            )
        usual, law = (
            BPS * square_root_impact(quantity, average_daily_volume, volatility, self.coefficient, self.exponent)
            for volatility in (self.reference_volatility_per_day, volatility_per_day)
        )
        volatility_bps = law - usual
        depth_bps = self._depth_bps(abs(quantity), spread_bps, depth)
        time_of_day_bps = law * self._premium(session_fraction)
        return ImpactEstimate(
            volume_bps=usual,
            depth_bps=depth_bps,
            volatility_bps=volatility_bps,
            time_of_day_bps=time_of_day_bps,
            total_bps=usual + depth_bps + volatility_bps + time_of_day_bps,
        )

    def _depth_bps(self, quantity: float, spread_bps: float, depth: float) -> float:
        if isnan(spread_bps) or isnan(depth) or quantity <= depth:
            return 0.0
        swept = spread_bps * (quantity / depth - 1) * (1 - depth / quantity) / 2
        return self.coefficient * self.depth_coefficient * swept

    def _premium(self, session_fraction: float) -> float:
        if isnan(session_fraction):
            return 0.0
        from_midday = 2 * session_fraction - 1
        return (self.open_premium if from_midday < 0 else self.close_premium) * from_midday**2

"""Almgren-Chriss: what is left falls faster at first, the more so the more the risk of waiting weighs."""

from dataclasses import dataclass, field

from nautilus_ai_firm.models.execution.almgren_chriss import holdings
from nautilus_ai_firm.models.execution.schedules.window import Traded, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontLoaded:
    """The slice of interval k is x_{k-1} - x_k of the optimal holdings x, and goes out at the start of the interval.

    Attributes
    ----------
    window : Window
        Quantity and time.
    interval : float
        Length of an interval in the unit of time of the other numbers.
    risk_aversion, volatility, temporary_impact, permanent_impact : float
        λ, σ, η and γ, as in `models.execution.almgren_chriss`.

    Raises
    ------
    ValueError
        As `almgren_chriss.holdings`.

    """

    window: Window
    interval: float
    risk_aversion: float
    volatility: float
    temporary_impact: float
    permanent_impact: float
    _left: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Work out the holdings, as shares of the quantity: they are linear in it."""
        left = holdings(
            1.0,
            self.window.slices,
            self.interval,
            risk_aversion=self.risk_aversion,
            volatility=self.volatility,
            temporary_impact=self.temporary_impact,
            permanent_impact=self.permanent_impact,
        )
        object.__setattr__(self, "_left", left.tolist())

    def due(self, now_ns: int, traded: Traded) -> int:  # noqa: ARG002 - volume is none of its business
        """Return the cumulative quantity, whole lots: 0 before the start, all of it in the last interval."""
        return self.window.share(1.0 - self._left[self.window.interval(now_ns) + 1])

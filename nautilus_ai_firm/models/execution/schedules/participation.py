"""POV: a fixed share of what the market trades, behind it and never ahead."""

from dataclasses import dataclass

from nautilus_ai_firm.models.execution.schedules.window import Traded, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """Due is the rate times the volume since the start; how long it takes is the market's choice.

    What is known are closed bars, so the algorithm follows volume by one bar. In simulations own fills are no part of
    the market's volume, at a broker they are: there the share of all others' volume is rate / (1 - rate).

    Attributes
    ----------
    window : Window
        Quantity and time.
    rate : float
        Share of the market's volume, in (0, 1].

    Raises
    ------
    ValueError
        A rate out of range.

    """

    window: Window
    rate: float

    def __post_init__(self) -> None:
        """Refuse a rate out of range."""
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate}, allowed is (0, 1]")

    def due(self, now_ns: int, traded: Traded) -> int:
        """Return the cumulative quantity, whole lots, rounded down; 0 before the start."""
        return self.window.whole_lots(self.rate * traded.since_start) if now_ns >= self.window.start_ns else 0

"""What the engine receives for one stretch of time."""

from dataclasses import dataclass, field

from nautilus_trader.model import Bar, CustomData, QuoteTick, TradeTick


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Data of one stretch of time, every list ordered by series and then by time.

    Attributes
    ----------
    bars : list of Bar
        Bars of the universe and of the inputs that are bar series.
    opening_ticks : list of TradeTick
        Opening ticks of the universe alone: nothing executes on an input.
    observations : list of CustomData
        Macro observations published inside the window; so events; and the last quote of each round.
    quotes : list of QuoteTick
        Quotes at which orders go out, where a session saw them; a catalog gives none.

    """

    bars: list[Bar]
    opening_ticks: list[TradeTick]
    observations: list[CustomData]
    quotes: list[QuoteTick] = field(default_factory=list[QuoteTick])

"""The shape of `[risk.stops]`: where protective stops stand, and who watches them; absent is a firm without stops."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

type Distance = Annotated[float, Meta(gt=0, le=100)]


class Stops(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Protective stops of every position; distances in average true ranges of rounds, or fractions of a price."""

    initial_atr: Distance | None = None  # from the entry price; this or initial_fraction
    initial_fraction: Annotated[float, Meta(gt=0, lt=1)] | None = None  # of the entry price
    trailing_atr: Distance | None = None  # from the best close since the entry; absent does not trail
    break_even_gain: Annotated[float, Meta(gt=0, le=10)] | None = None  # of the entry price: then no more to lose
    take_profit_atr: Distance | None = None  # from the entry price; this or take_profit_fraction, or neither
    take_profit_fraction: Annotated[float, Meta(gt=0, lt=1)] | None = None  # of the entry price
    max_rounds: Annotated[int, Meta(ge=1)] | None = None  # then the position is closed
    atr_rounds: Annotated[int, Meta(ge=1, le=2000)] = 14  # in the average true range
    working: Literal["venue", "watched"] = "venue"  # orders that rest at the venue, or prices that the firm watches
    cool_down_rounds: Annotated[int, Meta(ge=0, le=100_000)] = 1  # after a stop: so many rounds without new exposure

    @property
    def takes_profits(self) -> bool:
        """Whether positions have take profits."""
        return self.take_profit_atr is not None or self.take_profit_fraction is not None

    def __post_init__(self) -> None:
        """Refuse stops without a first level, or with two, and two take profits."""
        if (self.initial_atr is None) == (self.initial_fraction is None):
            raise ValueError("initial_atr and initial_fraction: exactly one of them is to be given")
        if self.take_profit_atr is not None and self.take_profit_fraction is not None:
            raise ValueError("take_profit_atr and take_profit_fraction: at most one of them is to be given")

"""The shape of `[market]`: what a firm trades and looks at, and when."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.settings.event_series import EventSeries, event_series
from nautilus_ai_firm.settings.names import EventName, InstrumentName, refuse_repeats, refuse_unknown
from nautilus_ai_firm.settings.quantities import Positive


class Instrument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tradable instrument and the largest order in it; without a maximum no order is sent."""

    id: InstrumentName
    sector: Annotated[str, Meta(min_length=1, max_length=64)] | None = None  # absent: alone in a sector of its own
    max_order_value: Positive | None = None  # account currency
    max_order_volume: Annotated[int, Meta(ge=1, le=OPENING_TICK_SIZE)] | None = None  # units


class Chain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options on one underlying, as the catalog knows them by its name."""

    underlying: InstrumentName  # of the universe
    spot: InstrumentName | None = None  # an input whose prices are in the strikes' unit, where the universe's are not


class Market(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the firm looks at: decision bars of the universe, and inputs that it does not trade."""

    bar: Annotated[str, Meta(pattern=r"^[1-9][0-9]*-(MINUTE|HOUR|DAY)$")]
    calendar: Annotated[str, Meta(pattern=r"^([A-Z]{4}|24/7)$")]  # ISO 10383 code of the exchange; 24/7 never closes
    universe: Annotated[tuple[Instrument, ...], Meta(min_length=1)]
    inputs: tuple[str, ...] = ()
    quotes: bool = False  # whether snapshots have the last bid and ask of the universe
    events: tuple[EventName, ...] = ()  # series of events; one instrument's ends with it: earnings__AAPL-US
    chains: tuple[Chain, ...] = ()
    start: date | None = None
    end: date | None = None
    warm_up_rounds: Annotated[int, Meta(ge=0, le=100_000)] = 0  # before start: the desks learn, nobody decides
    grace_ms: Annotated[int, Meta(ge=1, le=600_000)] = 2_000  # where bars may be late: how long a round waits

    def __post_init__(self) -> None:
        """Refuse what one field alone cannot show."""
        refuse_repeats("universe", [instrument.id for instrument in self.universe])
        refuse_repeats("inputs", list(self.inputs))
        refuse_repeats("events", list(self.events))
        refuse_repeats("chains", [chain.underlying for chain in self.chains])
        event_series(self.events, self.instrument_ids)
        for place, chain in enumerate(self.chains):
            refuse_unknown(f"chains[{place}].underlying", chain.underlying, "universe", self.instrument_ids)
            if chain.spot is not None:
                refuse_unknown(f"chains[{place}].spot", chain.spot, "inputs", self.inputs)
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")

    @property
    def instrument_ids(self) -> tuple[str, ...]:
        """The universe, in the order of the configuration."""
        return tuple(instrument.id for instrument in self.universe)

    @property
    def event_series(self) -> tuple[EventSeries, ...]:
        """What each series of events is about, in the order of the configuration."""
        return event_series(self.events, self.instrument_ids)

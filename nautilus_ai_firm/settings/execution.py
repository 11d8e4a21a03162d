"""The shape of `[execution]`: how differences become orders, and the gate before they leave."""

from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.execution.pyramid import refuse_hidden_layers
from nautilus_ai_firm.settings.algorithm import Algorithm, Opening
from nautilus_ai_firm.settings.impact import Impact
from nautilus_ai_firm.settings.pyramid import Pyramid
from nautilus_ai_firm.settings.quantities import Count, Fraction


class Twap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Orders above a share of average volume are spread evenly over time."""

    above_participation: Fraction  # of the average volume over the slicing time
    duration_minutes: Annotated[int, Meta(ge=1, le=390)]
    interval_minutes: Annotated[int, Meta(ge=1, le=390)]

    def __post_init__(self) -> None:
        """Refuse an interval that does not fit into the duration."""
        if self.duration_minutes % self.interval_minutes:
            raise ValueError(
                f"duration_minutes {self.duration_minutes} is no multiple of interval_minutes {self.interval_minutes}"
            )


class Gate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last check before an order leaves; an absent limit refuses."""

    max_collar: Fraction | None = None  # |price / reference - 1|
    max_messages: Count | None = None  # per window
    message_window_seconds: Annotated[int, Meta(ge=1, le=86_399)] = 60
    max_new_parents: Count | None = None  # orders for new risk per window; absent: max_messages alone counts
    new_parents_window_seconds: Annotated[int, Meta(ge=1, le=86_399)] = 60
    min_new_parent_spacing_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0  # between two of them; waits for a later tick
    max_repeats: Count | None = None  # orders for new risk in one instrument and direction per window: then it halts
    repeat_window_seconds: Annotated[int, Meta(ge=1, le=31_536_000)] = 60


class Execution(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a difference between target and position becomes orders."""

    no_trade_band: Annotated[float, Meta(ge=0, lt=1)]  # of the larger of target and position
    volume_span: Annotated[float, Meta(ge=2, le=2000)]  # rounds over which volume is averaged
    twap: Twap
    gate: Gate
    messages: bool = False  # whether what execution does is told in messages.jsonl too
    algorithm: Algorithm | None = None  # absent: TWAP at the market
    opening: Opening | None = None  # absent: a gap is only held to the collar
    impact: Impact | None = None  # absent: nobody estimates what an order will move
    pyramid: Pyramid | None = None  # absent: positions are entered at once

    def __post_init__(self) -> None:
        """Refuse a choice by an impact that nobody estimates, and layers for which no order would be sent."""
        if self.algorithm is not None and self.algorithm.by_impact is not None and self.impact is None:
            raise ValueError("algorithm.by_impact is given, but there is no execution.impact to estimate it")
        if self.pyramid is not None:
            refuse_hidden_layers(self.pyramid.rules(), self.no_trade_band)

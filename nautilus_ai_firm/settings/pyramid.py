"""The shape of `[execution.pyramid]`: positions that are built in layers; absent is a firm that enters at once."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules

type Share = Annotated[float, Meta(gt=0, lt=1)]
type Distance = Annotated[float, Meta(gt=0, le=100)]
type Index = Annotated[float, Meta(gt=0, le=100)]
type Window = Annotated[int, Meta(ge=2, le=5000)]
type Gains = Annotated[tuple[Annotated[float, Meta(gt=0, le=10)], ...], Meta(max_length=10)]
type Multiples = Annotated[tuple[Distance, ...], Meta(max_length=10)]


class Pyramid(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Layers of a position, what unlocks them and what ends them; windows in rounds in which there is a bar."""

    first_layer: Annotated[float, Meta(ge=0.2, le=0.5)] = 0.25  # of the intended size
    next_layer: Share = 0.30  # of what is left, each
    max_layers: Annotated[int, Meta(ge=1, le=10)] = 4
    confirm: Literal["profit", "atr"] = "profit"  # what the close must be beyond the average entry price by
    profit_thresholds: Gains = (0.05, 0.10, 0.15, 0.20)  # of that price; for the second layer, the third, and so on
    atr_multiples: Multiples = (1.0, 2.0, 3.0, 4.0)  # the same in average true ranges
    breakout_rounds: Window | None = None  # and beyond the extreme of so many rounds before
    volume_factor: Distance | None = None  # and volume above so many of its averages
    volume_rounds: Window = 20  # in that average
    min_adx: Index | None = None  # and the average directional index at least this
    stop_atr: Distance = 2.0  # of a layer's stop, from its entry price
    break_even: bool = True  # no stop below the average entry price once the second layer is filled
    take_profit: Gains = ()  # gain over its own entry price that closes the first layer, the second, and so on
    exit_adx: Index | None = None  # everything is closed when the index falls below
    exit_rounds: Window | None = None  # everything is closed beyond the opposite extreme of so many rounds before
    max_atr_ratio: Distance | None = None  # everything is closed above so many averages of the average true range
    atr_average_rounds: Window = 100  # in that average
    max_rounds: Annotated[int, Meta(ge=1)] | None = None  # then everything is closed
    atr_rounds: Annotated[int, Meta(ge=1, le=2000)] = 14  # in the average true range
    cool_down_rounds: Annotated[int, Meta(ge=0, le=100_000)] = 5  # until a new plan, after a stop or a rule ended one

    def __post_init__(self) -> None:
        """Refuse what no field alone can show."""
        self.rules()

    def rules(self) -> PyramidRules:
        """Return the same as rules of the model."""
        return PyramidRules(**structs.asdict(self))

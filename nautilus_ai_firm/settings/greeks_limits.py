"""The shape of `[risk.greeks]`: options that are held beside the firm, and limits on delta, gamma, vega and theta."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.greek_exposures import GREEKS
from nautilus_ai_firm.models.risk.greeks_limits import GreekLimits
from nautilus_ai_firm.models.risk.held_options import QuoteReading
from nautilus_ai_firm.settings.names import InstrumentName

type Size = Annotated[float, Meta(ge=0, le=1e6)]
type Limit = Size | Literal["off"] | None


class GreekSizes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Largest exposures, fractions of equity, either sign; one that is absent refuses every order that adds risk."""

    max_delta: Limit = None  # per 1 % move of the underlying
    max_gamma: Limit = None  # change of delta per 1 % move of the underlying
    max_vega: Limit = None  # per volatility point
    max_theta: Limit = None  # per calendar day

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the limits that nobody stated."""
        return tuple(f"max_{greek}" for greek in GREEKS if getattr(self, f"max_{greek}") is None)

    @property
    def limits(self) -> GreekLimits:
        """The limits for the model; what is switched off or missing limits nothing there."""
        sizes = {f"max_{greek}": getattr(self, f"max_{greek}") for greek in GREEKS}
        return GreekLimits(**{name: None if size == "off" else size for name, size in sizes.items()})


class HeldOption(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A position in one contract of `market.chains` that another account holds."""

    contract: InstrumentName  # as the catalog names it
    quantity: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]  # contracts, signed

    def __post_init__(self) -> None:
        """Refuse a position that is none."""
        if self.quantity == 0:
            raise ValueError(f"quantity of {self.contract} is 0, allowed are whole numbers below and above it")


class Greeks(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is held beside the firm, how it is valued, and limits in each underlying and on the sums over all."""

    held: Annotated[tuple[HeldOption, ...], Meta(min_length=1)]
    rate_per_year: Annotated[float, Meta(ge=0, le=0.5)]  # interest, continuously compounded
    max_relative_spread: Annotated[float, Meta(gt=0, le=2)] = 0.5  # widest quote that is used, of its mid
    max_carried_rounds: Annotated[int, Meta(ge=0, le=1000)] = 3  # without a usable quote, before Greeks are unknown
    position: GreekSizes = GreekSizes()
    portfolio: GreekSizes = GreekSizes()

    def __post_init__(self) -> None:
        """Refuse a contract that is held twice."""
        names = [one.contract for one in self.held]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"held: {', '.join(repeated)} more than once (allowed: one table a contract)")

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the limits that nobody stated, with their tables."""
        tables = {"position": self.position, "portfolio": self.portfolio}
        return tuple(f"{table}.{name}" for table, sizes in tables.items() for name in sizes.missing)

    @property
    def reading(self) -> QuoteReading:
        """How quotes are read, for the model."""
        return QuoteReading(
            rate_per_year=self.rate_per_year,
            max_relative_spread=self.max_relative_spread,
            max_carried_rounds=self.max_carried_rounds,
        )

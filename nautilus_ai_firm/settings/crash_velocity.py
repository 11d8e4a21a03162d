"""The shape of the watch over the speed of losses: `[risk.velocity]`."""

from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.crash_velocity import VelocityLimits


class Velocity(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a loss is fast, and when a crash, in multiples of the usual size of a loss or gain in as long a time."""

    span: Annotated[float, Meta(ge=2, le=100_000)]  # rounds over which the usual size is averaged
    warm_up: Annotated[int, Meta(ge=2, le=100_000)]  # rounds before there is one
    fast: Annotated[float, Meta(gt=1, le=1000)]  # times the usual size
    crash: Annotated[float, Meta(gt=1, le=1000)]  # times the usual size
    floor_bps: Annotated[float, Meta(gt=0, lt=10_000)]  # of equity: the usual size of a minute is never less
    longest_minutes: Annotated[float, Meta(ge=1, le=100_000)]  # that an interval counts for: what a night is worth

    def __post_init__(self) -> None:
        """Refuse a crash that is slower than a fast loss."""
        if self.crash <= self.fast:
            raise ValueError(f"crash {self.crash} is not above fast {self.fast}")

    @property
    def limits(self) -> VelocityLimits:
        """The limits for the model."""
        return VelocityLimits(
            span=self.span,
            warm_up=self.warm_up,
            fast=self.fast,
            crash=self.crash,
            floor=self.floor_bps / 10_000,
            longest_minutes=self.longest_minutes,
        )

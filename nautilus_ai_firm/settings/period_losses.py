"""The shape of loss limits by period: `[risk.losses]`."""

from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.period_losses import LossLimits

type Fraction = Annotated[float, Meta(gt=0, le=1)]


class Losses(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Largest losses, fractions of the equity that a period began with; absent refuses what adds risk."""

    max_daily: Fraction | None = None  # since the close of the session before
    max_weekly: Fraction | None = None  # since the last close of the week before
    max_rolling: Fraction | None = None  # since `rolling_rounds` rounds ago
    rolling_rounds: Annotated[int, Meta(ge=1, le=100_000)]

    @property
    def limits(self) -> LossLimits:
        """The limits for the model."""
        return LossLimits(
            max_daily=self.max_daily,
            max_weekly=self.max_weekly,
            max_rolling=self.max_rolling,
            rolling_rounds=self.rolling_rounds,
        )

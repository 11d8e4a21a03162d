"""The shape of limits on sensitivities: `[risk.greeks.position]` and `[risk.greeks.portfolio]`."""

from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.greeks_limits import GreekLimits

type Size = Annotated[float, Meta(ge=0, le=1e6)]


class GreekSizes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Largest exposures, fractions of equity, either sign; absent refuses what adds to it."""

    max_delta: Size | None = None  # per 1 % move of the underlying
    max_gamma: Size | None = None  # change of delta per 1 % move of the underlying
    max_vega: Size | None = None  # per volatility point
    max_theta: Size | None = None  # per calendar day

    @property
    def limits(self) -> GreekLimits:
        """The limits for the model."""
        return GreekLimits(
            max_delta=self.max_delta, max_gamma=self.max_gamma, max_vega=self.max_vega, max_theta=self.max_theta
        )


class Greeks(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits on each position and on the sum over all."""

    position: GreekSizes = GreekSizes()
    portfolio: GreekSizes = GreekSizes()

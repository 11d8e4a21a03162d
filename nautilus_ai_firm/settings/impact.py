"""The shape of `[execution.impact]`: what the price impact of an order is expected to be; optional."""

from typing import Annotated

from msgspec import Meta, Struct


class Impact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The square-root law and its terms; without this table no order has an estimate."""

    coefficient: Annotated[float, Meta(ge=0, le=10)]  # Y; published values 0.5 to 1
    exponent: Annotated[float, Meta(gt=0, le=1)] = 0.5
    reference_volatility_per_day: Annotated[float, Meta(ge=0, le=1)] = 0.01  # parts the estimate, changes no total
    depth_coefficient: Annotated[float, Meta(ge=0, le=10)] = 0.0  # of a sweep beyond the best price; needs quotes
    open_premium: Annotated[float, Meta(ge=-1, le=10)] = 0.0  # of an order at the open over one at midday
    close_premium: Annotated[float, Meta(ge=-1, le=10)] = 0.0

"""The shape of `[execution.algorithm]` and `[execution.opening]`: who slices parent orders, and how; both optional."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

type Share = Annotated[float, Meta(gt=0, le=1)]
type SubShare = Annotated[float, Meta(ge=0, lt=1)]
type Bps = Annotated[float, Meta(ge=0, le=10_000)]
type Units = Annotated[int, Meta(ge=1)]

OWN: dict[str, tuple[str, ...]] = {
    "randomise_times": ("twap",),
    "randomise_sizes": ("twap",),
    "max_participation": ("vwap",),
    "curve_sessions": ("vwap",),
    "curve_bin_minutes": ("vwap",),
    "participation": ("pov",),
    "risk_aversion": ("almgren_chriss",),
    "spread_bps": ("almgren_chriss",),
}
"""Keys that only some algorithms know."""
CLOSING_CUTOFF_MINUTES = 15
"""Before the close, where the configuration does not say: New York takes orders for its closing auction until ten."""
NEEDED = {"pov": ("participation",), "almgren_chriss": ("risk_aversion", "spread_bps")}


class LimitChildren(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Children as limit orders inside the spread; without this table they go out at the market."""

    peg: Annotated[float, Meta(ge=0, le=1)] = 0.0  # place in the spread: 0 own side's best price, 0.5 the mid
    offset_bps: Bps = 0.0  # further away from the other side
    cross_share: Annotated[float, Meta(ge=0, le=1)] = 0.2  # last part of an interval, in which they cross the spread
    reprice_seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0  # least time between two changes of a price
    stale_intervals: Units = 2  # without a price for so many intervals they are taken back


class ByImpact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Size of an order by its estimated impact; it needs `[execution.impact]`."""

    at_once_below_bps: Bps  # such an order is not sliced
    whole_duration_from_bps: Annotated[float, Meta(gt=0, le=10_000)]  # less is sliced over less time, in proportion

    def __post_init__(self) -> None:
        """Refuse a duration that would begin at its end."""
        if self.at_once_below_bps >= self.whole_duration_from_bps:
            raise ValueError(
                f"at_once_below_bps {self.at_once_below_bps} is not below "
                f"whole_duration_from_bps {self.whole_duration_from_bps}"
            )


class Algorithm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who slices what is above `execution.twap.above_participation`, in the times of `execution.twap`."""

    name: Literal["twap", "vwap", "pov", "almgren_chriss"] = "twap"
    min_child: Units = 1  # units; less waits, except for all that is left
    max_child: Units | None = None  # units in one interval, so that nothing is caught up with at once
    at_end: Literal["leave", "cross", "auction"] = "leave"  # what is left: to the next decision, sent, or to the close
    closing_cutoff_minutes: Annotated[int, Meta(ge=1, le=390)] | None = (
        None  # before the close, with auction; absent: 15
    )
    urgent_share: Annotated[float, Meta(ge=0, le=1)] = 1.0  # of the duration, for what reduces a position; 0 at once
    last_minutes: Annotated[int, Meta(ge=0, le=390)] = 0  # before the close, in which nothing is sliced
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    randomise_times: SubShare | None = None  # of the interval: by how much slices come later
    randomise_sizes: SubShare | None = None  # of a slice: by how much it differs
    max_participation: Share | None = None  # of the volume that is traded meanwhile
    curve_sessions: Annotated[int, Meta(ge=1, le=250)] | None = None  # the volume curve is learnt from; absent: 20
    curve_bin_minutes: Annotated[int, Meta(ge=1, le=390)] | None = None  # absent: 5
    participation: Share | None = None  # rate at which volume is followed
    risk_aversion: Annotated[float, Meta(ge=0, le=1)] | None = None  # per unit of account currency
    spread_bps: Annotated[float, Meta(gt=0, le=1000)] | None = None  # what trading a hundredth of a day's volume moves
    limit: LimitChildren | None = None
    by_impact: ByImpact | None = None

    def __post_init__(self) -> None:
        """Refuse keys of other algorithms, and the lack of an own one."""
        for key, owners in OWN.items():
            if getattr(self, key) is not None and self.name not in owners:
                raise ValueError(f"{key} is a key of {', '.join(owners)}, and name is {self.name!r}")
        for key in NEEDED.get(self.name, ()):
            if getattr(self, key) is None:
                raise ValueError(f"{key} is missing: {self.name} needs it")
        if self.closing_cutoff_minutes is not None and self.at_end != "auction":
            raise ValueError(f"closing_cutoff_minutes is given, but at_end is {self.at_end!r}: it belongs to 'auction'")
        if self.max_child is not None and self.max_child < self.min_child:
            raise ValueError(f"max_child {self.max_child} is below min_child {self.min_child}")

    @property
    def cutoff_minutes(self) -> int:
        """Minutes before the close at which what is left is committed to the closing auction; 0 where nothing is."""
        return (self.closing_cutoff_minutes or CLOSING_CUTOFF_MINUTES) if self.at_end == "auction" else 0


class Opening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens to orders for new risk that find the market far from where they were decided."""

    max_gap: Annotated[float, Meta(gt=0, lt=1)]  # |first price / close of the decision - 1|
    wait_minutes: Annotated[int, Meta(ge=0, le=390)] = 0  # then it is released wherever the market is; 0 drops it

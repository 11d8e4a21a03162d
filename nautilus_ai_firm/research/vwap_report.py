"""What held-out days say of schedules -> a table, with an interval of the difference and a verdict."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nautilus_ai_firm.data.columns import Floats
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.vwap_tracking import Tracking, day_interval

HEADER = (
    "series",
    "days",
    "|error| curve",
    "even",
    "difference [95 %]",
    "",
    "volume error curve",
    "even",
    "impact saved",
)
MEANINGS = (
    "|error|: mean size of the schedule's average price against the day's VWAP, bps. difference: curve less even,\n"
    "negative where the curve is better, with a bootstrap interval over days. volume error: mean distance from the\n"
    "share of the day's volume, points of a hundred. impact saved: by the curve against even slices, bps.\n"
    "all: the days of all real series, where series of one day are one observation."
)
FEWEST_DAYS = 6
"""With five days even a difference of the same sign on each has a probability of 1 in 16 where there is none."""


def tracking_report(found: Sequence[Tracking], drawn: Sequence[Tracking] = (), *, seed: int) -> str:
    """Write a row for each real series, one for all their days, and one for each series that was drawn."""
    rows = [HEADER, *(_row(one.name, _measures(one), seed) for one in found)]
    if len(found) > 1:
        by_date: defaultdict[str, list[Floats]] = defaultdict(list)
        for one in found:
            for date, measures in zip(one.dates, _measures(one), strict=True):
                by_date[date].append(measures)
        rows.append(_row("all", np.stack([np.mean(by_date[date], axis=0) for date in sorted(by_date)]), seed))
    rows += [_row(one.name, _measures(one), seed) for one in drawn]
    return "\n".join([*aligned(rows, right=range(1, len(HEADER))), "", MEANINGS])


def verdict(days: int, low: float, high: float) -> str:
    """Say what an interval of the difference of errors allows to say."""
    if days < FEWEST_DAYS:
        return "too few days"
    if high < 0:
        return "better"
    return "worse" if low > 0 else "no better"


def _measures(one: Tracking) -> Floats:
    """Shape (n_days, 5): both sizes of errors, both errors of volume, and the impact saved."""
    saved = one.impact_bps[:, 1] - one.impact_bps[:, 0]
    return np.column_stack([np.abs(one.error_bps), one.volume_error, saved])


def _row(name: str, measures: Floats, seed: int) -> tuple[str, ...]:
    low, high = day_interval(measures[:, 0] - measures[:, 1], seed).tolist()
    curve, even, of_curve, of_even, saved = measures.mean(axis=0).tolist()
    return (
        name,
        f"{len(measures)}",
        f"{curve:.2f}",
        f"{even:.2f}",
        f"{curve - even:+.2f} [{low:+.2f}, {high:+.2f}]",
        verdict(len(measures), low, high),
        f"{100 * of_curve:.2f}",
        f"{100 * of_even:.2f}",
        f"{saved:.3f}",
    )

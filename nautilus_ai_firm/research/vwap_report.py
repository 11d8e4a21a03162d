"""What held-out days say of schedules -> tables, with intervals of the differences and verdicts."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nautilus_ai_firm.data.columns import Floats
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.vwap_tracking import SCHEDULES, Tracking, day_interval

PRICE_HEADER = ("|error|, bps", "days", *SCHEDULES, "vwap less even [95 %]", "", "curve less even [95 %]", "")
VOLUME_HEADER = ("volume error, points", *SCHEDULES, "impact saved, bps: vwap", "curve")
MEANINGS = (
    "vwap: the algorithm's schedule, the curve of the other days corrected by the volume of the day; curve: that\n"
    "curve alone; even: equal slices. |error|: mean size of the average price against the day's VWAP. less even:\n"
    "negative where it is better, with a bootstrap interval over days. volume error: mean distance from the share\n"
    "of the day's volume, points of a hundred. impact saved: against even slices.\n"
    "all: the days of all real series, where series of one day are one observation."
)
VWAP, CURVE, EVEN = range(len(SCHEDULES))
FEWEST_DAYS = 6
"""With five days even a difference of the same sign on each has a probability of 1 in 16 where there is none."""


def tracking_report(found: Sequence[Tracking], drawn: Sequence[Tracking] = (), *, seed: int) -> str:
    """Write two tables: a row for each real series, one for all their days, and one for each series that was drawn."""
    measured = [(one.name, _measures(one)) for one in found]
    if len(found) > 1:
        by_date: defaultdict[str, list[Floats]] = defaultdict(list)
        for one in found:
            for date, measures in zip(one.dates, _measures(one), strict=True):
                by_date[date].append(measures)
        measured.append(("all", np.stack([np.mean(by_date[date], axis=0) for date in sorted(by_date)])))
    measured += [(one.name, _measures(one)) for one in drawn]
    prices = [PRICE_HEADER, *(_price_row(name, measures, seed) for name, measures in measured)]
    volumes = [VOLUME_HEADER, *(_volume_row(name, measures) for name, measures in measured)]
    return "\n".join(
        [
            *aligned(prices, right=range(1, len(PRICE_HEADER))),
            "",
            *aligned(volumes, right=range(1, len(VOLUME_HEADER))),
            "",
            MEANINGS,
        ]
    )


def verdict(days: int, low: float, high: float) -> str:
    """Say what an interval of the difference of errors allows to say."""
    if days < FEWEST_DAYS:
        return "too few days"
    if high < 0:
        return "better"
    return "worse" if low > 0 else "no better"


def _measures(one: Tracking) -> Floats:
    """Shape (n_days, 3, 3): sizes of errors, errors of volume and impact, each by schedule."""
    return np.stack([np.abs(one.error_bps), one.volume_error, one.impact_bps], axis=1)


def _price_row(name: str, measures: Floats, seed: int) -> tuple[str, ...]:
    error = measures[:, 0]
    row = [name, f"{len(error)}", *(f"{mean:.2f}" for mean in error.mean(axis=0).tolist())]
    for place in (VWAP, CURVE):
        differences = error[:, place] - error[:, EVEN]
        low, high = day_interval(differences, seed).tolist()
        row += [f"{differences.mean():+.2f} [{low:+.2f}, {high:+.2f}]", verdict(len(error), low, high)]
    return tuple(row)


def _volume_row(name: str, measures: Floats) -> tuple[str, ...]:
    _, volume, impact = measures.mean(axis=0)
    return (
        name,
        *(f"{100 * mean:.2f}" for mean in volume.tolist()),
        *(f"{impact[EVEN] - impact[place]:.3f}" for place in (VWAP, CURVE)),
    )

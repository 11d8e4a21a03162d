"""The days of a plan -> the windows of its walk, each with its days of training and of test."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.utc_days import day_ns, day_of
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.models.statistics.walk_forward import walk_windows
from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.settings import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """First and last days (UTC) of one window's training and test."""

    train_start: date
    train_end: date
    test_start: date
    test_end: date


def windows_of(plan: SweepPlan) -> list[Dates]:
    """Cut the days of a plan into windows; all that the desks learn from lies before the first training.

    Raises
    ------
    ConfigError
        The sweep has no windows, its firm has no warm-up, or there are too few days.
    CatalogError
        An instrument has no data in a window.

    """
    walk, firm, source = plan.loaded.sweep.walk_forward, plan.loaded.base.firm, plan.loaded.source
    if walk is None:
        raise ConfigError(f"{source}: walk_forward is missing: its windows, in trading days (or use: firm sweep)")
    warm_up = firm.market.warm_up_rounds
    if not warm_up:
        raise ConfigError(
            f"{plan.loaded.base.source}: market.warm_up_rounds = 0: every window would begin with desks that know "
            "nothing (allowed: as many rounds as the slowest model needs)"
        )
    catalog = Catalog(plan.catalog)
    before = catalog.closes_before(bar_names(firm), int(plan.rounds_ns[0]), warm_up)
    numbers = np.unique(plan.rounds_ns[warm_up - len(before) :] // DAY_NS)
    if len(before) < warm_up:  # the first day may have lost rounds to the warm-up
        numbers = numbers[1:]
    days = [day_of(int(number) * DAY_NS) for number in numbers]
    try:
        windows = walk_windows(
            len(days),
            train=walk.train_days,
            test=walk.test_days,
            purge=walk.purge_days,
            embargo=walk.embargo_days,
            anchored=walk.anchored,
        )
    except ValueError as error:
        raise ConfigError(f"{source}: walk_forward: {error}, from {plan.start} to {plan.end}") from None
    found = [
        Dates(
            train_start=days[one.train_begin],
            train_end=days[one.train_end - 1],
            test_start=days[one.test_begin],
            test_end=days[one.test_end - 1],
        )
        for one in windows
    ]
    for dates in found:
        for start, end in ((dates.train_start, dates.train_end), (dates.test_start, dates.test_end)):
            catalog.close_times(bar_names(firm), day_ns(start), day_ns(end) + DAY_NS - 1)
    return found

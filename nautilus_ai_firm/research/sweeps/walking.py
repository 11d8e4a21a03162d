"""A plan with windows -> a walk: the search of each, the test of its choice, and all tests in one line."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.models.statistics.walk_forward import walk_windows
from nautilus_ai_firm.research.sweeps.ledger import Ledger
from nautilus_ai_firm.research.sweeps.plan import DAY_NS, SweepPlan, day_of
from nautilus_ai_firm.research.sweeps.proposals import Listed, number_of_trials, proposals
from nautilus_ai_firm.research.sweeps.search import Search, Tried, best, search
from nautilus_ai_firm.research.sweeps.showing import shown
from nautilus_ai_firm.research.sweeps.stitching import Stitched, stitch, write_stitched
from nautilus_ai_firm.research.sweeps.sweeping import write_summary
from nautilus_ai_firm.research.sweeps.table import Row, result_sha256, write_table
from nautilus_ai_firm.research.sweeps.trial import Trial
from nautilus_ai_firm.research.sweeps.workers import workers
from nautilus_ai_firm.settings import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """First and last days (UTC) of one window's training and test."""

    train_start: date
    train_end: date
    test_start: date
    test_end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """One window that is over.

    Attributes
    ----------
    dates : Dates
        When it was.
    tried : list of Tried
        Every trial of its training.
    chosen : Tried or None
        The best of them; None where none has a score: the firm stayed out of the market.
    test : Tried or None
        The choice on the days after.

    """

    dates: Dates
    tried: list[Tried]
    chosen: Tried | None
    test: Tried | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedForward:
    """A walk that is over.

    Attributes
    ----------
    plan : SweepPlan
        What was asked.
    folder : Path
        Where its tables are.
    windows : list of Walked
        In time.
    stitched : Stitched
        All tests in one line.
    resumed : int
        Trials that an earlier process had done.
    workers : int
        Processes.
    wall_seconds : float
        How long this process took.
    result_sha256 : str
        What the trials and tests showed.

    """

    plan: SweepPlan
    folder: Path
    windows: list[Walked]
    stitched: Stitched
    resumed: int
    workers: int
    wall_seconds: float
    result_sha256: str


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
    days = np.unique(plan.rounds_ns[warm_up - len(before) :] // DAY_NS)
    if len(before) < warm_up:  # the first day may have lost rounds to the warm-up
        days = days[1:]
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
            train_start=_date(days, one.train_begin),
            train_end=_date(days, one.train_end - 1),
            test_start=_date(days, one.test_begin),
            test_end=_date(days, one.test_end - 1),
        )
        for one in windows
    ]
    for dates in found:
        for start, end in ((dates.train_start, dates.train_end), (dates.test_start, dates.test_end)):
            catalog.close_times(bar_names(firm), _day_ns(start), _day_ns(end) + DAY_NS - 1)
    return found


def run_walk(plan: SweepPlan, folder: Path, count: int) -> WalkedForward:
    """Search every training window, test each choice on the days after it, and put the tests in one line.

    Parameters
    ----------
    plan : SweepPlan
        What to try; its sweep has windows.
    folder : Path
        Where outcomes are kept; those of the same walk that are there already are not run again.
    count : int
        Worker processes.

    Raises
    ------
    ConfigError, CatalogError
        As `windows_of`.
    BacktestError
        A test failed.
    RunError
        The folder belongs to another sweep, or a worker died.

    """
    started = time.perf_counter()
    sweep, windows = plan.loaded.sweep, windows_of(plan)
    total = len(windows) * (number_of_trials(sweep) + 1)
    ledger = Ledger(folder, plan.identity("walk"))
    try:
        with shown(sweep.name, total, ledger.resumed, sweep.objective) as hear, workers(count) as work:
            trained = search(
                {
                    phase("train", place): Search(
                        proposals=proposals(sweep), trial=_over(plan, dates.train_start, dates.train_end)
                    )
                    for place, dates in enumerate(windows)
                },
                sweep.objective,
                work,
                ledger,
                hear,
            )
            chosen = [best(tried, sweep.objective) for tried in trained.values()]
            tested = search(
                {
                    phase("test", place): Search(
                        proposals=Listed([] if choice is None else [choice.parameters]),
                        trial=_over(plan, dates.test_start, dates.test_end),
                    )
                    for place, (dates, choice) in enumerate(zip(windows, chosen, strict=True))
                },
                sweep.objective,
                work,
                ledger,
                hear,
            )
    finally:
        ledger.close()
    walked = [
        Walked(
            dates=dates,
            tried=trained[phase("train", place)],
            chosen=chosen[place],
            test=next(iter(tested[phase("test", place)]), None),
        )
        for place, dates in enumerate(windows)
    ]
    rows = [
        Row(phase=name, parameters=one.parameters, outcome=one.outcome)
        for found in (trained, tested)
        for name, tried in found.items()
        for one in tried
    ]
    write_table(folder, rows, sweep.seed, plan.catalog_sha256)
    _refuse_failed_tests(walked)
    stitched = stitch(plan, [(one.dates.test_start, one.dates.test_end, one.test) for one in walked])
    write_stitched(folder, stitched)
    walk = WalkedForward(
        plan=plan,
        folder=folder,
        windows=walked,
        stitched=stitched,
        resumed=ledger.resumed,
        workers=count,
        wall_seconds=time.perf_counter() - started,
        result_sha256=result_sha256(rows, sweep.seed, plan.catalog_sha256),
    )
    write_summary(folder, plan, "walk", walk.result_sha256, _summary(walk))
    return walk


def phase(role: str, place: int) -> str:
    """Name the searches and the test of a window, counted from 1."""
    return f"{role}-{place + 1:02d}"


def _over(plan: SweepPlan, start: date, end: date) -> Any:
    def trial(number: int, parameters: Mapping[str, Any]) -> Trial:
        return plan.trial(number, parameters, start, end)

    return trial


def _refuse_failed_tests(walked: Sequence[Walked]) -> None:
    for place, one in enumerate(walked):
        if one.test is not None and one.test.outcome.error:
            raise BacktestError(
                f"window {place + 1}: the test from {one.dates.test_start} to {one.dates.test_end} failed: "
                f"{one.test.outcome.error}"
            )


def _summary(walk: WalkedForward) -> dict[str, Any]:
    return {
        "windows": [
            {
                "train": [one.dates.train_start.isoformat(), one.dates.train_end.isoformat()],
                "test": [one.dates.test_start.isoformat(), one.dates.test_end.isoformat()],
                "chosen": None if one.chosen is None else dict(one.chosen.parameters),
                "test_figures": None if one.test is None else one.test.outcome.figures,
            }
            for one in walk.windows
        ],
        "trials": sum(len(one.tried) for one in walk.windows),
        "failed": sum(bool(tried.outcome.error) for one in walk.windows for tried in one.tried),
        "out_of_sample": walk.stitched.figures,
        "buy_and_hold": walk.stitched.benchmark_figures,
        "workers": walk.workers,
        "wall_seconds": round(walk.wall_seconds, 3),
    }


def _date(days: NDArray[np.int64], place: int) -> date:
    return day_of(int(days[place]) * DAY_NS)


def _day_ns(day: date) -> int:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY_NS

"""A plan with windows -> a walk: the search of each, the test of its choice, and all tests in one line."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.research.sweeps.ledger import Ledger
from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.research.sweeps.proposals import Listed, number_of_trials, proposals
from nautilus_ai_firm.research.sweeps.search import Search, best, search
from nautilus_ai_firm.research.sweeps.showing import shown
from nautilus_ai_firm.research.sweeps.stitching import stitch, write_stitched
from nautilus_ai_firm.research.sweeps.sweeping import write_summary
from nautilus_ai_firm.research.sweeps.table import Row, result_sha256, write_table
from nautilus_ai_firm.research.sweeps.trial import Trial
from nautilus_ai_firm.research.sweeps.walked import Walked, WalkedForward
from nautilus_ai_firm.research.sweeps.windows import windows_of
from nautilus_ai_firm.research.sweeps.workers import workers


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
    write_summary(folder, plan, "walk", walk.result_sha256, walk.summary())
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

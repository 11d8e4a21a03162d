"""`firm sweep` and `firm walk`: what is asked for on the command line -> a finished folder and one screen of text."""

from pathlib import Path
from typing import Annotated

import typer

from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.research.sweeps.plan import plan_sweep
from nautilus_ai_firm.research.sweeps.sweep_page import write_sweep_page
from nautilus_ai_firm.research.sweeps.sweep_text import sweep_text
from nautilus_ai_firm.research.sweeps.sweeping import run_sweep, sweep_folder
from nautilus_ai_firm.research.sweeps.walk_page import write_walk_page
from nautilus_ai_firm.research.sweeps.walk_text import walk_text
from nautilus_ai_firm.research.sweeps.walking import run_walk

SweepFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="A sweep, as those of configs/sweep/.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes; results do not depend on it.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Its folder; one that was interrupted goes on. New when absent."),
]
CatalogFolder = Annotated[Path, typer.Option("--catalog", help="Folder of market data.")]


def sweep(config: SweepFile, workers: Workers = 1, out: Out = None, catalog: CatalogFolder = DEFAULT_CATALOG) -> None:
    """Run a firm with many values of its configuration, and say which was best and how little that means."""
    plan = plan_sweep(config, catalog)
    swept = run_sweep(plan, sweep_folder(out, plan.loaded.sweep.name), workers)
    if swept.best is None:
        first = next((one.outcome.error for one in swept.tried if one.outcome.error), "nothing was traded")
        raise BacktestError(
            f"no trial of {len(swept.tried):,} has a {plan.loaded.sweep.objective} (the first error: {first}; "
            f"table: {swept.folder})"
        )
    write_sweep_page(swept)
    typer.echo(sweep_text(swept))


def walk(config: SweepFile, workers: Workers = 1, out: Out = None, catalog: CatalogFolder = DEFAULT_CATALOG) -> None:
    """Walk a firm through time: choose on one window, trade the next with it, and put all tests in one line."""
    plan = plan_sweep(config, catalog)
    walked = run_walk(plan, sweep_folder(out, plan.loaded.sweep.name), workers)
    write_walk_page(walked)
    typer.echo(walk_text(walked))

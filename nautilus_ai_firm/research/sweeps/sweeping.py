"""A plan -> a finished sweep in its folder, whatever happened to the process on the way."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_ai_firm.research.sweeps.finished import Finished
from nautilus_ai_firm.research.sweeps.ledger import LEDGER, Ledger
from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.research.sweeps.proposals import number_of_trials, proposals
from nautilus_ai_firm.research.sweeps.search import Search, Tried, best, search
from nautilus_ai_firm.research.sweeps.showing import shown
from nautilus_ai_firm.research.sweeps.table import Row, result_sha256, write_table
from nautilus_ai_firm.research.sweeps.workers import workers
from nautilus_ai_firm.runs.folder import new_folder

PARENT = Path("runs/sweeps")
SEARCH = "search"
SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept(Finished):
    """A sweep that is over.

    Attributes
    ----------
    tried : list of Tried
        Every trial, by number.
    best : Tried or None
        The one with the largest objective; None where no trial has one.

    """

    tried: list[Tried]
    best: Tried | None


def run_sweep(plan: SweepPlan, folder: Path, count: int) -> Swept:
    """Run every trial of a sweep that its folder does not know yet, and write the table.

    Parameters
    ----------
    plan : SweepPlan
        What to try.
    folder : Path
        Where outcomes are kept; those of the same sweep that are there already are not run again.
    count : int
        Worker processes.

    Raises
    ------
    RunError
        The folder belongs to another sweep, or a worker died.
    CatalogError
        The catalog changed meanwhile.

    """
    started = time.perf_counter()
    sweep = plan.loaded.sweep
    ledger = Ledger(folder, plan.identity("sweep"))
    try:
        with (
            shown(sweep.name, number_of_trials(sweep), ledger.resumed, sweep.objective) as hear,
            workers(count) as work,
        ):
            found = search(
                {SEARCH: Search(proposals=proposals(sweep), trial=plan.trial)}, sweep.objective, work, ledger, hear
            )
    finally:
        ledger.close()
    tried = found[SEARCH]
    rows = [Row(phase=SEARCH, parameters=one.parameters, outcome=one.outcome) for one in tried]
    swept = Swept(
        plan=plan,
        folder=folder,
        tried=tried,
        best=best(tried, sweep.objective),
        resumed=ledger.resumed,
        workers=count,
        wall_seconds=time.perf_counter() - started,
        result_sha256=result_sha256(rows, sweep.seed, plan.catalog_sha256),
    )
    write_table(folder, rows, sweep.seed, plan.catalog_sha256)
    write_summary(folder, plan, "sweep", swept.result_sha256, _summary(swept))
    return swept


def sweep_folder(out: Path | None, name: str) -> Path:
    """Choose the folder of a sweep: the given one, or the next free number; one that holds a sweep is gone on with.

    Raises
    ------
    RunError
        The given folder holds something else.

    """
    if out is not None and (out / LEDGER).is_file():
        return out
    return new_folder(out, name, PARENT)


def write_summary(folder: Path, plan: SweepPlan, kind: str, sha256: str, more: Mapping[str, Any]) -> None:
    """Write down in JSON what ran on what, and what came of it."""
    summary = {
        "kind": kind,
        "name": plan.loaded.sweep.name,
        "sweep_sha256": plan.loaded.sha256,
        "config_sha256": plan.loaded.base.sha256,
        "catalog_sha256": plan.catalog_sha256,
        "start": plan.start.isoformat(),
        "end": plan.end.isoformat(),
        "seed": plan.loaded.sweep.seed,
        "objective": plan.loaded.sweep.objective,
        **more,
        "result_sha256": sha256,
    }
    path = folder / SUMMARY
    pending = path.with_suffix(".pending")
    pending.write_text(json.dumps(summary, indent=2, default=str) + "\n", encoding="utf-8")
    pending.replace(path)
    (folder / "config.toml").write_text(plan.config, encoding="utf-8")


def _summary(swept: Swept) -> dict[str, Any]:
    chosen = swept.best
    return {
        "trials": len(swept.tried),
        "failed": sum(bool(one.outcome.error) for one in swept.tried),
        "best": None
        if chosen is None
        else {
            "trial": chosen.outcome.number,
            "parameters": dict(chosen.parameters),
            "figures": chosen.outcome.figures,
        },
        **swept.effort(),
    }

"""Trials a second of a sweep of 64 settings of one agent on SPY by the hour, beside the bare engine on the same bars.

Prints a table: the engine alone with a subscriber that does nothing, one worker and two, what a trial costs beyond its
engine, and how much memory 500 trials took. The bars are LEAN's where they are at hand, else synthetic ones.
"""

import argparse
import gc
import resource
import statistics
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w
from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.research.sweeps.plan import SweepPlan, plan_sweep
from nautilus_ai_firm.research.sweeps.sweeping import Swept, run_sweep
from nautilus_ai_firm.research.sweeps.work import work
from nautilus_ai_firm.settings import encode, load
from tests.bench.bench import engine_alone

ROOT = Path(__file__).resolve().parents[2]
AGENT = "signals.agents.momentum.params"
SHARED = ROOT.parent / "shared" / "data" / "lean"
END_NS = 1_451_606_400_000_000_000  # of 2015
SESSIONS = 252  # a year
TURNS = 1
TRIALS, MEMORY_TRIALS, MEMORY_SESSIONS = 64, 500, 20
PAGE_BYTES = 4096


def spy(folder: Path, sessions: int) -> BarColumns:
    """Read the last hourly bars of SPY of 2015 from LEAN's sample data, else make some up."""
    if not SHARED.is_dir():
        return synthetic_bars(["SPY"], sessions, "1-HOUR")["SPY"]
    source = folder / "lean"
    if not source.exists():
        add_lean(Catalog(source), SHARED, ["SPY"])
    bars = Catalog(source).bar_columns("SPY.USA-1-HOUR-LAST-EXTERNAL", 0, END_NS)
    return bars.take(slice(len(bars) - 7 * sessions, len(bars)))


def write_study(folder: Path, sessions: int) -> tuple[Path, Path]:
    """Write a catalog of one instrument, a firm with one agent on it, and a sweep of 64 pairs of its values."""
    catalog = folder / f"catalog-{sessions}"
    write_synthetic(Catalog(catalog), {"SPY": spy(folder, sessions)}, "1-HOUR", "US")
    raw: dict[str, Any] = tomllib.loads(encode(load(ROOT / "configs" / "spy_hourly.toml").firm).decode())
    raw["market"].pop("start")
    raw["market"]["universe"][0]["id"] = "SPY.US"
    raw["signals"]["agents"] = raw["signals"]["agents"][:1]
    raw["risk"]["kill_switch_file"] = "kill_switch.json"
    (folder / "firm.toml").write_text(tomli_w.dumps(raw), encoding="utf-8")
    sweep = {
        "name": "bench",
        "config": "firm.toml",
        "sampler": "grid",
        "seed": 1,
        "objective": "total_return",
        "space": {
            f"{AGENT}.volatility_span": {"low": 30, "high": 240, "step": 30},
            f"{AGENT}.rsi_weight": {"low": 0.0, "high": 0.7, "step": 0.1},
        },
    }
    path = folder / f"sweep-{sessions}.toml"
    path.write_text(tomli_w.dumps(sweep), encoding="utf-8")
    return path, catalog


def memory_mb(plan: SweepPlan, trials: int) -> list[float]:
    """Run trials one after the other in this process; return its memory after each."""
    found: list[float] = []
    for number in range(trials):
        outcome = work(plan.trial(number, {f"{AGENT}.volatility_span": 30.0 + number % 64}))
        assert not outcome.error, outcome.error
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        found.append(pages * PAGE_BYTES / 2**20)
    return found


def timed[T](run: Callable[[], T]) -> tuple[float, float, T]:
    """Return how long it took, seconds on the wall and of processors, and what it gave."""
    started, used = time.perf_counter(), processor_seconds()
    made = run()
    return time.perf_counter() - started, processor_seconds() - used, made


def processor_seconds() -> float:
    """Time that this process and those that it waited for have used."""
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-trials", type=int, default=MEMORY_TRIALS, help="0 leaves memory out")
    parser.add_argument("--turns", type=int, default=TURNS, help="of one worker and two")
    given = parser.parse_args()
    table = Table(title=f"a sweep of {TRIALS} settings of one agent, one instrument by the hour, {SESSIONS} sessions")
    for name in ("", "seconds", "of processors", "runs a second", "ratio"):
        table.add_column(name, justify="left" if not name else "right")
    with tempfile.TemporaryDirectory() as place, Console(stderr=True).status("measuring"):
        folder = Path(place)
        path, catalog = write_study(folder, SESSIONS)
        engine = statistics.median(engine_alone(catalog) for _ in range(5))
        turns: dict[int, list[tuple[float, float, Swept]]] = {1: [], 2: []}
        for turn in range(given.turns):  # a machine that gets slower is slower for both
            for workers, found in turns.items():
                out = folder / f"{turn}-{workers}"
                found.append(timed(lambda count=workers, out=out: run_sweep(plan_sweep(path, catalog), out, count)))
        assert len({swept.result_sha256 for found in turns.values() for *_, swept in found}) == 1
        one, two = (statistics.median(wall for wall, *_ in found) for found in turns.values())
        one_used, two_used = (statistics.median(used for _, used, _ in found) for found in turns.values())
        rows = (
            ("engine alone, no-op on_bar", engine * TRIALS, "", ""),
            ("sweep, 1 worker", one, f"{one_used:.1f}", f"{engine * TRIALS / one:.3f} of the engine"),
            ("sweep, 2 workers", two, f"{two_used:.1f}", f"{one / two:.2f} of one worker"),
        )
        for name, wall, used, ratio in rows:
            table.add_row(name, f"{wall:.1f}", used, f"{TRIALS / wall:.1f}", ratio)
        outcomes = [tried.outcome for *_, swept in turns[1] for tried in swept.tried]
        beyond = [outcome.seconds - outcome.engine_seconds for outcome in outcomes]
        lines = [f"a trial beyond its engine: {1e3 * statistics.median(beyond):.1f} ms (median)"]
        if given.memory_trials:
            gc.disable()
            sizes = memory_mb(plan_sweep(*write_study(folder, MEMORY_SESSIONS)), given.memory_trials)
            early, late = sizes[len(sizes) // 10], sizes[-1]
            lines.append(f"memory after {len(sizes) // 10 + 1} trials {early:.0f} MB, after {len(sizes)} {late:.0f} MB")
    console = Console()
    console.print(table)
    for line in lines:
        console.print(line)


if __name__ == "__main__":
    main()

"""A thousand parents at once on one core: what a child costs, by algorithm; prints a table.

Minute bars of a thousand instruments, each with an order that is sliced into a child a minute. The same minutes without
any order are taken off: what is left is the firm's work from the tick to the records of the fill, and the engine's.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord, ParentRecord
from tests.firm_runs import flat_minutes, play, settings, write_bars

PARENTS, MINUTES, DECIDED, DURATION = 1_000, 32, 10, 20
MONDAY = datetime(2024, 1, 8)  # noqa: DTZ001 - a day, not a moment
ALGORITHMS: dict[str, dict[str, Any]] = {
    "twap": {"name": "twap"},
    "vwap": {"name": "vwap"},
    "pov": {"name": "pov", "participation": 0.5},
    "almgren_chriss": {"name": "almgren_chriss", "risk_aversion": 1e-6, "spread_bps": 2.0},
    "twap, resting": {"name": "twap", "limit": {"offset_bps": 5.0}},
}


def run(catalog: Path, symbols: list[str], table: dict[str, Any], out: Path, target: int) -> tuple[float, float, int]:
    """Return seconds of the run, seconds inside the algorithm, and children; `target` of every instrument."""
    changes = {
        "market.bar": "1-MINUTE", "market.universe.max_order_value": 1e9, "execution.no_trade_band": 0.0,
        "execution.gate.max_messages": 10_000_000, "execution.algorithm": table, "venue.starting_balance": 1e9,
        "execution.twap": {"above_participation": 0.02, "duration_minutes": DURATION, "interval_minutes": 1},
    }  # fmt: skip
    loaded = settings(symbols, changes, macro=False)
    inside = [0.0]
    honest = {name: getattr(SlicingAlgorithm, name) for name in ("on_order", "_on_tick", "_hear_child", "_start_round")}
    for name, work in honest.items():
        setattr(SlicingAlgorithm, name, timed(work, inside))
    try:
        started = time.process_time()
        played = play(
            loaded, catalog, out, lambda snapshot, _: [target] * PARENTS if snapshot.round == DECIDED else None
        )
        seconds = time.process_time() - started
    finally:
        for name, work in honest.items():
            setattr(SlicingAlgorithm, name, work)
    assert played.failures.first is None
    submitted = [one for one in played.tape.of(OrderRecord) if one.kind is OrderEventKind.SUBMITTED]
    assert len(played.tape.of(ParentRecord)) == (PARENTS if target else 0)
    return seconds, inside[0], len(submitted)


def timed(work: Callable[..., None], inside: list[float]) -> Callable[..., None]:
    """Add up the time of a callback, on the processor: others may use the machine too."""

    @wraps(work)
    def measured(*args: Any) -> None:
        started = time.process_time()
        work(*args)
        inside[0] += time.process_time() - started

    return measured


def main() -> None:
    """Measure every algorithm and print the table."""
    title = f"{PARENTS:,} parents at once, {DURATION} slices each"
    table = Table("algorithm", "children", "µs a child, all", "of it in the algorithm", title=title)
    symbols = [f"S{number:04d}" for number in range(PARENTS)]
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("measuring") as status:
        bars = flat_minutes(MONDAY, 1).take(slice(0, MINUTES))
        catalog = write_bars(Path(folder) / "catalog", dict.fromkeys(symbols, bars))
        run(catalog, symbols, {}, Path(folder) / "run", 0)  # what is loaded once is no cost of a child
        for name, algorithm in ALGORITHMS.items():
            status.update(name)
            idle, _, _ = run(catalog, symbols, algorithm, Path(folder) / "run", 0)
            seconds, inside, children = run(catalog, symbols, algorithm, Path(folder) / "run", 1_000)
            table.add_row(
                name, f"{children:,}", f"{(seconds - idle) / children * 1e6:.0f}", f"{inside / children * 1e6:.0f}"
            )
    Console().print(table)


if __name__ == "__main__":
    main()

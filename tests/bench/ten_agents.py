"""The firm of all ten agents against the engine that does nothing, on the same data, and where its time goes.

Four sides: the engine alone; the market desk, the ten agents and the CIO, seated by the firm's own parts in its own
host, who decide every round and whom nobody obeys; the ceiling, which is the engine that is sent the orders, changes
and cancels of the firm by a strategy that does nothing else, without costs; and the whole firm. What is wanted is
wanted of the deciding, as it is there that agents and rounds cost; the whole firm costs what it trades.

Each measurement is a fresh process, the sides alternate, and CPU time is counted, so that a machine with other work is
about as slow for one side as for the next; the ratio is the median of those of the turns, as the least times would
favour the short sides, which find a quiet moment sooner. About three minutes on a quiet machine.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.agents_budget import time_by_room
from tests.bench.agents_market import INSTRUMENTS, write_market
from tests.bench.agents_sides import deciding, engine_alone, engine_with_orders, whole_firm

RUNS, WANTED = 3, 0.30
REAL = "2,712 fills in 5,920"
"""Of `backtests/agents_firm.py` in docs/agents-studies.md: fills in instruments times rounds."""

SIDES: dict[str, tuple[str, Callable[[Path, Path], dict[str, float]]]] = {
    "firm": ("whole firm: those, risk, stops, compliance, execution, costs, records", whole_firm),
    "orders": ("ceiling: engine, a strategy that sends the firm's orders and does nothing else", engine_with_orders),
    "deciding": ("market desk, ten agents and CIO: decide every round, nothing is traded", deciding),
    "engine": ("engine alone: an actor hears the market and does nothing", engine_alone),
}

type Turn = dict[str, dict[str, float]]


def measure(side: str, catalog: Path, run: Path) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.ten_agents", side, str(catalog), str(run)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def speeds(turns: list[Turn]) -> Table:
    """Rounds and bars a second of each side, and its speed over that of the engine that does nothing."""
    rounds, orders, fills = (int(turns[0]["firm"][name]) for name in ("rounds", "orders", "fills"))
    table = Table(title=f"ten agents, {INSTRUMENTS} instruments, {rounds:,} rounds; median of {len(turns)} turns")
    table.add_column("side")
    for name in ("CPU s", "rounds/s", "bars/s", "of the engine alone"):
        table.add_column(name, justify="right", no_wrap=True)
    for side, (words, _) in reversed(SIDES.items()):
        cpu_s = statistics.median(turn[side]["cpu_s"] for turn in turns)
        ratio = statistics.median(turn["engine"]["cpu_s"] / turn[side]["cpu_s"] for turn in turns)
        rate = rounds / cpu_s
        table.add_row(words, f"{cpu_s:.1f}", f"{rate:,.0f}", f"{rate * INSTRUMENTS:,.0f}", f"{ratio:.3f}")
    table.caption = (
        f"wanted {WANTED:.2f} of what decides. The whole firm: {orders:,} orders, {fills:,} fills in "
        f"{rounds * INSTRUMENTS:,} instruments times rounds, with the band of configs/firm.toml; on real prices {REAL}"
    )
    return table


def budget(rooms: dict[str, float], rounds: int) -> Table:
    """Time by room, the dearest first."""
    table = Table(title="CPU time of the firm by room, one run, measured from inside")
    for name in ("room", "ms a round", "share"):
        table.add_column(name, justify="left" if name == "room" else "right")
    whole = sum(rooms.values())
    for room, seconds in sorted(rooms.items(), key=lambda row: -row[1]):
        table.add_row(room, f"{seconds / rounds * 1e3:.3f}", f"{seconds / whole:.1%}")
    table.add_section()
    table.add_row("all", f"{whole / rounds * 1e3:.3f}", f"{1:.1%}")
    return table


def main() -> None:
    """Measure all sides in turns, then each room, and print them."""
    with tempfile.TemporaryDirectory() as name, Console(stderr=True).status("measuring") as status:
        folder = Path(name)
        catalog = folder / "catalog"
        write_market(catalog)
        turns: list[Turn] = []
        for number in range(RUNS):
            status.update(f"turn {number + 1} of {RUNS}")
            turns.append({side: measure(side, catalog, folder / f"run-{number}") for side in SIDES})
        rooms = measure("rooms", catalog, folder / "rooms")
    for one in (speeds(turns), budget(rooms, int(turns[0]["firm"]["rounds"]))):
        Console().print(one)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        side, catalog, run = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
        work = time_by_room if side == "rooms" else SIDES[side][1]
        sys.stdout.write(json.dumps(work(catalog, run)))

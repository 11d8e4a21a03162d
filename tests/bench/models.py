"""Time that each signal model takes in a round, by size of the universe, and as a multiple of momentum's; a table.

Every model that there is, on the market of the golden signals, which has one option chain of 54 contracts. Models take
turns in one process, so that a machine that gets slower is slower for all; times are medians over the turns of the mean
over the rounds after a warm-up.
"""

import statistics
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.messages import MarketSnapshot
from tests.signal_market import BARS, model_names, model_of, signal_market

SIZES = (1, 10, 50, 500)
WARM_UP, TIMED = 20 * BARS, 20 * BARS
TURNS = 5
YARDSTICK = "momentum"


def us_per_round(model: Any, market: list[MarketSnapshot]) -> float:
    """Mean time of a model, microseconds a round, over the rounds after its warm-up."""
    for snapshot in market[:WARM_UP]:
        model.update(snapshot)
    started = time.perf_counter()
    for snapshot in market[WARM_UP:]:
        model.update(snapshot)
    return (time.perf_counter() - started) / TIMED * 1e6


def measure(n_instruments: int) -> dict[str, float]:
    """Time every model on a universe of this size; those that compare instruments sit out where there is one."""
    market = signal_market(n_instruments, (WARM_UP + TIMED) // BARS)
    turns: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for name in model_names():
            try:
                model = model_of(name, n_instruments)
            except ValueError:
                if n_instruments > 1:
                    raise
                continue  # it compares instruments, and there is one
            turns.setdefault(name, []).append(us_per_round(model, market))
    return {name: statistics.median(times) for name, times in turns.items()}


def main() -> None:
    """Measure all sizes and print them."""
    with Console(stderr=True).status("measuring") as status:
        found: dict[int, dict[str, float]] = {}
        for size in SIZES:
            status.update(f"models, {size} instruments")
            found[size] = measure(size)
    table = Table(title=f"microseconds a round (times {YARDSTICK}) by instruments, median of {TURNS} x {TIMED} rounds")
    table.add_column("model", no_wrap=True)
    for size in SIZES:
        table.add_column(f"{size}", justify="right", no_wrap=True)
    for name in model_names():
        table.add_row(name, *(_cell(found[size], name) for size in SIZES))
    table.add_section()
    table.add_row("all", *(f"{sum(found[size].values()):,.0f}" for size in SIZES))
    Console().print(table)


def _cell(times: dict[str, float], name: str) -> str:
    return f"{times[name]:,.0f} ({times[name] / times[YARDSTICK]:.1f})" if name in times else "-"


if __name__ == "__main__":
    main()

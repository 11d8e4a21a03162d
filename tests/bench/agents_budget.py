"""Where the time of the whole firm goes, room by room: CPU time inside a room without that of the rooms it called.

Measuring costs time itself, so this is a run of its own: shares are what it is read for.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.market import MarketDesk
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.bus import Line
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.hosts import backtest, backtest_engine
from nautilus_ai_firm.hosts.venue import FillCharges, OvernightFinancing
from tests.bench import agents_sides

ROOMS: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (agents_sides, "preparing", ("prepare",)),
    (Catalog, "reading", ("window",)),
    (backtest_engine, "engine", ("_engine", "_feed")),
    (backtest, "writing", ("write_run", "publish", "open_run")),
    (MarketDesk, "market", ("on_bar", "on_data")),
    (ExecutionDesk, "execution", ("on_trade", "on_order_event")),
    (SlicingAlgorithm, "TWAP", ("on_order",)),
    (FillCharges, "venue's costs", ("get_commission",)),
    (OvernightFinancing, "venue's costs", ("pre_process", "process")),
)
"""Where a room is entered beside the topics: what owns a callable, the room, and names of callables."""


def time_by_room(catalog: Path, run: Path) -> dict[str, float]:
    """Run the firm and return CPU seconds by room; `rest` is what belongs to none."""
    spent: dict[str, float] = defaultdict(float)
    inner: list[float] = []

    def timed[**P, R](room: str, work: Callable[P, R]) -> Callable[P, R]:
        @wraps(work)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            began = time.process_time()
            inner.append(0.0)
            try:
                return work(*args, **kwargs)
            finally:
                seconds = time.process_time() - began
                spent[room] += seconds - inner.pop()
                if inner:
                    inner[-1] += seconds

        return measured

    guard = Line.guard
    Line.guard = lambda line, handler: timed(line.name, guard(line, handler))  # pyright: ignore[reportAttributeAccessIssue] - for the time of this process
    for owner, room, names in ROOMS:
        for name in names:
            setattr(owner, name, timed(room, getattr(owner, name)))
    whole = agents_sides.whole_firm(catalog, run)["cpu_s"]
    return {**spent, "rest": whole - sum(spent.values())}

"""One share on minute bars, worked by one algorithm: the frame of the tests of algorithms, and what they look at."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord, ParentRecord
from tests.firm_runs import Played, Targets, by_round, flat_minutes, play, settings, write_bars

MONDAY = datetime(2024, 1, 8)  # noqa: DTZ001 - a day, not a moment
SLICED: dict[str, Any] = {
    "market.bar": "1-MINUTE",
    "execution.twap": {"above_participation": 0.02, "duration_minutes": 5, "interval_minutes": 1},
}
LIMITS: dict[str, Any] = {
    "market.universe.max_order_value": 1e9,
    "execution.no_trade_band": 0.0,
    "execution.gate.max_messages": 10_000,
}
HOUR: dict[str, Any] = {"above_participation": 0.02, "duration_minutes": 60, "interval_minutes": 10}
ALMGREN: dict[str, Any] = {"name": "almgren_chriss", "risk_aversion": 1e-4, "spread_bps": 2.0}
PEGGED: dict[str, Any] = {"name": "twap", "limit": {"offset_bps": 5.0, "cross_share": 0.25}}


def work(
    folder: Path,
    targets: Targets,
    algorithm: dict[str, Any] | None,
    bars: BarColumns | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    repeat: bool = False,
) -> Played:
    """Play targets by round with one algorithm; a target holds until the next one where `repeat` says so."""
    series = flat_minutes(MONDAY, 1).take(slice(0, 90)) if bars is None else bars
    catalog = write_bars(folder / "catalog", {"A": series})
    table = {} if algorithm is None else {"execution.algorithm": algorithm}
    loaded = settings(["A"], SLICED | LIMITS | table | dict(changes or {}), macro=False)
    played = play(loaded, catalog, folder / "run", by_round(targets, repeat=repeat))
    assert played.failures.first is None, played.failures.first
    return played


def parents(played: Played) -> list[tuple[str | None, int, int, str]]:
    return [(one.exec_algorithm, one.quantity, one.filled_quantity, one.state) for one in played.tape.of(ParentRecord)]


def steps(played: Played) -> list[int]:
    return np.diff([0, *played.path()]).tolist()


def decided_ns(played: Played, round_: int) -> int:
    return next(seen.ts_event for seen in played.seen if seen.round == round_)


def minutes_of(played: Played, round_: int) -> list[int]:
    """Minutes after a decision at which something was filled."""
    return [round((fill.ts_event - decided_ns(played, round_)) / MINUTE_NS) for fill in played.fills()]


def kinds(played: Played, kind: OrderEventKind) -> list[OrderRecord]:
    return [one for one in played.tape.of(OrderRecord) if one.kind is kind]


def moving(n: int, seed: int = 3, *, step: float = 0.05, volume: float = 100.0) -> BarColumns:
    """Minute bars of a random walk around 100, with uneven volumes, over as many sessions as it takes."""
    bars = flat_minutes(MONDAY, -(-n // 390)).take(slice(0, n))
    random = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(random.normal(0, step, n)), 2)
    opened = np.round(np.concatenate([[100.0], close[:-1]]) + random.normal(0, step / 2, n), 2)
    high = np.round(np.maximum(opened, close) + np.abs(random.normal(0, step, n)), 2)
    low = np.round(np.minimum(opened, close) - np.abs(random.normal(0, step, n)), 2)
    traded = np.round(volume * (1 + 5 * random.random(n)))
    return replace(bars, open=opened, high=high, low=low, close=close, volume=traded)

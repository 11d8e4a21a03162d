"""The same study gives the same decisions and fills, however it is hosted, streamed and fed, in any process."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from nautilus_trader.model import Bar, CustomData, TradeTick

from nautilus_ai_firm.agents.market import MarketDesk
from nautilus_ai_firm.data.columns import ObservationColumns
from nautilus_ai_firm.durations import MINUTE_NS, SECOND_NS
from tests.acceptance.conftest import Studied
from tests.firm_runs import ROOT, fills, run, settings, synthetic_market

SET_ORDER = """
import nautilus_ai_firm.agents.cio as cio
honest = cio.combine
def combine(scores, confidences, agent_weights):
    combined, parts = honest(scores, confidences, agent_weights)
    by_name = dict(zip(("macro", "mean_reversion", "momentum"), parts))
    return sum((by_name[name] for name in set(by_name)), 0.0 * combined), parts
cio.combine = combine
"""


def fresh_process(catalog: Path, hash_seed: int, planted: str = "") -> str:
    command = [sys.executable, "-W", "error", "-m", "tests.firm_runs", str(catalog), "A,B,C", "{}", planted]
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def result(study: Studied, tmp_path: Path, **options: Any) -> str:
    return run(study.loaded, study.catalog, tmp_path / "run", **options).summary["result_sha256"]


def test_two_fresh_processes_with_different_hash_seeds_agree(daily: Studied) -> None:
    assert fresh_process(daily.catalog, 1) == fresh_process(daily.catalog, 2) == daily.run.summary["result_sha256"]


def test_a_planted_sum_in_set_order_makes_processes_differ(daily: Studied) -> None:
    assert len({fresh_process(daily.catalog, seed, SET_ORDER) for seed in (1, 2)}) > 1


def test_a_run_that_is_repeated_in_one_process_agrees(daily: Studied, tmp_path: Path) -> None:
    assert result(daily, tmp_path) == daily.run.summary["result_sha256"]


def test_hosting_agents_in_one_actor_decides_the_same(daily: Studied, tmp_path: Path) -> None:
    shared = run(settings(changes={"signals.hosting": "shared"}), daily.catalog, tmp_path / "run")
    assert shared.summary["result_sha256"] == daily.run.summary["result_sha256"]


def test_the_order_of_agents_in_the_configuration_decides_nothing(daily: Studied, tmp_path: Path) -> None:
    agents = msgspec.to_builtins(daily.loaded.firm.signals.agents)
    other = settings(changes={"signals.agents": agents[::-1]})
    assert run(other, daily.catalog, tmp_path / "run").summary["result_sha256"] == daily.run.summary["result_sha256"]


def boundaries(closes: np.ndarray, opens: np.ndarray) -> dict[str, list[int]]:
    """Cuts by where they fall, for daily bars of which one stock opens a minute after the others."""
    return {
        "on a round": [int(closes[90])],
        "between the bars and the close of the round": [int(closes[90]) + 1],
        "before the opening ticks": [int(opens[90]) + 999],
        "on the opening ticks": [int(opens[90]) + 1_000],
        "between the opening ticks": [int(opens[90]) + 30 * SECOND_NS],
        "everywhere": sorted({int(ts) + delta for ts in (*closes, *opens) for delta in (0, 1, MINUTE_NS)}),
        "nowhere": [],
    }


@pytest.mark.parametrize("where", list(boundaries(np.zeros(91), np.zeros(91))))
def test_cutting_the_stream_changes_nothing(daily: Studied, tmp_path: Path, where: str) -> None:
    bars = daily.market.bars["A"]
    cuts = boundaries(bars.ts_close_ns, bars.ts_open_ns)[where]
    assert result(daily, tmp_path, cuts=cuts) == daily.run.summary["result_sha256"]


def test_cutting_inside_every_slicing_changes_nothing(minutes: Studied, tmp_path: Path) -> None:
    sliced = [fill for fill in fills(minutes.run) if fill["exec_algorithm"] == "TWAP"]
    assert len({fill["parent_order_id"] for fill in sliced}) > 20
    cuts = [fill["ts"] + delta for fill in sliced for delta in (0, 20 * SECOND_NS)]
    assert result(minutes, tmp_path, cuts=cuts) == minutes.run.summary["result_sha256"]


def test_minute_bars_cut_at_each_tenth_round_change_nothing(minutes: Studied, tmp_path: Path) -> None:
    cuts = [int(close) for close in minutes.market.closes()[::10]]
    assert result(minutes, tmp_path, cuts=cuts) == minutes.run.summary["result_sha256"]


def shuffled(seed: int) -> Callable[[list[Any]], list[Any]]:
    def arrange(data: list[Any]) -> list[Any]:
        rearranged = list(data)
        random.Random(seed).shuffle(rearranged)  # noqa: S311 - an order of data, not a secret
        return rearranged

    return arrange


def backwards(data: list[Any]) -> list[Any]:
    return data[::-1]


@pytest.mark.parametrize("arrange", [backwards, shuffled(1), shuffled(2), shuffled(3)])
def test_the_order_in_which_data_is_added_changes_nothing(daily: Studied, tmp_path: Path, arrange: Any) -> None:
    kinds: set[type] = set()

    def spy(data: list[Any]) -> list[Any]:
        kinds.add(type(data[0]))
        return arrange(data)

    assert result(daily, tmp_path, arrange=spy) == daily.run.summary["result_sha256"]
    assert kinds == {Bar, TradeTick, CustomData}


def test_the_order_in_which_minute_data_is_added_changes_nothing(minutes: Studied, tmp_path: Path) -> None:
    assert result(minutes, tmp_path, arrange=backwards) == minutes.run.summary["result_sha256"]


def test_two_figures_published_together_are_taken_in_the_order_of_their_periods(tmp_path: Path) -> None:
    market = synthetic_market(["A", "B", "C"], 120)
    oil = market.macro["wti"]
    weekly = oil.ts_init_ns[np.minimum(np.arange(len(oil)) // 5 * 5 + 4, len(oil) - 1)]
    market.macro["wti"] = ObservationColumns(
        ts_event_ns=oil.ts_event_ns, ts_init_ns=weekly, value=oil.value, source="seed"
    )
    catalog, loaded = market.write(tmp_path / "catalog"), settings()
    forwards = run(loaded, catalog, tmp_path / "forwards")
    reversed_ = run(loaded, catalog, tmp_path / "backwards", arrange=backwards)
    assert forwards.summary["contributions"]["macro"] > 0
    assert forwards.summary["result_sha256"] == reversed_.summary["result_sha256"]


def test_a_planted_dependence_on_arrival_makes_orders_of_data_differ(
    daily: Studied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = MarketDesk.on_bar

    def on_bar(desk: Any, bar: Any) -> None:
        honest(desk, bar)
        factor, reported = 1 + 1e-6 * desk._place.get(bar.bar_type, 0), desk._open._reported
        reported.update({place: (*one[:3], one[3] * factor, one[4]) for place, one in reported.items()})

    monkeypatch.setattr(MarketDesk, "on_bar", on_bar)
    results = {result(daily, tmp_path / name, arrange=arrange) for name, arrange in (("a", list), ("b", backwards))}
    assert len(results) == 2


def test_a_planted_loss_at_a_cut_makes_chunked_streaming_differ(
    daily: Studied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nautilus_ai_firm.data.catalog import Catalog  # noqa: PLC0415 - the class that is spoilt

    honest = Catalog.window

    def window(catalog: Any, names: Any, inputs: Any, start_ns: int, *more: Any) -> Any:
        found = honest(catalog, names, inputs, start_ns, *more)
        found.opening_ticks[:] = [tick for tick in found.opening_ticks if tick.ts_event - start_ns > MINUTE_NS]
        return found

    opens = daily.market.bars["A"].ts_open_ns
    monkeypatch.setattr(Catalog, "window", window)
    assert result(daily, tmp_path, cuts=[int(opens[90])]) != daily.run.summary["result_sha256"]

"""Every algorithm through what interrupts it: a halt and its end, a cancel of everything, a silence, a short day."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord, ParentRecord, RiskAction
from tests.acceptance.conftest import SLICED
from tests.firm_runs import Played, Targets, by_round, flat_minutes, play, settings, write_bars

MONDAY, DAY_BEFORE_THANKSGIVING = datetime(2024, 1, 8), datetime(2012, 11, 21)  # noqa: DTZ001 - days, not moments
ALGORITHMS: dict[str, dict[str, Any]] = {
    "twap": {"name": "twap", "randomise_times": 0.5, "randomise_sizes": 0.5},
    "vwap": {"name": "vwap"},
    "pov": {"name": "pov", "participation": 0.1},
    "almgren_chriss": {"name": "almgren_chriss", "risk_aversion": 1e-4, "spread_bps": 2.0},
}
LIMIT: dict[str, Any] = {"limit": {"offset_bps": 5.0, "cross_share": 0.25}}
CHANGES: dict[str, Any] = SLICED | {
    "market.universe.max_order_value": 1e9,
    "execution.no_trade_band": 0.0,
    "execution.gate.max_messages": 10_000,
    "execution.twap": {"above_participation": 0.002, "duration_minutes": 60, "interval_minutes": 5},
}
TARGET = 6_000


def traded(bars: BarColumns) -> BarColumns:
    """Volume that an algorithm can follow, and steps in the price, so that there is a volatility."""
    wave = np.round(100 + 0.02 * np.sin(np.arange(len(bars)) * 1.7), 2)
    return replace(bars, open=wave, high=wave + 0.01, low=wave - 0.01, close=wave, volume=np.full(len(bars), 2_000.0))


@pytest.fixture
def worked(tmp_path: Path) -> Callable[..., Played]:
    def go(table: Mapping[str, Any], targets: Targets, bars: BarColumns, *, repeat: bool = True) -> Played:
        catalog = write_bars(tmp_path / "catalog", {"A": bars})
        loaded = settings(["A"], CHANGES | {"execution.algorithm": dict(table)}, macro=False)
        played = play(loaded, catalog, tmp_path / "run", by_round(targets, repeat=repeat))
        assert played.failures.first is None, played.failures.first
        return played

    return go


def kinds(played: Played, kind: OrderEventKind) -> list[OrderRecord]:
    return [one for one in played.tape.of(OrderRecord) if one.kind is kind]


def closes(played: Played) -> dict[int, int]:
    return {seen.round: seen.ts_event for seen in played.seen}


def filled(played: Played) -> int:
    for parent in played.tape.of(ParentRecord):
        assert parent.filled_quantity <= parent.quantity
    return sum(parent.filled_quantity for parent in played.tape.of(ParentRecord))


@pytest.mark.parametrize("limit", [{}, LIMIT], ids=["market", "limit"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_halt_stops_it_and_after_resume_the_rest_is_worked(worked: Any, name: str, limit: dict[str, Any]) -> None:
    bars = traded(flat_minutes(MONDAY, 1).take(slice(0, 240)))
    targets = {60: [TARGET], 83: [RiskAction.HALT, TARGET], 120: [RiskAction.RESUME, TARGET]}
    played = worked(ALGORITHMS[name] | limit, targets, bars)
    at = closes(played)
    sent = [one.ts_event for one in kinds(played, OrderEventKind.SUBMITTED)]
    fills = [one.ts_event for one in kinds(played, OrderEventKind.FILLED)]
    assert [ts for ts in sent if ts <= at[83]]
    assert not [ts for ts in sent + fills if at[84] < ts <= at[120]]
    assert [ts for ts in sent if ts > at[120]]
    assert filled(played) == TARGET
    assert (played.positions, played.working) == ([TARGET], [0])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_cancel_of_everything_ends_it_at_once(worked: Any, name: str) -> None:
    bars = traded(flat_minutes(MONDAY, 1).take(slice(0, 240)))
    played = worked(ALGORITHMS[name] | LIMIT, {60: [TARGET], 83: [RiskAction.CANCEL_ALL]}, bars, repeat=False)
    assert max(one.ts_event for one in played.tape.of(OrderRecord)) <= closes(played)[83] + 1
    assert played.working == [0]
    assert played.positions == [filled(played)]
    assert 0 < filled(played) < TARGET


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_silence_takes_back_what_rests_and_the_parent_goes_on_with_the_next_price(worked: Any, name: str) -> None:
    bars = traded(flat_minutes(MONDAY, 1).take(slice(0, 240)))
    keep = np.ones(240, dtype=np.bool_)
    keep[76:106] = False
    played = worked(ALGORITHMS[name] | LIMIT, {60: [TARGET]}, bars.take(keep), repeat=False)
    at = closes(played)
    silent = [one for one in played.tape.of(OrderRecord) if at[76] < one.ts_event < at[77] - MINUTE_NS]
    assert {one.kind for one in silent} <= {OrderEventKind.CANCELED}
    rested = [one for one in kinds(played, OrderEventKind.SUBMITTED) if one.ts_event <= at[76]]
    over = {
        one.client_order_id
        for one in played.tape.of(OrderRecord)
        if one.kind in {OrderEventKind.FILLED, OrderEventKind.CANCELED} and one.ts_event <= at[76] + 10 * MINUTE_NS
    }
    assert {one.client_order_id for one in rested} <= over
    after = [one for one in kinds(played, OrderEventKind.SUBMITTED) if one.ts_event > at[77] - MINUTE_NS]
    assert after
    assert {one.parent_order_id for one in after} == {rested[0].parent_order_id}  # the same parent goes on
    assert filled(played) <= TARGET


@pytest.mark.parametrize("name", ALGORITHMS)
def test_on_a_half_day_its_time_ends_with_the_session(worked: Any, name: str) -> None:
    """The day after Thanksgiving 2012 closed at 13:00 in New York: 210 minutes after its open, with 25 to go."""
    bars = traded(flat_minutes(DAY_BEFORE_THANKSGIVING, 3))
    assert len(bars) == 390 + 210
    played = worked(ALGORITHMS[name] | LIMIT, {390 + 185: [TARGET]}, bars, repeat=False)
    last_ns = int(bars.ts_close_ns[-1])
    (parent,) = played.tape.of(ParentRecord)
    sent = [one.ts_event for one in kinds(played, OrderEventKind.SUBMITTED)]
    assert len(sent) >= 4
    assert max(sent) < last_ns
    assert max(one.ts_event for one in played.tape.of(OrderRecord)) <= last_ns + 1
    assert parent.state == ("expired" if parent.filled_quantity < TARGET else "filled")
    assert played.positions == [parent.filled_quantity]
    assert parent.filled_quantity > TARGET / 2 or name == "pov"
    assert played.working == [0]

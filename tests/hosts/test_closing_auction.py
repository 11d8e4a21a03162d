"""Closing ticks: one for each instrument that is traded and each session that ends with a bar, and each once."""

from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.hosts.closing_auction import closing_ticks
from nautilus_ai_firm.hosts.sandbox import _delayed
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from tests.firm_runs import settings, synthetic_market

AUCTION = {"name": "twap", "at_end": "auction"}


def staged(folder: Path, algorithm: dict[str, Any] | None) -> tuple[Stage, Any]:
    """Two sessions of two stocks and an index that is watched, of which one stock lacks the last bar of the first."""
    market = synthetic_market(["A", "B"], 2, "1-MINUTE")
    market.bars["B"] = market.bars["B"].take(np.arange(780) != 389)
    catalog = market.write(folder / "catalog", "1-MINUTE")
    changes: dict[str, Any] = {"market.bar": "1-MINUTE"}
    changes |= {} if algorithm is None else {"execution.algorithm": algorithm}
    stage = prepare(Study(loaded=settings(["A", "B"], changes), catalog=catalog, out=folder / "run"))
    window = stage.catalog.window(bar_names(stage.firm), input_names(stage.firm), 0, stage.end_ns)
    return stage, window


def test_every_session_of_every_instrument_that_has_its_last_bar_has_a_tick_there(tmp_path: Path) -> None:
    stage, window = staged(tmp_path, AUCTION)
    ticks = closing_ticks(stage, window.bars, window.opening_ticks)
    closes = sorted({bar.ts_event for bar in window.bars} & set(stage.sessions.closes_ns.tolist()))
    found = [(str(tick.instrument_id), tick.ts_event) for tick in ticks]
    assert sorted(found) == [("A.US", closes[0]), ("A.US", closes[1]), ("B.US", closes[1])]
    bars = {(bar.bar_type.instrument_id, bar.ts_event): bar.close for bar in window.bars}
    assert [tick.price for tick in ticks] == [bars[tick.instrument_id, tick.ts_event] for tick in ticks]
    assert {int(tick.size.as_decimal()) for tick in ticks} == {OPENING_TICK_SIZE}


def test_what_a_session_recorded_is_not_added_again(tmp_path: Path) -> None:
    stage, window = staged(tmp_path, AUCTION)
    ticks = closing_ticks(stage, window.bars, window.opening_ticks)
    assert closing_ticks(stage, window.bars, [*window.opening_ticks, *ticks]) == []


def test_a_bar_that_came_after_the_close_gives_no_tick_at_the_close(tmp_path: Path) -> None:
    """It would come before what was heard already."""
    stage, window = staged(tmp_path, AUCTION)
    late = [_delayed(bar, 2_000) for bar in window.bars]
    closing = {(str(tick.instrument_id), tick.ts_event) for tick in closing_ticks(stage, late, window.opening_ticks)}
    assert closing == {
        (str(bar.bar_type.instrument_id), bar.ts_event)
        for bar in late
        if bar.ts_init == bar.ts_event and bar.ts_event in stage.sessions.closes_ns.tolist()
    }
    assert len(closing) < 3


def test_a_firm_that_does_not_trade_there_has_none(tmp_path: Path) -> None:
    for name, algorithm in (("absent", None), ("leave", {"name": "twap", "at_end": "leave"})):
        stage, window = staged(tmp_path / name, algorithm)
        assert closing_ticks(stage, window.bars, window.opening_ticks) == []

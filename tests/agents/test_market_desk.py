"""Bars and figures in, one snapshot a round out."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.catalog import Catalog
from tests.agents.conftest import DAYS, SYMBOLS, Bench
from tests.firm_runs import INDEX

AFTER_THE_FIGURE = date(2012, 1, 6)  # the monthly figure comes out the day before


def snapshots(bench: Bench, initial: dict[str, float] | None = None) -> list[Any]:
    return bench.sit(
        lambda _book, _ledger, failures: [
            MarketDesk(bench.stage.universe, Feed(initial_inputs=initial or {}), MarketTime(), failures)
        ],
        hears=[Topic.SNAPSHOT],
    )


def test_one_snapshot_a_round_with_the_bars_of_the_round(bench: Bench) -> None:
    found = snapshots(bench)
    columns = [Catalog(bench.stage.study.catalog).bar_columns(f"{name}.US-1-DAY-LAST-EXTERNAL") for name in SYMBOLS]
    assert [seen.round for seen in found] == list(range(1, DAYS + 1))
    for place, seen in enumerate(found):
        assert seen.ts_event == columns[0].ts_close_ns[place]
        assert seen.volume.tolist() == pytest.approx([column.volume[place] for column in columns], rel=1e-15)
        for name in ("open", "high", "low", "close"):
            assert getattr(seen, name).tolist() == [getattr(column, name)[place] for column in columns]
        assert seen.fresh.all()


def test_an_input_is_the_last_one_published_by_the_close(bench: Bench) -> None:
    catalog = Catalog(bench.stage.study.catalog)
    oil = catalog.observation_columns("wti")
    index = catalog.bar_columns(f"{INDEX}-1-DAY-LAST-EXTERNAL")
    found = snapshots(bench)
    for place, seen in enumerate(found[1:], start=1):
        assert seen.inputs[0] == index.close[place]
        assert seen.inputs[1] == oil.value[np.searchsorted(oil.ts_init_ns, seen.ts_event, side="right") - 1]
        assert seen.inputs_fresh[:2].all()


def test_inputs_start_with_what_was_known_before_and_are_fresh_once(new_bench: Any) -> None:
    found = snapshots(new_bench(start=AFTER_THE_FIGURE), {"credit_spread": 0.0123})
    assert found[0].inputs[2] == 0.0123
    assert [bool(seen.inputs_fresh[2]) for seen in found[:2]] == [True, False]


def test_without_anything_known_before_an_input_is_missing(new_bench: Any) -> None:
    first = snapshots(new_bench(start=AFTER_THE_FIGURE))[0]
    assert np.isnan(first.inputs[2])
    assert not first.inputs_fresh[2]


def test_nobody_can_change_a_snapshot(bench: Bench) -> None:
    seen = snapshots(bench)[0]
    with pytest.raises(ValueError, match="read-only"):
        seen.close[0] = 1.0
    with pytest.raises(AttributeError):
        seen.round = 7

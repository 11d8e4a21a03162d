"""No child of an algorithm is larger or smaller than it may be, and what is left at the end is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import GateResult, ParentRecord
from tests.acceptance.one_share import ALMGREN, HOUR, LIMITS, MONDAY, SLICED, minutes_of, parents, steps
from tests.firm_runs import flat_minutes, play, settings, write_bars


def test_no_interval_sends_more_than_the_maximum_and_the_rest_is_left(worked: Any) -> None:
    played = worked({10: [10_000]}, {"max_child": 1_500})
    assert steps(played) == [1_500] * 5
    assert parents(played) == [("TWAP", 10_000, 7_500, "expired")]


def test_after_a_silence_nothing_is_caught_up_with_at_once(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    keep = np.ones(90, dtype=np.bool_)
    keep[12:32] = False
    changes = {"execution.twap": HOUR | {"interval_minutes": 2}}
    played = worked({10: [30_000]}, {"max_child": 1_500}, bars.take(keep), changes)
    assert max(steps(played)) == 1_500
    assert minutes_of(played, 10)[:4] == [0, 22, 24, 26]
    free = worked({10: [30_000]}, None, bars.take(keep), changes)  # the control
    assert max(steps(free)) == 11_000


def test_in_the_last_interval_the_rest_is_sent_where_nothing_is_to_be_left(worked: Any) -> None:
    changes = {"execution.twap": HOUR}
    played = worked({10: [10_000]}, {"max_child": 1_500, "at_end": "cross"}, changes=changes)
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [1_500] * 6 + [1_000]
    assert minutes_of(played, 10) == [0, 10, 20, 30, 40, 50, 51]


def test_children_are_never_below_the_minimum_but_for_the_last(worked: Any) -> None:
    played = worked({10: [10_500]}, {"min_child": 4_000})
    assert steps(played) == [4_200, 4_200, 2_100]


def test_reducing_is_urgent_where_the_table_says_so(worked: Any) -> None:
    played = worked({10: [10_000], 30: [0]}, {"urgent_share": 0.4})
    assert steps(played) == [2_000] * 5 + [-5_000] * 2
    at_once = worked({10: [10_000], 30: [0]}, {"urgent_share": 0.0})
    assert steps(at_once) == [2_000] * 5 + [-10_000]


def test_bars_coarser_than_the_slices_refuse_every_algorithm(tmp_path: Path) -> None:
    bars = flat_minutes(MONDAY, 5)
    hours = bars.take(np.arange(len(bars)) % 30 == 0)
    hours = replace(hours, ts_close_ns=hours.ts_open_ns + 30 * MINUTE_NS, volume=np.full(len(hours), 100.0))
    catalog = write_bars(tmp_path / "catalog", {"A": hours}, "30-MINUTE")
    for table in ({"name": "vwap"}, {"name": "pov", "participation": 0.1}, ALMGREN):
        changes = SLICED | LIMITS | {"execution.algorithm": table, "market.bar": "30-MINUTE"}
        loaded = settings(["A"], changes, macro=False)
        played = play(loaded, catalog, tmp_path / "run", lambda snapshot, _: [10_000] if snapshot.round == 20 else None)
        refused = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
        assert [(one.rule, one.action) for one in refused] == [
            ("slicing_refused", "cut: bars of 30 minutes are coarser than slices of 1")
        ]
        assert [one.exec_algorithm for one in played.tape.of(ParentRecord)] in ([], [None])

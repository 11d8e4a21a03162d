"""Limits on orders for new risk alone: what reduces, and what protects, is counted and passes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.messages import GateResult
from tests.agents.conftest import Bench
from tests.agents.test_execution_desk import cleared, execute
from tests.firm_runs import Played, audit, flat_minutes, play, run, settings, synthetic_market, write_bars

SYMBOLS = ["A", "B"]


@pytest.fixture(scope="module")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bars = flat_minutes(datetime(2012, 1, 3), 1, volume=1e6).take(slice(0, 14))  # noqa: DTZ001 - a day of the calendar
    return write_bars(tmp_path_factory.mktemp("minutes") / "catalog", dict.fromkeys(SYMBOLS, bars))


def played(catalog: Path, folder: Path, changes: dict[str, Any], targets: Mapping[int, Sequence[int]]) -> Played:
    loaded = settings(SYMBOLS, {"market.bar": "1-MINUTE", "execution.no_trade_band": 0.0} | changes, macro=False)
    done = play(loaded, catalog, folder, lambda snapshot, _: targets.get(snapshot.round))
    assert done.failures.first is None
    return done


def refused(done: Played) -> list[tuple[int, str, str]]:
    return [
        (one.round, one.instrument_id, one.breach.rule)
        for one in done.tape.messages
        if isinstance(one, GateResult) and one.breach is not None
    ]


def test_a_decision_that_comes_again_is_refused(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, 0.05]), cleared(bench, [0.05, 0.20])])
    filled = [one for one in heard[Topic.ORDER_RECORD] if one.kind == "filled"]
    assert len(filled) == 2
    again = [one.breach.rule for one in heard[Topic.GATE_RESULT] if one.breach is not None]
    assert again == ["duplicate_decision"]


def test_more_new_orders_than_allowed_are_refused_and_closing_ones_never(minutes: Path, tmp_path: Path) -> None:
    limit = {"execution.gate.max_new_parents": 2, "execution.gate.new_parents_window_seconds": 600}
    targets = {2: [100, 100], 4: [150, 100], 5: [0, 0]}
    done = played(minutes, tmp_path / "run", limit, targets)
    assert refused(done) == [(4, "A.US", "max_new_parents")]
    assert done.positions == [0, 0]
    free = played(minutes, tmp_path / "free", {}, targets)
    assert refused(free) == []


def test_new_orders_keep_their_distance_and_closing_ones_do_not(minutes: Path, tmp_path: Path) -> None:
    targets = {2: [100, 100], 7: [0, 0]}
    spaced = played(minutes, tmp_path / "run", {"execution.gate.min_new_parent_spacing_ms": 100}, targets)
    tick_ns = spaced.fills()[0].ts_event
    assert [(one.instrument_id, one.ts_event - tick_ns) for one in spaced.fills()] == [
        ("A.US", 0),
        ("A.US", 5 * MINUTE_NS),
    ]  # the second waits for a later tick, and there is none before the next round
    plain = played(minutes, tmp_path / "plain", {}, targets)
    assert len(plain.fills()) == 4


def test_the_same_order_too_often_halts_the_firm_until_a_person_resumes(tmp_path: Path) -> None:
    catalog = synthetic_market(SYMBOLS, 60).write(tmp_path / "catalog")
    file = tmp_path / "kill_switch.json"
    changes = {
        "execution.no_trade_band": 0.0,
        "execution.gate.max_repeats": 3,
        "execution.gate.repeat_window_seconds": 31_536_000,
        "risk.kill_switch_file": str(file),
    }
    result = run(settings(SYMBOLS, changes, macro=False), catalog, tmp_path / "run")
    halts = [(one["who"], one["cause"]) for one in audit(result.folder, "command") if one["action"] == "halt"]
    assert len(halts) == 1
    assert halts[0][0] == "gate"
    assert "more than 3 orders to" in halts[0][1]
    assert ["gate", "max_repeats"] in [row[:2] for row in result.summary["refusals"]]
    assert result.summary["refusals"]
    assert not file.exists(), "a simulation does not halt the live firm"


def test_what_the_gate_latched_is_latched_after_a_restart(tmp_path: Path) -> None:
    """A live firm's switch is a file: another process finds it as it was left, until a named person opens it."""
    FileKillSwitch(tmp_path / "switch.json").latch("A.US: more than 3 orders to buy", "gate", "then")
    again = FileKillSwitch(tmp_path / "switch.json")
    assert (again.state().latched, again.state().who) == (True, "gate")
    for why, who in (("", "tester"), ("all clear", " ")):
        with pytest.raises(ValueError, match="a named person resumes for a stated reason"):
            again.resume(why, who, "now")
    assert again.state().latched
    again.resume("the model is repaired", "tester", "now")
    assert not again.state().latched

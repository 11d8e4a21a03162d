"""The kill switch and the drawdown limit stop new exposure, whenever they strike, until a person resumes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.gateways.kill_switch import OPEN, FileKillSwitch, KillSwitchState
from nautilus_ai_firm.hosts import study
from nautilus_ai_firm.runs.folder import Run
from tests.faults.conftest import MINUTES, ROUNDS, Go
from tests.firm_runs import audit, decisions, fills, run, settings

LATCHED = KillSwitchState(latched=True, cause="a test", who="tester", time="")
RESUMED = KillSwitchState(latched=False, cause="all clear", who="tester", time="")
FIRST, LAST = 40, 50
"""Rounds of the halt; the firm trades from round 32 on."""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[int, KillSwitchState]], None]:
    """Put a switch in place that changes its state in the given rounds."""

    def script(states: Mapping[int, KillSwitchState]) -> None:
        class Switch:
            def __init__(self, _file: Any) -> None:
                self._round = 0
                self._state = states.get(0, OPEN)

            def state(self) -> KillSwitchState:
                self._round += 1
                self._state = states.get(self._round, self._state)
                return self._state

            def latch(self, cause: str, who: str, time: str) -> None:
                self._state = KillSwitchState(latched=True, cause=cause, who=who, time=time)

        monkeypatch.setattr(study, "SimulatedKillSwitch", Switch)

    return script


def exposure_added(result: Run) -> list[tuple[int, str, int, int]]:
    """Round, instrument, position before and after of every fill that adds exposure."""
    position: dict[str, int] = {}
    added: list[tuple[int, str, int, int]] = []
    for row in fills(result):
        name = row["instrument_id"]
        before = position.get(name, 0)
        after = before + int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        if abs(after) > abs(before) or before * after < 0:
            added.append((row["round"], name, before, after))
        position[name] = after
    return added


def commands(result: Run) -> list[tuple[str, str, str]]:
    return [(fact["action"], fact["cause"], fact["who"]) for fact in audit(result.folder, "command")]


def latched_file(folder: Path, text: str | None = None) -> str:
    path = folder / "kill_switch.json"
    if text is None:
        FileKillSwitch(path).latch("before the run", "tester", "2024-01-02T00:00:00+00:00")
    else:
        path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_switch_latched_before_the_run_lets_nothing_trade_and_is_recorded(go: Go, tmp_path: Path) -> None:
    result = go(settings(["A", "B"], {"risk.kill_switch_file": latched_file(tmp_path)}))
    assert result.summary["rounds"] == ROUNDS
    assert result.summary["fills"] == result.summary["orders"] == 0
    assert commands(result) == [("halt", "before the run", "tester"), ("cancel_all", "before the run", "tester")]
    assert ["risk", "halt", ROUNDS] in [list(row) for row in result.summary["refusals"]]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"latched": false}', "null", '{"latched": 0, "cause": ""}'])
def test_a_corrupt_switch_is_a_latched_one(go: Go, tmp_path: Path, text: str) -> None:
    file = latched_file(tmp_path, text)
    result = go(settings(["A", "B"], {"risk.kill_switch_file": file}))
    assert result.summary["fills"] == 0
    action, cause, who = commands(result)[0]
    assert (action, who) == ("halt", "kill switch")
    assert cause.startswith(f"{file} cannot be read")


def test_a_switch_that_is_a_folder_is_a_latched_one(go: Go, tmp_path: Path) -> None:
    result = go(settings(["A", "B"], {"risk.kill_switch_file": str(tmp_path)}))
    assert result.summary["fills"] == 0


def test_a_resumed_switch_lets_the_firm_trade(go: Go, tmp_path: Path) -> None:
    file = latched_file(tmp_path)
    FileKillSwitch(Path(file)).resume("all clear", "tester", "2024-01-03T00:00:00+00:00")
    result = go(settings(["A", "B"], {"risk.kill_switch_file": file}))
    assert result.summary["fills"] > 0
    assert commands(result) == []


def test_a_halt_in_the_middle_drops_held_orders_and_stops_new_exposure(go: Go, scripted: Any) -> None:
    scripted({FIRST: LATCHED})
    result = go(settings(["A", "B"], {"execution.no_trade_band": 0.0}))
    assert commands(result) == [("halt", "a test", "tester"), ("cancel_all", "a test", "tester")]
    added = exposure_added(result)
    assert added
    assert max(round_ for round_, *_ in added) < FIRST


def test_after_resume_the_firm_trades_again(go: Go, scripted: Any) -> None:
    scripted({FIRST: LATCHED, LAST: RESUMED})
    result = go(settings(["A", "B"], {"execution.no_trade_band": 0.0}))
    assert [action for action, _, _ in commands(result)] == ["halt", "cancel_all", "resume"]
    assert commands(result)[-1] == ("resume", "all clear", "tester")
    rounds = {round_ for round_, *_ in exposure_added(result)}
    assert [round_ for round_ in rounds if FIRST <= round_ < LAST] == []
    assert [round_ for round_ in rounds if round_ >= LAST]


def test_every_switch_of_the_switch_is_recorded_in_order(go: Go, scripted: Any) -> None:
    scripted({35: LATCHED, 38: RESUMED, 41: LATCHED, 44: RESUMED})
    facts = audit(go().folder, "command")
    assert [fact["action"] for fact in facts] == ["halt", "cancel_all", "resume", "halt", "cancel_all", "resume"]
    assert [fact["sequence"] for fact in facts] == [1, 2, 3, 4, 5, 6]


def test_a_halt_without_reducing_leaves_every_position_as_it_is(go: Go, scripted: Any) -> None:
    scripted({FIRST: LATCHED})
    result = go(settings(["A", "B"], {"risk.halt_allows_reducing": False, "execution.no_trade_band": 0.0}))
    assert result.summary["fills"] > 0
    assert max(row["round"] for row in fills(result)) < FIRST


def test_a_halt_during_slicing_ends_the_slices(one_day_of_minutes: Path, tmp_path: Path, scripted: Any) -> None:
    scripted({100: LATCHED})
    result = run(settings(["A", "B"], MINUTES, macro=False), one_day_of_minutes, tmp_path / "run")
    halted_ns = next(fact["ts"] for fact in audit(result.folder, "command"))
    after = [row for row in fills(result) if row["ts"] > halted_ns and row["round"] < 100]
    assert after == []
    assert any(row["exec_algorithm"] == "TWAP" and row["ts"] < halted_ns for row in fills(result))
    assert max(round_ for round_, *_ in exposure_added(result)) < 100


def lossy(changes: Mapping[str, Any] | None = None) -> Any:
    return settings(
        ["A", "B"],
        {
            "risk.max_drawdown": 0.02,
            "costs.commission_bps": 30.0,
            "cio.target_volatility_per_year": 0.8,
            "execution.no_trade_band": 0.0,
            "execution.twap.above_participation": 0.5,
        }
        | dict(changes or {}),
    )


def test_a_drawdown_halt_latches_and_only_reduces(go: Go, tmp_path: Path) -> None:
    file = tmp_path / "state" / "kill_switch.json"
    result = go(lossy({"risk.kill_switch_file": str(file)}))
    table = result.table("equity")
    reached = int(table.loc[table["drawdown"] >= 0.02, "round"].iloc[0])
    action, cause, who = commands(result)[0]
    assert (action, who) == ("halt", "risk")
    assert cause.startswith("drawdown 0.0")
    assert cause.endswith("reached the limit 0.0200")
    assert reached < ROUNDS - 5
    assert max(round_ for round_, *_ in exposure_added(result)) < reached
    assert ["risk", "halt", ROUNDS - reached + 1] in [list(row) for row in result.summary["refusals"]]
    assert not file.exists(), "a simulation does not halt the live firm"


def test_a_drawdown_halt_stays_when_the_drawdown_heals(go: Go) -> None:
    result = go(lossy())
    halted = {line["round"] for line in decisions(result.folder) if any(b["rule"] == "halt" for b in line["breaches"])}
    assert halted == set(range(min(halted), ROUNDS + 1))


def test_resume_starts_a_new_high_water_mark(go: Go, scripted: Any) -> None:
    scripted({LAST: RESUMED})
    result = go(lossy())
    table = result.table("equity").set_index("round")
    assert commands(result)[-1][0] in {"resume", "cancel_all"}
    actions = [action for action, _, _ in commands(result)]
    assert actions[:3] == ["halt", "cancel_all", "resume"]
    assert table.loc[LAST, "drawdown"] >= 0.02
    assert table.loc[LAST + 1, "drawdown"] < 0.02


def test_a_switch_that_a_person_throws_while_a_run_is_under_way_is_obeyed(go: Go, days: Path, tmp_path: Path) -> None:
    file = tmp_path / "kill_switch.json"
    closes = Catalog(days).close_times([bar_type_id("A.US", "1-DAY")], 0, 2**62)

    def progress(done: int, _all: int) -> None:
        if done == FIRST:
            FileKillSwitch(file).latch("thrown", "person", "")

    loaded = settings(["A", "B"], {"risk.kill_switch_file": str(file), "execution.no_trade_band": 0.0})
    result = go(loaded, on_progress=progress, cuts=[int(closes[FIRST - 1])])
    assert commands(result) == [("halt", "thrown", "person"), ("cancel_all", "thrown", "person")]
    assert audit(result.folder, "command")[0]["ts"] == closes[FIRST - 1]  # a round closes with the data after it
    assert max(round_ for round_, *_ in exposure_added(result)) < FIRST

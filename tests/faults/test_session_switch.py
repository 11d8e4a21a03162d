"""The kill switch of a live firm is a file: latched while a session runs, over a crash, and between sessions."""

from pathlib import Path

import pytest

from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.session_reading import Session, read_session
from tests.firm_runs import audit, fills
from tests.live_runs import (
    SLICED,
    Desk,
    assert_done_once,
    assert_sealed,
    desk,
    end_of,
    kill,
    minute_market,
    rounds_of,
    wait_until,
)

ROUNDS = 120


@pytest.fixture
def sliced(tmp_path: Path) -> Desk:
    changes = SLICED | {"execution.no_trade_band": 0.0}
    return desk(tmp_path / "desk", minute_market(["A", "B"], ROUNDS), changes, bar="1-MINUTE", macro=False)


def latch(made: Desk, cause: str = "looks wrong") -> None:
    FileKillSwitch(made.switch).latch(cause, "person", "2024-01-02T00:00:00+00:00")


def open_again(made: Desk) -> None:
    FileKillSwitch(made.switch).resume("all clear", "person", "2024-01-03T00:00:00+00:00")


def exposure_added(result: Run, from_ns: int, until_ns: int = 2**63 - 1) -> list[str]:
    """Orders whose fills between two times made a position larger or changed its side."""
    held: dict[str, int] = {}
    added: list[str] = []
    for row in fills(result):
        before = held.get(row["instrument_id"], 0)
        after = before + int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        held[row["instrument_id"]] = after
        if from_ns < row["ts"] <= until_ns and (abs(after) > abs(before) or before * after < 0):
            added.append(row["client_order_id"])
    return added


def halts(session: Session) -> list[tuple[str, str]]:
    return [(str(one.action), one.who) for one in session.of("command")]


def crash_after_a_latch(sliced: Desk, out: Path) -> None:
    """Throw the switch while a session runs, and kill the session some rounds later."""
    process = sliced.begin(out, speed=1_500)
    assert wait_until(process, lambda: rounds_of(out) >= 40)
    latch(sliced)
    thrown = rounds_of(out)
    assert wait_until(process, lambda: rounds_of(out) >= thrown + 3)
    kill(process)


@pytest.mark.slow
def test_a_switch_thrown_while_a_session_runs_stays_latched_over_a_crash(sliced: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    crash_after_a_latch(sliced, out)
    assert halts(read_session(out)) == [("halt", "person"), ("cancel_all", "person")]
    resumed = sliced.resume(out, "--speed", "0")
    assert resumed.status == 0, resumed.errors
    session = assert_done_once(out)
    assert halts(session) == [("halt", "person"), ("cancel_all", "person")]
    result = assert_sealed(out, "normal")
    assert result.summary["rounds"] == ROUNDS
    halted_ns = audit(out, "command")[0]["ts"]
    assert exposure_added(result, 0, halted_ns)
    assert exposure_added(result, halted_ns) == []
    assert '"latched": true' in sliced.switch.read_text()


@pytest.mark.slow
def test_a_session_resumed_after_the_switch_was_opened_takes_risk_again_from_there_on(
    sliced: Desk, tmp_path: Path
) -> None:
    """What was refused while the switch was latched stays refused: it runs again as it ran."""
    out = tmp_path / "run"
    crash_after_a_latch(sliced, out)
    killed_at = rounds_of(out)
    open_again(sliced)
    resumed = sliced.resume(out, "--speed", "0")
    assert resumed.status == 0, resumed.errors
    session = assert_done_once(out)
    assert [action for action, _ in halts(session)] == ["halt", "cancel_all", "resume"]
    halted, _, opened = session.of("command")
    begun = [snapshot.round for snapshot in session.of("snapshot") if snapshot.ts_event <= opened.ts_event]
    assert max(begun) in {killed_at, killed_at + 1}  # the switch is looked at between rounds too
    result = assert_sealed(out, "normal")
    assert exposure_added(result, halted.ts_event, opened.ts_event) == []
    assert exposure_added(result, opened.ts_event)


@pytest.mark.slow
def test_a_switch_thrown_and_opened_in_one_session_is_obeyed_both_times(sliced: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = sliced.begin(out, speed=1_500)
    for act, rounds in ((latch, 40), (open_again, 50)):
        assert wait_until(process, lambda rounds=rounds: rounds_of(out) >= rounds)
        act(sliced)
    ended = end_of(process)
    assert ended.status == 0, ended.errors
    session = assert_done_once(out)
    assert [action for action, _ in halts(session)] == ["halt", "cancel_all", "resume"]
    halted, _, opened = session.of("command")
    result = assert_sealed(out, "normal")
    assert exposure_added(result, halted.ts_event, opened.ts_event) == []
    assert exposure_added(result, opened.ts_event)
    assert any("HALT by person: looks wrong" in line for line in ended.status_lines)


@pytest.mark.slow
@pytest.mark.parametrize("text", [None, "{", ""])
def test_a_switch_latched_or_damaged_before_the_session_lets_nothing_trade(
    sliced: Desk, tmp_path: Path, text: str | None
) -> None:
    latch(sliced)
    if text is not None:
        sliced.switch.write_text(text)
    ended = sliced.run(tmp_path / "run")
    assert ended.status == 0, ended.errors
    result = assert_sealed(tmp_path / "run", "normal")
    assert (result.summary["rounds"], result.summary["orders"]) == (ROUNDS, 0)
    assert audit(tmp_path / "run", "command")[0]["action"] == "halt"

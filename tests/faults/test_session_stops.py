"""A signal ends a session at the end of the market time that has begun: sealed, with the reason, exit status 0."""

import signal
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.session_reading import Session
from tests.live_runs import (
    RUN_FILES,
    SLICED,
    Desk,
    Ended,
    assert_done_once,
    assert_sealed,
    desk,
    end_of,
    kill,
    minute_market,
    rounds_of,
    wait_until,
)

ROUNDS = 300
INTERRUPTED_AT_THE_START = """
import os, signal
from nautilus_ai_firm.hosts import live
honest = live.start_of
def start_of(*given):
    os.kill(os.getpid(), signal.{name})
    return honest(*given)
live.start_of = start_of
"""
INTERRUPTED_WHILE_SEALING = """
import os, signal
from nautilus_ai_firm.hosts import session as sessions
honest = sessions.seal_session
def seal_session(folder):
    os.kill(os.getpid(), signal.SIGINT)
    return honest(folder)
sessions.seal_session = seal_session
"""
INTERRUPTED_WHILE_CATCHING_UP = """
import os, signal
from nautilus_ai_firm.hosts.sandbox import Sandbox
honest, seen = Sandbox.before, []
def before(self, event):
    seen.append(event)
    if len(seen) == 20:
        assert self.record.repeating
        os.kill(os.getpid(), signal.SIGINT)
    return honest(self, event)
Sandbox.before = before
"""


@pytest.fixture
def sliced(tmp_path: Path) -> Desk:
    """Two stocks over most of a day of minute bars, traded in slices that span rounds."""
    return desk(tmp_path / "desk", minute_market(["A", "B"], ROUNDS), SLICED, bar="1-MINUTE", macro=False)


def stopped_in_round(made: Desk, out: Path, round_: int, *signals: signal.Signals, speed: float = 0.0) -> Ended:
    """Run a session and signal it as soon as that round is in its journal."""
    process = made.begin(out, speed=speed)
    assert wait_until(process, lambda: rounds_of(out) >= round_)
    for number in signals:
        process.send_signal(number)
    return end_of(process)


def assert_ended_in_order(ended: Ended, out: Path, *reasons: str) -> Session:
    """Sealed, nothing is working, and the last round of the journal is complete."""
    assert (ended.status, ended.errors) == (0, [])
    result = assert_sealed(out, *reasons)
    assert {path.name for path in out.iterdir()} == RUN_FILES
    session = assert_done_once(out)
    assert session.entries[-1].fact.reason == result.summary["ended"]
    rounds = {record: {one.round for one in session.of(record)} for record in ("snapshot", "decision")}
    agents = len(result.summary["contributions"])
    assert rounds["snapshot"] == rounds["decision"] == set(range(1, result.summary["rounds"] + 1))
    assert len(session.of("cleared")) == result.summary["rounds"] < ROUNDS
    assert len(session.of("signal")) == result.summary["rounds"] * agents
    passed = {one.client_order_id for one in session.of("gate_result") if one.breach is None}
    closed = {one.parent_order_id for one in session.of("parent")}
    assert {order_id.rpartition("-E")[0] or order_id for order_id in passed} <= closed
    assert "0 working" in ended.status_lines[-1]
    return session


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_the_steps_of_a_paced_session(sliced: Desk, tmp_path: Path, number: signal.Signals) -> None:
    ended = stopped_in_round(sliced, tmp_path / "run", 40, number, speed=1_500)
    session = assert_ended_in_order(ended, tmp_path / "run", number.name)
    states = {one.state for one in session.of("parent")}
    assert states >= {"filled"}
    assert assert_sealed(tmp_path / "run", number.name).summary["rounds"] < 60


@pytest.mark.parametrize("round_", [60, *(pytest.param(round_, marks=pytest.mark.slow) for round_ in range(61, 67))])
def test_signals_at_full_speed(sliced: Desk, tmp_path: Path, round_: int) -> None:
    """The second and third find the session ending already; the order of two that wait is the system's affair."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGINT)
    ended = stopped_in_round(sliced, tmp_path / "run", round_, *signals)
    assert_ended_in_order(ended, tmp_path / "run", "SIGINT", "SIGTERM")


@pytest.mark.slow
def test_what_is_held_or_sliced_when_the_session_ends_is_closed_in_the_records(sliced: Desk, tmp_path: Path) -> None:
    """Whatever the moment, some of these sessions end while a parent is under way."""
    states: set[str] = set()
    for round_ in range(50, 58):
        out = tmp_path / f"run{round_}"
        session = assert_ended_in_order(
            stopped_in_round(sliced, out, round_, signal.SIGINT, speed=1_500), out, "SIGINT"
        )
        last_ns = session.of("snapshot")[-1].ts_event
        states |= {one.state for one in session.of("parent") if one.ts_event > last_ns}
    assert states & {"dropped: the run ended", "canceled"}


@pytest.mark.parametrize("name", ["SIGINT", pytest.param("SIGTERM", marks=pytest.mark.slow)])
def test_a_signal_before_the_first_round_leaves_a_sealed_folder_without_rounds(
    sliced: Desk, tmp_path: Path, name: str
) -> None:
    ended = sliced.run(tmp_path / "run", planted=INTERRUPTED_AT_THE_START.format(name=name))
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.splitlines()[-1].startswith("ended before its first round")
    assert assert_sealed(tmp_path / "run", name).summary["rounds"] == 0


@pytest.mark.slow
def test_a_signal_while_the_records_are_sealed_changes_nothing(sliced: Desk, tmp_path: Path) -> None:
    ended = sliced.run(tmp_path / "run", planted=INTERRUPTED_WHILE_SEALING)
    assert (ended.status, ended.errors) == (0, [])
    assert assert_sealed(tmp_path / "run", "normal").summary["rounds"] == ROUNDS


@pytest.mark.slow
@pytest.mark.parametrize(("option", "planted"), [(("--minutes", "0.0001"), ""), ((), INTERRUPTED_WHILE_CATCHING_UP)])
def test_a_session_asked_to_end_while_it_catches_up_ends_after_it_has(
    sliced: Desk, tmp_path: Path, option: tuple[str, ...], planted: str
) -> None:
    out = tmp_path / "run"
    process = sliced.begin(out)
    assert wait_until(process, lambda: rounds_of(out) >= 150)
    kill(process)
    before = rounds_of(out)
    ended = end_of(sliced.start("--resume", str(out), "--run", *option, planted=planted))
    assert (ended.status, ended.errors) == (0, [])
    result = assert_sealed(out, "minutes" if option else "SIGINT")
    assert before <= result.summary["rounds"] <= before + 2

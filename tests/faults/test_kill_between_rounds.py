"""The kill switch, thrown while a session runs: it acts before the next round, and a replay says the same."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch, KillSwitchState
from nautilus_ai_firm.hosts.switch_watch import HOST, SwitchWatch
from nautilus_ai_firm.messages import RiskAction, RiskCommand
from nautilus_ai_firm.runs.session_reading import Session, read_session
from tests.firm_runs import audit
from tests.live_runs import SLICED, Desk, assert_replays, desk, kill, minute_market, rounds_of, wait_until

ROUND = 70
STOPS = {"initial_atr": 3.0}
THROW = """
import nautilus_ai_firm.hosts.sandbox as sandbox
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from pathlib import Path
honest, seen = sandbox.Sandbox.before, []
def before(self, event):
    switch = FileKillSwitch(Path(SWITCH))
    if type(event).__name__ == "TradeTick" and event.ts_init not in seen:
        seen.append(event.ts_init)
        if len(seen) == THROWN:
            switch.latch("a person saw smoke", "tester", "then")
        if len(seen) == RESUMED:
            switch.resume("all clear", "tester", "later")
    return honest(self, event)
sandbox.Sandbox.before = before
"""


@pytest.fixture
def minutes(tmp_path: Path) -> Desk:
    changes = {**SLICED, "risk.stops": STOPS, "risk.halt_allows_reducing": False}
    return desk(tmp_path / "desk", minute_market(["A", "B"], 110), changes, bar="1-MINUTE", macro=False)


def thrown(made: Desk, at: int, resumed: int) -> str:
    named = {"SWITCH": repr(str(made.switch)), "THROWN": str(at), "RESUMED": str(resumed)}
    text = THROW
    for name, value in named.items():
        text = text.replace(name, value)
    return text


def commands(session: Session, sender: str) -> list[tuple[str, str]]:
    return [(one.action, one.cause) for one in session.of("command") if one.sender == sender]


def test_a_switch_thrown_inside_a_round_acts_before_the_next_and_replays(minutes: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert minutes.run(out, planted=thrown(minutes, ROUND, ROUND + 30)).status == 0
    session = read_session(out)
    halt, cancel, resume = (one for one in session.of("command") if one.sender == HOST)
    assert (halt.action, cancel.action, resume.action) == ("halt", "cancel_all", "resume")
    assert (halt.cause, halt.who) == ("a person saw smoke", "tester")
    assert commands(session, "risk") == []  # it is not said twice
    between = [one for one in session.of("order") if halt.ts_event < one.ts_event < resume.ts_event]
    assert [one for one in between if one.kind == "submitted" and not one.client_order_id.startswith("S")] == []
    assert_replays(out)


@pytest.mark.slow
def test_thrown_and_opened_again_between_two_rounds_the_firm_goes_on(minutes: Desk, tmp_path: Path) -> None:
    """The risk desk has seen nothing of it, so whoever halted the firm lets it go on."""
    out = tmp_path / "run"
    throw = thrown(minutes, ROUND, 10**9).replace(
        "return honest(self, event)",
        """if type(event).__name__ == "Bar" and len(seen) == ROUND and switch.state().latched:
        switch.resume("a false alarm", "tester", "later")
    return honest(self, event)""".replace("ROUND", str(ROUND)),
    )
    assert minutes.run(out, planted=throw).status == 0
    session = read_session(out)
    assert commands(session, "risk") == []
    assert [action for action, _ in commands(session, HOST)] == ["halt", "cancel_all", "resume"]
    last = max(one.ts_event for one in session.of("command") if one.sender == HOST)
    assert any(one.kind == "filled" and one.ts_event > last for one in session.of("order"))
    assert_replays(out)


def test_a_signal_throws_the_switch_of_a_session_that_waits(minutes: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = minutes.begin(out, speed=60.0)
    try:
        assert wait_until(process, lambda: rounds_of(out) >= 3)
        process.send_signal(signal.SIGUSR1)
        assert wait_until(process, lambda: b'"halt"' in (out / "journal" / "session.jsonl").read_bytes())
    finally:
        kill(process)
    halts = [one for one in read_session(out).of("command") if one.action == "halt" and one.sender == HOST]
    assert [(one.cause, one.who) for one in halts] == [("the process got SIGUSR1", "signal")]
    assert FileKillSwitch(minutes.switch).state().latched


@pytest.mark.slow
def test_a_session_that_crashed_after_it_was_thrown_says_the_same_when_it_runs_again(
    minutes: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    planted = (
        thrown(minutes, ROUND, 10**9)
        + "\nimport os, signal\n"
        + """
def dies(self, message, honest=sandbox.Sandbox.after):
    honest(self, message)
    if len(seen) > THROWN:
        os.kill(os.getpid(), signal.SIGKILL)
sandbox.Sandbox.after = dies
""".replace("THROWN", str(ROUND + 3))
    )
    assert minutes.run(out, planted=planted).status == -signal.SIGKILL
    said = commands(read_session(out), HOST)
    assert [action for action, _ in said] == ["halt", "cancel_all"]
    FileKillSwitch(minutes.switch).resume("repaired", "tester", "later")
    assert minutes.resume(out).status == 0
    again = read_session(out)
    assert commands(again, HOST)[:2] == said
    assert audit(out, "command")
    assert_replays(out)


class Switch:
    """A switch that a test throws."""

    def __init__(self) -> None:
        self.now = KillSwitchState(latched=False, cause="", who="", time="")

    def state(self) -> KillSwitchState:
        return self.now

    def latch(self, cause: str, who: str, time: str) -> None:
        self.now = KillSwitchState(latched=True, cause=cause, who=who, time=time)


def watched(*recorded: RiskCommand, repeating: Callable[[], bool] = lambda: False) -> tuple[Switch, SwitchWatch, Any]:
    switch, said = Switch(), []
    return switch, SwitchWatch(switch, said.append, recorded, repeating), said


def test_what_is_latched_from_the_start_and_what_the_firm_latched_itself_is_not_said_again() -> None:
    switch, watch, said = watched()
    switch.latch("from before", "tester", "")
    assert watch.due_ns(5) is None
    switch, watch, said = watched()
    assert watch.due_ns(5) is None
    switch.latch("drawdown", "risk", "")
    assert watch.due_ns(5) == 6
    watch.speak(6)
    assert said == []
    assert watch.due_ns(7) is None


def test_while_a_session_repeats_only_what_was_said_is_said() -> None:
    recorded = RiskCommand(sequence=1, ts_event=9, action=RiskAction.HALT, cause="smoke", who="tester", sender=HOST)
    repeating = True
    switch, watch, said = watched(recorded, repeating=lambda: repeating)
    switch.latch("now", "tester", "")
    assert watch.due_ns(5) == 9
    watch.speak(9)
    assert (said, watch.due_ns(9)) == ([recorded], None)
    repeating = False
    switch.now = KillSwitchState(latched=False, cause="all clear", who="tester", time="")
    assert watch.due_ns(20) == 21
    watch.speak(21)
    assert [one.action for one in said] == ["halt", "resume"]
    assert said[1].sequence == 2

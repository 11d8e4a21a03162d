"""The kill switch latches until a named person resumes, and a file that cannot be read is a latched one."""

import pytest

from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch, SimulatedKillSwitch

TIME = "2026-01-02T03:04:05+00:00"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "kill_switch.json"


def test_no_file_is_an_open_switch(path):
    assert not FileKillSwitch(path).state().latched
    assert not path.parent.exists()


def test_a_latch_survives_a_restart_until_somebody_resumes(path):
    FileKillSwitch(path).latch("too fast", "ann", TIME)
    state = FileKillSwitch(path).state()
    assert (state.latched, state.cause, state.who, state.time) == (True, "too fast", "ann", TIME)
    FileKillSwitch(path).resume("checked", "bob", TIME)
    assert not FileKillSwitch(path).state().latched
    assert FileKillSwitch(path).state().who == "bob"


def test_a_running_firm_sees_the_change(path):
    switch, hand = FileKillSwitch(path), FileKillSwitch(path)
    seen = [switch.state().latched]
    for change in (hand.latch, hand.resume, hand.latch):
        change("why", "ann", TIME)
        seen.append(switch.state().latched)
    path.unlink()
    assert [*seen, switch.state().latched] == [False, True, False, True, False]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"latched": false}', '{"latched": "no", "cause": "", "who": "", "time": ""}', "null"]
)
def test_a_file_that_says_nothing_clear_is_a_latched_switch(path, content):
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert FileKillSwitch(path).state().latched


def test_nothing_half_written_is_left_behind(path):
    FileKillSwitch(path).latch("why", "ann", TIME)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_simulation_obeys_the_file_but_latches_only_itself(path):
    switch = SimulatedKillSwitch(FileKillSwitch(path))
    FileKillSwitch(path).latch("by hand", "ann", TIME)
    assert switch.state().cause == "by hand"
    FileKillSwitch(path).resume("done", "ann", TIME)
    assert not switch.state().latched
    switch.latch("drawdown", "risk", TIME)
    assert switch.state().cause == "drawdown"
    assert not FileKillSwitch(path).state().latched

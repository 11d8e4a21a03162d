"""The journal of a session: everything is read back in order, and what must be on the disk is there in time."""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.messages import OrderEventKind
from nautilus_ai_firm.runs import journal as journal_module
from nautilus_ai_firm.runs.codec import CodecError
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import End, FillCharge, SwitchRead
from nautilus_ai_firm.runs.session_reading import read_session
from tests.runs.a_session import (
    COSTS,
    FAILURE,
    LATCHED,
    START,
    bar,
    cleared,
    gate,
    one_of_each,
    order,
    parent,
    signal,
    snapshot,
)
from tests.runs.any_fact import bits, market_bits


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A run folder with one record of each kind in its journal."""
    session = SessionJournal(tmp_path / "run")
    for method, arguments in one_of_each():
        getattr(session, method)(*arguments)
    session.close()
    return tmp_path / "run"


def expected() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for method, arguments in one_of_each():
        match method:
            case "history":
                found += [("history", data) for data in arguments[0]]  # pyright: ignore[reportIndexIssue, reportGeneralTypeIssues, reportOptionalIterable] - a list
            case "fill_costs":
                found.append((method, FillCharge(client_order_id=str(arguments[0]), costs=COSTS)))
            case "kill_switch":
                found.append((method, SwitchRead(round=1, state=arguments[0])))  # pyright: ignore[reportArgumentType] - a state
            case "end":
                found.append((method, End(reason="failed", exit_status=1)))
            case _:
                found.append((method, arguments[0]))
    return found


def same(record: str, fact: Any) -> Any:
    return market_bits(fact) if record in {"history", "market"} else bits(fact)


def test_everything_is_read_back_in_order(told: Path) -> None:
    session = read_session(told)
    assert [(entry.record, same(entry.record, entry.fact)) for entry in session.entries] == [
        (record, same(record, fact)) for record, fact in expected()
    ]
    assert bits(session.start) == bits(START)
    assert (session.torn, session.complete) == (False, True)
    assert session.of("failure", "end") == [FAILURE, End(reason="failed", exit_status=1)]


def test_a_message_carries_the_very_one_that_was_read_before(told: Path) -> None:
    session = read_session(told)
    (decision,), (risked,), (last,) = (session.of(name) for name in ("decision", "risked", "cleared"))
    assert risked.decision is decision
    assert last.risked is risked


def test_every_record_can_be_the_last_one(told: Path) -> None:
    """A session may end anywhere: what is whole is read, and it is not complete without its end."""
    lines = (told / JOURNAL).read_bytes().splitlines(keepends=True)
    everything = read_session(told).entries
    for number in range(1, len(lines)):
        torn = lines[number][: 1 + number * 3 % (len(lines[number]) - 1)]
        (told / JOURNAL).write_bytes(b"".join(lines[:number]) + torn)
        session = read_session(told)
        assert [entry.record for entry in session.entries] == [entry.record for entry in everything[:number]]
        assert (session.torn_bytes, session.torn, session.complete) == (len(torn), True, False)


def test_warm_up_rounds_are_not_written(tmp_path: Path) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    for number in (-1, 0):
        decided = cleared(number)
        session.snapshot(snapshot(number))
        session.signal(signal(number))
        session.decision(decided.risked.decision)
        session.risked(decided.risked)
        session.cleared(decided)
    session.snapshot(snapshot(1))
    session.close()
    assert [entry.record for entry in read_session(tmp_path).entries] == ["start", "snapshot"]


def test_orders_that_go_on_before_the_first_round_are_written(tmp_path: Path) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    session.snapshot(snapshot(0))
    session.gate_result(gate(0))
    session.order(order(0, OrderEventKind.SUBMITTED))
    session.parent(parent(0))
    session.close()
    assert [entry.record for entry in read_session(tmp_path).entries] == ["start", "gate_result", "order", "parent"]


def test_a_switch_is_written_when_it_changes(tmp_path: Path) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    for number, state in ((1, LATCHED), (2, LATCHED), (3, replace(LATCHED, latched=False)), (4, LATCHED)):
        session.snapshot(snapshot(number))
        session.kill_switch(state)
    session.close()
    assert [(read.round, read.state.latched) for read in read_session(tmp_path).of("kill_switch")] == [
        (1, True),
        (3, False),
        (4, True),
    ]


ON_DISK = {"start", "cleared", "command", "failure", "end", "kill_switch", "connection"}
"""Records that are on the disk when their method returns; and a gate result that passed, but no other."""


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_acted_on_is_on_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool) -> None:
    session = SessionJournal(tmp_path, durable=durable)
    synced: list[int] = []
    real: Callable[[int], None] = os.fsync

    def counting(fd: int) -> None:
        real(fd)
        synced.append(sum(1 for _ in JournalReader(session.path)))

    monkeypatch.setattr(journal_module.os, "fsync", counting)
    for method, arguments in one_of_each():
        before = len(synced)
        getattr(session, method)(*arguments)
        passed = method == "gate_result" and getattr(arguments[0], "breach", None) is None
        assert (len(synced) > before) == (durable and (method in ON_DISK or passed)), method
        if len(synced) > before:
            assert synced[-1] == session.records, "everything so far, this record included"
    session.close()


@pytest.mark.parametrize("method", ["order", "parent"])
def test_an_event_of_an_order_survives_the_process(tmp_path: Path, method: str) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    session.market(bar(5))
    fact = order(1, OrderEventKind.FILLED) if method == "order" else parent(1)
    getattr(session, method)(fact)
    assert [entry.record for entry in read_session(tmp_path).entries] == ["start", "market", method]
    session.close()


def test_a_session_goes_on_after_a_crash(told: Path) -> None:
    path = told / JOURNAL
    whole = read_session(told).entries
    for cut in (6, 9):  # it crashes twice
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:cut]) + lines[cut][:30])
        session = SessionJournal(told, again=True)
        assert session.repeating
        for method, arguments in one_of_each():
            getattr(session, method)(*arguments)
        assert not session.repeating
        session.close()
    found = read_session(told)
    assert found.complete
    assert [fact.torn_bytes for fact in found.of("resumed")] == [30, 30]
    assert [entry.record for entry in found.entries if entry.record != "resumed"] == [entry.record for entry in whole]


def test_a_session_that_does_not_run_again_as_it_ran_is_refused_and_the_journal_stays(told: Path) -> None:
    path = told / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6]))
    with closing(SessionJournal(told, again=True)) as session:
        session.start(START)
        with pytest.raises(JournalError, match=r"session.jsonl:2: the session does not run again .* then, .* now"):
            session.snapshot(snapshot(7))
    assert path.read_bytes() == b"".join(lines[:6])


def test_a_session_is_started_once(told: Path) -> None:
    session = SessionJournal(told)
    with pytest.raises(JournalError, match="holds a session already"):
        session.start(START)
    session.close()


def test_a_message_that_carries_one_never_written_is_refused(tmp_path: Path) -> None:
    """Reading joins a message with the one before it: written otherwise it would come back changed."""
    session = SessionJournal(tmp_path)
    session.start(START)
    decided = cleared(1)
    with pytest.raises(ValueError, match="a DecisionEvent that was not written down"):
        session.risked(decided.risked)
    session.decision(decided.risked.decision)
    with pytest.raises(ValueError, match="a RiskedDecision that was not written down"):
        session.cleared(decided)
    session.close()


def written_by_hand(run: Path, *texts: str) -> None:
    journal = Journal(run / JOURNAL)
    for payload in texts:
        journal.append(payload.encode())
    journal.close()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ('{"record":"weather"}', "'weather' is no record of a session"),
        ('{"record":"risked","round":2}', "risked in round 2, without the decision"),
        ('{"record":"cleared","round":2}', "cleared in round 2, without the risked decision"),
        ('{"record":"end","reason":"x"}', "End.exit_status is missing"),
        ('{"record":"market","data":{"type":"Bar"}}', "Bar: "),
        ('{"record":"market"}', "market: has no data"),
        ("[1]", "Expected `object`"),
        ("{", "Input data was truncated"),
    ],
)
def test_a_record_that_says_nothing_is_refused_and_named(told: Path, payload: str, said: str) -> None:
    number = sum(1 for _ in JournalReader(told / JOURNAL)) + 1
    written_by_hand(told, payload)
    with pytest.raises(JournalError, match=rf"session.jsonl:{number}: .*{said}"):
        read_session(told)


def test_a_journal_without_a_start_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read: No such file"):
        read_session(tmp_path)
    Journal(tmp_path / JOURNAL).close()
    with pytest.raises(JournalError, match="empty; the session ended before it was under way"):
        read_session(tmp_path)
    written_by_hand(tmp_path, '{"record":"resumed","after_record":0,"torn_bytes":0}')
    with pytest.raises(JournalError, match=r"session.jsonl:1: is 'resumed', not the start of a session"):
        read_session(tmp_path)


def test_an_infinite_number_is_an_error_and_not_a_gap(tmp_path: Path) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    with pytest.raises(CodecError, match="infinite"):
        session.gate_result(replace(gate(1), price=float("inf")))
    session.close()
    assert len(read_session(tmp_path).entries) == 1


def test_what_the_end_says_is_on_the_disk_with_the_last_record_alone(tmp_path: Path) -> None:
    session = SessionJournal(tmp_path)
    session.start(START)
    session.hold()
    session.parent(parent(1))
    session.order(order(1, OrderEventKind.CANCELED))
    assert [entry.record for entry in read_session(tmp_path).entries] == ["start"]
    session.end("normal", 0)
    assert [entry.record for entry in read_session(tmp_path).entries] == ["start", "parent", "order", "end"]
    session.close()

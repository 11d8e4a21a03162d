"""A session that crashed anywhere runs again over its journal, and goes on where it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import Resumed
from nautilus_ai_firm.runs.session_reading import read_session
from tests.runs.a_session import START, bar, one_of_each


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A run folder with one record of each kind in its journal."""
    tell(SessionJournal(tmp_path / "run"))
    return tmp_path / "run"


def tell(session: SessionJournal) -> None:
    for _ in told_by(session):
        pass


def told_by(session: SessionJournal) -> Iterator[None]:
    """Tell everything, and stop before each record."""
    for method, arguments in one_of_each():
        yield
        getattr(session, method)(*arguments)
    session.close()


def cut(run: Path, records: int, torn: int = 0) -> None:
    """Leave so many records of a journal, and so many bytes of the next one."""
    lines = (run / JOURNAL).read_bytes().splitlines(keepends=True)
    (run / JOURNAL).write_bytes(b"".join(lines[:records]) + lines[records][:torn])


@pytest.mark.parametrize("records", range(1, 23))
def test_a_session_that_runs_again_goes_on_after_what_is_there(told: Path, records: int) -> None:
    everything = [entry.record for entry in read_session(told).entries]
    cut(told, records, torn=30)
    session = SessionJournal(told, again=True)
    for _ in told_by(session):
        assert session.repeating == (session.records == records), "until the last record has come again"
    found = read_session(told)
    assert (found.complete, found.torn) == (True, False)
    assert found.of("resumed") == [Resumed(after_record=records, torn_bytes=30)]
    assert [entry.record for entry in found.entries] == [*everything[:records], "resumed", *everything[records:]]


def test_a_session_that_crashes_twice_is_resumed_twice(told: Path) -> None:
    for records in (4, 9):
        cut(told, records)
        tell(SessionJournal(told, again=True))
    assert [resumed.after_record for resumed in read_session(told).of("resumed")] == [4, 9]


def test_a_session_that_does_not_run_again_as_it_ran_is_refused(told: Path) -> None:
    cut(told, 9)
    before = (told / JOURNAL).read_bytes()
    session = SessionJournal(told, again=True)
    session.start(START)
    session.history([bar(1), bar(2)])
    with pytest.raises(
        JournalError, match=r"session.jsonl:4: the session does not run again as it ran: .*10.50.*10.60"
    ):
        session.market(bar(1_000, "10.60"))
    session.close()
    assert (told / JOURNAL).read_bytes() == before


def test_a_sealed_session_is_not_continued(told: Path) -> None:
    (told / "summary.json").touch()
    with pytest.raises(JournalError, match="is sealed"):
        SessionJournal(told, again=True)

"""The journal: whole records survive any cut, and no change of what is whole goes unseen."""

import hashlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.runs.audit import GENESIS
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.journal import Journal, held
from nautilus_ai_firm.runs.journal_reading import JournalReader

PAYLOADS = [b'{"record":"start","n":1}', b"{}", '{"text":"å, ¥ and 12 "}'.encode(), b'{"n":' + b"9" * 300 + b"}"]
payloads = st.lists(st.binary(min_size=1, max_size=40).filter(lambda text: b"\n" not in text), min_size=1, max_size=6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal" / "session.jsonl"


@pytest.fixture
def written(path: Path) -> Path:
    write(path, PAYLOADS)
    return path


def write(path: Path, records: list[bytes]) -> None:
    with Journal(path) as journal:
        for payload in records:
            journal.append(payload)


def contents(path: Path) -> tuple[list[bytes], int]:
    """Payloads, and bytes of a torn record."""
    reader = JournalReader(path)
    return list(reader), reader.torn_bytes


@contextmanager
def file_of(content: bytes) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        path.write_bytes(content)
        yield path


def content_of(records: list[bytes]) -> bytes:
    """The bytes of a journal, by the definition of its format."""
    chain, lines = GENESIS, b""
    for payload in records:
        chain = hashlib.sha256(chain.encode() + payload).hexdigest()
        lines += str(len(payload)).encode() + b" " + chain.encode() + b" " + payload + b"\n"
    return lines


def test_the_file_is_what_its_format_says(written: Path) -> None:
    assert written.read_bytes() == content_of(PAYLOADS)


def test_what_is_appended_is_read_back(written: Path) -> None:
    assert contents(written) == (PAYLOADS, 0)


@given(payloads, st.integers(min_value=0))
def test_cut_anywhere_the_whole_records_are_left(records: list[bytes], place: int) -> None:
    content = content_of(records)
    cut = content[: place % (len(content) + 1)]
    with file_of(cut) as path:
        found, torn = contents(path)
    assert found == records[: cut.count(b"\n")]
    assert torn == len(cut) - (cut.rfind(b"\n") + 1)


@given(payloads, st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_of_a_whole_record_is_refused_and_named(records: list[bytes], place: int, change: int) -> None:
    content = bytearray(content_of(records))
    place %= len(content)
    number = content[:place].count(b"\n") + 1
    content[place] ^= change
    with file_of(bytes(content)) as path, pytest.raises(JournalError, match=rf"session.jsonl:{number}: damaged"):
        contents(path)


@given(payloads, st.integers(min_value=1))
def test_a_torn_record_does_not_hide_a_changed_one_before_it(records: list[bytes], cut: int) -> None:
    content = bytearray(content_of([*records, b"torn"])[: -1 - cut % 20])
    content[content.index(b" ") + 1] ^= 1
    with file_of(bytes(content)) as path, pytest.raises(JournalError, match=r":1: damaged"):
        contents(path)


@given(payloads, st.integers(min_value=0), payloads)
def test_reopened_after_a_cut_it_goes_on_from_the_last_whole_record(
    records: list[bytes], place: int, more: list[bytes]
) -> None:
    content = content_of(records)
    cut = content[: place % (len(content) + 1)]
    whole = cut.count(b"\n")
    with file_of(cut) as path:
        with Journal(path) as journal:
            assert journal.records == whole
            assert journal.torn_bytes == len(cut) - (cut.rfind(b"\n") + 1)
            for payload in more:
                journal.append(payload)
        assert path.read_bytes() == content_of(records[:whole] + more)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [*lines, b"7 not a record"],
        lambda lines: [*lines, b"\0" * 50],
    ],
)
def test_a_removed_moved_repeated_or_foreign_line_is_refused(
    written: Path, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    lines = written.read_bytes().splitlines()
    written.write_bytes(b"\n".join(spoil(lines)) + b"\n")
    with pytest.raises(JournalError, match="damaged"):
        contents(written)


def test_a_damaged_journal_is_not_continued(written: Path) -> None:
    content = written.read_bytes().replace(b"start", b"stars")
    written.write_bytes(content)
    with pytest.raises(JournalError, match=r":1: damaged"):
        Journal(written)
    assert written.read_bytes() == content


def test_one_process_writes_at_a_time(path: Path) -> None:
    with Journal(path):
        with pytest.raises(JournalError, match="another process is writing it"):
            Journal(path)
        with pytest.raises(JournalError, match="another process is writing it"), held(path):
            pass
    with held(path), pytest.raises(JournalError, match="another process is writing it"):
        Journal(path)
    assert contents(path) == ([], 0)


def test_records_are_there_after_a_kill_once_flushed(path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from nautilus_ai_firm.runs.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "journal.append(b'one'); journal.append(b'two'); journal.sync(); journal.append(b'three')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert contents(path) == ([b"one", b"two"], 0)


@pytest.mark.parametrize("payload", [b"", b"two\nlines"])
def test_a_payload_that_would_break_the_lines_is_refused(path: Path, payload: bytes) -> None:
    with Journal(path) as journal, pytest.raises(ValueError, match="line break"):
        journal.append(payload)
    assert path.read_bytes() == b""


@contextmanager
def disk_of(size: int) -> Generator[None]:
    """Let no file grow beyond `size` bytes, as on a full disk: the operating system refuses the rest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("method", ["flush", "sync", "close"])
def test_a_full_disk_is_an_error_that_names_the_file(path: Path, method: str) -> None:
    with disk_of(150):
        journal = Journal(path)
        journal.append(b"one")
        journal.sync()
        journal.append(b"2" * 200)
        with pytest.raises(JournalError, match=rf"{path}: cannot be written: File too large"):
            getattr(journal, method)()
    journal.close()
    found, torn = contents(path)
    assert found == [b"one"]
    assert torn > 0


def test_after_a_failed_write_nothing_more_is_written(path: Path) -> None:
    journal = Journal(path)
    with disk_of(100):
        journal.append(b"1" * 200)
        with pytest.raises(JournalError):
            journal.sync()
    for again in (journal.sync, journal.flush, lambda: journal.append(b"two")):
        with pytest.raises(JournalError, match="cannot be written"):
            again()
    journal.close()
    assert contents(path) == ([], 100)


def test_many_records_reach_the_file_without_a_sync(path: Path) -> None:
    journal = Journal(path)
    for _ in range(1_000):
        journal.append(b"x" * 100)
    assert path.stat().st_size > 65_000
    journal.close()
    assert len(contents(path)[0]) == journal.records == 1_000


def test_a_journal_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no-journal: cannot be read: No such file"):
        contents(tmp_path / "no-journal")
    with pytest.raises(JournalError, match="No such file"), held(tmp_path / "no-journal"):
        pass
    with pytest.raises(JournalError, match="cannot be opened: Is a directory"):
        Journal(tmp_path)


def test_an_empty_journal_has_no_records(path: Path) -> None:
    with Journal(path):
        pass
    reader = JournalReader(path)
    assert (list(reader), reader.records, reader.chain, reader.torn_bytes) == ([], 0, GENESIS, 0)

r"""Payloads -> an append-only file that survives a crash: one record a line, each vouching for all before it.

A record is `<payload length> <chain> <payload>\n`: the length in decimal, the chain in hexadecimal, the payload JSON
without a line break. `chain` is SHA-256 over the chain of the record before (`GENESIS` for the first) and the payload.

A crash leaves whole records and at most one torn one at the end, which has no line break yet; whatever else is wrong
was not done by a crash.
"""

import fcntl
import hashlib
import os
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Self

from nautilus_ai_firm.runs.audit import GENESIS
from nautilus_ai_firm.runs.errors import RunError

BUFFERED_BYTES = 1 << 16
_FOLDERS = 3  # journal, run and runs: a new file is there after a crash of the machine only if its folders say so
_RECORD = re.compile(rb"([1-9][0-9]{0,17}) ([0-9a-f]{64}) (.*)\n", re.DOTALL)
_TORN = re.compile(rb"(?:[1-9][0-9]{0,17}(?: [0-9a-f]{0,64})?|([1-9][0-9]{0,17}) ([0-9a-f]{64}) ([^\n]*))", re.DOTALL)


class JournalError(RunError):
    """A journal that was damaged, or that cannot be written: names the file, the record and what is wrong."""


class JournalReader:
    """The payloads of every whole record, in order; a torn record at the end is dropped.

    Parameters
    ----------
    path : Path
        The file. While it is being written, what is whole so far is read.

    Attributes
    ----------
    records : int
        Whole records that were read so far.
    chain : str
        Chain of the last of them; `GENESIS` before the first.
    size : int
        Bytes of them.
    torn_bytes : int
        Bytes after the last one: what a crash left of a record that was being written. Known at the end.

    """

    __slots__ = ("chain", "path", "records", "size", "torn_bytes")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.chain = GENESIS
        self.records = 0
        self.size = 0
        self.torn_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """Read the file from its start.

        Raises
        ------
        JournalError
            The file cannot be read, or a record is damaged: file, number of the record (from 1), what is wrong with it.

        """
        self.chain, self.records, self.size, self.torn_bytes = GENESIS, 0, 0, 0
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be read: {error.strerror}") from None
        with file:
            for line in file:
                if not line.endswith(b"\n"):
                    self._refuse_damaged_end(line)
                    self.torn_bytes = len(line)
                    return
                payload = self._checked(line)
                self.records += 1
                self.size += len(line)
                yield payload

    def _checked(self, line: bytes) -> bytes:
        parts = _RECORD.fullmatch(line)
        if parts is None:
            raise self._damage("not a length, a chain and a payload")
        length, said, payload = int(parts[1]), parts[2].decode(), parts[3]
        if len(payload) != length:
            raise self._damage(f"the payload has {len(payload)} bytes, not {length}")
        if said != (found := _chained(self.chain, payload)):
            raise self._damage(f"the chain says {said}, this payload after the records before it gives {found}")
        self.chain = found
        return payload

    def _refuse_damaged_end(self, line: bytes) -> None:
        """Let pass only the beginning of a record."""
        parts = _TORN.fullmatch(line)
        if parts is None or (parts[1] is not None and len(parts[3]) > int(parts[1])):
            raise self._damage("the end of the file is not the beginning of a record")
        if (
            parts[1] is not None
            and len(parts[3]) == int(parts[1])
            and parts[2].decode() != _chained(self.chain, parts[3])
        ):
            raise self._damage("all but its line break is there, and the chain does not fit the payload")

    def _damage(self, what: str) -> JournalError:
        return JournalError(f"{self.path}:{self.records + 1}: damaged: {what}")


class Journal:
    """Appends records to a journal that nobody else writes.

    Parameters
    ----------
    path : Path
        The file; made with its folder where it is missing, continued after its last whole record where it is there.

    Attributes
    ----------
    path : Path
        The file.
    records : int
        Records so far, those that were there included.
    torn_bytes : int
        What was cut off at the end when the file was opened.

    Raises
    ------
    JournalError
        Another process writes the journal, a record is damaged, or the file cannot be made.

    """

    __slots__ = ("_chain", "_failed", "_fd", "_pending", "path", "records", "torn_bytes")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending = bytearray()
        self._failed = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(f"{path}: cannot be opened: {error.strerror}") from None
        try:
            _lock(self._fd, path)
            there = JournalReader(path)
            deque(there, maxlen=0)
            os.ftruncate(self._fd, there.size)
            os.fsync(self._fd)
            for folder in list(path.parents)[:_FOLDERS]:
                _sync_folder(folder)
        except JournalError:
            os.close(self._fd)
            raise
        except OSError as error:
            os.close(self._fd)
            raise JournalError(f"{path}: cannot be opened: {error.strerror}") from None
        self._chain, self.records, self.torn_bytes = there.chain, there.records, there.torn_bytes

    def append(self, payload: bytes) -> None:
        """Add a record; it is safe after the next `sync`.

        Raises
        ------
        ValueError
            The payload is empty or has a line break.
        JournalError
            This or an earlier record could not be written: nothing is added after a gap.

        """
        if not payload or b"\n" in payload:
            raise ValueError(f"{self.path}: a payload must have no line break and not be empty, got {payload[:80]!r}")
        self._refuse_a_gap()
        self._chain = _chained(self._chain, payload)
        self.records += 1
        self._pending += b"%d %s %s\n" % (len(payload), self._chain.encode(), payload)
        if len(self._pending) >= BUFFERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand every record to the operating system: safe when this process dies.

        Raises
        ------
        JournalError
            As `append`.

        """
        self._refuse_a_gap()
        try:
            while self._pending:
                del self._pending[: os.write(self._fd, self._pending)]
        except OSError as error:
            self._fail(error)

    def sync(self) -> None:
        """Bring every record to the disk: safe when the machine dies.

        Raises
        ------
        JournalError
            As `append`.

        """
        self.flush()
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Write what is pending, where writing still works, and close the file.

        Raises
        ------
        JournalError
            The records that were pending could not be written.

        """
        if self._fd < 0:
            return
        try:
            if not self._failed:
                self.sync()
        finally:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse_a_gap(self) -> None:
        if self._failed:
            raise JournalError(self._failed)

    def _fail(self, error: OSError) -> NoReturn:
        self._failed = f"{self.path}: cannot be written: {error.strerror}"
        raise JournalError(self._failed) from error


@contextmanager
def held(path: Path) -> Generator[None]:
    """Keep a journal from being written while it is worked with.

    Raises
    ------
    JournalError
        A process is writing it, or it is not there.

    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        _lock(fd, path)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(f"{path}: another process is writing it") from None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _chained(chain: str, payload: bytes) -> str:
    return hashlib.sha256(chain.encode() + payload).hexdigest()

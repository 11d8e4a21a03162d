"""Payloads -> an append-only file that survives a crash; `runs.journal_reading` has its format and reads it back."""

import fcntl
import os
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Self

from nautilus_ai_firm.data.durable import sync
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.journal_reading import JournalReader, chained

BUFFERED_BYTES = 1 << 16
_FOLDERS = 3  # journal, run and runs: a new file is there after a crash of the machine only if its folders say so


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
                sync(folder)
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
        self._chain = chained(self._chain, payload)
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

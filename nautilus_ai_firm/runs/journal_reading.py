r"""An append-only file -> its payloads: one record a line, each vouching for all before it.

A record is `<payload length> <chain> <payload>\n`: the length in decimal, the chain in hexadecimal, the payload JSON
without a line break. `chain` is SHA-256 over the chain of the record before (`GENESIS` for the first) and the payload.

A crash leaves whole records and at most one torn one at the end, which has no line break yet; whatever else is wrong
was not done by a crash.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from nautilus_ai_firm.runs.audit import GENESIS
from nautilus_ai_firm.runs.errors import JournalError

_RECORD = re.compile(rb"([1-9][0-9]{0,17}) ([0-9a-f]{64}) (.*)\n", re.DOTALL)
_TORN = re.compile(rb"(?:[1-9][0-9]{0,17}(?: [0-9a-f]{0,64})?|([1-9][0-9]{0,17}) ([0-9a-f]{64}) ([^\n]*))", re.DOTALL)


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
        if said != (found := chained(self.chain, payload)):
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
            and parts[2].decode() != chained(self.chain, parts[3])
        ):
            raise self._damage("all but its line break is there, and the chain does not fit the payload")

    def _damage(self, what: str) -> JournalError:
        return JournalError(f"{self.path}:{self.records + 1}: damaged: {what}")


def chained(chain: str, payload: bytes) -> str:
    """Return the chain of a record, by that of the record before it."""
    return hashlib.sha256(chain.encode() + payload).hexdigest()

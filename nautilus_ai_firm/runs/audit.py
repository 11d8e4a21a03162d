"""The audit chain: one JSON line a fact, each carrying the SHA-256 of the line before it."""

import hashlib
import json
from pathlib import Path
from typing import IO, Any

import msgspec

GENESIS = "0" * 64
SEAL = "seal"
RESERVED = frozenset({"line", "kind", "previous"})
_ENCODER = msgspec.json.Encoder()


class AuditError(ValueError):
    """An audit file whose chain is broken: names file, line and what is wrong."""


class AuditChain:
    """Writes facts to a chain.

    Parameters
    ----------
    file : binary file
        Where the lines go.

    """

    __slots__ = ("_file", "head", "lines")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.head = GENESIS
        self.lines = 0

    def write(self, kind: str, fact: dict[str, Any]) -> None:
        """Append one fact.

        Raises
        ------
        ValueError
            The fact uses a name that the chain needs for itself.

        """
        if not RESERVED.isdisjoint(fact):
            raise ValueError(f"{kind}: a fact must not be called {', '.join(sorted(RESERVED.intersection(fact)))}")
        self.lines += 1
        line = _ENCODER.encode({"line": self.lines, "kind": kind, **fact, "previous": self.head})
        self.head = hashlib.sha256(line).hexdigest()
        self._file.write(line + b"\n")

    def seal(self, anchors: dict[str, str]) -> None:
        """Append the last line: SHA-256 of everything that the chain vouches for without containing it."""
        self.write(SEAL, {"anchors": anchors})


def verify(folder: Path) -> int:
    """Check the chain of a run folder and every file that its seal anchors.

    Parameters
    ----------
    folder : Path
        A run folder.

    Returns
    -------
    int
        Number of lines.

    Raises
    ------
    AuditError
        A line was changed, added, removed or moved, the seal is missing, or an anchored file differs.

    """
    path = folder / "audit.jsonl"
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise AuditError(f"{path}: {error.strerror}") from None
    if lines.pop() != b"":
        raise AuditError(f"{path}:{len(lines) + 1}: the last line is torn")
    head, last = GENESIS, None
    for number, line in enumerate(lines, start=1):
        last = _checked(path, number, line, head)
        head = hashlib.sha256(line).hexdigest()
    if last is None or last["kind"] != SEAL:
        raise AuditError(f"{path}:{len(lines)}: the chain is not sealed")
    for name, expected in sorted(last["anchors"].items()):
        if "." in name:
            _check_anchor(folder / name, expected)
    _check_head(folder / "summary.json", head)
    return len(lines)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(path: Path, number: int, line: bytes, head: str) -> dict[str, Any]:
    try:
        fact = json.loads(line)
    except ValueError:
        raise AuditError(f"{path}:{number}: not a line of JSON") from None
    if not isinstance(fact, dict) or fact.get("line") != number:
        raise AuditError(f"{path}:{number}: expected line {number}, a line was removed, added or moved")
    if fact.get("previous") != head:
        raise AuditError(f"{path}:{number}: does not follow from the line before it, which was changed")
    return fact


def _check_anchor(path: Path, expected: str) -> None:
    if not path.is_file():
        raise AuditError(f"{path}: missing, but the audit chain anchors it")
    if (found := file_sha256(path)) != expected:
        raise AuditError(f"{path}: sha256 is {found}, the audit chain says {expected}")


def _check_head(summary: Path, head: str) -> None:
    try:
        expected = json.loads(summary.read_text(encoding="utf-8"))["audit_head"]
    except (OSError, ValueError, KeyError):
        raise AuditError(f"{summary}: does not give the head of the audit chain") from None
    if expected != head:
        raise AuditError(f"{summary}: audit_head is {expected}, the chain ends in {head}")

"""The journal of a session that runs again from its start: what is there must come again, then it is continued."""

import textwrap
from collections.abc import Callable
from pathlib import Path

from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.journal_reading import JournalReader

EXCERPT_CHARACTERS = 200


class ResumedJournal(Journal):
    """Compares every record with the one that is there, and appends when all have come again.

    Where market data and execution are simulated, running again is how positions, cash and the state of every model
    come back after a crash: the same data gives the same records, so none is written or acted on twice.

    Parameters
    ----------
    path : Path
        A journal that a session left without an end.
    resumed : callable
        From the number of records and the torn bytes that were there, the record that says so; it comes first of all
        that is appended.
    is_resumed : callable
        Whether a record is such a one, from an earlier crash; those are passed over.

    Attributes
    ----------
    repeating : bool
        Whether there are records that have not come again.

    Raises
    ------
    JournalError
        As `Journal`; and from `append` when a record differs from the one that is there.

    """

    __slots__ = ("_expected", "_is_resumed", "_number", "_resumed", "_there", "repeating")

    def __init__(
        self, path: Path, *, resumed: Callable[[int, int], bytes], is_resumed: Callable[[bytes], bool]
    ) -> None:
        super().__init__(path)
        self._resumed, self._is_resumed = resumed, is_resumed
        self._there = iter(JournalReader(path))
        self._number = 0
        self._expected: bytes | None = None
        self.repeating = True
        self._advance()

    def append(self, payload: bytes) -> None:
        """Compare a record with the one that is there, or add it."""
        if not self.repeating:
            super().append(payload)
            return
        if payload != self._expected:
            raise JournalError(
                f"{self.path}:{self._number}: the session does not run again as it ran: "
                f"{_excerpt(self._expected or b'')} then, {_excerpt(payload)} now"
            )
        self._advance()

    def sync(self) -> None:
        """Bring what was added to the disk."""
        if not self.repeating:
            super().sync()

    def _advance(self) -> None:
        for payload in self._there:
            self._number += 1
            if not self._is_resumed(payload):
                self._expected = payload
                return
        self.repeating = False
        super().append(self._resumed(self.records, self.torn_bytes))
        super().sync()


def _excerpt(payload: bytes) -> str:
    text = payload.decode(errors="replace")
    return textwrap.shorten(text, EXCERPT_CHARACTERS)

"""Outcomes as they come -> a journal that survives a kill, so that the same command goes on where it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nautilus_ai_firm.research.sweeps.trial import Outcome
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.journal_reading import JournalReader

LEDGER = "journal.jsonl"


class Ledger:
    """Keeps the outcome of every trial by its phase and number; a phase is one search or one round of tests.

    Parameters
    ----------
    folder : Path
        The sweep's.
    identity : mapping of str to object
        What the outcomes belong to: settings, market data, versions.

    Attributes
    ----------
    resumed : int
        Outcomes that were there when it was opened.

    Raises
    ------
    RunError
        The folder belongs to a sweep of something else, or another process works in it.

    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self._journal = Journal(folder / LEDGER)
        self._known: dict[tuple[str, int], Outcome] = {}
        records = iter(JournalReader(folder / LEDGER))
        header = next(records, None)
        if header is None:
            self._append(identity)
            self._journal.sync()
        elif (found := msgspec.json.decode(header)) != msgspec.json.decode(msgspec.json.encode(identity)):
            self._journal.close()
            other = ", ".join(sorted(key for key in identity if found.get(key) != identity[key]))
            raise RunError(f"{folder}: holds a sweep with other {other} (allowed: the same sweep, or another folder)")
        self._known = dict(_read(records))
        self.resumed = len(self._known)

    def of(self, phase: str) -> dict[int, Outcome]:
        """Return the outcomes of a phase so far, by number."""
        return {number: outcome for (found, number), outcome in self._known.items() if found == phase}

    def write(self, phase: str, outcome: Outcome) -> None:
        """Keep an outcome; it is safe when this process dies."""
        self._append([phase, outcome])
        self._journal.flush()
        self._known[phase, outcome.number] = outcome

    def close(self) -> None:
        """Bring all of it to the disk."""
        self._journal.close()

    def _append(self, record: Any) -> None:
        self._journal.append(msgspec.json.encode(record))


def _read(records: Iterator[bytes]) -> Iterator[tuple[tuple[str, int], Outcome]]:
    for record in records:
        phase, outcome = msgspec.json.decode(record, type=tuple[str, Outcome])
        yield (phase, outcome.number), outcome

"""The journal of a run -> the facts of its session, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from nautilus_ai_firm.messages import (
    ClearedDecision,
    Connection,
    DecisionEvent,
    ExecutionReport,
    Failure,
    GateResult,
    ImpactRecord,
    LateBar,
    MarketSnapshot,
    OrderRecord,
    ParentRecord,
    RiskAlertEvent,
    RiskCommand,
    RiskedDecision,
    RiskReport,
    SignalEvent,
)
from nautilus_ai_firm.runs.charges import FinancingEntry
from nautilus_ai_firm.runs.codec import CodecError, decode
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.runs.market_codec import decode_market
from nautilus_ai_firm.runs.session_facts import End, FillCharge, Resumed, Start, SwitchRead

PLAIN: dict[str, type] = {
    "start": Start,
    "resumed": Resumed,
    "late_bar": LateBar,
    "snapshot": MarketSnapshot,
    "signal": SignalEvent,
    "decision": DecisionEvent,
    "command": RiskCommand,
    "risk_alert": RiskAlertEvent,
    "risk_report": RiskReport,
    "gate_result": GateResult,
    "order": OrderRecord,
    "parent": ParentRecord,
    "connection": Connection,
    "impact": ImpactRecord,
    "execution_report": ExecutionReport,
    "fill_costs": FillCharge,
    "financing": FinancingEntry,
    "kill_switch": SwitchRead,
    "failure": Failure,
    "end": End,
}
MARKET = ("history", "market")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record: what it is, by the name of the method of `SessionJournal` that wrote it, and the fact."""

    record: str
    fact: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a journal holds.

    Attributes
    ----------
    path : Path
        The journal.
    start : Start
        What the session began with.
    entries : tuple of Entry
        Every record in order, `start` included.
    torn_bytes : int
        Length of a last record that a crash tore, which is not among the entries; 0 where none was torn.
    chain : str
        Chain of the last record.

    """

    path: Path
    start: Start
    entries: tuple[Entry, ...]
    torn_bytes: int
    chain: str

    @property
    def torn(self) -> bool:
        """Whether a crash tore the last record."""
        return self.torn_bytes > 0

    @property
    def complete(self) -> bool:
        """Whether the session said how it ended."""
        return self.entries[-1].record == "end"

    def of(self, *records: str) -> list[Any]:
        """Return the facts of these records, in order."""
        return [entry.fact for entry in self.entries if entry.record in records]


def read_session(run: Path) -> Session:
    """Read the session of a run folder, as far as it is whole.

    Parameters
    ----------
    run : Path
        The run folder; the session may be under way, killed, ended or sealed.

    Raises
    ------
    JournalError
        There is no journal or no session in it, or a record is damaged: names file and record.

    """
    reader = JournalReader(run / JOURNAL)
    decoding, entries = _Decoding(), list[Entry]()
    for payload in reader:
        try:
            entries.append(decoding.entry(payload))
        except (CodecError, msgspec.DecodeError) as error:
            raise JournalError(f"{reader.path}:{reader.records}: {error}") from None
        if entries[0].record != "start":
            raise JournalError(f"{reader.path}:1: is {entries[0].record!r}, not the start of a session")
    if not entries:
        raise JournalError(f"{reader.path}: empty; the session ended before it was under way")
    return Session(
        path=reader.path,
        start=entries[0].fact,
        entries=tuple(entries),
        torn_bytes=reader.torn_bytes,
        chain=reader.chain,
    )


class _Decoding:
    """Joins each message with the one that it was written without."""

    def __init__(self) -> None:
        self._decision: DecisionEvent | None = None
        self._risked: RiskedDecision | None = None

    def entry(self, payload: bytes) -> Entry:
        raw = msgspec.json.decode(payload, type=dict)
        record = raw.get("record")
        if record in MARKET:
            if not isinstance(raw.get("data"), dict):
                raise CodecError(f"{record}: has no data")
            return Entry(record=record, fact=decode_market(raw["data"]))
        if record in PLAIN:
            fact = decode(PLAIN[record], raw)
            if record == "decision":
                self._decision = fact
            return Entry(record=record, fact=fact)
        joined: Callable[[dict[str, Any]], Any] | None = {
            "risked": self._join_risked,
            "cleared": self._join_cleared,
        }.get(str(record))
        if joined is None:
            raise CodecError(f"{record!r} is no record of a session")
        return Entry(record=str(record), fact=joined(raw))

    def _join_risked(self, raw: dict[str, Any]) -> RiskedDecision:
        if self._decision is None or self._decision.round != raw.get("round"):
            raise CodecError(f"risked in round {raw.get('round')}, without the decision")
        self._risked = decode(RiskedDecision, raw, decision=self._decision)
        return self._risked

    def _join_cleared(self, raw: dict[str, Any]) -> ClearedDecision:
        if self._risked is None or self._risked.decision.round != raw.get("round"):
            raise CodecError(f"cleared in round {raw.get('round')}, without the risked decision")
        return decode(ClearedDecision, raw, risked=self._risked)

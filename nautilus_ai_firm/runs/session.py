"""Everything that a session hears and says -> its journal, on disk before anyone acts on it."""

from collections.abc import Iterable
from pathlib import Path

from nautilus_ai_firm.gateways.kill_switch import KillSwitchState
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
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.codec import encode
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.market_codec import MarketData, encode_market
from nautilus_ai_firm.runs.resuming import ResumedJournal
from nautilus_ai_firm.runs.session_facts import End, FillCharge, Resumed, Start, SwitchRead

_RESUMED = b'{"record":"resumed",'


class SessionJournal:
    """A recorder that appends every message to the journal of a run, but those of warm-up rounds (0 and below).

    Parameters
    ----------
    run : Path
        The run folder.
    durable : bool
        Whether records are brought to the disk before anyone acts on them: after a round's cleared decision, before an
        order goes out, after a command, a failure and the end. A backtest, which runs again, needs none of that.
    again : bool
        Whether the session of this journal runs again from its start, to be continued after its last whole record.

    Raises
    ------
    JournalError
        From the constructor and every method: the run is sealed, another process writes the journal, it is damaged,
        or it cannot be written.
    CodecError
        From every method: a number is infinite, which the journal cannot say.

    """

    def __init__(self, run: Path, *, durable: bool = True, again: bool = False) -> None:
        if (run / "summary.json").exists():
            raise JournalError(f"{run}: is sealed; a session goes on in a run folder of its own")
        self._again = _resumed_journal(run / JOURNAL) if again else None
        self._journal = self._again or Journal(run / JOURNAL)
        self._durable = durable
        self._held = False
        self._round = 0
        self._decision: DecisionEvent | None = None
        self._risked: RiskedDecision | None = None
        self._switch: KillSwitchState | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._journal.path

    @property
    def records(self) -> int:
        """Records in the journal; 0 before `start`."""
        return self._journal.records

    def start(self, start: Start) -> None:
        """Write down what the session begins with.

        Raises
        ------
        JournalError
            The journal has a session already.

        """
        if self._journal.records and self._again is None:
            raise JournalError(f"{self.path}: holds a session already; it can be resumed, not started")
        self._journal.append(encode("start", start))
        self._sync()

    @property
    def repeating(self) -> bool:
        """Whether the session still runs through what the journal holds already."""
        return self._again is not None and self._again.repeating

    def history(self, data: Iterable[MarketData]) -> None:
        """Write down what the models warmed up on, in the order that it was given to them."""
        for event in data:
            self._journal.append(encode_market("history", event))

    def market(self, data: MarketData) -> None:
        """Write down a market event before the firm hears of it."""
        self._journal.append(encode_market("market", data))

    def late_bar(self, message: LateBar) -> None:
        """Write down that a bar came when its round had closed; the bar itself is among the market events."""
        self._journal.append(encode("late_bar", message))

    @property
    def round(self) -> int:
        """The round that the firm is in."""
        return self._round

    def snapshot(self, message: MarketSnapshot) -> None:
        """Write down what the firm sees in a round."""
        self._round = message.round
        if message.round > 0:
            self._journal.append(encode("snapshot", message))

    def signal(self, message: SignalEvent) -> None:
        """Write down an agent's view."""
        if message.round > 0:
            self._journal.append(encode("signal", message))

    def decision(self, message: DecisionEvent) -> None:
        """Write down what the CIO decided."""
        if message.round > 0:
            self._decision = message
            self._journal.append(encode("decision", message))

    def risked(self, message: RiskedDecision) -> None:
        """Write down what the risk desk made of the decision before."""
        if message.decision.round > 0:
            _refuse_other(message.decision, self._decision)
            self._risked = message
            self._journal.append(encode("risked", message, round=message.decision.round))

    def cleared(self, message: ClearedDecision) -> None:
        """Write down what the compliance desk made of it, and bring the round to the disk."""
        decision = message.risked.decision
        if decision.round > 0:
            _refuse_other(message.risked, self._risked)
            self._journal.append(encode("cleared", message, round=decision.round))
            self._sync()

    def command(self, message: RiskCommand) -> None:
        """Write down what risk orders, before execution obeys."""
        self._journal.append(encode("command", message))
        self._sync()

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Write down that a limit is nearly or wholly used."""
        if message.round > 0:
            self._journal.append(encode("risk_alert", message))

    def risk_report(self, message: RiskReport) -> None:
        """Write down how far the limits are used."""
        if message.round > 0:
            self._journal.append(encode("risk_report", message))

    def gate_result(self, message: GateResult) -> None:
        """Write down what the gate said; one that passed is the intent of an order, on the disk before the order."""
        self._journal.append(encode("gate_result", message))
        if message.breach is None:
            self._sync()

    def order(self, message: OrderRecord) -> None:
        """Write down an event of an order."""
        self._journal.append(encode("order", message))
        self._flush()

    def parent(self, message: ParentRecord) -> None:
        """Write down what became of a parent order."""
        self._journal.append(encode("parent", message))
        self._flush()

    def connection(self, message: Connection) -> None:
        """Write down that orders can reach the market again, or no more."""
        self._journal.append(encode("connection", message))
        self._sync()

    def impact(self, message: ImpactRecord) -> None:
        """Write down what impact an order is thought to have."""
        self._journal.append(encode("impact", message))

    def execution_report(self, message: ExecutionReport) -> None:
        """Write down what the world is told."""
        if message.round > 0:
            self._journal.append(encode("execution_report", message))

    def fill_costs(self, client_order_id: str, costs: FillCosts) -> None:
        """Write down what the venue charges for a fill, before the fill."""
        self._journal.append(encode("fill_costs", FillCharge(client_order_id=client_order_id, costs=costs)))

    def financing(self, entry: FinancingEntry) -> None:
        """Write down a booking of interest and borrow fees."""
        self._journal.append(encode("financing", entry))

    def kill_switch(self, state: KillSwitchState) -> None:
        """Write down a state of the kill switch when it differs from the last one."""
        if state != self._switch:
            self._switch = state
            self._journal.append(encode("kill_switch", SwitchRead(round=self._round, state=state)))
            self._sync()

    def hold(self) -> None:
        """Bring what the end of a session says to the disk with its last record alone.

        Killed between the two, a session is one that has not begun to end: it runs again and goes on.
        """
        self._held = True

    def failure(self, failure: Failure) -> None:
        """Write down what ended the session early."""
        self._journal.append(encode("failure", failure))
        self._sync()

    def end(
        self, reason: str, exit_status: int, *, wall_seconds: float | None = None, peak_rss_mb: int | None = None
    ) -> None:
        """Write down how the session ended, `normal` or otherwise; nothing follows."""
        fact = End(reason=reason, exit_status=exit_status, wall_seconds=wall_seconds, peak_rss_mb=peak_rss_mb)
        self._journal.append(encode("end", fact))
        self._held = False
        self._sync()

    def close(self) -> None:
        """Write what is pending and close the file."""
        self._journal.close()

    def _sync(self) -> None:
        if self._durable and not self._held:
            self._journal.sync()

    def _flush(self) -> None:
        """Let the record survive this process, if not the machine: an intent that is on the disk went before it."""
        if self._durable and not self._held:
            self._journal.flush()


def _resumed_journal(path: Path) -> ResumedJournal:
    return ResumedJournal(
        path,
        resumed=lambda records, torn: encode("resumed", Resumed(after_record=records, torn_bytes=torn)),
        is_resumed=lambda payload: payload.startswith(_RESUMED),
    )


def _refuse_other(nested: object, written: object) -> None:
    if nested is not written:
        raise ValueError(f"a {type(nested).__name__} that was not written down before the message that carries it")

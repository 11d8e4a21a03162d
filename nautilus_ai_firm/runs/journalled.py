"""One run -> two records of it: the run folder's, and the journal from which the folder can be made again."""

from collections import deque
from collections.abc import Iterable

from nautilus_ai_firm.gateways.kill_switch import KillSwitch, KillSwitchState
from nautilus_ai_firm.messages import (
    ClearedDecision,
    DecisionEvent,
    GateResult,
    LateBar,
    MarketSnapshot,
    OrderRecord,
    ParentRecord,
    RiskCommand,
    RiskedDecision,
    SignalEvent,
)
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.market_codec import MarketData
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.runs.session import SessionJournal


class JournalledRecorder:
    """Hands every message to a run folder's recorder and to a journal, after the market data that it follows from.

    Parameters
    ----------
    recorder : RunRecorder
        The run folder's.
    journal : SessionJournal
        The journal.

    """

    def __init__(self, recorder: RunRecorder, journal: SessionJournal) -> None:
        self._recorder = recorder
        self._journal = journal
        self._coming: deque[MarketData] = deque()

    def feed(self, data: Iterable[MarketData]) -> None:
        """Take a chunk of market data that the engine is about to deliver, in the order in which it is handed over."""
        self._coming.extend(sorted(data, key=lambda event: event.ts_init))  # stable, as the engine's own order is

    def delivered(self, until_ns: int) -> None:
        """Write down the market data up to a time, nanoseconds UTC."""
        while self._coming and self._coming[0].ts_init <= until_ns:
            self._journal.market(self._coming.popleft())

    def snapshot(self, message: MarketSnapshot) -> None:
        """Record what the firm sees in a round."""
        self.delivered(message.ts_event)
        self._recorder.snapshot(message)
        self._journal.snapshot(message)

    def late_bar(self, message: LateBar) -> None:
        """Record that a bar came when its round had closed."""
        self.delivered(message.ts_init)
        self._recorder.late_bar(message)
        self._journal.late_bar(message)

    def signal(self, message: SignalEvent) -> None:
        """Record an agent's view."""
        self._recorder.signal(message)
        self._journal.signal(message)

    def decision(self, message: DecisionEvent) -> None:
        """Record what the CIO decided."""
        self._recorder.decision(message)
        self._journal.decision(message)

    def risked(self, message: RiskedDecision) -> None:
        """Record what the risk desk made of it."""
        self._recorder.risked(message)
        self._journal.risked(message)

    def cleared(self, message: ClearedDecision) -> None:
        """Record what the compliance desk made of it."""
        self._recorder.cleared(message)
        self._journal.cleared(message)

    def command(self, message: RiskCommand) -> None:
        """Record what risk orders."""
        self._recorder.command(message)
        self._journal.command(message)

    def gate_result(self, message: GateResult) -> None:
        """Record what the gate said."""
        self.delivered(message.ts_event)
        self._recorder.gate_result(message)
        self._journal.gate_result(message)

    def order(self, message: OrderRecord) -> None:
        """Record an event of an order."""
        self.delivered(message.ts_event)
        self._recorder.order(message)
        self._journal.order(message)

    def parent(self, message: ParentRecord) -> None:
        """Record what became of a parent order."""
        self.delivered(message.ts_event)
        self._recorder.parent(message)
        self._journal.parent(message)

    def fill_costs(self, client_order_id: str, costs: FillCosts) -> None:
        """Record what the venue charges for a fill; the run folder hears it from the venue at the end."""
        self._journal.fill_costs(client_order_id, costs)

    def financing(self, entry: FinancingEntry) -> None:
        """Record a booking of interest and borrow fees; the run folder hears it from the venue at the end."""
        self.delivered(entry.ts)
        self._journal.financing(entry)


class JournalledSwitch:
    """A kill switch whose every read is in the journal before anyone obeys it.

    Parameters
    ----------
    switch : KillSwitch
        The switch.
    journal : SessionJournal
        The journal.

    """

    __slots__ = ("_journal", "_switch")

    def __init__(self, switch: KillSwitch, journal: SessionJournal) -> None:
        self._switch = switch
        self._journal = journal

    def state(self) -> KillSwitchState:
        """Return the state of the switch."""
        state = self._switch.state()
        self._journal.kill_switch(state)
        return state

    def latch(self, cause: str, who: str, time: str) -> None:
        """Latch the switch."""
        self._switch.latch(cause, who, time)

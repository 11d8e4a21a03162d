"""A backtest's messages -> its run folder and its journal, each after the market data that it follows from."""

from collections import deque
from collections.abc import Iterable
from typing import override

from nautilus_ai_firm.hosts.recorders import Recorders
from nautilus_ai_firm.messages import GateResult, LateBar, MarketSnapshot, OrderRecord, ParentRecord
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.market_codec import MarketData
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.runs.session import SessionJournal


class JournalledRecorder(Recorders):
    """Hands every message to the run folder's recorder and to the journal.

    The engine does not say what it delivers, so the market data up to a message's time is written down before it.

    Parameters
    ----------
    recorder : RunRecorder
        The run folder's.
    journal : SessionJournal
        The journal.

    """

    def __init__(self, recorder: RunRecorder, journal: SessionJournal) -> None:
        super().__init__(recorder, journal)
        self._journal = journal
        self._coming: deque[MarketData] = deque()

    def feed(self, data: Iterable[MarketData]) -> None:
        """Take a chunk of market data that the engine is about to deliver, in the order in which it is handed over."""
        self._coming.extend(sorted(data, key=lambda event: event.ts_init))  # stable, as the engine's own order is

    def delivered(self, until_ns: int) -> None:
        """Write down the market data up to a time, nanoseconds UTC."""
        while self._coming and self._coming[0].ts_init <= until_ns:
            self._journal.market(self._coming.popleft())

    @override
    def snapshot(self, message: MarketSnapshot) -> None:
        self.delivered(message.ts_event)
        super().snapshot(message)

    @override
    def late_bar(self, message: LateBar) -> None:
        self.delivered(message.ts_init)
        super().late_bar(message)

    @override
    def gate_result(self, message: GateResult) -> None:
        self.delivered(message.ts_event)
        super().gate_result(message)

    @override
    def order(self, message: OrderRecord) -> None:
        self.delivered(message.ts_event)
        super().order(message)

    @override
    def parent(self, message: ParentRecord) -> None:
        self.delivered(message.ts_event)
        super().parent(message)

    def fill_costs(self, client_order_id: str, costs: FillCosts) -> None:
        """Record what the venue charges for a fill; the run folder hears it from the venue at the end."""
        self._journal.fill_costs(client_order_id, costs)

    def financing(self, entry: FinancingEntry) -> None:
        """Record a booking of interest and borrow fees; the run folder hears it from the venue at the end."""
        self.delivered(entry.ts)
        self._journal.financing(entry)

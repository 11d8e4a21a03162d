"""Messages of the firm -> what a trial is judged by: equity, trades and the result's hash, nothing on the disk."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import (
    ClearedDecision,
    Connection,
    DecisionEvent,
    ExecutionReport,
    GateResult,
    ImpactRecord,
    LateBar,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    RiskAlertEvent,
    RiskCommand,
    RiskedDecision,
    RiskReport,
    SignalEvent,
)
from nautilus_ai_firm.runs.result_lines import ResultLines


class TrialRecorder:
    """Keeps what figures are made of, and lets the rest go by.

    Parameters
    ----------
    instrument_ids : tuple of str
        The universe, in the order of the arrays.

    Attributes
    ----------
    rounds, decisions, fills : int
        How many there were.
    notional : Decimal
        Sum of quantity times price over the fills, account currency.
    gross : float
        Size of the positions at the last close, a fraction of equity.
    results : ResultLines
        Decisions and fills.

    """

    def __init__(self, instrument_ids: tuple[str, ...]) -> None:
        self.rounds = 0
        self.decisions = 0
        self.fills = 0
        self.notional = Decimal(0)
        self.gross = 0.0
        self.results = ResultLines(instrument_ids)
        self._ts: list[int] = []
        self._equity: list[float] = []

    def equity(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return closes of the rounds, nanoseconds UTC, and equity at each, account currency."""
        return np.array(self._ts, np.int64), np.array(self._equity, np.float64)

    def snapshot(self, message: MarketSnapshot) -> None:
        """Count the round."""
        self.rounds += 1

    def decision(self, message: DecisionEvent) -> None:
        """Count the decision."""
        self.decisions += 1

    def risked(self, message: RiskedDecision) -> None:
        """Keep the round's equity."""
        decision = message.decision
        equity = float(decision.equity)
        self._ts.append(decision.ts_event)
        self._equity.append(equity)
        self.gross = float(np.abs(decision.positions * decision.close / equity).sum())

    def cleared(self, message: ClearedDecision) -> None:
        """Keep the decided weights."""
        self.results.cleared(message)

    def order(self, message: OrderRecord) -> None:
        """Keep a fill."""
        if message.kind is OrderEventKind.FILLED and message.price is not None:
            self.fills += 1
            self.notional += message.quantity * message.price
            self.results.filled(message)

    def late_bar(self, message: LateBar) -> None:
        """Let it go by; so for all that follow."""

    def signal(self, message: SignalEvent) -> None:
        """Let it go by."""

    def command(self, message: RiskCommand) -> None:
        """Let it go by."""

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Let it go by."""

    def risk_report(self, message: RiskReport) -> None:
        """Let it go by."""

    def gate_result(self, message: GateResult) -> None:
        """Let it go by."""

    def parent(self, message: ParentRecord) -> None:
        """Let it go by."""

    def connection(self, message: Connection) -> None:
        """Let it go by."""

    def impact(self, message: ImpactRecord) -> None:
        """Let it go by."""

    def execution_report(self, message: ExecutionReport) -> None:
        """Let it go by."""

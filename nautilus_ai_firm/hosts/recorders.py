"""One message -> several recorders, in a fixed order."""

from nautilus_ai_firm.agents.records import Recorder
from nautilus_ai_firm.messages import (
    ClearedDecision,
    Connection,
    DecisionEvent,
    ExecutionReport,
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


class Recorders:
    """Hands every message to each recorder.

    Parameters
    ----------
    *recorders : Recorder
        In the order in which they hear; a session's journal comes first.

    """

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = recorders

    def snapshot(self, message: MarketSnapshot) -> None:
        """Tell each what the firm sees in a round."""
        for recorder in self._recorders:
            recorder.snapshot(message)

    def late_bar(self, message: LateBar) -> None:
        """Tell each that a bar came when its round had closed."""
        for recorder in self._recorders:
            recorder.late_bar(message)

    def signal(self, message: SignalEvent) -> None:
        """Tell each an agent's view."""
        for recorder in self._recorders:
            recorder.signal(message)

    def decision(self, message: DecisionEvent) -> None:
        """Tell each what the CIO decided."""
        for recorder in self._recorders:
            recorder.decision(message)

    def risked(self, message: RiskedDecision) -> None:
        """Tell each what the risk desk made of it."""
        for recorder in self._recorders:
            recorder.risked(message)

    def cleared(self, message: ClearedDecision) -> None:
        """Tell each what the compliance desk made of it."""
        for recorder in self._recorders:
            recorder.cleared(message)

    def command(self, message: RiskCommand) -> None:
        """Tell each what risk orders."""
        for recorder in self._recorders:
            recorder.command(message)

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Tell each that a limit is nearly or wholly used."""
        for recorder in self._recorders:
            recorder.risk_alert(message)

    def risk_report(self, message: RiskReport) -> None:
        """Tell each how far the limits are used."""
        for recorder in self._recorders:
            recorder.risk_report(message)

    def gate_result(self, message: GateResult) -> None:
        """Tell each what the gate said."""
        for recorder in self._recorders:
            recorder.gate_result(message)

    def order(self, message: OrderRecord) -> None:
        """Tell each an event of an order."""
        for recorder in self._recorders:
            recorder.order(message)

    def parent(self, message: ParentRecord) -> None:
        """Tell each what became of a parent order."""
        for recorder in self._recorders:
            recorder.parent(message)

    def connection(self, message: Connection) -> None:
        """Tell each that orders can reach the market again, or no more."""
        for recorder in self._recorders:
            recorder.connection(message)

    def impact(self, message: ImpactRecord) -> None:
        """Tell each what impact an order is thought to have."""
        for recorder in self._recorders:
            recorder.impact(message)

    def execution_report(self, message: ExecutionReport) -> None:
        """Tell each what the world is told."""
        for recorder in self._recorders:
            recorder.execution_report(message)

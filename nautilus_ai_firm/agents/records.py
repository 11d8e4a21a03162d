"""Every message -> the run's recorder: listens before any desk acts, and never speaks into the flow."""

from typing import Protocol, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
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


class Recorder(Protocol):
    """Where the records go: a run folder, or a journal."""

    def snapshot(self, message: MarketSnapshot) -> None: ...
    def late_bar(self, message: LateBar) -> None: ...
    def signal(self, message: SignalEvent) -> None: ...
    def decision(self, message: DecisionEvent) -> None: ...
    def risked(self, message: RiskedDecision) -> None: ...
    def cleared(self, message: ClearedDecision) -> None: ...
    def command(self, message: RiskCommand) -> None: ...
    def risk_alert(self, message: RiskAlertEvent) -> None: ...
    def risk_report(self, message: RiskReport) -> None: ...
    def gate_result(self, message: GateResult) -> None: ...
    def order(self, message: OrderRecord) -> None: ...
    def parent(self, message: ParentRecord) -> None: ...
    def connection(self, message: Connection) -> None: ...
    def impact(self, message: ImpactRecord) -> None: ...
    def execution_report(self, message: ExecutionReport) -> None: ...


class RecordsDesk(DataActor):
    """Hands every message to the recorder, those of the history aside: nobody acted on them."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("RECORDS-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, recorder: Recorder, failures: Failures) -> None:
        self.line = Line("records", self, failures)
        self._recorder = recorder

    @callback
    def on_start(self) -> None:
        """Hear every topic first."""
        for topic, handler in (
            (Topic.SNAPSHOT, self._snapshot),
            (Topic.LATE_BAR, self._recorder.late_bar),
            (Topic.SIGNAL, self._signal),
            (Topic.DECISION, self._recorder.decision),
            (Topic.RISKED, self._recorder.risked),
            (Topic.CLEARED, self._recorder.cleared),
            (Topic.RISK_COMMAND, self._recorder.command),
            (Topic.RISK_ALERT, self._recorder.risk_alert),
            (Topic.RISK_REPORT, self._recorder.risk_report),
            (Topic.GATE_RESULT, self._recorder.gate_result),
            (Topic.ORDER_RECORD, self._recorder.order),
            (Topic.PARENT_RECORD, self._recorder.parent),
            (Topic.CONNECTION, self._recorder.connection),
            (Topic.IMPACT, self._recorder.impact),
            (Topic.EXECUTION_REPORT, self._recorder.execution_report),
        ):
            self.line.subscribe(topic, handler, Priority.RECORDS)

    def _snapshot(self, message: MarketSnapshot) -> None:
        if not message.is_history:
            self._recorder.snapshot(message)

    def _signal(self, message: SignalEvent) -> None:
        if message.round > 0:
            self._recorder.signal(message)

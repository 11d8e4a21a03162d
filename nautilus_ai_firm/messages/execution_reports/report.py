"""Any one message of the execution stage, and when it was told."""

from dataclasses import dataclass

from nautilus_ai_firm.messages.execution_reports.alarms import EmergencyLiquidation, RiskThresholdBreach
from nautilus_ai_firm.messages.execution_reports.execution import ExecutionUpdate
from nautilus_ai_firm.messages.execution_reports.exits import StopLossUpdate, TakeProfitExecution
from nautilus_ai_firm.messages.execution_reports.impact import ImpactAnalysis
from nautilus_ai_firm.messages.execution_reports.pyramiding import PyramidingUpdate

type ExecutionMessage = (
    PyramidingUpdate
    | ImpactAnalysis
    | ExecutionUpdate
    | StopLossUpdate
    | TakeProfitExecution
    | RiskThresholdBreach
    | EmergencyLiquidation
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """A message with the time and the round in which it was told, which its JSON has no key for."""

    ts_event: int
    round: int
    message: ExecutionMessage

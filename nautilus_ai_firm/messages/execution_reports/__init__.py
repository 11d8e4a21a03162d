"""What the execution stage tells whoever watches it, as JSON that other systems read: plans, orders, levels, alarms.

The shapes are an agreement with readers outside of the firm, so these messages are structs that are their own JSON:
the names of the keys, `agent` and `message_type` included. What the firm does not know is null and never invented;
which fields these are is said with each message. Fractions are fractions also where a key says `pct`; times are ISO
8601, UTC.
"""

from nautilus_ai_firm.messages.execution_reports.alarms import (
    EmergencyLiquidation,
    LiquidationContent,
    RiskThresholdBreach,
    ThresholdContent,
)
from nautilus_ai_firm.messages.execution_reports.execution import (
    ExecutionContent,
    ExecutionQuality,
    ExecutionUpdate,
    PerformanceMetrics,
)
from nautilus_ai_firm.messages.execution_reports.exits import (
    StopLossContent,
    StopLossUpdate,
    TakeProfitContent,
    TakeProfitExecution,
)
from nautilus_ai_firm.messages.execution_reports.impact import (
    ImpactAnalysis,
    ImpactContent,
    ImpactModels,
    MarketConditions,
    RecommendedExecution,
)
from nautilus_ai_firm.messages.execution_reports.pyramiding import (
    LayerDetail,
    NextTrigger,
    PositionStatus,
    PyramidingContent,
    PyramidingRisk,
    PyramidingUpdate,
)
from nautilus_ai_firm.messages.execution_reports.report import ExecutionMessage, ExecutionReport

__all__ = [
    "EmergencyLiquidation",
    "ExecutionContent",
    "ExecutionMessage",
    "ExecutionQuality",
    "ExecutionReport",
    "ExecutionUpdate",
    "ImpactAnalysis",
    "ImpactContent",
    "ImpactModels",
    "LayerDetail",
    "LiquidationContent",
    "MarketConditions",
    "NextTrigger",
    "PerformanceMetrics",
    "PositionStatus",
    "PyramidingContent",
    "PyramidingRisk",
    "PyramidingUpdate",
    "RecommendedExecution",
    "RiskThresholdBreach",
    "StopLossContent",
    "StopLossUpdate",
    "TakeProfitContent",
    "TakeProfitExecution",
    "ThresholdContent",
]

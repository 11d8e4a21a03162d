"""What one desk tells the next: one frozen, slotted dataclass per hand-over.

Arrays run over the universe in the order of the configuration. Whoever publishes a message makes its arrays
read-only, so that no desk can change what another one sees.
"""

from nautilus_ai_firm.messages.arrays import Bools, Floats, Times
from nautilus_ai_firm.messages.decisions import (
    Absence,
    Breach,
    ClearedDecision,
    DecisionEvent,
    QuotingIntent,
    RiskAction,
    RiskCommand,
    RiskedDecision,
    SignalEvent,
)
from nautilus_ai_firm.messages.execution_reports import ExecutionReport
from nautilus_ai_firm.messages.impact import ImpactRecord
from nautilus_ai_firm.messages.market import Events, LateBar, MarketSnapshot, OptionChain, Quotes, Watched
from nautilus_ai_firm.messages.orders import (
    CancelParent,
    ChildIntent,
    Connection,
    ExecutionTick,
    Failure,
    GateResult,
    Interrupted,
    OrderEventKind,
    OrderRecord,
    ParentDone,
    ParentRecord,
    SessionEnd,
)
from nautilus_ai_firm.messages.pyramids import PyramidLayer, PyramidPlan
from nautilus_ai_firm.messages.risk import OptionGreeks, RiskAlertEvent, RiskReport, Severity, StressResult, TailSplit

__all__ = [
    "Absence",
    "Bools",
    "Breach",
    "CancelParent",
    "ChildIntent",
    "ClearedDecision",
    "Connection",
    "DecisionEvent",
    "Events",
    "ExecutionReport",
    "ExecutionTick",
    "Failure",
    "Floats",
    "GateResult",
    "ImpactRecord",
    "Interrupted",
    "LateBar",
    "MarketSnapshot",
    "OptionChain",
    "OptionGreeks",
    "OrderEventKind",
    "OrderRecord",
    "ParentDone",
    "ParentRecord",
    "PyramidLayer",
    "PyramidPlan",
    "Quotes",
    "QuotingIntent",
    "RiskAction",
    "RiskAlertEvent",
    "RiskCommand",
    "RiskReport",
    "RiskedDecision",
    "SessionEnd",
    "Severity",
    "SignalEvent",
    "StressResult",
    "TailSplit",
    "Times",
    "Watched",
]

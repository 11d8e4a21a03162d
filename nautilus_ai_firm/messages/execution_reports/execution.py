"""A parent order at work, as it is told to the world."""

from msgspec import Struct

from nautilus_ai_firm.messages.execution_reports.agent import EXECUTION_AGENT, Agent


class ExecutionQuality(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Quality so far, basis points, costs positive; null before a fill.

    `slippage_bps` is the average fill against the price at release. `market_impact_bps` is null: a simulated venue
    charges impact beside the price and a broker has it in the price, and neither tells with the fill; afterwards it
    stands in `execution.parquet`. `timing_score` is null: nobody scores it.
    """

    slippage_bps: float | None
    market_impact_bps: float | None
    timing_score: float | None


class ExecutionContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A parent order; quantities in units without sign; `estimated_completion` is its end, null while it works."""

    order_id: str
    symbol: str
    side: str
    quantity: int
    executed_quantity: int
    average_price: float | None
    status: str
    execution_quality: ExecutionQuality
    estimated_completion: str | None


class PerformanceMetrics(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How it compares.

    `target_completion` and `cost_savings` are null: records do not hold schedules, and what another way of executing
    would have cost is not known. `benchmark_comparison` is whether the average fill is better, `above_average`, or
    worse, `below_average`, against the close of the decision than the mean of the run's decided orders that ended
    before; null for the first of them, and for orders that nobody decided.
    """

    target_completion: str | None
    cost_savings: float | None
    benchmark_comparison: str | None


class ExecutionUpdate(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="message_type", tag="execution_update"
):
    """A fill of a parent order, or its end without one."""

    content: ExecutionContent
    performance_metrics: PerformanceMetrics
    agent: Agent = EXECUTION_AGENT

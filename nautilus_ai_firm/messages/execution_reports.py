"""What the execution stage tells whoever watches it, as JSON that other systems read: plans, orders, levels, alarms.

The shapes are an agreement with readers outside of the firm, so these messages are structs that are their own JSON:
the names of the keys, `agent` and `message_type` included. What the firm does not know is null and never invented;
which fields these are is said with each message. Fractions are fractions also where a key says `pct`; times are ISO
8601, UTC.
"""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

EXECUTION_AGENT = "ExecutionAgent"

type Agent = Literal["ExecutionAgent"]


class PositionStatus(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A position in layers: exposures are signed fractions of equity, prices in currency, null where not known.

    `average_entry_price` and `unrealized_pnl_pct` (a fraction of it) are null while nothing is filled.
    """

    total_exposure: float | None
    current_exposure: float | None
    average_entry_price: float | None
    current_price: float | None
    unrealized_pnl_pct: float | None


class LayerDetail(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A layer: number from 1, its size a signed fraction of equity at the round's close; null is not known yet."""

    layer_number: int
    entry_price: float | None
    position_size: float | None
    stop_loss: float | None


class NextTrigger(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What unlocks the next layer: a close beyond the price, null where none is to come.

    `time_window` is null: a plan waits as long as it lives.
    """

    price_target: float | None
    volume_confirmation: bool
    time_window: str | None


class PyramidingContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan of layers after a round's decision."""

    symbol: str
    strategy_id: str
    current_layer: int
    total_layers: int
    position_status: PositionStatus
    layer_details: tuple[LayerDetail, ...]
    next_trigger: NextTrigger


class PyramidingRisk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a plan risks.

    `max_drawdown_protection` is the fraction of equity that is lost from the entries when every layer is stopped at its
    trigger, negative for a gain that is locked in, null where a filled layer has no stop. `volatility_adjusted` is
    whether triggers are true ranges, null where nobody said. `correlation_impact` is null: correlation is the risk
    desk's, which clears every layer.
    """

    max_drawdown_protection: float | None
    volatility_adjusted: bool | None
    correlation_impact: float | None


class PyramidingUpdate(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="message_type", tag="pyramiding_update"
):
    """A plan of layers began, changed a layer, a fill or a stop, or ended."""

    content: PyramidingContent
    risk_metrics: PyramidingRisk
    agent: Agent = EXECUTION_AGENT


class MarketConditions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Average daily volume in units and volatility a year, a fraction; null where not known.

    `liquidity_score` is null: depth stands in the estimate, and nobody scores it.
    """

    avg_daily_volume: float | None
    current_volatility: float | None
    liquidity_score: float | None


class ImpactModels(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parts of the estimated impact, basis points; their sum is the estimate."""

    volume_based_impact_bps: float
    liquidity_depth_impact_bps: float
    volatility_adjusted_impact_bps: float
    time_of_day_impact_bps: float


class RecommendedExecution(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the order is to go out: largest single order in units, minutes, whether over several venues, algorithm.

    The window is 0 and the algorithm null for an order that goes out at once; the largest order is null where slices
    have no largest.
    """

    max_single_order_size: int | None
    execution_window_minutes: float | None
    venue_diversification: bool
    algorithm_recommendation: str | None


class ImpactContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order before it goes out; `trade_size` in units, without sign."""

    symbol: str
    trade_size: int
    market_conditions: MarketConditions
    impact_models: ImpactModels
    recommended_execution: RecommendedExecution


class ImpactAnalysis(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="message_type", tag="impact_analysis"
):
    """The impact that an order is thought to have; `confidence_score` is null: the estimate has no probability."""

    content: ImpactContent
    confidence_score: float | None
    agent: Agent = EXECUTION_AGENT


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


class StopLossContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stop level, in currency.

    `layer` and `quantity` (units) are null for the stop of a whole position, `previous_stop_loss` for a first level.
    """

    symbol: str
    layer: int | None
    stop_loss: float
    previous_stop_loss: float | None
    quantity: int | None
    reason: str


class StopLossUpdate(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="message_type",
    tag="position_stop_loss_update",
):
    """A stop level was set or moved."""

    content: StopLossContent
    agent: Agent = EXECUTION_AGENT


class TakeProfitContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fill of a take profit: units, currency; `target_price` is the limit, null where it was not told.

    `layer` is that of the commanded level nearest to the limit; null for the take profit of a whole position, and where
    two are as near.
    """

    symbol: str
    order_id: str
    layer: int | None
    side: str
    quantity: int
    executed_quantity: int
    price: float
    target_price: float | None


class TakeProfitExecution(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="message_type", tag="take_profit_execution"
):
    """A profit was taken."""

    content: TakeProfitContent
    agent: Agent = EXECUTION_AGENT


class ThresholdContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A limit: what was seen and what is allowed, in its unit, and value / limit; no subject is the whole portfolio.

    A number that is not known, or infinite, is null.
    """

    rule: str
    subject: str | None
    value: float | None
    limit: float | None
    use: float | None
    severity: str
    action: str


class RiskThresholdBreach(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="message_type", tag="risk_threshold_breach"
):
    """A limit was broken; warnings before it are no breach."""

    content: ThresholdContent
    agent: Agent = EXECUTION_AGENT


class LiquidationContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be closed: one instrument, or everything where `symbol` is null; why, and on whose word."""

    symbol: str | None
    cause: str
    who: str
    sender: str


class EmergencyLiquidation(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="message_type",
    tag="emergency_liquidation_trigger",
):
    """Positions are closed at their next prices, by command."""

    content: LiquidationContent
    agent: Agent = EXECUTION_AGENT


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

"""The impact that an order is thought to have, as it is told to the world."""

from msgspec import Struct

from nautilus_ai_firm.messages.execution_reports.agent import EXECUTION_AGENT, Agent


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

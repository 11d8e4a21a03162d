"""Facts of the desks -> the messages that say them to the world; each function says one, and nothing is remembered."""

from math import isfinite, sqrt
from typing import Final

from nautilus_ai_firm.messages import (
    ImpactRecord,
    OrderRecord,
    PyramidLayer,
    PyramidPlan,
    RiskAlertEvent,
    RiskCommand,
)
from nautilus_ai_firm.messages.execution_reports import (
    EmergencyLiquidation,
    ImpactAnalysis,
    ImpactContent,
    ImpactModels,
    LayerDetail,
    LiquidationContent,
    MarketConditions,
    NextTrigger,
    PositionStatus,
    PyramidingContent,
    PyramidingRisk,
    PyramidingUpdate,
    RecommendedExecution,
    RiskThresholdBreach,
    StopLossContent,
    StopLossUpdate,
    TakeProfitContent,
    TakeProfitExecution,
    ThresholdContent,
)

DAYS_PER_YEAR: Final = 252


def pyramiding_update(plan: PyramidPlan, equity: float, *, volatility_adjusted: bool | None) -> PyramidingUpdate:
    """Say where a plan of layers stands.

    Parameters
    ----------
    plan : PyramidPlan
        The plan.
    equity : float
        What its weights are fractions of, account currency.
    volatility_adjusted : bool or None
        Whether its triggers are true ranges, where somebody said.

    """
    held, average = sum(layer.quantity for layer in plan.layers), plan.average_entry_price
    return PyramidingUpdate(
        content=PyramidingContent(
            symbol=plan.instrument_id,
            strategy_id=plan.plan_id,
            current_layer=plan.unlocked,
            total_layers=plan.total_layers,
            position_status=PositionStatus(
                total_exposure=_known(plan.intended_weight),
                current_exposure=_known(held * plan.close / equity),
                average_entry_price=average,
                current_price=_known(plan.close),
                unrealized_pnl_pct=None if not average else _known(plan.side * (plan.close / average - 1.0)),
            ),
            layer_details=tuple(_layer(layer, plan.close / equity) for layer in plan.layers),
            next_trigger=NextTrigger(
                price_target=plan.next_trigger, volume_confirmation=plan.volume_confirms, time_window=None
            ),
        ),
        risk_metrics=PyramidingRisk(
            max_drawdown_protection=_lost_at_stops(plan, equity),
            volatility_adjusted=volatility_adjusted,
            correlation_impact=None,
        ),
    )


def _layer(layer: PyramidLayer, share_of_one: float) -> LayerDetail:
    return LayerDetail(
        layer_number=layer.number,
        entry_price=layer.entry_price,
        position_size=_known(layer.quantity * share_of_one),
        stop_loss=layer.stop,
    )


def _lost_at_stops(plan: PyramidPlan, equity: float) -> float | None:
    lost = 0.0
    for layer in plan.layers:
        if not layer.quantity:
            continue
        if layer.entry_price is None or layer.stop is None:
            return None
        lost += layer.quantity * (layer.entry_price - layer.stop)
    return lost / equity


def impact_analysis(record: ImpactRecord) -> ImpactAnalysis:
    """Say what impact an order is thought to have."""
    return ImpactAnalysis(
        content=ImpactContent(
            symbol=record.instrument_id,
            trade_size=abs(record.quantity),
            market_conditions=MarketConditions(
                avg_daily_volume=_known(record.average_daily_volume),
                current_volatility=_known(record.volatility_per_day * sqrt(DAYS_PER_YEAR)),
                liquidity_score=None,
            ),
            impact_models=ImpactModels(
                volume_based_impact_bps=record.volume_bps,
                liquidity_depth_impact_bps=record.depth_bps,
                volatility_adjusted_impact_bps=record.volatility_bps,
                time_of_day_impact_bps=record.time_of_day_bps,
            ),
            recommended_execution=RecommendedExecution(
                max_single_order_size=record.largest_order,
                execution_window_minutes=record.window_minutes,
                venue_diversification=False,  # the firm trades on one venue
                algorithm_recommendation=record.exec_algorithm,
            ),
        ),
        confidence_score=None,
    )


def stop_loss_update(command: RiskCommand, symbol: str, price: float, previous: float | None) -> StopLossUpdate:
    """Say that a stop level was set or moved."""
    return StopLossUpdate(
        content=StopLossContent(
            symbol=symbol,
            layer=command.layer,
            stop_loss=price,
            previous_stop_loss=previous,
            quantity=command.quantity,
            reason=command.cause,
        )
    )


def take_profit_execution(
    fill: OrderRecord, price: float, *, quantity: int, executed: int, target: float | None, layer: int | None
) -> TakeProfitExecution:
    """Say that a take profit was filled, so far by `executed` of `quantity`."""
    return TakeProfitExecution(
        content=TakeProfitContent(
            symbol=fill.instrument_id,
            order_id=fill.parent_order_id,
            layer=layer,
            side=fill.side,
            quantity=quantity,
            executed_quantity=executed,
            price=price,
            target_price=target,
        )
    )


def nearest_layer(limit: float, levels: dict[int | None, float]) -> int | None:
    """Return the layer whose level is nearest to a limit; None where two are as near, or there is none."""
    distances = sorted((abs(level - limit), layer or 0) for layer, level in levels.items())
    if not distances or (len(distances) > 1 and distances[0][0] == distances[1][0]):
        return None
    return distances[0][1] or None


def risk_threshold_breach(alert: RiskAlertEvent) -> RiskThresholdBreach:
    """Say that a limit was broken."""
    return RiskThresholdBreach(
        content=ThresholdContent(
            rule=alert.rule,
            subject=alert.subject,
            value=_known(alert.value),
            limit=_known(alert.limit),
            use=_known(alert.use),
            severity=str(alert.severity),
            action=alert.action,
        )
    )


def emergency_liquidation(command: RiskCommand, symbol: str | None) -> EmergencyLiquidation:
    """Say that positions are closed by command."""
    return EmergencyLiquidation(
        content=LiquidationContent(symbol=symbol, cause=command.cause, who=command.who, sender=command.sender)
    )


def _known(value: float) -> float | None:
    return value if isfinite(value) else None

"""A plan of layers, as it is told to the world."""

from msgspec import Struct

from nautilus_ai_firm.messages.execution_reports.agent import EXECUTION_AGENT, Agent


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

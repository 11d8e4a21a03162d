"""Levels that protect a position, and profits that were taken, as they are told to the world."""

from msgspec import Struct

from nautilus_ai_firm.messages.execution_reports.agent import EXECUTION_AGENT, Agent


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

"""Broken limits and commanded liquidations, as they are told to the world."""

from msgspec import Struct

from nautilus_ai_firm.messages.execution_reports.agent import EXECUTION_AGENT, Agent


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

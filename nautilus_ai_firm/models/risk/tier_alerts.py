"""Steps into and out of tiers of drawdown become alerts, one for each step."""

from collections.abc import Iterable

from nautilus_ai_firm.messages import RiskAlertEvent, Severity
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction, TierChange

_SEVERITY = {
    TierAction.WARN: Severity.WARNING,
    TierAction.HALVE: Severity.BREACH,
    TierAction.NO_NEW_RISK: Severity.BREACH,
    TierAction.FLATTEN: Severity.CRITICAL,
}

TIER_RULE = "drawdown_tier:"
"""What rules of tiers begin with."""


def steps_of(changes: Iterable[TierChange], round_: int, ts_event: int) -> tuple[RiskAlertEvent, ...]:
    """Return an alert for each step: rule `drawdown_tier:halve`, action `entered` or `left`.

    Entering is as bad as what the tier does. Leaving is a warning, told since whoever heard of the one waits for the
    other.

    Parameters
    ----------
    changes : iterable of TierChange
        Steps of one round, in their order.
    round_, ts_event : int
        The round and its close, nanoseconds UTC.

    """
    return tuple(
        RiskAlertEvent(
            round=round_,
            ts_event=ts_event,
            rule=TIER_RULE + change.tier.action,
            subject=None,
            value=change.drawdown,
            limit=change.tier.drawdown,
            use=change.drawdown / change.tier.drawdown,
            action="entered" if change.entered else "left",
            severity=_SEVERITY[change.tier.action] if change.entered else Severity.WARNING,
        )
        for change in changes
    )

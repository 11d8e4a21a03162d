"""Each step into or out of a tier is told once, as bad as what the tier does."""

from nautilus_ai_firm.messages import Severity
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction
from nautilus_ai_firm.models.risk.tier_alerts import steps_of

TIERS = (
    Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02),
    Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03),
    Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None),
)


def test_each_step_is_an_alert():
    machine = DrawdownTiers(TIERS)
    told = [steps_of(machine.update(drawdown), 7, 70) for drawdown in (0.0, 0.06, 0.06, 0.01, 0.2)]
    assert [[(alert.rule, alert.action, alert.severity) for alert in alerts] for alerts in told] == [
        [],
        [
            ("drawdown_tier:warn", "entered", Severity.WARNING),
            ("drawdown_tier:halve", "entered", Severity.BREACH),
        ],
        [],
        [
            ("drawdown_tier:halve", "left", Severity.WARNING),
            ("drawdown_tier:warn", "left", Severity.WARNING),
        ],
        [
            ("drawdown_tier:warn", "entered", Severity.WARNING),
            ("drawdown_tier:halve", "entered", Severity.BREACH),
            ("drawdown_tier:flatten", "entered", Severity.CRITICAL),
        ],
    ]
    assert {(alert.round, alert.ts_event) for alerts in told for alert in alerts} == {(7, 70)}
    assert (told[1][1].value, told[1][1].limit, told[1][1].use) == (0.06, 0.05, 0.06 / 0.05)

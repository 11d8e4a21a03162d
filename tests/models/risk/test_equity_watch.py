"""What losses lead to: the strictest of tiers, periods and speed, and a halt where a person must look."""

import numpy as np
import pytest

from nautilus_ai_firm.models.risk.crash_velocity import VelocityLimits
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.period_losses import LossLimits, PeriodLosses

DAY = 86_400_000_000_000
TIERS = (
    Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02),
    Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03),
    Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.05),
    Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None),
)
SPEED = VelocityLimits(span=20, warm_up=3, fast=3.0, crash=6.0, floor=1e-5, longest_minutes=390)


def run(watch, values):
    return [watch.update(value, (day + 1) * DAY, (day + 1) * DAY) for day, value in enumerate(values)]


def test_without_anything_it_knows_the_drawdown_alone():
    first, second = run(EquityWatch(None), [100.0, 90.0])
    assert (first.drawdown, second.drawdown) == (0.0, 0.1)
    assert (second.action, second.breaches, second.uses, second.halt, second.flatten) == (None, (), (), None, False)


def test_the_drawdown_limit_halts_at_the_limit_and_says_so():
    first, second = run(EquityWatch(0.1), [100.0, 90.0])
    assert first.halt is None
    assert second.halt == "drawdown 0.1000 reached the limit 0.1000"
    assert [(use.rule, use.value, use.limit) for use in second.uses] == [("max_drawdown", 0.1, 0.1)]


def test_each_tier_does_its_own_and_the_last_sells_everything():
    found = run(EquityWatch(0.5, DrawdownTiers(TIERS)), [100.0, 96.0, 94.5, 92.0, 95.5, 97.5, 89.0])
    assert [one.action for one in found] == [
        None, TierAction.WARN, TierAction.HALVE, TierAction.NO_NEW_RISK, TierAction.HALVE, TierAction.WARN,
        TierAction.FLATTEN,
    ]  # fmt: skip
    assert [[breach.rule for breach in one.breaches] for one in found][1:4] == [
        [], ["drawdown_tier:halve"], ["drawdown_tier:no_new_risk"],
    ]  # fmt: skip
    assert [one.flatten for one in found] == [False] * 6 + [True]
    assert found[-1].halt == "drawdown 0.1100 reached the tier that flattens, 0.1000"
    assert [(change.tier.action, change.entered) for change in found[4].changes] == [(TierAction.NO_NEW_RISK, False)]


def test_a_loss_of_the_day_lets_nothing_new_in():
    limits = LossLimits(max_daily=0.02, max_weekly=None, max_rolling=0.5, rolling_rounds=5)
    first, second = run(EquityWatch(0.5, losses=PeriodLosses(limits)), [100.0, 97.0])
    assert first.action is None
    assert second.action is TierAction.NO_NEW_RISK
    assert [breach.rule for breach in second.breaches] == ["max_daily_loss"]
    assert [use.rule for use in second.uses] == ["max_drawdown", "max_daily_loss", "max_rolling_loss"]


def test_the_strictest_of_several_counts():
    limits = LossLimits(max_daily=0.01, max_weekly=None, max_rolling=None, rolling_rounds=5)
    watch = EquityWatch(0.5, DrawdownTiers(TIERS[:2]), PeriodLosses(limits))
    assert run(watch, [100.0, 94.0])[-1].action is TierAction.NO_NEW_RISK


@pytest.mark.parametrize(("fall", "action", "halts"), [(0.001, None, False), (0.004, TierAction.NO_NEW_RISK, False),
                                                       (0.02, TierAction.NO_NEW_RISK, True)])  # fmt: skip
def test_a_fast_loss_adds_nothing_and_a_crash_halts(fall, action, halts):
    usual = 100.0 * np.cumprod(1 + 0.001 * np.array([1, -1, 1, -1, 1, -1, 1, -1]))
    last = run(EquityWatch(0.5, velocity=SPEED), [*usual, usual[-1] * (1 - fall)])[-1]
    assert last.action is action
    assert (last.halt is not None) is halts
    assert any(use.rule == "loss_velocity" for use in last.uses)


def test_a_resumed_firm_begins_with_a_new_mark_and_no_tier():
    watch = EquityWatch(0.5, DrawdownTiers(TIERS))
    run(watch, [100.0, 85.0])
    watch.resume(85.0)
    again = watch.update(85.0, 3 * DAY, 3 * DAY)
    assert (again.drawdown, again.action, again.halt) == (0.0, None, None)

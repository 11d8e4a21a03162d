"""What losses lead to: the strictest of tiers, periods and speed, and a halt where a person must look."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.risk.crash_velocity import VelocityLimits
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.memory import EquityState
from nautilus_ai_firm.models.risk.period_losses import LossLimits, PeriodLosses

TIERS = (
    Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02),
    Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03),
    Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.05),
    Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None),
)
SPEED = VelocityLimits(span=20, warm_up=3, fast=3.0, crash=6.0, floor=1e-5, longest_minutes=390)


def run(watch, values):
    return [watch.update(value, (day + 1) * DAY_NS, (day + 1) * DAY_NS) for day, value in enumerate(values)]


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
    again = watch.update(85.0, 3 * DAY_NS, 3 * DAY_NS)
    assert (again.drawdown, again.action, again.halt) == (0.0, None, None)


LIMITS = LossLimits(max_daily=0.02, max_weekly=0.04, max_rolling=0.03, rolling_rounds=6)


def whole(tiers=TIERS):
    return EquityWatch(0.5, DrawdownTiers(tiers), PeriodLosses(LIMITS), SPEED)


def later(watch, values, first):
    times = [(first + place + 1) * DAY_NS // 3 for place in range(len(values))]
    return [watch.update(value, ts, -(-ts // DAY_NS) * DAY_NS) for value, ts in zip(values, times, strict=True)]


FALLS = st.lists(st.floats(min_value=-0.04, max_value=0.03), min_size=2, max_size=30)


@given(FALLS, st.data())
def test_a_restart_at_any_round_changes_nothing(steps, data):
    values = (100.0 * np.cumprod(1 + np.array(steps))).tolist()
    cut = data.draw(st.integers(1, len(values) - 1))
    unbroken = later(whole(), values, 0)
    first, second = whole(), whole()
    before = later(first, values[:cut], 0)
    second.go_on(first.state, 0.0)
    after = later(second, values[cut:], cut)
    assert repr([*before, *after]) == repr(unbroken)  # a multiple that is not known yet is not equal to itself


def test_without_what_was_saved_a_restart_forgets_the_drawdown_the_tier_and_the_losses():
    first, forgetful, mindful = whole(), whole(), whole()
    later(first, [100.0, 93.5, 93.5], 0)
    mindful.go_on(first.state, 0.0)
    (forgot,), (knows,) = later(forgetful, [93.5], 3), later(mindful, [93.5], 3)
    assert (forgot.drawdown, forgot.action) == (0.0, None)
    assert knows.drawdown == pytest.approx(0.065)
    assert knows.action is TierAction.NO_NEW_RISK
    assert {"drawdown_tier:halve", "max_weekly_loss"} <= {breach.rule for breach in knows.breaches}


@given(st.floats(min_value=-80.0, max_value=400.0))
def test_cash_that_moved_between_two_sessions_is_no_loss_and_no_gain(amount):
    first, moved, still = whole(), whole(), whole()
    later(first, [100.0, 101.0, 97.0, 96.0], 0)
    moved.go_on(first.state, amount)
    still.go_on(first.state, 0.0)
    factor = (96.0 + amount) / 96.0
    values = [96.0, 95.0, 97.5]
    plain = later(still, values, 4)
    scaled = later(moved, [value * factor for value in values], 4)
    for one, other in zip(scaled, plain, strict=True):
        assert one.drawdown == pytest.approx(other.drawdown, abs=1e-12)
        assert [use.rule for use in one.uses] == [use.rule for use in other.uses]
        assert [use.value for use in one.uses] == pytest.approx([use.value for use in other.uses], abs=1e-6)


def test_a_flow_that_nobody_noted_looks_like_a_loss():
    first, second = whole(), whole()
    later(first, [100.0, 100.0], 0)
    second.go_on(first.state, 0.0)
    assert later(second, [60.0], 2)[0].drawdown == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("tiers", "action"),
    [
        (TIERS, TierAction.HALVE),
        (TIERS[1:], TierAction.HALVE),
        (TIERS[::2], TierAction.WARN),
        (TIERS[2:], None),
    ],
)
def test_tiers_that_are_configured_anew_are_entered_by_what_they_do(tiers, action):
    first, second = EquityWatch(0.5, DrawdownTiers(TIERS)), EquityWatch(0.5, DrawdownTiers(tiers))
    run(first, [100.0, 94.0])
    second.go_on(first.state, 0.0)
    assert second.update(95.5, 3 * DAY_NS, 3 * DAY_NS).action is action


def test_what_is_limited_since_the_restart_begins_anew():
    first, second = EquityWatch(0.5), whole()
    run(first, [100.0, 99.0])
    second.go_on(first.state, 0.0)
    standing = second.update(96.0, 3 * DAY_NS, 3 * DAY_NS)
    assert standing.drawdown == pytest.approx(0.04)
    assert [use.value for use in standing.uses if use.rule.endswith("_loss")] == [0.0, 0.0, 0.0]


def test_there_is_nothing_to_save_before_the_first_equity():
    with pytest.raises(ValueError, match="before the first equity"):
        _ = EquityWatch(0.5).state


@pytest.mark.parametrize("mark", [0.0, -1.0, np.nan, np.inf])
def test_a_mark_that_no_drawdown_can_be_measured_from_is_refused(mark):
    with pytest.raises(ValueError, match="mark is"):
        EquityState(mark=mark)

"""Tiers of drawdown: in at once, out at the level of recovery, each step named once; and what they do to weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction, within_tier

WARN = Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02)
HALVE = Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03)
HOLD = Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.04)
FLATTEN = Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None)
TIERS = (WARN, HALVE, HOLD, FLATTEN)
DRAWDOWNS = st.lists(st.one_of(st.sampled_from([0.02, 0.03, 0.04, 0.05, 0.07, 0.1]), st.floats(0, 0.2)), max_size=40)
WEIGHT = st.one_of(st.sampled_from([0.0, 0.3, -0.3]), st.floats(-2, 2))


def said(changes):
    return [("+" if change.entered else "-") + change.tier.action for change in changes]


def steps(path, tiers=TIERS):
    machine = DrawdownTiers(tiers)
    return [said(machine.update(drawdown)) for drawdown in path]


def test_each_step_is_named_once_when_it_is_entered_and_once_when_it_is_left():
    path = [0.0, 0.03, 0.04, 0.06, 0.055, 0.072, 0.05, 0.04, 0.031, 0.03, 0.02, 0.0]
    assert steps(path) == [
        [], ["+warn"], [], ["+halve"], [], ["+no_new_risk"], [], ["-no_new_risk"], [], ["-halve"], ["-warn"], [],
    ]  # fmt: skip


def test_a_jump_names_every_step_on_its_way():
    assert steps([0.08, 0.0]) == [["+warn", "+halve", "+no_new_risk"], ["-no_new_risk", "-halve", "-warn"]]


def test_flattening_holds_until_a_person_resumes():
    machine = DrawdownTiers(TIERS)
    machine.update(0.12)
    assert machine.tier is FLATTEN
    assert [machine.update(drawdown) for drawdown in (0.05, 0.0)] == [(), ()]
    assert said(machine.resume(0.0)) == ["-flatten", "-no_new_risk", "-halve", "-warn"]
    assert machine.tier is None
    assert machine.resume(0.0) == ()
    assert said(machine.update(0.04)) == ["+warn"]


def test_around_a_level_there_is_no_chatter():
    path = [0.0501, 0.0499] * 50
    assert sum(map(len, steps(path))) == 2
    # the control: without hysteresis every crossing is a change
    bare = [Tier(action=TierAction.HALVE, drawdown=0.05, recovery=np.nextafter(0.05, 0))]
    assert sum(map(len, steps(path, bare))) == 100


@given(DRAWDOWNS)
def test_the_tier_is_what_the_levels_say(path):
    """Independent: each tier by itself, in or out by its own two levels, and the strictest of them counts."""
    inside = dict.fromkeys(TIERS, False)
    machine = DrawdownTiers(TIERS)
    for drawdown in path:
        changes = machine.update(drawdown)
        for tier in TIERS:
            left = tier.recovery is not None and drawdown <= tier.recovery and not inside[FLATTEN]
            inside[tier] = (inside[tier] or drawdown >= tier.drawdown) and not left
        assert machine.tier == max((tier for tier in TIERS if inside[tier]), key=TIERS.index, default=None)
        assert len({(change.tier.action, change.entered) for change in changes}) == len(changes)


@given(DRAWDOWNS, st.integers(0, 40))
def test_a_saved_level_survives_a_restart(path, stop):
    whole, first = DrawdownTiers(TIERS), DrawdownTiers(TIERS)
    expected = [whole.update(drawdown) for drawdown in path]
    before = [first.update(drawdown) for drawdown in path[:stop]]
    second = DrawdownTiers(TIERS, first.level)
    assert before + [second.update(drawdown) for drawdown in path[stop:]] == expected


def test_forgetting_the_level_at_a_restart_forgets_the_latch():
    """The control of the test above."""
    machine = DrawdownTiers(TIERS)
    machine.update(0.2)
    machine.update(0.01)
    assert machine.tier is FLATTEN
    forgetful = DrawdownTiers(TIERS)
    forgetful.update(0.01)
    assert forgetful.tier is None


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (None, [0.4, 0.2, 0.1, -0.2, 0.3]),
        (TierAction.WARN, [0.4, 0.2, 0.1, -0.2, 0.3]),
        (TierAction.HALVE, [0.2, 0.1, 0.05, -0.1, 0.3]),
        (TierAction.NO_NEW_RISK, [0.3, 0.2, 0.0, 0.0, 0.3]),
        (TierAction.FLATTEN, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_what_a_tier_leaves_of_a_decision(action, expected):
    current = np.array([0.3, 0.3, -0.1, 0.1, 0.3])  # growth, reduction, two flips, and no decision
    decided = np.array([0.4, 0.2, 0.1, -0.2, np.nan])
    assert within_tier(action, current, decided).tolist() == expected


@given(st.sampled_from([None, *TierAction]), st.lists(st.tuples(WEIGHT, WEIGHT), min_size=1, max_size=5))
def test_a_tier_only_shrinks(action, pairs):
    current, decided = np.array(pairs).T
    out = within_tier(action, current, decided)
    toward_zero = (np.minimum(decided, 0) <= out) & (out <= np.maximum(decided, 0))
    toward_current = (np.minimum(decided, current) <= out) & (out <= np.maximum(decided, current))
    assert (toward_zero | toward_current).all()
    assert (np.abs(out) <= np.maximum(np.abs(current), np.abs(decided))).all()
    reduces = (np.sign(decided) == np.sign(current)) & (np.abs(decided) <= np.abs(current))
    assert (np.abs(out)[reduces] <= np.abs(decided)[reduces]).all()  # a reduction is never held back


def test_the_halves_of_a_held_position_do_not_melt_away():
    """A position that the CIO wants to hold is halved once, whatever number of rounds the tier lasts."""
    held = np.array([0.4])
    for _ in range(5):
        held = within_tier(TierAction.HALVE, held, np.array([0.4]))
    assert held.tolist() == [0.2]


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ((HALVE, WARN), "follows"),
        ((WARN, Tier(action=TierAction.HALVE, drawdown=0.03, recovery=0.02)), "larger drawdown"),
        ((WARN, Tier(action=TierAction.WARN, drawdown=0.05, recovery=0.02)), "stricter action"),
        ((HALVE, Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.01)), "no recovery below"),
    ],
)
def test_tiers_out_of_order_are_refused(tiers, message):
    with pytest.raises(ValueError, match=message):
        DrawdownTiers(tiers)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"drawdown": 0.0, "recovery": None}, "drawdown is 0"),
        ({"drawdown": 1.1, "recovery": None}, "drawdown is 1.1"),
        ({"drawdown": float("nan"), "recovery": None}, "drawdown is nan"),
        ({"drawdown": 0.05, "recovery": 0.05}, "recovery is 0.05"),
        ({"drawdown": 0.05, "recovery": -0.01}, "recovery is -0.01"),
    ],
)
def test_a_tier_without_hysteresis_is_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        Tier(action=TierAction.WARN, **numbers)


def test_flattening_is_not_left_by_itself():
    with pytest.raises(ValueError, match="a person resumes"):
        Tier(action=TierAction.FLATTEN, drawdown=0.1, recovery=0.05)


@pytest.mark.parametrize("level", [-1, 5])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ValueError, match="level is"):
        DrawdownTiers(TIERS, level)


@pytest.mark.parametrize("drawdown", [-0.01, float("nan")])
def test_a_drawdown_that_is_none_is_refused(drawdown):
    with pytest.raises(ValueError, match="drawdown is"):
        DrawdownTiers(TIERS).update(drawdown)


def test_no_tiers_are_none():
    machine = DrawdownTiers(())
    assert machine.update(0.9) == ()
    assert machine.tier is None

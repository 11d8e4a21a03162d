"""One factor for all increases: the largest that keeps every limit, and never one that breaks one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.limit_kinds import Joint, Linear
from nautilus_ai_firm.models.risk.scaling import HALVINGS, joint_factor, largest_factor

WEIGHTS = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=4, max_size=4).map(np.array)
LIMIT = st.floats(0.05, 3)


@given(st.floats(0, 1))
def test_the_search_ends_inside_and_within_its_tolerance(threshold):
    found = largest_factor(lambda k: k <= threshold)
    assert found <= threshold
    assert threshold - found <= 2.0**-HALVINGS


def test_where_nothing_is_allowed_nothing_is_added():
    assert largest_factor(lambda k: k > 0.5 and k < 0.9) == 0.0
    assert largest_factor(lambda _: True) == 1.0


@given(WEIGHTS, WEIGHTS, LIMIT, LIMIT)
def test_closed_form_and_search_agree(base, weights, gross, net):
    def both(k):
        w = base + k * (weights - base)
        return np.abs(w).sum() <= gross and abs(w.sum()) <= net

    weights = base + np.abs(weights) * np.where(base >= 0, 1, -1)  # every trade adds, as risk's do
    linear = (
        Linear(rule="gross", limit=gross, value=lambda w: float(np.abs(w).sum())),
        Linear(rule="net", limit=net, value=lambda w: float(w.sum())),
    )
    k = joint_factor(linear, (), base, weights)
    grid = [one for one in np.linspace(0, 1, 401) if both(one)]
    if not grid:
        assert k == 0.0 or both(k - 1e-9) or both(k + 1e-9)
    else:
        assert k >= max(grid) - 1e-9
        assert both(max(0.0, k - 1e-9)) or both(k)


@given(WEIGHTS, LIMIT, LIMIT)
def test_several_measures_are_all_kept(weights, one, other):
    joint = (
        Joint(rule="a", limit=one, measure=lambda w: float(np.sqrt((w**2).sum()))),
        Joint(rule="b", limit=other, measure=lambda w: float(np.abs(w).max())),
    )
    base = np.zeros(4)
    k = joint_factor((), joint, base, weights)
    assert all(limit.measure(k * weights) <= limit.limit for limit in joint)
    if k < 1:
        assert any(limit.measure(min(1.0, k + 1e-6) * weights) > limit.limit for limit in joint)


def test_a_limit_that_the_base_breaks_and_the_whole_trade_heals_lets_it_through():
    """Long 0.9 net against 0.5: the short of 0.4 heals it whole and not in part."""
    base, weights = np.array([0.9, 0.0]), np.array([0.9, -0.4])
    net = Linear(rule="net", limit=0.5, value=lambda w: float(w.sum()))
    assert joint_factor((net,), (), base, weights) == 1.0
    assert joint_factor((net,), (), base, np.array([0.9, -0.3])) == 0.0
    assert joint_factor((net,), (), base, base) == 0.0


def test_a_net_that_passes_through_its_limit_is_caught_at_the_far_side():
    net = Linear(rule="net", limit=0.5, value=lambda w: float(w.sum()))
    assert joint_factor((net,), (), np.array([0.4, 0.0]), np.array([0.4, -1.4])) == pytest.approx(0.9 / 1.4)

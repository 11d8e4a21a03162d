"""Limits on delta, gamma, vega and theta only shrink a decision: DESIGN section 1, property by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures
from nautilus_ai_firm.models.risk.greeks_limits import GreekLimits, apply_greek_limits
from nautilus_ai_firm.models.risk.halt import reducing_part

WIDE = GreekLimits(max_delta=100.0, max_gamma=100.0, max_vega=100.0, max_theta=100.0)
UNSET = GreekLimits(max_delta=None, max_gamma=None, max_vega=None, max_theta=None)
POSITION = st.one_of(st.sampled_from([0.0, 10.0, -10.0]), st.floats(-50, 50, allow_subnormal=False))
EXPOSURE = st.one_of(st.sampled_from([0.0, 0.01, -0.01]), st.floats(-0.1, 0.1, allow_subnormal=False))
LIMIT = st.one_of(st.sampled_from([0.0, 0.3]), st.floats(0, 3, allow_subnormal=False))


def limits(**given_):
    return GreekLimits(**{f"max_{greek}": 100.0 for greek in GREEKS} | given_)


def exposures(**given_):
    n = len(next(iter(given_.values())))
    return GreekExposures(**{greek: np.array(given_.get(greek, [0.0] * n), dtype=float) for greek in GREEKS})


def apply(current, decided, of_one, each=WIDE, together=WIDE):
    current, decided = np.array(current, dtype=float), np.array(decided, dtype=float)
    names = [f"O{i}" for i in range(len(current))]
    out, breaches = apply_greek_limits(current, decided, of_one, each, together, names)
    return out.tolist(), [(breach.rule, breach.instrument_id) for breach in breaches]


@st.composite
def cases(draw):
    n = draw(st.integers(1, 5))
    column = lambda cells: np.array(draw(st.lists(cells, min_size=n, max_size=n)))  # noqa: E731 - six columns
    of_one = GreekExposures(
        delta=column(EXPOSURE), gamma=column(EXPOSURE), vega=column(EXPOSURE), theta=column(EXPOSURE)
    )
    sizes = [GreekLimits(**{f"max_{greek}": draw(LIMIT) for greek in GREEKS}) for _ in range(2)]
    return column(POSITION), column(st.one_of(POSITION, st.just(np.nan))), of_one, *sizes


def run(case):
    current, decided, of_one, each, together = case
    return apply_greek_limits(current, decided, of_one, each, together, [f"O{i}" for i in range(len(current))])


def sums(positions, of_one):
    return (of_one.rows * positions).sum(axis=1)


@given(cases())
def test_the_result_lies_between_current_and_decided_or_decided_and_zero(case):
    current, decided, *_ = case
    out, _ = run(case)
    wanted = np.where(np.isfinite(decided), decided, current)
    between = lambda one, other: (np.minimum(one, other) <= out) & (out <= np.maximum(one, other))  # noqa: E731 - twice
    assert (between(current, wanted) | between(wanted, 0.0)).all()
    assert (np.abs(out) <= np.maximum(np.abs(current), np.abs(wanted))).all()


@given(cases())
def test_what_reduces_passes_whole(case):
    current, decided, *_ = case
    out, _ = run(case)
    wanted = np.where(np.isfinite(decided), decided, current)
    reduces = reducing_part(current, wanted) == wanted
    np.testing.assert_array_equal(out[reduces], wanted[reduces])


@given(cases())
def test_every_limit_holds_or_was_broken_already_by_more(case):
    current, decided, of_one, each, together = case
    out, _ = run(case)
    base = reducing_part(current, np.where(np.isfinite(decided), decided, current))
    slack = 1e-9
    alone, alone_base = np.abs(of_one.rows * out), np.abs(of_one.rows * base)
    assert (alone <= np.maximum(np.array(each.in_order)[:, None], alone_base) + slack).all()
    total, total_base = np.abs(sums(out, of_one)), np.abs(sums(base, of_one))
    assert (total <= np.maximum(np.array(together.in_order), total_base) + slack).all()


def test_a_planted_fault_breaks_the_limits():
    """The control of the test above: without the joint step the sums are over their limit."""
    rng = np.random.default_rng(2)
    broken = 0
    for _ in range(100):
        of_one = exposures(delta=rng.uniform(0.005, 0.01, 4))
        out, _ = apply([0] * 4, rng.uniform(5, 10, 4), of_one, each=limits(max_delta=0.06), together=WIDE)
        broken += sums(np.array(out), of_one)[0] > 0.06
    assert broken > 90


@given(cases())
def test_applying_twice_changes_nothing(case):
    current, _, *rest = case
    once, _ = run(case)
    twice, _ = run((current, once, *rest))
    np.testing.assert_allclose(twice, once, atol=1e-9)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_positions_is_of_no_effect(case, random):
    current, decided, of_one, each, together = case
    order = list(range(len(current)))
    random.shuffle(order)
    shuffled = GreekExposures(**{greek: getattr(of_one, greek)[order] for greek in GREEKS})
    out, _ = run((current[order], decided[order], shuffled, each, together))
    np.testing.assert_allclose(out, run(case)[0][order], atol=1e-9)


def test_a_position_is_scaled_to_its_own_limit():
    of_one = exposures(delta=[0.01, 0.01], vega=[0.0, 0.02])
    out, rules = apply([0, 0], [10, 10], of_one, each=limits(max_delta=0.08, max_vega=0.1))
    assert out == pytest.approx([8, 5])
    assert rules == [("max_position_delta", "O0"), ("max_position_delta", "O1"), ("max_position_vega", "O1")]


def test_all_increases_are_scaled_by_one_factor():
    of_one = exposures(gamma=[0.01, 0.02, 0.01])
    out, rules = apply([4, 0, 5], [14, 10, 2], of_one, together=limits(max_gamma=0.21))
    assert out == pytest.approx([9, 5, 2])  # 0.06 held and kept, half of 0.3 added; the reduction passes
    assert rules == [("max_gamma", None)]


def test_a_hedge_passes_where_the_sum_is_over_its_limit():
    """100 units of delta 0.01 break the limit; a new short in another position takes them back."""
    of_one = exposures(delta=[0.01, 0.01])
    assert apply([100, 0], [100, -40], of_one, together=limits(max_delta=0.5)) == ([100, -40], [])
    # it is not to be so large that the sum breaks the limit on the other side
    out, rules = apply([100, 0], [100, -170], of_one, together=limits(max_delta=0.5))
    assert (out, rules) == ([100, pytest.approx(-150)], [("max_delta", None)])
    # the control: what would make it larger is refused whole
    assert apply([100, 0], [100, 40], of_one, together=limits(max_delta=0.5))[0] == [100, 0]


def test_a_limit_that_is_missing_refuses_what_it_would_limit():
    of_one = exposures(delta=[0.01, 0.01, 0.01], vega=[0.0, 0.02, 0.02])
    for each, together in ((limits(max_vega=None), WIDE), (WIDE, limits(max_vega=None))):
        out, rules = apply([0, 1, 5], [3, 3, -2], of_one, each=each, together=together)
        assert out == [3, 1, 0]  # a share has no vega; growth is held, a flip ends at 0
        assert rules == [("limit_missing:vega", "O1"), ("limit_missing:vega", "O2")]
    assert apply([0], [1], exposures(delta=[0.0]), UNSET, UNSET) == ([1], [])


def test_what_is_unknown_is_not_added_to():
    of_one = exposures(delta=[np.nan, 0.01, 0.01], vega=[0.0, 0.0, 0.01])
    assert apply([0, 0, 0], [3, 3, 3], of_one) == ([0, 3, 3], [("unknown:delta", "O0")])
    # held, it makes the sum unknown as well
    out, rules = apply([2, 0, 4], [1, 3, 2], of_one)
    assert out == [1, 0, 2]
    assert rules == [("unknown:delta", "O1")]


def test_no_decision_holds_the_position():
    assert apply([3.0], [np.nan], exposures(delta=[0.01])) == ([3.0], [])


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_limit_that_limits_nothing_is_refused(value):
    with pytest.raises(ValueError, match=r"max_theta is .*, allowed is a finite number from 0"):
        limits(max_theta=value)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        apply([0, 0], [1, 1], exposures(delta=[0.01]))
    with pytest.raises(ValueError, match="allowed are finite numbers"):
        apply([np.nan], [1], exposures(delta=[0.01]))

"""What is held beside the firm only shrinks a decision: DESIGN section 1, property by property."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures
from nautilus_ai_firm.models.risk.greeks_limits import TOLD, TOLD_OF_DELTA, GreekBounds, GreekLimits
from nautilus_ai_firm.models.risk.halt import reducing_part
from nautilus_ai_firm.models.risk.limit_kinds import HedgeBand, Joint, Limits, Linear
from nautilus_ai_firm.models.risk.limits import Proposal, apply_limits
from nautilus_ai_firm.models.risk.stress import Scenario, Shock, Stress

WEIGHT = st.one_of(st.sampled_from([0.0, 0.3, -0.3]), st.floats(-2, 2, allow_subnormal=False))
EXPOSURE = st.one_of(st.sampled_from([0.0, 0.003, -0.003]), st.floats(-0.03, 0.03, allow_subnormal=False))
SIZE = st.one_of(st.none(), st.sampled_from([0.0, 0.003]), st.floats(0, 0.03, allow_subnormal=False))
NAN = float("nan")


def sizes(**given_):
    return GreekLimits(**dict.fromkeys(("max_delta", "max_gamma", "max_vega", "max_theta")) | given_)


def names(n):
    return tuple(f"I{place}.X" for place in range(n))


def bounds(each=None, together=None, optioned=None, **exposures):
    """Options on the first instruments, as many as the exposures have numbers, of two instruments."""
    n = len(next(iter(exposures.values())))
    rows = {greek: np.array(exposures.get(greek, [0.0] * n), dtype=float) for greek in GREEKS}
    return GreekBounds(
        instrument_ids=names(n),
        optioned=np.array([True] * n if optioned is None else optioned),
        options=GreekExposures(**rows),
        each=each or sizes(),
        together=together or sizes(),
    )


def limits_of(made, joint=()):
    return Limits(unknown=(("greeks", made.unknown),), bands=made.bands(), linear=made.linear(), joint=joint)


def apply(current, decided, made, joint=()):
    current, decided = np.array(current, dtype=float), np.array(decided, dtype=float)
    fresh = np.ones(len(current), dtype=bool)
    proposal = Proposal(
        positions=current, current=current, decided=decided, fresh=fresh, instrument_ids=made.instrument_ids
    )
    return apply_limits(proposal, limits_of(made, joint))


def applied(current, decided, made, joint=()):
    out, breaches = apply(current, decided, made, joint)
    return out.tolist(), [(one.rule, one.instrument_id, one.group) for one in breaches]


@st.composite
def cases(draw, exposure=EXPOSURE):
    n = draw(st.integers(1, 5))
    column = lambda cells: np.array(draw(st.lists(cells, min_size=n, max_size=n)))  # noqa: E731 - seven columns
    optioned = column(st.booleans())
    made = bounds(
        sizes(**{f"max_{greek}": draw(SIZE) for greek in GREEKS}),
        sizes(**{f"max_{greek}": draw(SIZE) for greek in GREEKS}),
        optioned,
        **{greek: np.where(optioned, column(exposure), 0.0) for greek in GREEKS},
    )
    return column(WEIGHT), column(st.one_of(WEIGHT, st.just(NAN))), made


UNKNOWN_TOO = cases(st.one_of(EXPOSURE, st.just(NAN)))


def wanted_of(current, decided):
    return np.where(np.isfinite(decided), decided, current)


@given(UNKNOWN_TOO)
def test_the_result_lies_between_current_and_decided_or_decided_and_zero(case):
    current, decided, _ = case
    out, _ = apply(*case)
    wanted = wanted_of(current, decided)
    between = lambda one, other: (np.minimum(one, other) <= out) & (out <= np.maximum(one, other))  # noqa: E731 - twice
    assert (between(current, wanted) | between(wanted, 0.0)).all()
    assert (np.abs(out) <= np.maximum(np.abs(current), np.abs(wanted))).all()


@given(UNKNOWN_TOO)
def test_what_reduces_passes_whole(case):
    current, decided, _ = case
    out, _ = apply(*case)
    wanted = wanted_of(current, decided)
    reduces = reducing_part(current, wanted) == wanted
    np.testing.assert_array_equal(out[reduces], wanted[reduces])


def deltas(weights, made):
    return 0.01 * weights + made.options.delta


def over(values, limits, base=None):
    """How far values are beyond their limit, and beyond what they were without any increase."""
    most = np.full_like(values, np.inf if limits is None else limits)
    return np.abs(values) - (most if base is None else np.maximum(most, np.abs(base)))


@given(cases())
def test_every_limit_on_delta_holds_or_was_broken_by_more_without_any_increase(case):
    current, decided, made = case
    out, _ = apply(*case)
    base = reducing_part(current, wanted_of(current, decided))
    alone = over(deltas(out, made), made.each.max_delta, deltas(base, made))
    assert (alone[made.optioned] <= 1e-12).all()
    total, at_base = np.array([made.delta(out)]), np.array([made.delta(base)])
    assert (over(total, made.together.max_delta, at_base) <= 1e-12).all()


def test_a_planted_fault_breaks_the_limit():
    """The control of the test above: without the options in the sum it is over its limit."""
    rng = np.random.default_rng(2)
    broken = 0
    for _ in range(100):
        made = bounds(together=sizes(max_delta=0.01), delta=rng.uniform(0.002, 0.003, 3))
        blind = Limits(linear=(Linear(rule="max_delta", limit=0.01, value=lambda w: 0.01 * float(w.sum())),))
        wanted = rng.uniform(0.2, 0.5, 3)
        proposal = Proposal(
            positions=np.zeros(3), current=np.zeros(3), decided=wanted, fresh=np.ones(3, bool), instrument_ids=names(3)
        )
        assert abs(made.delta(apply([0] * 3, wanted, made)[0])) <= 0.01 + 1e-12
        broken += abs(made.delta(apply_limits(proposal, blind)[0])) > 0.01
    assert broken > 90


@given(cases())
def test_while_another_greek_is_over_its_limit_delta_comes_no_further_from_0(case):
    current, decided, made = case
    out, _ = apply(*case)
    base = reducing_part(current, wanted_of(current, decided))
    rows = made.options.rows
    shut = np.zeros(len(current), dtype=bool)
    for row, one, all_ in zip(rows[1:], made.each.in_order[1:], made.together.in_order[1:], strict=True):
        shut |= over(row, one) > 1e-9
        shut |= over(np.array([row.sum()]), all_)[0] > 1e-9
    shut &= made.optioned
    assert (np.abs(deltas(out, made))[shut] <= np.abs(deltas(base, made))[shut] + 1e-12).all()


@given(UNKNOWN_TOO)
def test_applying_twice_changes_nothing(case):
    current, _, made = case
    once, _ = apply(*case)
    twice, breaches = apply(current, once, made)
    np.testing.assert_allclose(twice, once, atol=1e-9)
    assert breaches == () or not np.array_equal(reducing_part(current, once), once)


@given(UNKNOWN_TOO)
def test_where_an_exposure_is_unknown_nothing_is_added(case):
    current, decided, made = case
    out, _ = apply(*case)
    base = reducing_part(current, wanted_of(current, decided))
    np.testing.assert_array_equal(out[made.unknown], base[made.unknown])
    if np.isnan(made.options.delta).any() and made.together.max_delta is not None:
        np.testing.assert_array_equal(out, base)


@given(UNKNOWN_TOO, st.randoms(use_true_random=False))
def test_the_order_of_instruments_is_of_no_effect(case, random):
    current, decided, made = case
    order = list(range(len(current)))
    random.shuffle(order)
    exposures = {greek: getattr(made.options, greek)[order] for greek in GREEKS}
    shuffled = bounds(made.each, made.together, made.optioned[order], **exposures)
    out, _ = apply(current[order], decided[order], shuffled)
    np.testing.assert_allclose(out, apply(*case)[0][order], atol=1e-9)


def test_a_trade_is_cut_where_stock_and_options_reach_the_limit_of_their_underlying():
    """Options have 0.002 of the 0.005 that are allowed, so the stock may have 0.003, a weight of 0.3."""
    made = bounds(each=sizes(max_delta=0.005), delta=[0.002, -0.002])
    out, rules = applied([0, 0], [0.4, 0.4], made)
    assert out == pytest.approx([0.3, 0.4])
    assert rules == [("max_position_delta", "I0.X", "I0.X")]
    (breach,) = apply([0, 0], [0.4, 0.4], made)[1]
    assert (breach.observed, breach.limit, breach.action) == (pytest.approx(0.006), 0.005, "clipped")


def test_an_underlying_without_options_has_no_limit_of_its_own():
    made = bounds(each=sizes(max_delta=0.001), optioned=[True, False], delta=[0.0, 0.0])
    assert applied([0, 0], [0.4, 0.4], made)[0] == pytest.approx([0.1, 0.4])


def test_all_increases_are_scaled_by_one_factor_for_the_sum():
    """0.004 held beside, 0.004 of a weight of 0.4 that stays; half of 0.8 added reaches 0.012."""
    made = bounds(together=sizes(max_delta=0.012), delta=[0.004, 0.0, 0.0])
    out, rules = applied([0.4, 0, 0.5], [0.9, 0.3, 0.0], made)
    assert out == pytest.approx([0.4 + 0.25, 0.15, 0.0])
    assert rules == [("max_delta", None, None)]


def test_a_hedge_passes_where_the_sum_is_over_its_limit():
    """Options alone break the limit; a new short in whatever instrument takes some of it back."""
    made = bounds(together=sizes(max_delta=0.005), delta=[0.02, 0.0])
    assert applied([0, 0], [0, -0.4], made) == ([0, -0.4], [])
    # it is not to be so large that the sum breaks the limit on the other side
    out, rules = applied([0, 0], [0, -4.0], made)
    assert (out, rules) == ([0, pytest.approx(-2.5)], [("max_delta", None, None)])
    # the control: what would make it larger is refused whole
    assert applied([0, 0], [0, 0.4], made)[0] == [0, 0]


def test_a_hedge_passes_where_its_underlying_is_over_its_limit():
    made = bounds(each=sizes(max_delta=0.005), delta=[0.02])
    assert applied([0], [-0.4], made) == ([-0.4], [])
    assert applied([0], [-4.0], made)[0] == pytest.approx([-2.5])
    assert applied([0], [0.4], made)[0] == [0]
    # selling what hedges reduces a weight, so it passes, however much it takes delta away from 0
    assert applied([-0.4], [0.0], made) == ([0.0], [])


@pytest.mark.parametrize("greek", ["gamma", "vega", "theta"])
@pytest.mark.parametrize("sign", [1, -1])
def test_over_another_limit_a_trade_may_only_bring_delta_nearer_to_0(greek, sign):
    made = bounds(each=sizes(**{f"max_{greek}": 0.001}), delta=[0.004, 0.004], **{greek: [sign * 0.002, 0.0]})
    rule = f"max_position_{greek}"
    assert applied([0, 0], [0.3, 0.3], made) == ([0, 0.3], [(rule, "I0.X", "I0.X")])
    assert applied([0, 0], [-0.3, 0.3], made) == ([-0.3, 0.3], [])
    assert applied([0, 0], [-0.5, 0.3], made) == ([pytest.approx(-0.4), 0.3], [(rule, "I0.X", "I0.X")])
    assert applied([0.3, 0], [0.1, 0.3], made) == ([0.1, 0.3], [])
    (breach,) = apply([0, 0], [0.3, 0.3], made)[1]
    assert (breach.observed, breach.limit, breach.action) == (0.002, 0.001, "hedges and reductions only")


def test_a_sum_over_its_limit_shuts_every_underlying_that_has_options_and_no_other():
    made = bounds(together=sizes(max_vega=0.001), optioned=[True, True, False], vega=[0.002, 0.0, 0.0])
    out, rules = applied([0, 0, 0], [0.3, 0.3, 0.3], made)
    assert out == [0, 0, 0.3]
    assert rules == [("max_vega", "I0.X", None), ("max_vega", "I1.X", None)]


def test_what_is_unknown_is_not_added_to_and_others_go_on():
    made = bounds(each=sizes(max_delta=0.01), optioned=[True, False], delta=[NAN, 0.0])
    out, rules = applied([0.3, 0], [0.4, 0.4], made)
    assert out == [0.3, 0.4]
    assert rules == [("unknown:greeks", "I0.X", None)]
    assert applied([0.3, 0], [-0.4, 0.4], made)[0] == [0, 0.4]
    # the sum is not known either, so where it is limited nothing is added anywhere
    made = bounds(together=sizes(max_delta=0.01), optioned=[True, False], delta=[NAN, 0.0])
    out, rules = applied([0.3, 0], [0.2, 0.4], made)
    assert (out, rules) == ([0.2, 0], [("unknown:max_delta", None, None)])


def test_where_all_is_switched_off_nothing_is_restricted_and_nothing_told():
    made = bounds(delta=[NAN, 5.0], vega=[NAN, 5.0])
    assert applied([0, 0], [0.3, 0.3], made) == ([0.3, 0.3], [])
    assert made.uses(np.zeros(2)) == []
    assert made.told(np.zeros(2)) == ()


def test_a_loss_under_stress_that_options_alone_break_lets_what_heals_it_through():
    stress = Stress([Scenario(name="fall", everything=Shock(move=-0.2))], names(2), (None, None))
    made = bounds(delta=[0.03, 0.0], gamma=[-0.001, 0.0])  # loses 0.6 and 0.2
    measure = partial(stress.worst_loss, options=made.options)
    joint = (Joint(rule="max_stress_loss", limit=0.3, measure=measure, eases=True),)
    assert measure(np.zeros(2)) == pytest.approx(0.8)
    assert applied([0, 0], [0, -0.4], made, joint) == ([0, -0.4], [])
    assert applied([0, 0], [0.4, 0.0], made, joint)[0] == [0, 0]
    strict = (Joint(rule="max_stress_loss", limit=0.3, measure=measure),)  # the control: as without options
    assert applied([0, 0], [0, -0.4], made, strict)[0] == [0, 0]


def test_uses_are_those_of_each_underlying_with_options_and_of_the_sums():
    made = bounds(
        sizes(max_delta=0.01, max_vega=0.002), sizes(max_delta=0.02, max_theta=0.003), [True, False, True],
        delta=[0.004, 0.0, NAN], vega=[-0.001, 0.0, NAN], theta=[0.001, 0.0, NAN],
    )  # fmt: skip
    found = [(use.rule, use.subject, use.value, use.limit) for use in made.uses(np.array([-0.6, 0.5, 0.1]))]
    assert [row[:2] + row[3:] for row in found] == [
        ("max_position_delta", "I0.X", 0.01), ("max_position_vega", "I0.X", 0.002),
        ("max_position_delta", "I2.X", 0.01), ("max_position_vega", "I2.X", 0.002), ("max_theta", "", 0.003),
    ]  # fmt: skip
    np.testing.assert_allclose([row[2] for row in found], [0.002, 0.001, NAN, NAN, NAN])


def test_what_is_over_its_limit_is_told_and_what_is_unknown():
    made = bounds(
        sizes(max_delta=0.01, max_gamma=0.001, max_vega=0.1), sizes(max_delta=0.02, max_vega=0.1), [True, True, False],
        delta=[0.012, NAN, 0.0], gamma=[-0.002, NAN, 0.0], vega=[0.05, NAN, 0.0],
    )  # fmt: skip
    found = [(one.rule, one.group, one.action) for one in made.told(np.zeros(3))]
    assert found == [
        ("max_position_delta", "I0.X", TOLD_OF_DELTA),
        ("max_position_gamma", "I0.X", TOLD),
        ("unknown:greeks", "I1.X", "told: reductions only"),
    ]
    summed = bounds(together=sizes(max_delta=0.02, max_vega=0.04), delta=[0.012, 0.012], vega=[0.03, 0.03])
    found = [(one.rule, one.group, one.observed, one.limit) for one in summed.told(np.zeros(2))]
    assert found == [("max_vega", None, 0.06, 0.04), ("max_delta", None, 0.024, 0.02)]
    assert [one.rule for one in summed.told(np.array([-0.5, 0.0]))] == ["max_vega"]


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_limit_that_limits_nothing_is_refused(value):
    with pytest.raises(ValueError, match=r"max_theta is .*, allowed is a finite number from 0"):
        sizes(max_theta=value)
    with pytest.raises(ValueError, match=r"max_delta.*, allowed is a finite number from 0"):
        HedgeBand(rule="max_delta", limit=0.0, place=0, hedge=0.0, width=value, value=abs)

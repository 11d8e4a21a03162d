"""Risk only ever shrinks a decision: DESIGN section 1, property by property."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.halt import reducing_part
from nautilus_ai_firm.models.risk.limit_kinds import Box, Linear
from nautilus_ai_firm.models.risk.limit_kinds import Limits as Kinds
from nautilus_ai_firm.models.risk.limits import Proposal
from nautilus_ai_firm.models.risk.limits import apply_limits as apply_kinds

NAN = float("nan")


@dataclasses.dataclass(frozen=True)
class Limits:
    """The three plain limits; None is not configured."""

    max_position: float | None
    max_gross: float | None
    max_net: float | None

    def by_name(self):
        return dataclasses.asdict(self).items()

    def kinds(self, n):
        position, gross, net = (9e9 if one is None else one for one in dataclasses.astuple(self))
        return Kinds(
            missing=tuple(name for name, value in self.by_name() if value is None),
            boxes=(Box(rule="max_position", limit=position, anchor=np.zeros(n), unit=np.ones(n), trims=True),),
            linear=(
                Linear(rule="max_gross", limit=gross, value=lambda w: float(np.abs(w).sum())),
                Linear(rule="max_net", limit=net, value=lambda w: float(w.sum())),
            ),
        )


def apply_limits(current, decided, fresh, limits, instrument_ids):
    proposal = Proposal(
        positions=current, current=current, decided=decided, fresh=fresh, instrument_ids=tuple(instrument_ids)
    )
    return apply_kinds(proposal, limits.kinds(len(current)))


WIDE = Limits(max_position=10.0, max_gross=100.0, max_net=100.0)
WEIGHT = st.one_of(st.sampled_from([0.0, 0.1, -0.1, 0.3, -0.3]), st.floats(-2, 2, allow_subnormal=False))
DECIDED = st.one_of(WEIGHT, st.just(NAN))
LIMIT = st.one_of(st.sampled_from([0.0, 0.3]), st.floats(0, 3, allow_subnormal=False))
MAYBE = st.one_of(st.none(), LIMIT)


def names(n):
    return [f"I{i}.X" for i in range(n)]


def apply(current, decided, limits, fresh=None):
    current, decided = np.array(current, dtype=float), np.array(decided, dtype=float)
    fresh = np.ones(len(current), dtype=bool) if fresh is None else np.array(fresh)
    return apply_limits(current, decided, fresh, limits, names(len(current)))


@st.composite
def cases(draw, limit=MAYBE, decided=DECIDED):
    n = draw(st.integers(1, 6))
    column = lambda cells: np.array(draw(st.lists(cells, min_size=n, max_size=n)))  # noqa: E731 - three columns
    return column(WEIGHT), column(decided), column(st.booleans()), Limits(draw(limit), draw(limit), draw(limit))


def between(x, one, other):
    return (np.minimum(one, other) <= x) & (x <= np.maximum(one, other))


def keeps_the_law(current, decided, out):
    effective = np.where(np.isfinite(decided), decided, current)
    lies = between(out, current, effective) | between(out, effective, 0.0)
    return lies & (np.abs(out) <= np.maximum(np.abs(current), np.abs(effective)))


def joint_limits_hold(weights, limits):
    slack = 1e-9 * (1 + np.abs(weights).sum())
    return np.abs(weights).sum() <= limits.max_gross + slack and abs(weights.sum()) <= limits.max_net + slack


@given(cases())
def test_the_result_lies_between_current_and_decided_or_decided_and_zero(case):
    current, decided, fresh, limits = case
    out, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    assert np.isfinite(out).all()
    assert keeps_the_law(current, decided, out).all()


@pytest.mark.parametrize(
    "fault",
    [
        lambda _, d: np.where(np.abs(d) > 0.3, -np.sign(d) * 0.3, d),  # clips to the wrong side
        lambda c, d: np.where(np.abs(d) > np.abs(c), 1.01 * d, d),  # overshoots
        lambda _, d: d - d.mean(),  # makes the net zero by adding exposure elsewhere
    ],
)
def test_the_law_finds_planted_faults(fault):
    rng = np.random.default_rng(3)
    trials = rng.uniform(-1, 1, (300, 2, 3))
    assert sum(not keeps_the_law(c, d, fault(c, d)).all() for c, d in trials) > 100


@given(cases(limit=LIMIT))
def test_joint_limits_hold_wherever_they_hold_without_any_increase(case):
    current, decided, fresh, limits = case
    out, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    least = np.clip(
        reducing_part(current, np.where(np.isfinite(decided), decided, current)),
        -limits.max_position,
        limits.max_position,
    )
    if joint_limits_hold(least, limits):
        assert joint_limits_hold(out, limits)
    assert (np.abs(out) <= limits.max_position).all()


@given(cases(limit=LIMIT))
def test_the_factor_is_the_largest_of_a_fine_grid(case):
    """Independent search: no larger common factor on the increasing trades meets both limits."""
    current, decided, fresh, limits = case
    out, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    clipped, _ = apply_limits(current, decided, fresh, Limits(limits.max_position, 1e9, 1e9), names(len(current)))
    base = reducing_part(current, clipped)
    used = np.abs(out - base).sum() / max(np.abs(clipped - base).sum(), 1e-300)
    grid = np.linspace(0, 1, 201)[:, np.newaxis]
    tried = base + grid * (clipped - base)
    strict = (np.abs(tried).sum(axis=1) <= limits.max_gross) & (np.abs(tried.sum(axis=1)) <= limits.max_net)
    if np.abs(clipped - base).sum() > 1e-9 and strict.any():
        assert used >= grid[strict].max() - 1e-6


@given(cases())
def test_applying_twice_changes_nothing(case):
    current, decided, fresh, limits = case
    once, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    twice, _ = apply_limits(current, once, fresh, limits, names(len(current)))
    np.testing.assert_allclose(twice, once, atol=1e-9)


@given(cases(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_everything_scales_the_result(case, factor):
    current, decided, fresh, limits = case
    scaled = Limits(*[None if value is None else factor * value for _, value in limits.by_name()])
    out, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    np.testing.assert_allclose(  # exact but for numbers so small that they lose digits
        apply_limits(factor * current, factor * decided, fresh, scaled, names(len(current)))[0],
        factor * out,
        rtol=0,
        atol=1e-300,
    )


@given(cases())
def test_reversing_all_signs_reverses_the_result(case):
    current, decided, fresh, limits = case
    out, _ = apply_limits(current, decided, fresh, limits, names(len(current)))
    np.testing.assert_allclose(
        apply_limits(-current, -decided, fresh, limits, names(len(current)))[0], -out, atol=1e-12
    )


@given(cases(decided=WEIGHT))
def test_a_change_is_recorded_and_a_record_means_a_change_or_a_broken_limit(case):
    current, decided, fresh, limits = case
    out, breaches = apply_limits(current, decided, fresh, limits, names(len(current)))
    if (np.abs(out - decided) > 1e-12).any():
        assert breaches
    for breach in breaches:
        assert breach.observed > breach.limit or breach.rule == "stale"


@pytest.mark.parametrize("decided", [NAN, float("inf"), float("-inf")])
def test_what_is_not_finite_holds_the_current_weight(decided):
    out, breaches = apply([0.2, -0.1], [decided, -0.2], WIDE)
    assert out.tolist() == [0.2, -0.2]
    assert breaches == ()


@pytest.mark.parametrize("name", ["max_position", "max_gross", "max_net"])
def test_a_missing_limit_refuses_increases_and_lets_reductions_pass(name):
    limits = dataclasses.replace(WIDE, **{name: None})
    out, breaches = apply([0.2, 0.2, -0.2, 0.0], [0.3, 0.1, 0.1, 0.5], limits)
    assert out.tolist() == [0.2, 0.1, 0.0, 0.0]
    assert [(breach.rule, breach.instrument_id) for breach in breaches] == [
        (f"limit_missing:{name}", "I0.X"),
        (f"limit_missing:{name}", "I2.X"),
        (f"limit_missing:{name}", "I3.X"),
    ]
    assert (breaches[0].observed, breaches[0].limit) == (0.3, 0.0)


def test_every_missing_limit_is_named():
    _, breaches = apply([0.0], [0.3], Limits(None, None, None))
    assert [breach.rule for breach in breaches] == [
        "limit_missing:max_position",
        "limit_missing:max_gross",
        "limit_missing:max_net",
    ]


def test_a_stale_instrument_gets_no_new_exposure():
    out, breaches = apply([0.2, 0.2, 0.2], [0.3, 0.1, -0.1], WIDE, fresh=[False, False, False])
    assert out.tolist() == [0.2, 0.1, 0.0]
    assert [(breach.rule, breach.instrument_id, breach.limit) for breach in breaches] == [
        ("stale", "I0.X", 0.2),
        ("stale", "I2.X", 0.2),
    ]


def test_positions_are_clipped_one_by_one_and_old_ones_come_back():
    out, breaches = apply([0.0, 0.5, -0.5], [0.4, 0.5, NAN], Limits(0.3, 9, 9))
    assert out.tolist() == [0.3, 0.3, -0.3]
    assert [(b.rule, b.instrument_id, b.observed, b.limit, b.action) for b in breaches] == [
        ("max_position", "I0.X", 0.4, 0.3, "clipped"),
        ("max_position", "I1.X", 0.5, 0.3, "clipped"),
        ("max_position", "I2.X", 0.5, 0.3, "clipped"),
    ]


def test_gross_scales_increases_by_one_factor_and_leaves_reductions():
    """By hand: base gross 0.2 + 0.1 + 0 = 0.3, steps 0.2 + 0.4 = 0.6, limit 0.6: k = 0.5."""
    out, breaches = apply([0.2, 0.5, 0.3], [0.4, 0.1, -0.4], Limits(9, 0.6, 9))
    np.testing.assert_allclose(out, [0.3, 0.1, -0.2])
    assert [(b.rule, b.instrument_id, b.action) for b in breaches] == [("max_gross", None, "increases scaled by 0.5")]
    assert breaches[0].observed == pytest.approx(0.9)


def test_net_scales_increases_by_one_factor():
    out, breaches = apply([0.1, 0.1], [0.3, 0.3], Limits(9, 9, 0.4))
    np.testing.assert_allclose(out, [0.2, 0.2])
    assert [breach.rule for breach in breaches] == ["max_net"]


def test_where_net_is_too_large_already_increases_that_heal_it_may_pass():
    """Net 0.9 above 0.5: shorts of 0.4 bring it within; so the largest factor, 1, is taken."""
    out, breaches = apply([0.9, 0.0], [0.9, -0.4], Limits(9, 9, 0.5))
    assert out.tolist() == [0.9, -0.4]
    assert breaches == ()
    out, breaches = apply([0.9, 0.0], [0.9, -0.3], Limits(9, 9, 0.5))
    assert out.tolist() == [0.9, 0.0]
    assert breaches[0].action == "increases scaled by 0"


def test_a_limit_that_is_met_exactly_is_no_breach():
    out, breaches = apply([0.0] * 10, [0.1] * 10, Limits(0.1, 1.0, 1.0))
    assert out.tolist() == [0.1] * 10
    assert breaches == ()


def test_a_joint_limit_that_current_positions_break_is_not_enforced_by_selling():
    out, breaches = apply([0.6, 0.6], [NAN, NAN], Limits(9, 1.0, 9))
    assert out.tolist() == [0.6, 0.6]
    assert [breach.rule for breach in breaches] == ["max_gross"]


def test_limits_are_immutable_and_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        WIDE.max_gross = 5.0  # pyright: ignore[reportAttributeAccessIssue] - the point of the test
    for bad in (-0.1, NAN, float("inf")):
        with pytest.raises(ValueError, match="max_net is"):
            Limits(1.0, 1.0, bad).kinds(1)


def test_a_current_weight_that_is_not_finite_is_a_broken_invariant():
    with pytest.raises(ValueError, match="positions are"):
        apply([NAN], [0.1], WIDE)
    with pytest.raises(ValueError, match="different lengths"):
        apply_limits(np.zeros(2), np.zeros(2), np.ones(2, dtype=bool), WIDE, ["A"])

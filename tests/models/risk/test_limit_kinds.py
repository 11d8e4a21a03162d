"""Whatever limits a firm has, of every kind at once: what risk does to a decision keeps the law of the house."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.bounds import Bounds, Round, agent_shares, limits_of, members
from nautilus_ai_firm.models.risk.halt import reducing_part
from nautilus_ai_firm.models.risk.limit_kinds import Groups, Joint, Limits
from nautilus_ai_firm.models.risk.limits import Proposal, apply_limits
from nautilus_ai_firm.models.risk.usage import uses_of

NAN = float("nan")
WEIGHT = st.one_of(st.sampled_from([0.0, 0.1, -0.1, 0.3, -0.3]), st.floats(-2, 2, allow_subnormal=False))
SIZE = st.one_of(st.sampled_from([0.2, 0.5, 1.0]), st.floats(0.05, 3, allow_subnormal=False))
SLACK = 1e-9
COVARIANCES = np.array([[0.04, 0.01, -0.02], [0.01, 0.09, 0.0], [-0.02, 0.0, 0.01]])


def deviation(weights):
    """A convex measure that is not monotone: hedges lower it, as they lower value at risk."""
    n = len(weights)
    matrix = np.tile(COVARIANCES, (2, 2))[:n, :n] + 0.02 * np.eye(n)
    return float(np.sqrt(weights @ matrix @ weights))


def tail(weights):
    """The worst of a few scenarios: as stress and expected shortfall are."""
    moves = np.array([[-0.3, 0.1, -0.2, 0.05, -0.4, 0.2], [0.1, -0.5, 0.3, -0.1, 0.2, -0.3]])[:, : len(weights)]
    return max(0.0, float((-moves @ weights).max()))


@st.composite
def cases(draw):
    n = draw(st.integers(1, 6))
    column = lambda cells: np.array(draw(st.lists(cells, min_size=n, max_size=n)))  # noqa: E731 - many columns
    positions, current = column(WEIGHT), column(WEIGHT)
    works = column(st.booleans())
    proposal = Proposal(
        positions=positions,
        current=np.where(works, current, positions),
        decided=column(st.one_of(WEIGHT, st.just(NAN))),
        fresh=column(st.booleans()),
        instrument_ids=tuple(f"I{i}.X" for i in range(n)),
    )
    sectors = tuple(draw(st.lists(st.sampled_from(["tech", "bank", None]), min_size=n, max_size=n)))
    bounds = Bounds(**{name: draw(SIZE) for name in Bounds.__dataclass_fields__})
    bounds = replace(bounds, max_concentration=min(1.0, bounds.max_concentration))
    agents = draw(st.integers(0, 3))
    contributions = np.array(draw(st.lists(WEIGHT, min_size=agents * n, max_size=agents * n))).reshape(agents, n)
    now = Round(
        volume_weight=np.where(column(st.booleans()), np.abs(column(WEIGHT)), NAN),
        overnight=draw(st.booleans()),
        agents=tuple(f"agent{i}" for i in range(agents)),
        agent_share=agent_shares(contributions),
        agent_budgets={"agent0": draw(SIZE)},
    )
    joint = (
        Joint(rule="deviation", limit=draw(SIZE) / 5, measure=deviation),
        Joint(rule="tail", limit=draw(SIZE) / 5, measure=tail),
    )
    return proposal, limits_of(bounds, members(sectors), now, proposal, joint=joint)


def between(x, one, other):
    return (np.minimum(one, other) <= x) & (x <= np.maximum(one, other))


def keeps_the_law(proposal, out):
    current, wanted = proposal.current, proposal.wanted
    lies = between(out, current, wanted) | between(out, wanted, 0.0)
    return bool((lies & (np.abs(out) <= np.maximum(np.abs(current), np.abs(wanted)))).all())


def within(limits, weights):
    """Names of the limits that weights break."""
    return {use.rule for use in uses_of(weights, limits, tuple(map(str, range(len(weights)))))
            if use.value > use.limit + SLACK}  # fmt: skip


def nothing_added(proposal, out):
    return bool((np.abs(out - reducing_part(proposal.current, out)) <= SLACK).all())


@given(cases())
def test_the_result_lies_between_current_and_decided_or_decided_and_zero(case):
    proposal, limits = case
    out, _ = apply_limits(proposal, limits)
    assert np.isfinite(out).all()
    assert keeps_the_law(proposal, out)


@settings(max_examples=300)
@given(cases())
def test_limits_hold_after_risk_or_nothing_was_added(case):
    proposal, limits = case
    out, _ = apply_limits(proposal, limits)
    broken = within(limits, out)
    assert "max_position" not in broken
    if not nothing_added(proposal, out):
        assert broken <= {"max_sector", "max_agent", "max_participation", "max_overnight"}
        for groups in limits.groups:
            for at, value in enumerate(groups.values(out).tolist()):
                if value > groups.limits[at] + SLACK:  # then nobody in that group was given more
                    grown = out - reducing_part(proposal.current, out)
                    assert (np.abs(grown[groups.share[at] > 0]) <= SLACK).all()
    if limits.trim is not None:
        assert np.abs(out).sum() <= limits.trim + SLACK


@given(cases())
def test_a_reduction_is_never_blocked(case):
    """What the CIO wants to be smaller is at most as large as it wants."""
    proposal, limits = case
    out, _ = apply_limits(proposal, limits)
    base = reducing_part(proposal.current, proposal.wanted)
    reduces = base == proposal.wanted
    assert (np.abs(out[reduces]) <= np.abs(base[reduces])).all()


@given(cases())
def test_applying_twice_changes_nothing(case):
    proposal, limits = case
    once, _ = apply_limits(proposal, limits)
    twice, _ = apply_limits(replace(proposal, decided=once), limits)
    np.testing.assert_allclose(twice, once, atol=1e-9)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_universe_does_not_matter(case, random):
    proposal, limits = case
    limits = replace(limits, joint=tuple(one for one in limits.joint if one.rule not in {"deviation", "tail"}))
    order = np.array(random.sample(range(len(proposal.current)), len(proposal.current)))
    there = lambda values: values[order]  # noqa: E731 - the same for every array
    shuffled = replace(
        proposal,
        **{name: there(getattr(proposal, name)) for name in ("positions", "current", "decided", "fresh")},
        instrument_ids=tuple(proposal.instrument_ids[i] for i in order),
    )
    floor = there(proposal.floor)
    moved = replace(
        limits,
        unknown=tuple((rule, there(mask)) for rule, mask in limits.unknown),
        boxes=tuple(replace(box, anchor=there(box.anchor), unit=there(box.unit)) for box in limits.boxes),
        groups=tuple(replace(one, share=one.share[:, order], floor=there(one.floor)) for one in limits.groups),
        linear=tuple(
            replace(one, value=lambda w: float(np.abs(w - shuffled.current).sum()))
            if one.rule == "max_turnover"
            else one
            for one in limits.linear
        ),
        joint=tuple(
            replace(one, measure=lambda w: float(np.maximum(np.abs(w), floor).sum()))
            if one.rule == "max_leverage"
            else one
            for one in limits.joint
        ),
    )
    out, _ = apply_limits(proposal, limits)
    np.testing.assert_allclose(apply_limits(shuffled, moved)[0], there(out), atol=1e-9)


@given(cases(), st.sampled_from(["a_limit"]))
def test_while_a_limit_is_missing_nothing_grows_and_it_is_named(case, name):
    proposal, limits = case
    out, breaches = apply_limits(proposal, replace(limits, missing=(name,)))
    assert nothing_added(proposal, out)
    if (reducing_part(proposal.current, proposal.wanted) != proposal.wanted).any():
        assert f"limit_missing:{name}" in {breach.rule for breach in breaches}


# --- Negative controls: each property finds a desk that breaks it ---------------------------------------------------


def found(check, spoil):
    """How many of the first cases a check finds wrong when the result is spoilt."""
    caught = 0

    @settings(max_examples=150, database=None)
    @given(cases())
    def try_all(case):
        nonlocal caught
        proposal, limits = case
        out, _ = apply_limits(proposal, limits)
        caught += not check(proposal, limits, spoil(proposal, out))

    try_all()
    return caught


CHECKS: dict[str, tuple[Any, Any]] = {
    "a weight that overshoots": (
        lambda p, _, out: keeps_the_law(p, out),
        lambda p, out: out + 0.1 * np.sign(out) * (p.wanted != 0) + 0.05,
    ),
    "a limit that is not applied": (
        lambda p, limits, out: not within(limits, out) or nothing_added(p, out),
        lambda p, _: p.wanted,
    ),
    "a reduction that is blocked": (
        lambda p, _, out: bool((np.abs(out) <= np.abs(p.wanted))[reducing_part(p.current, p.wanted) == p.wanted].all()),
        lambda p, _: p.current,
    ),
}


@pytest.mark.parametrize("fault", list(CHECKS))
def test_each_property_finds_a_planted_fault(fault):
    assert found(*CHECKS[fault]) > 20


# --- One at a time, by hand -----------------------------------------------------------------------------------------


def proposal(current, decided, positions=None):
    current = np.array(current, dtype=float)
    return Proposal(
        positions=current if positions is None else np.array(positions, dtype=float),
        current=current,
        decided=np.array(decided, dtype=float),
        fresh=np.ones(len(current), dtype=bool),
        instrument_ids=tuple(f"I{i}.X" for i in range(len(current))),
    )


def groups(rule, subjects, limits, share, floor):
    return Groups(rule=rule, subjects=subjects, limits=np.array(limits), share=np.array(share), floor=np.array(floor))


def plain(asked, *, now=None, sectors=None, **bounds):
    n = len(asked.current)
    now = now or Round(volume_weight=np.full(n, 1e9), overnight=False, agents=(), agent_share=np.zeros((0, n)))
    return limits_of(Bounds(**bounds), members(sectors or [None] * n), now, asked)


def test_a_sector_scales_its_own_increases_and_leaves_the_others():
    asked = proposal([0.2, 0.0, 0.0], [0.4, 0.2, 0.9])
    out, breaches = apply_limits(asked, plain(asked, sectors=["tech", "tech", "bank"], max_sector=0.4))
    np.testing.assert_allclose(out, [0.3, 0.1, 0.4])
    assert [(b.rule, b.group, round(b.observed, 9)) for b in breaches] == [
        ("max_sector", "tech", 0.6),
        ("max_sector", "bank", 0.9),
    ]


def test_an_instrument_without_a_sector_is_alone_in_one():
    asked = proposal([0.0, 0.0], [0.4, 0.5])
    out, _ = apply_limits(asked, plain(asked, max_sector=0.4))
    assert out.tolist() == [0.4, 0.4]


def test_a_sector_counts_the_worst_fill_of_what_works():
    """0.5 held, a sale to 0.1 works: until it fills the sector has no room, whatever the plan says."""
    asked = proposal([0.1, 0.0], [0.1, 0.3], positions=[0.5, 0.0])
    out, _ = apply_limits(asked, plain(asked, sectors=["tech", "tech"], max_sector=0.5))
    assert out.tolist() == [0.1, 0.0]
    filled = proposal([0.1, 0.0], [0.1, 0.3])
    assert apply_limits(filled, plain(filled, sectors=["tech", "tech"], max_sector=0.5))[0].tolist() == [0.1, 0.3]


def test_leverage_counts_the_worst_fill_of_what_works():
    asked = proposal([0.9, 0.0], [0.9, 0.4], positions=[0.3, 0.6])  # a purchase and a sale work
    out, breaches = apply_limits(asked, plain(asked, max_leverage=1.5, max_gross=9.0))
    assert out.tolist() == [0.9, 0.4]  # 0.9 + 0.6 at the worst
    asked = replace(asked, decided=np.array([0.9, -0.8]))
    out, breaches = apply_limits(asked, plain(asked, max_leverage=1.5, max_gross=9.0))
    assert [b.rule for b in breaches] == ["max_leverage"]
    assert out[1] == pytest.approx(-0.6, abs=1e-9)


def test_a_trade_is_a_share_of_volume_at_most_and_a_flip_counts_whole():
    asked = proposal([0.1, 0.3, 0.3, 0.0], [0.5, -0.4, -0.1, 0.4])
    now = Round(volume_weight=np.array([2.0, 2.0, 2.0, NAN]), overnight=False, agents=(), agent_share=np.zeros((0, 4)))
    out, breaches = apply_limits(asked, plain(asked, now=now, max_participation=0.2))
    np.testing.assert_allclose(out, [0.5, -0.1, -0.1, 0.0])
    assert [(b.rule, b.instrument_id) for b in breaches] == [
        ("unknown:max_participation", "I3.X"),
        ("max_participation", "I1.X"),
    ]


def test_a_sale_is_let_through_whatever_the_volume():
    asked = proposal([0.8], [0.0])
    now = Round(volume_weight=np.array([0.01]), overnight=False, agents=(), agent_share=np.zeros((0, 1)))
    assert apply_limits(asked, plain(asked, now=now, max_participation=0.1))[0].tolist() == [0.0]


def test_turnover_scales_increases_after_the_sales_of_the_round():
    asked = proposal([0.4, 0.0], [0.1, 0.6])
    out, _ = apply_limits(asked, plain(asked, max_turnover=0.5))
    np.testing.assert_allclose(out, [0.1, 0.2])


def test_concentration_is_that_of_a_book_that_uses_its_gross():
    """Sum of (size / 2)^2 at most 0.25: one name of 1.0, or four of 0.5 each."""
    asked = proposal([0.0] * 4, [0.5] * 4)
    assert apply_limits(asked, plain(asked, max_concentration=0.25, max_gross=2.0))[0].tolist() == [0.5] * 4
    asked = proposal([0.0], [1.5])
    out, breaches = apply_limits(asked, plain(asked, max_concentration=0.25, max_gross=2.0))
    assert out[0] == pytest.approx(1.0, abs=1e-9)
    assert out[0] <= 1.0
    assert breaches[0].rule == "max_concentration"


def test_an_agent_gives_up_its_own_part_first():
    """Agent a alone wants the first, has a tenth of the second; nobody's part of the third is its own."""
    asked = proposal([0.0, 0.0, 0.0], [0.5, 0.5, 0.5])
    share = np.array([[1.0, 0.1, 0.0], [0.0, 0.9, 1.0]])
    now = Round(volume_weight=np.full(3, 1e9), overnight=False, agents=("a", "b"), agent_share=share,
                agent_budgets={"a": 0.3})  # fmt: skip
    out, breaches = apply_limits(asked, plain(asked, now=now, max_agent=9.0))
    assert [(b.rule, b.group) for b in breaches] == [("max_agent", "a")]
    assert float((share[0] * np.abs(out)).sum()) == pytest.approx(0.3, abs=1e-9)
    assert out[0] < 0.3
    assert 0.45 < out[1] < out[2]
    assert out[2] == 0.5


def test_what_is_held_overnight_is_sold_down_before_the_close():
    asked = proposal([0.8, -0.4], [0.8, -0.4])
    now = Round(volume_weight=np.full(2, 1e9), overnight=True, agents=(), agent_share=np.zeros((0, 2)))
    out, breaches = apply_limits(asked, plain(asked, now=now, max_overnight=0.6))
    np.testing.assert_allclose(out, [0.4, -0.2])
    assert breaches[0].rule == "max_overnight"
    assert apply_limits(asked, plain(asked, max_overnight=0.6))[0].tolist() == [0.8, -0.4]


def test_a_measure_that_is_not_known_lets_nothing_be_added():
    asked = proposal([0.2, 0.0], [0.1, 0.3])
    limits = replace(plain(asked), joint=(Joint(rule="tail", limit=0.1, measure=lambda _: NAN),))
    out, breaches = apply_limits(asked, limits)
    assert out.tolist() == [0.1, 0.0]
    assert [b.rule for b in breaches] == ["unknown:tail"]


def test_an_instrument_of_which_too_little_is_known_holds_and_the_others_go_on():
    asked = proposal([0.2, 0.0], [0.1, 0.3])
    limits = replace(plain(asked), unknown=(("value_at_risk", np.array([False, True])),))
    out, breaches = apply_limits(asked, limits)
    assert out.tolist() == [0.1, 0.0]
    assert [(b.rule, b.instrument_id) for b in breaches] == [("unknown:value_at_risk", "I1.X")]


def test_where_the_bases_break_a_measure_nothing_is_added():
    asked = proposal([1.0, 0.0], [0.9, 0.1])
    limits = replace(plain(asked), joint=(Joint(rule="tail", limit=0.1, measure=lambda w: float(np.abs(w).sum())),))
    assert apply_limits(asked, limits)[0].tolist() == [0.9, 0.0]


@pytest.mark.parametrize("limit", [-0.1, NAN, float("inf")])
def test_a_limit_that_limits_nothing_is_refused(limit):
    with pytest.raises(ValueError, match="allowed is a finite number from 0"):
        Joint(rule="tail", limit=limit, measure=deviation)
    with pytest.raises(ValueError, match="allowed is a finite number from 0"):
        groups("max_sector", ("a",), [limit], [[1.0]], [0.0])


def test_no_limits_change_nothing():
    asked = proposal([0.2, -0.1], [0.9, NAN])
    assert apply_limits(asked, Limits())[0].tolist() == [0.9, -0.1]

"""One review holds everything: it learns from every round, and lets through what every limit allows."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import Breach, DecisionEvent, MarketSnapshot, Severity
from nautilus_ai_firm.models.risk.bounds import Bounds
from nautilus_ai_firm.models.risk.correlation import CorrelationManager
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.greeks_limits import GreekLimits
from nautilus_ai_firm.models.risk.held_options import HeldContract
from nautilus_ai_firm.models.risk.linkage import Linkage
from nautilus_ai_firm.models.risk.option_risk import OptionRisk
from nautilus_ai_firm.models.risk.plan import Plan, StressBound
from nautilus_ai_firm.models.risk.review import RiskReview
from nautilus_ai_firm.models.risk.stress import Scenario, Shock, Stress
from nautilus_ai_firm.models.risk.tail_limits import Exit, TailBounds, TailLimits
from nautilus_ai_firm.models.risk.value_at_risk import ValueAtRiskModel
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk
from tests.models.held_rounds import READING, contract, round_on

IDS = ("A.X", "B.X")
HALT = Breach(rule="halt", instrument_id=None, observed=0.1, limit=0.1, action="no new exposure")
WIDE = Bounds(max_position=1.0, max_gross=2.0, max_net=2.0, max_participation=1.0)


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "instrument_ids": IDS, "sectors": (None, None), "bounds": WIDE, "missing": (), "warn_share": 0.8,
        "volume_span": 5.0, "rounds_per_session": 1.0, "equity": EquityWatch(0.5),
    }  # fmt: skip
    return Plan(**(values | changes))


def snapshot(round_: int, close: Any = (100.0, 50.0), volume: Any = (1e6, 1e6)) -> MarketSnapshot:
    prices = np.array(close, dtype=float)
    return MarketSnapshot(
        round=round_, ts_event=(round_ + 1_000) * DAY_NS, open=prices, high=prices, low=prices, close=prices,
        volume=np.array(volume, dtype=float), fresh=np.ones(2, dtype=np.bool_), inputs=np.empty(0),
        inputs_fresh=np.empty(0, dtype=np.bool_), session_close_ns=(round_ + 1_000) * DAY_NS,
    )  # fmt: skip


def decision(round_: int, weights: Any, equity: str = "1000000.00", **changes: Any) -> DecisionEvent:
    values: dict[str, Any] = {
        "round": round_, "ts_event": (round_ + 1_000) * DAY_NS, "decision_id": f"R{round_:06d}",
        "execution_ts": np.full(2, (round_ + 1_000) * DAY_NS), "equity": Decimal(equity), "balance": Decimal(equity),
        "positions": np.zeros(2, dtype=np.int64), "current": np.zeros(2), "close": np.array([100.0, 50.0]),
        "fresh": np.ones(2, dtype=np.bool_), "weights": np.array(weights, dtype=float), "agents": ("a",),
        "contributions": np.array([weights], dtype=float),
    }  # fmt: skip
    return DecisionEvent(**(values | changes))


def reviewed(review: RiskReview, one: DecisionEvent, *, overnight: bool = False, halt: Breach | None = None) -> Any:
    return review.review(one, review.watch(one), overnight=overnight, halt=halt, halt_reduces=True)


def after(n_rounds: int, **changes: Any) -> RiskReview:
    """A review that learnt from prices that move at random, before the first round."""
    review = RiskReview(plan(**changes))
    moves = np.random.default_rng(3).normal(0, 0.01, (n_rounds, 2))
    for number, close in enumerate(np.array([100.0, 50.0]) * np.exp(np.cumsum(moves, axis=0))):
        review.learn(snapshot(number - n_rounds, close))
    return review


def tail(max_var: float, **changes: Any) -> TailLimits:
    settings = ValueAtRisk(methods=("student_t",), **changes)
    model = ValueAtRiskModel(2, **settings.model_parameters())
    leaving = Exit(
        participation=settings.liquidation_participation,
        half_spread=0.001,
        horizon_rounds=1,
        in_limits=settings.liquidity_adjusted,
    )
    return TailLimits(model, TailBounds(max_var=max_var, max_es=1.0), leaving, 2)


def test_a_decision_within_the_limits_passes_and_is_reported() -> None:
    found = reviewed(after(3), decision(1, [0.3, -0.2]))
    assert found.weights.tolist() == [0.3, -0.2]
    assert (found.breaches, found.alerts) == ((), ())
    uses = dict(zip(zip(found.report.rules, found.report.subjects, strict=True), found.report.value, strict=True))
    assert uses["max_gross", ""] == pytest.approx(0.5)
    assert uses["max_net", ""] == pytest.approx(0.1)
    assert uses["max_position", "A.X"] == pytest.approx(0.3)
    assert uses["max_agent", "a"] == pytest.approx(0.5)
    assert found.report.stress is None


def test_before_any_volume_is_known_nothing_is_added() -> None:
    found = reviewed(RiskReview(plan()), decision(1, [0.3, 0.0]))
    assert found.weights.tolist() == [0.0, 0.0]
    assert [one.rule for one in found.breaches] == ["unknown:max_participation"]


def test_value_at_risk_lets_nothing_in_until_it_is_known_and_history_counts() -> None:
    cold = reviewed(after(10, tail=tail(0.5)), decision(1, [0.3, 0.2]))
    assert cold.weights.tolist() == [0.0, 0.0]
    assert {one.rule for one in cold.breaches} == {"unknown:value_at_risk"}
    warm = reviewed(after(30, tail=tail(0.5)), decision(1, [0.3, 0.2]))
    assert warm.weights.tolist() == [0.3, 0.2]


def test_value_at_risk_scales_to_its_limit() -> None:
    free = reviewed(after(60, tail=tail(0.5)), decision(1, [0.6, 0.4]))
    var = float(free.report.value[free.report.rules.index("max_var")])
    tight = reviewed(after(60, tail=tail(var / 2)), decision(1, [0.6, 0.4]))
    np.testing.assert_allclose(tight.weights, [0.3, 0.2], rtol=1e-6)
    assert float(tight.report.value[tight.report.rules.index("max_var")]) <= var / 2
    assert [one.rule for one in tight.breaches] == ["max_var"]


def test_the_parts_of_the_value_at_risk_sum_to_it_and_are_told_when_it_changed_much() -> None:
    review = after(60, tail=tail(0.5))
    reports = [reviewed(review, decision(n, w)).report for n, w in ((1, [0.6, 0.4]), (2, [0.6, 0.39]), (3, [0.3, 0.0]))]
    first, same, last = (one.split for one in reports)
    assert first is not None
    assert last is not None
    assert same is None  # a fortieth less is not much
    var = [float(one.value[one.rules.index("max_var")]) for one in reports]
    assert first.component.sum() == pytest.approx(var[0], rel=1e-12)
    np.testing.assert_allclose(first.component, first.marginal * np.array([0.6, 0.4]), rtol=1e-12)
    assert (first.method, first.instruments, last.instruments) == ("student_t", IDS, IDS[:1])
    assert last.component.tolist() == pytest.approx([var[2]])
    assert first.liquidity_adjusted == pytest.approx(var[0] + 0.001)  # all of it is sold in a round, at the spread


def test_nothing_held_has_no_parts() -> None:
    assert reviewed(after(60, tail=tail(0.5)), decision(1, [0.0, 0.0])).report.split is None


def test_the_limit_may_hold_for_the_figure_with_the_time_and_cost_of_getting_out() -> None:
    plain = reviewed(after(60, tail=tail(0.5)), decision(1, [0.6, 0.4])).report
    var = float(plain.value[plain.rules.index("max_var")])
    thin = 1e-7  # of the average volume: so getting out takes many rounds
    adjusted = after(60, tail=tail(var, liquidity_adjusted=True, liquidation_participation=thin))
    found = reviewed(adjusted, decision(1, [0.6, 0.4]))
    held = float(found.report.value[found.report.rules.index("max_var")])
    assert 0 < found.weights.sum() < 1.0
    assert held <= var
    assert found.report.split is not None
    assert found.report.split.liquidity_adjusted == held
    assert found.report.split.component.sum() < held
    assert "max_var" in [one.rule for one in found.breaches]


def test_stress_scales_to_its_limit_and_is_reported() -> None:
    stress = Stress([Scenario(name="fall", everything=Shock(move=-0.2))], IDS, (None, None))
    found = reviewed(after(3, stress=StressBound(stress=stress, max_loss=0.1)), decision(1, [0.6, 0.4]))
    np.testing.assert_allclose(found.weights, [0.3, 0.2], rtol=1e-9)
    assert found.report.stress is not None
    assert found.report.stress.losses.tolist() == pytest.approx([0.1])


def test_a_cluster_is_limited_as_a_sector_is_and_a_break_is_told() -> None:
    manager = CorrelationManager(
        2, span=10, window_rounds=10, history_span=30, alert_z=2.0, cluster_threshold=0.9, warm_up=5
    )
    review = RiskReview(plan(linkage=Linkage(manager, 0.5, 2.0, 2)))
    generator = np.random.default_rng(5)
    own = generator.normal(0, 0.01, (60, 2))
    own[45:, 1] = own[45:, 0]  # they become one
    rounds = []
    for number, close in enumerate(np.array([100.0, 50.0]) * np.exp(np.cumsum(own, axis=0)), 1):
        review.learn(snapshot(number, close))
        rounds.append(reviewed(review, decision(number, [0.5, 0.5], close=np.asarray(close))))
    told, found = [alert.rule for one in rounds for alert in one.alerts], rounds[-1]
    assert rounds[29].weights.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(found.weights, [0.25, 0.25], rtol=1e-9)
    assert [(one.rule, one.group) for one in found.breaches] == [("max_cluster", "A.X")]
    assert "correlation_break" in told


def test_a_tier_halves_what_is_decided_and_not_what_is_held_without_a_view() -> None:
    tiers = DrawdownTiers([Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.01)])
    review = after(3, equity=EquityWatch(0.5, tiers))
    reviewed(review, decision(1, [0.3, 0.2]))
    held = {"positions": np.array([0, 4_000]), "current": np.array([0.0, 4_000 * 50.0 / 940_000])}
    found = reviewed(review, decision(2, [0.3, held["current"][1]], "940000.00", **held))
    assert found.weights.tolist() == [0.15, held["current"][1]]
    assert [one.rule for one in found.breaches] == ["drawdown_tier:halve"]


def test_a_halt_is_critical_and_adds_nothing() -> None:
    found = reviewed(after(3), decision(1, [0.3, 0.2]), halt=HALT)
    assert found.weights.tolist() == [0.0, 0.0]
    assert [(one.rule, one.severity) for one in found.alerts] == [("halt", Severity.CRITICAL)]


def test_what_is_missing_lets_nothing_in_and_has_no_use() -> None:
    found = reviewed(after(3, missing=("max_gross", "stress")), decision(1, [0.3, 0.0]))
    assert found.weights.tolist() == [0.0, 0.0]
    assert {one.rule for one in found.breaches} == {"limit_missing:max_gross", "limit_missing:stress"}
    assert "max_gross" not in found.report.rules


def test_volume_is_that_of_a_session_of_many_rounds() -> None:
    """1,000 shares a round at 100 with 4 rounds a session is 0.4 of equity; half of it may be traded."""
    bounds = Bounds(max_position=1.0, max_gross=2.0, max_net=2.0, max_participation=0.5)
    review = RiskReview(plan(bounds=bounds, rounds_per_session=4.0))
    review.learn(snapshot(1, volume=(1_000, 1e6)))
    found = reviewed(review, decision(1, [0.9, 0.9]))
    np.testing.assert_allclose(found.weights, [0.2, 0.9])


# --- Options beside the firm ----------------------------------------------------------------------------------------

OFF = GreekLimits(max_delta=None, max_gamma=None, max_vega=None, max_theta=None)


def optioned(*held: HeldContract, each: Any = None, together: Any = None, **changes: Any) -> RiskReview:
    """A review that saw volumes and one round with a chain on A, and that knows of options on it."""
    limits = [replace(OFF, **(sizes or {})) for sizes in (each, together)]
    review = RiskReview(plan(options=OptionRisk(held, READING, limits[0], limits[1], IDS), **changes))
    review.learn(replace(round_on(0), volume=np.array([1e6, 1e6])))
    return review


def values(found: Any) -> dict[tuple[str, str], float]:
    report = found.report
    return dict(zip(zip(report.rules, report.subjects, strict=True), report.value.tolist(), strict=True))


def test_options_beside_the_firm_use_up_what_its_weights_may_have_of_delta() -> None:
    """Calls with a delta of d leave a weight of 100 (0.01 - d) in their underlying."""
    held = contract(100, 100)
    free = reviewed(optioned(held), decision(1, [0.9, 0.2]))
    assert free.report.options is not None
    d = float(free.report.options.delta[0])
    assert 0.004 < d < 0.007
    assert (free.weights.tolist(), free.breaches) == ([0.9, 0.2], ())
    cut = reviewed(optioned(held, each={"max_delta": 0.01}), decision(1, [0.9, 0.2]))
    np.testing.assert_allclose(cut.weights, [100 * (0.01 - d), 0.2], rtol=1e-12)
    assert [(one.rule, one.group) for one in cut.breaches] == [("max_position_delta", "A.X")]
    assert values(cut)["max_position_delta", "A.X"] == pytest.approx(0.01)
    scaled = reviewed(optioned(held, together={"max_delta": 0.01}), decision(1, [0.9, 0.2]))
    np.testing.assert_allclose(scaled.weights, np.array([0.9, 0.2]) * 100 * (0.01 - d) / 1.1, rtol=1e-9)
    assert values(scaled)["max_delta", ""] == pytest.approx(0.01)
    assert [one.rule for one in scaled.breaches] == ["max_delta"]


def test_what_no_trade_changes_is_told_once_and_shuts_its_underlying() -> None:
    review = optioned(contract(100, -100), each={"max_gamma": 1e-5})
    first = reviewed(review, decision(1, [-0.3, 0.2]))
    assert first.weights.tolist() == [0.0, 0.2]
    (alert,) = first.alerts
    assert (alert.rule, alert.subject, alert.severity) == ("max_position_gamma", "A.X", Severity.BREACH)
    assert (alert.action, alert.limit) == ("told: the firm does not trade options", 1e-5)
    assert alert.value == abs(float(first.report.options.gamma[0])) > 1e-5
    again = reviewed(review, decision(2, [0.3, 0.2]))
    assert (again.weights.tolist(), again.alerts) == ([0.3, 0.2], ()), "a hedge of calls that were sold"
    # the control: with room for it nothing is told and nothing shut
    wide = reviewed(optioned(contract(100, -100), each={"max_gamma": 1.0}), decision(1, [-0.3, 0.2]))
    assert (wide.weights.tolist(), wide.alerts) == ([-0.3, 0.2], ())


def test_options_that_are_not_known_let_nothing_in_and_are_told() -> None:
    review = optioned(contract(97, 100), each={"max_delta": 0.01})  # nobody quotes that strike
    found = reviewed(review, decision(1, [0.3, 0.2]))
    assert found.weights.tolist() == [0.0, 0.2]
    assert [(one.rule, one.instrument_id) for one in found.breaches] == [("unknown:greeks", "A.X")]
    assert ("unknown:greeks", "A.X", "told: reductions only") in [
        (one.rule, one.subject, one.action) for one in found.alerts
    ]
    held: dict[str, Any] = {"positions": np.array([4_000, 0]), "current": np.array([0.4, 0.0])}
    assert reviewed(review, decision(2, [0.1, 0.2], **held)).weights.tolist() == [0.1, 0.2]


def test_options_count_under_stress_in_the_limit_and_in_the_report() -> None:
    stress = Stress([Scenario(name="fall", everything=Shock(move=-0.1, volatility_points=5.0))], IDS, (None, None))
    bound = {"stress": StressBound(stress=stress, max_loss=0.05)}
    held = contract(100, -40, is_call=False)
    bare = reviewed(after(3, **bound), decision(1, [0.4, 0.0]))
    with_puts = reviewed(optioned(held, **bound), decision(1, [0.4, 0.0]))
    greeks = with_puts.report.options
    gained = float(-10 * greeks.delta[0] + 50 * greeks.gamma[0] + 5 * greeks.vega[0])
    assert gained < -0.02, "puts that were sold lose"
    assert bare.weights.tolist() == [0.4, 0.0]
    np.testing.assert_allclose(with_puts.weights, [(0.05 + gained) / 0.1, 0.0], rtol=1e-6)
    assert with_puts.report.stress.losses.tolist() == pytest.approx([0.05])
    assert bare.report.stress.losses.tolist() == pytest.approx([0.04])
    assert [one.rule for one in with_puts.breaches] == ["max_stress_loss"]


def test_a_halved_book_counts_its_options_once() -> None:
    tiers = DrawdownTiers([Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.01)])
    review = optioned(contract(100, 100), each={"max_delta": 0.01}, equity=EquityWatch(0.5, tiers))
    whole = reviewed(review, decision(1, [0.9, 0.2]))
    half = reviewed(review, decision(2, [0.9, 0.2], "940000.00"))
    beside = float(half.report.options.delta[0])
    assert beside == pytest.approx(float(whole.report.options.delta[0]) / 0.94)
    np.testing.assert_allclose(half.weights, [100 * (0.01 - beside) / 2, 0.1], rtol=1e-12)


def test_a_firm_without_options_reports_none() -> None:
    found = reviewed(after(3), decision(1, [0.3, -0.2]))
    assert found.report.options is None
    assert not [rule for rule in found.report.rules if "delta" in rule]

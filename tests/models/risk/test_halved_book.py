"""The tier that halves leaves half of the book that limits would allow, wherever the decision is beyond them."""

from decimal import Decimal

import numpy as np
import pytest

from nautilus_ai_firm.messages import DecisionEvent, MarketSnapshot
from nautilus_ai_firm.models.risk.bounds import Bounds
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction, within_tier
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.limits import Proposal, apply_limits
from nautilus_ai_firm.models.risk.plan import Plan
from nautilus_ai_firm.models.risk.review import RiskReview

NAMES = ("A.US", "B.US", "C.US")
HALVE = Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03)
MILLION = Decimal(1_000_000)


def review(**bounds: float) -> RiskReview:
    plan = Plan(
        instrument_ids=NAMES,
        sectors=("x", "x", "y"),
        bounds=Bounds(**bounds),
        missing=(),
        equity=EquityWatch(0.9, DrawdownTiers((HALVE,))),
        warn_share=0.8,
        volume_span=10.0,
        rounds_per_session=1.0,
    )
    return RiskReview(plan)


def learn(desk: RiskReview) -> None:
    price = np.full(3, 100.0)
    desk.learn(
        MarketSnapshot(
            round=1, ts_event=1, open=price, high=price, low=price, close=price, volume=np.full(3, 1e9),
            fresh=np.ones(3, dtype=np.bool_), inputs=np.empty(0), inputs_fresh=np.empty(0, dtype=np.bool_),
        )
    )  # fmt: skip


def decided(current, weights, equity=MILLION, fresh=(True, True, True)) -> DecisionEvent:
    current = np.array(current, dtype=np.float64)
    return DecisionEvent(
        round=1, ts_event=1, decision_id="R000001", execution_ts=np.ones(3, dtype=np.int64), equity=equity,
        balance=equity, positions=np.rint(current * float(equity) / 100.0).astype(np.int64), current=current,
        close=np.full(3, 100.0), fresh=np.array(fresh), weights=np.array(weights, dtype=np.float64), agents=("a",),
        contributions=np.array([weights], dtype=np.float64),
    )  # fmt: skip


def settle(desk: RiskReview, weights, equity=MILLION, rounds=6, start=(0.0, 0.0, 0.0), fresh=(True, True, True)):
    """Weights round after round, each traded whole before the next decision."""
    held, path = np.array(start), []
    for _ in range(rounds):
        learn(desk)
        decision = decided(held, weights, equity, fresh)
        out = desk.review(decision, desk.watch(decision), overnight=False, halt=None, halt_reduces=True)
        held = out.weights
        path.append(held)
    return np.array(path)


@pytest.mark.parametrize(
    "bounds",
    [
        {"max_position": 0.4},
        {"max_gross": 1.0},
        {"max_sector": 0.6},
        {"max_net": 0.8},
        {"max_gross": 1.0, "max_concentration": 0.4},
        {"max_leverage": 1.2, "max_position": 0.5},
    ],
)
def test_half_is_half_of_what_the_limits_allow(bounds):
    weights = [2.0, 1.5, 1.0]
    desk = review(**bounds)
    whole = settle(desk, weights)[-1]
    assert 0 < np.abs(whole).sum() < 4.5  # the limits cut
    halved = settle(desk, weights, equity=MILLION * 94 / 100, start=whole)
    np.testing.assert_allclose(halved[-1], whole / 2, atol=2e-3)  # whole shares
    np.testing.assert_allclose(halved, np.tile(halved[0], (6, 1)), atol=2e-3)  # at once, and it does not melt away


def test_halving_before_the_limits_would_be_no_step_down():
    """The control: half of a decision beyond the limits is cut to the same book."""
    current = np.full(3, 0.4)
    desk = review(max_position=0.4)
    learn(desk)
    proposal = Proposal(
        positions=current,
        current=current,
        decided=within_tier(TierAction.HALVE, current, np.array([2.0, 1.5, 1.0])),
        fresh=np.ones(3, dtype=np.bool_),
        instrument_ids=NAMES,
    )
    limits = desk._limits(decided(current, [2.0, 1.5, 1.0]), proposal, overnight=False)
    assert apply_limits(proposal, limits)[0].tolist() == [0.4, 0.4, 0.4]


def test_inside_the_limits_half_is_half_of_the_decision():
    desk = review()
    settle(desk, [0.2, -0.1, 0.3])
    halved = settle(desk, [0.2, -0.1, 0.3], equity=MILLION * 94 / 100, start=(0.21, -0.11, 0.31))
    np.testing.assert_allclose(halved, np.tile([0.1, -0.05, 0.15], (6, 1)), atol=1e-12)


def test_what_nobody_decides_on_is_held_and_a_limit_on_trading_does_not_halve_again():
    desk = review(max_turnover=0.1)
    settle(desk, [0.0, 0.0, 0.0], rounds=1)
    path = settle(desk, [np.nan, 0.8, 0.0], equity=MILLION * 94 / 100, start=(0.3, 0.0, 0.0), rounds=8)
    np.testing.assert_allclose(path[:, 0], 0.3)
    np.testing.assert_allclose(path[:, 1], [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4], atol=2e-3)


def test_a_stale_instrument_comes_down_and_does_not_melt_away():
    desk = review(max_position=0.4)
    settle(desk, [2.0, 2.0, 2.0])
    path = settle(desk, [2.0, 2.0, 2.0], equity=MILLION * 94 / 100, start=(0.4, 0.1, 0.4), fresh=(False, False, True))
    np.testing.assert_allclose(path, np.tile([0.2, 0.1, 0.2], (6, 1)), atol=2e-3)

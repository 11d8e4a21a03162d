from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.almgren_chriss import (
    cost_deviation,
    expected_cost,
    half_life,
    holdings,
    urgency,
)

PAPER = {"risk_aversion": 1e-6, "volatility": 0.95, "temporary_impact": 2.5e-6, "permanent_impact": 2.5e-7}
"""Almgren and Chriss 2001, numerical example: 1,000,000 shares at 50 in 5 days, ε = 0.0625."""


@st.composite
def markets(draw):
    interval = draw(st.floats(0.01, 10))
    permanent = draw(st.floats(0, 1e-6))
    return interval, {
        "risk_aversion": draw(st.floats(0, 1e-4)),
        "volatility": draw(st.floats(0, 5)),
        "permanent_impact": permanent,
        "temporary_impact": permanent * interval / 2 + draw(st.floats(1e-7, 1e-4)),
    }


def objective(left, interval, market):
    """E + λ V without the fixed cost, which no schedule that only sells can change."""
    impact = {name: market[name] for name in ("temporary_impact", "permanent_impact")}
    deviation = cost_deviation(left, interval, volatility=market["volatility"])
    return expected_cost(left, interval, fixed_cost=0.0, **impact) + market["risk_aversion"] * deviation**2


def exact_holdings():
    """The formula of the paper in forty digits."""
    with localcontext(prec=40):
        tilde = Decimal("2.5e-6") - Decimal("2.5e-7") / 2
        cosh = 1 + Decimal("1e-6") * Decimal("0.95") ** 2 / tilde / 2
        kappa = (cosh + (cosh * cosh - 1).sqrt()).ln()
        sinh = [(kappa * left).exp() - (-kappa * left).exp() for left in range(6)]
        return [float(10**6 * sinh[left] / sinh[5]) for left in range(5, -1, -1)]


def test_the_example_of_the_paper():
    """To the digits published; the third holding is 289,854.2194 in forty digits."""
    assert urgency(1, **PAPER) == pytest.approx(0.607076, abs=5e-7)
    assert half_life(1, **PAPER) == pytest.approx(1.64724, abs=5e-6)
    left = holdings(1e6, 5, 1, **PAPER)
    assert left == pytest.approx([1e6, 541_955.55, 289_854.22, 147_897.49, 62_141.80, 0], abs=0.005)
    assert left == pytest.approx(exact_holdings(), rel=1e-12)
    cost = expected_cost(left, 1, temporary_impact=2.5e-6, permanent_impact=2.5e-7, fixed_cost=0.0625)
    assert cost == pytest.approx(911_226.99, abs=0.005)
    assert cost_deviation(left, 1, volatility=0.95) == pytest.approx(603_430.67, abs=0.005)


def test_the_urgency_of_continuous_time_would_miss_the_example():
    """The control: κ ≈ √(λ σ² / η̃) is 1.5 % too large here."""
    continuous = (1e-6 * 0.95**2 / 2.375e-6) ** 0.5
    assert 1e6 * np.sinh(4 * continuous) / np.sinh(5 * continuous) == pytest.approx(537_096.32, abs=0.005)


@given(markets(), st.integers(2, 20), st.floats(1, 1e7), st.lists(st.floats(-1, 1), min_size=19, max_size=19))
def test_no_other_schedule_has_a_lower_objective(market, n, quantity, moves):
    interval, settings = market
    left = holdings(quantity, n, interval, **settings)
    other = left.copy()
    other[1:-1] += quantity / 10 * np.array(moves[: n - 1])
    assert objective(left, interval, settings) <= objective(other, interval, settings) * (1 + 1e-9)


@given(markets(), st.integers(1, 50), st.floats(-1e7, 1e7))
def test_holdings_run_from_the_whole_to_nothing_and_never_grow(market, n, quantity):
    interval, settings = market
    left = holdings(quantity, n, interval, **settings)
    assert len(left) == n + 1
    assert left[0] == pytest.approx(quantity)
    assert left[-1] == 0
    assert (np.diff(np.abs(left)) <= 1e-9 * abs(quantity)).all()
    assert holdings(-quantity, n, interval, **settings) == pytest.approx(-left)


@given(markets(), st.integers(2, 20))
def test_more_aversion_sells_sooner(market, n):
    interval, settings = market
    patient = holdings(1e6, n, interval, **settings)
    eager = holdings(1e6, n, interval, **settings | {"risk_aversion": 10 * settings["risk_aversion"] + 1e-9})
    assert (eager <= patient + 1e-6).all()


@given(markets(), st.integers(1, 20), st.floats(0.1, 10))
def test_the_unit_of_time_does_not_matter(market, n, unit):
    interval, settings = market
    other = settings | {
        "volatility": settings["volatility"] / unit**0.5,
        "temporary_impact": settings["temporary_impact"] * unit,
    }
    tilde = other["temporary_impact"] - settings["permanent_impact"] * interval * unit / 2
    assert tilde > 0
    left = holdings(1e6, n, interval * unit, **other)
    assert left == pytest.approx(holdings(1e6, n, interval, **settings), rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("indifferent", [{"risk_aversion": 0.0}, {"volatility": 0.0}, {"risk_aversion": 1e-30}])
def test_without_risk_the_holdings_fall_evenly(indifferent):
    left = holdings(100.0, 4, 1, **PAPER | indifferent)
    assert left == pytest.approx([100, 75, 50, 25, 0])
    assert half_life(1, **PAPER | indifferent) > 1e6


def test_great_urgency_trades_all_at_once_and_overflows_nothing():
    left = holdings(100.0, 400, 10, **PAPER | {"risk_aversion": 1e6})
    assert left[1] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(left).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk_aversion": -1e-6}, "risk_aversion is -1e-06"),
        ({"volatility": float("nan")}, "volatility nan"),
        ({"permanent_impact": -1.0}, "permanent_impact -1.0"),
        ({"permanent_impact": 1.0}, "temporary_impact above 0.5"),
        ({"temporary_impact": float("nan")}, "temporary_impact is nan"),
    ],
)
def test_a_market_out_of_range_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        holdings(1.0, 5, 1, **PAPER | change)


@pytest.mark.parametrize(
    ("quantity", "n", "interval", "message"),
    [(1.0, 0, 1, "0 intervals"), (float("inf"), 5, 1, "inf in 5"), (1.0, 5, 0, "interval is 0")],
)
def test_no_schedule_is_refused(quantity, n, interval, message):
    with pytest.raises(ValueError, match=message):
        holdings(quantity, n, interval, **PAPER)

"""What a planned order is expected to move: from averages of bars, last quotes and the time of its session."""

from math import nan

import numpy as np
import pytest

from nautilus_ai_firm.agents.expected_impact import ExpectedImpact
from nautilus_ai_firm.messages import MarketSnapshot, Quotes
from nautilus_ai_firm.settings import Impact

FULL = Impact(coefficient=0.8, depth_coefficient=0.5, open_premium=0.6, close_premium=-0.4)
BAR = (10_000.0, 0.002)  # of a hundredth of a session: 1,000,000 and 2 % a day
SESSION = (1_000, 2_000)


def snapshot(bid=99.99, ask=100.01, size=1000.0, *, quotes=True):
    one = np.array([100.0])
    told = Quotes(
        bid=np.array([bid]), ask=np.array([ask]), bid_size=np.array([size]), ask_size=np.array([2 * size]),
        fresh=np.array([True]),
    )  # fmt: skip
    return MarketSnapshot(
        round=1, ts_event=1, open=one, high=one, low=one, close=one, volume=one, fresh=np.array([True]),
        inputs=np.empty(0), inputs_fresh=np.empty(0, dtype=bool), quotes=told if quotes else None,
    )  # fmt: skip


def expected(
    quantity=-10_000, bar=BAR, session=SESSION, execution_ns=1_250, settings: Impact | None = FULL, market=None
):
    impact = ExpectedImpact(settings, 100.0)
    impact.observe(snapshot() if market is None else market)
    return impact.of(0, quantity, bar, session, execution_ns)


def test_worked_example():
    """The one of the model: 1 % of a day's volume, ten times the bid's size, a quarter into the session."""
    found = expected()
    assert found is not None
    assert (found.average_daily_volume, found.volatility_per_day) == pytest.approx((1e6, 0.02))
    parts = found.estimate
    assert (parts.volume_bps, parts.depth_bps, parts.volatility_bps, parts.time_of_day_bps) == pytest.approx(
        (8.0, 3.24, 8.0, 2.4)
    )


def test_a_purchase_meets_the_asks():
    bought = expected(quantity=10_000)
    assert bought is not None
    assert bought.estimate.depth_bps == pytest.approx(0.8 * 0.5 * 2 * 4 * 0.8 / 2)  # five times the ask's size


@pytest.mark.parametrize(
    "market", [snapshot(quotes=False), snapshot(bid=nan), snapshot(ask=99.0), snapshot(size=0.0), snapshot(size=nan)]
)
def test_without_a_book_there_is_no_depth_term(market):
    found = expected(market=market)
    assert found is not None
    assert found.estimate.depth_bps == 0
    assert found.estimate.total_bps == pytest.approx(18.4)


def test_outside_of_sessions_there_is_no_term_for_the_time_of_day():
    found = expected(session=(0, 0))
    assert found is not None
    assert found.estimate.time_of_day_bps == 0


@pytest.mark.parametrize("bar", [(nan, 0.01), (0.0, 0.01), (1000.0, nan)])
def test_while_volume_or_volatility_are_not_known_nobody_estimates(bar):
    assert expected(bar=bar) is None


def test_without_settings_nobody_estimates():
    assert expected(settings=None) is None

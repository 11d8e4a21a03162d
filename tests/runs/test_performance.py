"""Figures of the summary against their definitions."""

import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.runs.performance import daily_returns, performance

T0 = 19_000 * DAY_NS


def returns_of(levels: list[float], start: float = 100.0) -> dict[int, float]:
    ts = T0 + DAY_NS * np.arange(len(levels), dtype=np.int64)
    return daily_returns(ts, np.array(levels), start)


def test_returns_run_from_the_last_round_of_a_day_to_the_last_of_the_next() -> None:
    ts = T0 + np.array([1, 5, 9, DAY_NS + 1, DAY_NS + 2, 3 * DAY_NS], dtype=np.int64)
    found = daily_returns(ts, np.array([90.0, 95.0, 110.0, 100.0, 99.0, 198.0]), 100.0)
    assert found == pytest.approx({T0 + 9: 0.10, T0 + DAY_NS + 2: -0.10, T0 + 3 * DAY_NS: 1.0})


def test_no_rounds_have_no_returns() -> None:
    assert daily_returns(np.empty(0, dtype=np.int64), np.empty(0), 100.0) == {}


def test_figures_agree_with_their_definitions() -> None:
    levels = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0004, 0.01, 504)))
    returns = np.diff(np.concatenate([[100.0], levels])) / np.concatenate([[100.0], levels[:-1]])
    found = performance(returns_of(levels.tolist()))
    assert found["volatility"] == pytest.approx(returns.std(ddof=1) * np.sqrt(252), rel=1e-9)
    assert found["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(252), rel=1e-9)
    peaks = np.maximum.accumulate(np.concatenate([[100.0], levels]))
    drawdown = (1 - np.concatenate([[100.0], levels]) / peaks).max()
    assert found["max_drawdown"] == pytest.approx(drawdown, rel=1e-9)
    assert found["cagr"] == pytest.approx((levels[-1] / 100.0) ** (252 / 504) - 1, rel=0.02)


def test_equity_that_never_moves_has_no_ratio() -> None:
    found = performance(returns_of([100.0] * 10))
    assert found["sharpe"] is None
    assert found["sortino"] is None
    assert found["max_drawdown"] == 0


def test_a_drawdown_from_the_start_counts() -> None:
    assert performance(returns_of([90.0, 95.0]))["max_drawdown"] == pytest.approx(0.1)

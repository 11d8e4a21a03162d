"""Equity -> the figures of `summary.json`, by the engine's own statistics on daily returns."""

import math

import numpy as np
from nautilus_trader.analysis import CAGR, MaxDrawdown, ReturnsVolatility, SharpeRatio, SortinoRatio
from numpy.typing import NDArray

DAY_NS = 86_400_000_000_000


def daily_returns(ts: NDArray[np.int64], equity: NDArray[np.float64], start: float) -> dict[int, float]:
    """Turn equity into simple returns from day's end to day's end (UTC), the first from `start`.

    Parameters
    ----------
    ts : ndarray of shape (n_rounds,)
        Nanoseconds UTC, ascending.
    equity : ndarray of shape (n_rounds,)
        Account currency.
    start : float
        Equity before the first round.

    Returns
    -------
    dict of int to float
        Return by the nanosecond of the day's last round, a fraction.

    """
    if not len(ts):
        return {}
    ends = np.append(np.flatnonzero(np.diff(ts // DAY_NS)), len(ts) - 1)
    levels = np.concatenate([[start], equity[ends]])
    return dict(zip(ts[ends].tolist(), (levels[1:] / levels[:-1] - 1.0).tolist(), strict=True))


def performance(returns: dict[int, float]) -> dict[str, float | None]:
    """Compute CAGR, volatility, Sharpe, Sortino (252 days a year, no risk-free rate) and the largest drawdown.

    Parameters
    ----------
    returns : dict of int to float
        Daily simple returns by nanosecond.

    Returns
    -------
    dict of str to float or None
        Fractions; the drawdown is positive. None where a figure is not defined (no returns, no variation).

    """
    statistics = {
        "cagr": CAGR(),
        "volatility": ReturnsVolatility(),
        "sharpe": SharpeRatio(),
        "sortino": SortinoRatio(),
        "max_drawdown": MaxDrawdown(),
    }
    values = {name: statistic.calculate_from_returns(returns) for name, statistic in statistics.items()}
    figures = {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}
    if figures["max_drawdown"] is not None:
        figures["max_drawdown"] = abs(figures["max_drawdown"])
    return figures

"""Equity -> the figures of `summary.json`: daily returns, and the ratios that are made of them."""

import math

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.statistics import ratios


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
        Daily simple returns by nanosecond, ascending.

    Returns
    -------
    dict of str to float or None
        Fractions; the drawdown is positive. None where a figure is not defined (no returns, no variation).

    """
    values = np.array(list(returns.values()))
    figures = {
        name: float(figure(values)) if len(values) else math.nan
        for name, figure in (
            ("cagr", ratios.cagr),
            ("volatility", ratios.volatility_per_year),
            ("sharpe", ratios.sharpe_ratio),
            ("sortino", ratios.sortino_ratio),
            ("max_drawdown", ratios.max_drawdown),
        )
    }
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}

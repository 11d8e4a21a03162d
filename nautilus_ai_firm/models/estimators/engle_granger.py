"""Two windows of prices become a test of whether they are cointegrated."""

from math import inf, log, nan, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.mackinnon import mackinnon_p

SAME_THING = 1e-6
"""Share of variance left by the regression below which one series is the other one: there is no spread to test."""


def engle_granger(y: Floats, x: Floats, max_lag: int) -> tuple[float, float]:
    """Test whether y and x are cointegrated (Engle and Granger 1987, with a constant).

    The residuals u of the regression of y on a constant and x enter an augmented Dickey-Fuller regression without a
    constant, Δu_t = φ u_{t-1} + Σ_{i=1..k} c_i Δu_{t-i} + e_t. The lag k minimises Akaike's criterion
    N ln(RSS) + 2 (k + 1) over 0..`max_lag` on the sample that all of them share, and the statistic is the t-value of φ
    on the longest sample that k allows.

    Parameters
    ----------
    y, x : ndarray of shape (length,)
        Levels, oldest first; more than 2 (`max_lag` + 2) of them. Their units do not matter.
    max_lag : int
        Largest lag k, from 0.

    Returns
    -------
    statistic : float
        t-value, low where the spread reverts; NaN where there is no spread to test: one of them is constant, they move
        as one, or a value is missing.
    p_value : float
        Approximate probability of a lower statistic without cointegration (`mackinnon_p`); 1 with a NaN statistic.

    Raises
    ------
    ValueError
        Windows that are too short for the lag.

    """
    if len(y) <= 2 * (max_lag + 2):
        raise ValueError(f"{len(y)} observations, {2 * (max_lag + 2) + 1} or more are needed with max_lag {max_lag}")
    own, other = y - y.mean(), x - x.mean()
    explaining, varying = float((other**2).sum()), float((own**2).sum())
    if not (explaining > 0 and varying > 0):
        return nan, 1.0
    spread = own - float((own * other).sum()) / explaining * other
    if not float((spread**2).sum()) > SAME_THING * varying:
        return nan, 1.0
    statistic = _t_value(spread, _best_lag(spread, max_lag))
    return statistic, float(mackinnon_p(np.array([statistic]), 2)[0])


def _best_lag(spread: Floats, max_lag: int) -> int:
    # In a triangular factor every row is the regression on the columns before it, so one factor serves all lags.
    response, n = _factor(_columns(spread, max_lag), last=0)
    best, least, rest = 0, inf, sum(part**2 for part in response)
    for lag in range(max_lag + 1):
        rest -= response[lag] ** 2
        criterion = n * log(rest) + 2 * (lag + 1) if rest > 0 else inf
        if criterion < least:
            best, least = lag, criterion
    return best


def _t_value(spread: Floats, lag: int) -> float:
    response, n = _factor(_columns(spread, lag), last=lag)
    variance = response[-1] ** 2 / (n - lag - 1)
    return response[lag] / sqrt(variance) if variance > 0 else nan


def _columns(spread: Floats, lag: int) -> list[Floats]:
    # The level before, the changes before (the newest first), and the change itself.
    change = spread[1:] - spread[:-1]
    n = len(change) - lag
    return [spread[lag:-1], *(change[lag - k : lag - k + n] for k in range(1, lag + 1)), change[lag:]]


def _factor(columns: list[Floats], last: int) -> tuple[list[float], int]:
    # Last row of the Cholesky factor of the columns' products, with the level moved to the place `last`.
    # Written out: results must not depend on the machine's linear algebra library.
    stack = np.array([*columns[1 : last + 1], columns[0], *columns[last + 1 :]])
    products: list[list[float]] = [(stack[: i + 1] * stack[i]).sum(axis=1).tolist() for i in range(len(stack))]
    rows: list[list[float]] = []
    for i, product in enumerate(products):
        row: list[float] = []
        for j in range(i):
            inner = sum(a * b for a, b in zip(row, rows[j], strict=False))
            row.append((product[j] - inner) / rows[j][j] if rows[j][j] > 0 else 0.0)
        row.append(sqrt(max(product[i] - sum(part**2 for part in row), 0.0)))
        rows.append(row)
    return rows[-1], stack.shape[1]

"""Scores of an agent and what prices did then -> how much it says, how often it changes its mind, how right it was."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

FEWEST_HORIZONS = 10
"""Horizons one after the other that a run must hold: from fewer nothing can be said about an error."""
FEWEST_VIEWS = 30
"""Views that two agents must share to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationCoefficient:
    """How scores and the returns after them go together, and the standard error of that; NaN where it is not known.

    `views` and `rounds` are how many there were that had both a score and a return.
    """

    value: float
    standard_error: float
    views: int
    rounds: int


UNKNOWN = float("nan")


def forward_returns(opens: Floats, closes: Floats, horizon_rounds: int) -> Floats:
    """Log returns that a view at each round's close could have earned: from the next open, over the horizon.

    Parameters
    ----------
    opens, closes : ndarray of shape (n_rounds, n_instruments)
        Prices of the round's bar; NaN where an instrument has none.
    horizon_rounds : int
        Rounds, from 1: the return of round t is ln(close[t + horizon] / open[t + 1]).

    Returns
    -------
    ndarray of shape (n_rounds, n_instruments)
        NaN where either price is missing or not above 0, and in the last `horizon_rounds` rounds.

    """
    returns = np.full(closes.shape, np.nan)
    known = max(0, len(closes) - horizon_rounds)
    before, after = opens[1 : 1 + known], closes[horizon_rounds:]
    usable = (before > 0) & (after > 0)  # false for NaN
    returns[:known][usable] = np.log(after[usable] / before[usable])
    return returns


def information_coefficient(scores: Floats, returns: Floats, horizon_rounds: int) -> InformationCoefficient:
    """Rank correlation of scores with the returns after them, over all instruments and rounds.

    The information coefficient is the correlation of forecasts with what came of them (Grinold and Kahn 2000, Active
    Portfolio Management, chapter 6); ranks (Spearman 1904), as returns have fat tails. Scores are in units of
    volatility, so each instrument's returns are divided by their own deviation over the run before they are pooled.

    The standard error is that of the least-squares slope of standardised ranks on each other, robust to what the data
    are: overlapping, since views of successive rounds share returns, and alike across instruments. Moments are summed
    over the instruments of a round (Driscoll and Kraay 1998) and their autocovariances with Bartlett weights over twice
    the horizon (Newey and West 1987): over the horizon alone they would miss a third of the overlap.

    Parameters
    ----------
    scores : ndarray of shape (n_rounds, n_instruments)
        NaN is no view.
    returns : ndarray of shape (n_rounds, n_instruments)
        Returns over the horizon after each round; NaN is unknown.
    horizon_rounds : int
        Rounds that a return spans.

    Returns
    -------
    InformationCoefficient
        NaN where scores or returns never change, and where the rounds with a view fill fewer than `FEWEST_HORIZONS`
        horizons.

    """
    deviation = np.array([one[np.isfinite(one)].std() if np.isfinite(one).any() else np.nan for one in returns.T])
    scaled = returns / np.where(deviation > 0, deviation, np.nan)
    cells = np.isfinite(scores) & np.isfinite(scaled)
    views, rounds = int(cells.sum()), int(cells.any(axis=1).sum())
    unknown = InformationCoefficient(value=UNKNOWN, standard_error=UNKNOWN, views=views, rounds=rounds)
    if rounds < FEWEST_HORIZONS * horizon_rounds:
        return unknown
    x, y = _standardised(scores[cells]), _standardised(scaled[cells])
    if not (x.any() and y.any()):
        return unknown
    slope = float((x * y).sum()) / float((x * x).sum())
    moments = np.zeros(len(scores))
    np.add.at(moments, np.nonzero(cells)[0], x * (y - slope * x))
    error = sqrt(long_run_variance(moments, 2 * horizon_rounds - 1)) / float((x * x).sum())
    return InformationCoefficient(value=slope, standard_error=error, views=views, rounds=rounds)


def long_run_variance(moments: Floats, lags: int) -> float:
    """Sum of the autocovariances of moments of mean 0, times their number, weighted by 1 - lag / (lags + 1).

    Bartlett weights keep it from 0 downwards (Newey and West 1987, equation 5).
    """
    total = float((moments * moments).sum())
    for lag in range(1, min(lags, len(moments) - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float((moments[lag:] * moments[:-lag]).sum())
    return max(total, 0.0)


def turnover(scores: Floats) -> float:
    """Mean absolute change of a score from one round to the next, where there is a view in both; NaN if nowhere."""
    return _mean(np.abs(np.diff(scores, axis=0)))


def mean_size(scores: Floats) -> float:
    """Mean absolute score of all views; NaN where there is none."""
    return _mean(np.abs(scores))


def correlation(one: Floats, other: Floats) -> float:
    """Correlation of two agents' scores where both have a view; NaN from fewer than `FEWEST_VIEWS`, or a constant."""
    both = np.isfinite(one) & np.isfinite(other)
    x, y = one[both], other[both]
    if len(x) < FEWEST_VIEWS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return UNKNOWN
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum()) / sqrt(float((x * x).sum()) * float((y * y).sum()))


def _standardised(values: Floats) -> Floats:
    ranks = pd.Series(values).rank().to_numpy(dtype=np.float64)  # equal values share their mean rank
    centred = ranks - ranks.mean()
    deviation = centred.std()
    return centred / deviation if deviation > 0 else centred


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else UNKNOWN

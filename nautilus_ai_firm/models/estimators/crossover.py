"""Closes become crossovers of moving averages in units of volatility, with their distribution on a random walk."""

from collections.abc import Sequence

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma, decay
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility, log_of_positive

SLOW_TO_FAST = 4
"""Slow span over fast span (Carver 2015, Systematic Trading, appendix B)."""


class EwmaCrossover:
    """Fast minus slow moving average of log price, over volatility per bar, at several speeds.

    (EWMA(ln p; f) - EWMA(ln p; 4 f)) / volatility: the raw EWMAC of Carver (2015, Systematic Trading, appendix B) with
    log price in place of price and the volatility of log returns in place of that of price differences. The two agree
    to first order; logs make the result independent of the price unit and of back-adjustment, and reversed returns
    flip its sign.

    Parameters
    ----------
    fast_spans : sequence of float
        Fast spans f in bars; the slow spans are four times as long.
    volatility_span : float
        Span of the volatility in bars.
    n : int
        Number of instruments.

    Raises
    ------
    ValueError
        A span below 1 or not finite.

    Notes
    -----
    NaN where the instrument is stale in this bar, its close is no finite positive number, its volatility is zero or
    not warm, or it has had fewer closes than the longest slow span.

    """

    def __init__(self, fast_spans: Sequence[float], volatility_span: float, n: int) -> None:
        fast = np.asarray(fast_spans, dtype=np.float64)
        spans = np.concatenate([fast, SLOW_TO_FAST * fast])
        self._speeds = len(fast)
        self._warm_up = float(spans.max())
        self._means = Ewma(spans[:, np.newaxis], (len(spans), n))
        self._volatility = EwmaVolatility(volatility_span, n)

    def update(self, close: Floats, fresh: Bools) -> Floats:
        """Take the closes of a bar, shape (n,), and return crossovers in volatilities per bar, shape (n_speeds, n)."""
        log_close = log_of_positive(close, fresh)
        volatility = self._volatility.update(close, fresh)
        means = self._means.update(np.broadcast_to(log_close, self._means.mean.shape))
        usable = ~np.isnan(log_close) & (volatility > 0) & (self._means.count[0] >= self._warm_up)
        crossover = means[: self._speeds] - means[self._speeds :]
        return crossover / np.where(usable, volatility, np.nan)


def random_walk_deviation(fast_spans: Sequence[float], weights: Sequence[float]) -> float:
    """Return the standard deviation of a weighted sum of crossovers on a random walk without drift.

    An EWMA of a random walk lags it by Σ_j λ^{j+1} r_{t-j}, so a crossover is Σ_j (λ_s^{j+1} - λ_f^{j+1}) r_{t-j} and
    a sum of such terms with coefficients c has the variance Σ_ab c_a c_b λ_a λ_b / (1 - λ_a λ_b), in units of the
    variance per bar.

    Parameters
    ----------
    fast_spans : sequence of float
        Fast spans in bars, each at least 1.
    weights : sequence of float
        Weight of each crossover in the sum.

    Raises
    ------
    ValueError
        A span below 1 or not finite.

    """
    fast = np.asarray(fast_spans, dtype=np.float64)
    lags = decay(np.concatenate([fast, SLOW_TO_FAST * fast]))
    weight = np.asarray(weights, dtype=np.float64)
    coefficients = np.concatenate([-weight, weight])
    products = np.outer(lags, lags)
    return float(np.sqrt((np.outer(coefficients, coefficients) * products / (1 - products)).sum()))

"""Closes become crossovers of moving averages in units of volatility, and what they are on a random walk."""

from collections.abc import Sequence

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma, decay
from nautilus_ai_firm.models.estimators.random_walk import Response
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

    Attributes
    ----------
    volatility : ndarray of shape (n,)
        Volatility per bar, a fraction, that the last crossovers were divided by; NaN where they are.

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
        self.volatility: Floats = np.full(n, np.nan)

    def update(self, close: Floats, fresh: Bools) -> Floats:
        """Take the closes of a bar, shape (n,), and return crossovers in volatilities per bar, shape (n_speeds, n)."""
        log_close = log_of_positive(close, fresh)
        volatility = self._volatility.update(close, fresh)
        means = self._means.update(np.broadcast_to(log_close, self._means.mean.shape))
        usable = ~np.isnan(log_close) & (volatility > 0) & (self._means.count[0] >= self._warm_up)
        self.volatility = np.where(usable, volatility, np.nan)
        return (means[: self._speeds] - means[self._speeds :]) / self.volatility


def crossover_response(fast_span: float) -> Response:
    """Return what a crossover, in volatilities, adds up of past returns in volatilities.

    An EWMA of a random walk lags it by Σ_j λ^{j+1} r_{t-j}, so a crossover is Σ_j (λ_s^{j+1} - λ_f^{j+1}) r_{t-j}.

    Parameters
    ----------
    fast_span : float
        Fast span in bars, at least 1.

    Raises
    ------
    ValueError
        A span below 1 or not finite.

    """
    fast, slow = decay([fast_span, SLOW_TO_FAST * fast_span]).tolist()
    return Response(poles=(fast, slow), weights=(-fast, slow))

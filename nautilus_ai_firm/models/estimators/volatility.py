"""Closes become volatilities per bar."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma


class EwmaVolatility:
    """Exponentially weighted volatility of log returns, mean taken as zero.

    The variance is the exponentially weighted mean of r² with r = ln(close / close before it): RiskMetrics (J.P. Morgan
    and Reuters, 1996, section 5.2) with finite-sample weights.

    Parameters
    ----------
    span : float
        Span in returns, at least 1.
    n : int
        Number of instruments.
    warm_up : int
        Returns observed before there is a volatility; the default, 20, leaves a standard error of about 16 %.

    Attributes
    ----------
    returns : ndarray of shape (n,)
        Log returns of the last update; NaN where there was none.

    Raises
    ------
    ValueError
        A span below 1 or not finite, or a warm-up below 1.

    Notes
    -----
    A stale instrument, and a close that is not a finite positive number, leave the state as it was. The return over a
    gap counts as one observation. A price that never moved has volatility 0.

    """

    def __init__(self, span: float, n: int, warm_up: int = 20) -> None:
        if warm_up < 1:
            raise ValueError(f"warm_up is {warm_up}, allowed is 1 or more")
        self._warm_up = warm_up
        self._squares = Ewma(span, n)
        self._log_close: Floats = np.full(n, np.nan)
        self.returns: Floats = np.full(n, np.nan)

    @property
    def count(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Returns observed, shape (n,)."""
        return self._squares.count

    def update(self, close: Floats, fresh: Bools) -> Floats:
        """Take the closes of a bar and return volatilities as fractions per bar, shape (n,); NaN before warm-up."""
        log_close = log_of_positive(close, fresh)
        self.returns = log_close - self._log_close
        self._log_close = np.where(np.isnan(log_close), self._log_close, log_close)
        variance = self._squares.update(self.returns**2)
        return np.sqrt(np.where(self._squares.count >= self._warm_up, variance, np.nan))


def log_of_positive(close: Floats, fresh: Bools) -> Floats:
    """Return ln(close), NaN where the close is stale or not a finite positive number."""
    usable = fresh & (close > 0) & np.isfinite(close)
    return np.log(np.where(usable, close, np.nan))

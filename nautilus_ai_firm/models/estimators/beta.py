"""Returns of an instrument and of its benchmark become a beta and a correlation."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma


class EwmaBeta:
    """Exponentially weighted beta and correlation of returns, means taken as zero.

    β = E[r b] / E[b²] and correlation = E[r b] / √(E[r²] E[b²]) with r the instrument's return and b its benchmark's
    (Sharpe 1963 for the beta; RiskMetrics 1996, with finite-sample weights, for the means). All three means run over
    the same returns, so the correlation lies in [-1, 1].

    Parameters
    ----------
    span : float
        Span in joint returns, at least 1.
    n : int
        Number of instruments.
    warm_up : int
        Joint returns before there is a value.

    Attributes
    ----------
    beta, correlation : ndarray of shape (n,)
        Dimensionless; NaN before the warm-up, and while the benchmark (for the correlation: either) never moved.

    Raises
    ------
    ValueError
        A span below 1 or not finite, or a warm-up below 1.

    Notes
    -----
    An instrument for which either return is NaN or infinite keeps its state.

    """

    def __init__(self, span: float, n: int, warm_up: int) -> None:
        if warm_up < 1:
            raise ValueError(f"warm_up is {warm_up}, allowed is 1 or more")
        self._warm_up = warm_up
        self._moments = Ewma(span, (3, n))
        self.beta: Floats = np.full(n, np.nan)
        self.correlation: Floats = np.full(n, np.nan)

    @property
    def count(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Joint returns observed, shape (n,)."""
        return self._moments.count[0]

    def update(self, returns: Floats, benchmark: Floats) -> Floats:
        """Take a return of each instrument and of its benchmark, fractions, shape (n,), and return the betas."""
        moments = np.stack([returns * benchmark, returns**2, benchmark**2])
        joint, own, others = self._moments.update(np.where(np.isfinite(moments).all(axis=0), moments, np.nan))
        warm = self._moments.count[0] >= self._warm_up
        self.beta = joint / np.where(warm & (others > 0), others, np.nan)
        scale = np.sqrt(own) * np.sqrt(others)
        self.correlation = np.clip(joint / np.where(warm & (scale > 0), scale, np.nan), -1.0, 1.0)
        return self.beta

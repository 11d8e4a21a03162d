"""Returns become a covariance matrix."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.ewma import Ewma


class EwmaCovariance:
    """Exponentially weighted covariance of returns, means taken as zero.

    cov_ij = σ_i ρ_ij σ_j with σ_i² the exponentially weighted mean of r_i² and ρ as the CIO estimates it
    (`EwmaCorrelation`, RiskMetrics 1996 with finite-sample weights). With equal histories this is the weighted mean of
    r_i r_j; where they differ, each instrument keeps the variance of all its returns, and the matrix stays positive
    semi-definite, which pairwise means do not.

    Parameters
    ----------
    span : float
        Span in returns, at least 1.
    n : int
        Number of instruments.
    warm_up : int
        Returns of an instrument before it has a variance, joint returns of a pair before it has a correlation; until
        then that is 0.

    Attributes
    ----------
    volatility : ndarray of shape (n,)
        Standard deviation per round, a fraction; NaN before the warm-up, 0 for a price that never moved.
    correlation : ndarray of shape (n, n)
        Symmetric with diagonal 1.

    Raises
    ------
    ValueError
        A span below 1 or not finite, or a warm-up below 1.

    Notes
    -----
    A return of NaN is no observation: it leaves that instrument and its pairs as they were.

    """

    def __init__(self, span: float, n: int, warm_up: int = 20) -> None:
        self._warm_up = warm_up
        self._squares = Ewma(span, n)
        self._correlation = EwmaCorrelation(span, n, warm_up)
        self.volatility: Floats = np.full(n, np.nan)
        self.correlation: Floats = np.eye(n)

    @property
    def known(self) -> Bools:
        """Pairs of instruments that are warm, shape (n, n)."""
        return self._correlation.known

    def update(self, returns: Floats) -> Floats:
        """Take the returns of a round, shape (n,), and return covariances, shape (n, n); NaN before the warm-up."""
        variance = self._squares.update(returns**2)
        self.volatility = np.sqrt(np.where(self._squares.count >= self._warm_up, variance, np.nan))
        self.correlation = self._correlation.observe(returns)
        return self.matrix

    @property
    def matrix(self) -> Floats:
        """The covariances, shape (n, n), fractions squared; rows and columns of unknown instruments are NaN."""
        return covariance_of(self.volatility, self.correlation)


def covariance_of(volatility: Floats, correlation: Floats) -> Floats:
    """Return σ_i ρ_ij σ_j of volatilities, shape (n,), and correlations, shape (n, n)."""
    return np.outer(volatility, volatility) * correlation

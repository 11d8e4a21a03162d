"""Closes become a correlation matrix of returns."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.volatility import log_of_positive


class EwmaCorrelation:
    """Exponentially weighted correlation of log returns, means taken as zero.

    E[r_i r_j] / √(E[r_i²] E[r_j²]); each pair's three means run over the rounds in which both have a return
    (RiskMetrics, 1996, with finite-sample weights), so that every pair lies in [-1, 1].

    Parameters
    ----------
    span : float
        Span in joint returns, at least 1.
    n : int
        Number of instruments.
    warm_up : int
        Joint returns of a pair before its correlation is used; until then it counts as 0, so a matrix without any warm
        pair is the identity.

    Raises
    ------
    ValueError
        A span below 1 or not finite, or a warm-up below 1.

    Notes
    -----
    A pair learns only from bars in which both are fresh; after a gap each return runs from that instrument's own last
    close. A pair in which one never moved has correlation 0.
    With equal histories the matrix is positive semi-definite by construction. Where histories differ, pairwise
    estimates can contradict each other; then, if the smallest eigenvalue λ is negative, all correlations are shrunk
    by the factor 1 / (1 - λ), the least shrinkage to the identity that makes the matrix positive semi-definite.

    """

    def __init__(self, span: float, n: int, warm_up: int = 20) -> None:
        if warm_up < 1:
            raise ValueError(f"warm_up is {warm_up}, allowed is 1 or more")
        self._warm_up = warm_up
        self._products = Ewma(span, (n, n))
        self._squares = Ewma(span, (n, n))
        self._identity = np.eye(n)
        self._log_close: Floats = np.full(n, np.nan)

    def update(self, close: Floats, fresh: Bools) -> Floats:
        """Take the closes of a bar, shape (n,), and return correlations, shape (n, n), symmetric with diagonal 1."""
        log_close = log_of_positive(close, fresh)
        returns = log_close - self._log_close
        self._log_close = np.where(np.isnan(log_close), self._log_close, log_close)
        return self.observe(returns)

    @property
    def known(self) -> Bools:
        """Pairs that are warm, shape (n, n)."""
        return self._products.count >= self._warm_up

    def observe(self, returns: Floats) -> Floats:
        """Take the returns of a bar, shape (n,), NaN where there is none, and return correlations as `update` does."""
        products = self._products.update(np.outer(returns, returns))
        joint = np.where(np.isnan(returns), np.nan, 1.0)
        squares = self._squares.update(np.outer(returns**2, joint))  # row i, column j: r_i² where j has a return too
        volatility = np.sqrt(squares)
        scale = volatility * volatility.T
        count = self._products.count
        known = self.known & (scale > 0)
        matrix: Floats = np.zeros_like(products)
        np.divide(products, scale, out=matrix, where=known)
        matrix = np.clip(matrix, -1.0, 1.0)
        np.fill_diagonal(matrix, 1.0)
        if matrix.size and not bool(np.all(count == count.flat[0])):
            smallest = float(np.linalg.eigvalsh(matrix)[0])
            if smallest < 0:
                matrix = (matrix - smallest * self._identity) / (1 - smallest)
        return matrix

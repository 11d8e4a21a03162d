"""Returns become what the firm watches in correlations: their level, a break from their own history, and clusters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.rolling_correlation import RollingCorrelation
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore

_ALMOST_1 = 1 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationState:
    """Correlations after a round.

    Attributes
    ----------
    ewma : ndarray of shape (n, n)
        The exponentially weighted estimate; 0 where a pair is not known.
    average : float
        Mean of the exponentially weighted ones over the known pairs; NaN without a pair.
    z_score : float
        How far `average` is from its own history; NaN before the warm-up.
    breakdown : bool
        Whether correlations jumped.
    clusters : ndarray of int64 of shape (n,)
        Place of the first instrument of the cluster of each.

    """

    ewma: Floats
    average: float
    z_score: float
    breakdown: bool
    clusters: NDArray[np.int64]


class CorrelationManager:
    """Watches the correlations of returns.

    The statistic of the breakdown alert: y = artanh of the average correlation (Fisher 1921, which makes its spread
    independent of its level), less its own exponentially weighted mean, over the usual size of such differences before
    this round (`EwmaZScore`). An alert where it is `alert_z` or more in size: diversification gone, or hedges broken.
    Where correlations do not change, 3 is reached in one to six rounds of a thousand, 5 in none to one of five thousand
    (2 to 30 instruments, normal and fat-tailed, 6,000 rounds each).

    Parameters
    ----------
    n : int
        Number of instruments.
    span : float
        Span of the exponentially weighted correlation, rounds.
    window_rounds : int
        Window of the rolling correlation.
    history_span : float
        Span of the history that the average is compared with, rounds, longer than `span`.
    alert_z : float
        Size of the statistic that alerts, above 0.
    cluster_threshold : float
        Size of the correlation from which two instruments are one bet, in (0, 1].
    warm_up : int
        Joint returns before a pair is known, and averages before there is a statistic.

    Raises
    ------
    ValueError
        A parameter out of range.

    """

    def __init__(
        self,
        n: int,
        *,
        span: float,
        window_rounds: int,
        history_span: float,
        alert_z: float,
        cluster_threshold: float,
        warm_up: int = 20,
    ) -> None:
        if not alert_z > 0 or not 0 < cluster_threshold <= 1 or not history_span > span:
            raise ValueError(
                f"alert_z is {alert_z}, cluster_threshold {cluster_threshold}, history_span {history_span}, "
                f"allowed are above 0, above 0 and at most 1, above span {span}"
            )
        self._ewma = EwmaCorrelation(span, n, warm_up)
        self._rolling = RollingCorrelation(window_rounds, n, min(warm_up, window_rounds))
        self._history = EwmaZScore(history_span, history_span, 1, warm_up)
        self._alert_z, self._threshold = alert_z, cluster_threshold

    def update(self, returns: Floats) -> CorrelationState:
        """Take the returns of a round, shape (n,), NaN where there is none."""
        ewma = self._ewma.observe(returns)
        average = average_correlation(ewma, self._ewma.known)
        level = np.arctanh(np.clip(np.array([average]), -_ALMOST_1, _ALMOST_1))
        z_score = float(self._history.update(level)[0])
        self._rolling.observe(returns)
        return CorrelationState(
            ewma=ewma,
            average=average,
            z_score=z_score,
            breakdown=abs(z_score) >= self._alert_z,
            clusters=clusters(ewma, self._threshold),
        )

    def rolling(self) -> Floats:
        """Return the correlations of the last `window_rounds`, shape (n, n): no limit needs them every round."""
        return self._rolling.matrix()


def average_correlation(matrix: Floats, known: Bools) -> float:
    """Return the mean of the entries above the diagonal that are known; NaN where none is."""
    pairs = np.triu(known, 1)
    count = int(pairs.sum())
    return float(np.where(pairs, matrix, 0.0).sum()) / count if count else float("nan")


def stressed(matrix: Floats, level: float, share: float) -> Floats:
    """Return correlations moved towards one level: (1 - share) R + share ((1 - level) I + level 1 1').

    Both parts are positive semi-definite with diagonal 1, so what is between them is too (the blend of Finger 1997).

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Correlations R, positive semi-definite.
    level : float
        Correlation of all pairs under full stress, from -1 / (n - 1) to 1.
    share : float
        How far, in [0, 1].

    Raises
    ------
    ValueError
        A level that no n instruments can have with each other, or a share out of range.

    """
    n = len(matrix)
    lowest = -1 / (n - 1) if n > 1 else -1.0
    if not lowest <= level <= 1 or not 0 <= share <= 1:
        raise ValueError(f"level is {level} and share {share}, allowed are {lowest:.6g} to 1 and 0 to 1")
    equal = np.where(np.eye(n, dtype=np.bool_), 1.0, level)
    return (1 - share) * matrix + share * equal


def clusters(matrix: Floats, threshold: float) -> NDArray[np.int64]:
    """Return the connected groups of instruments whose correlations are at least the threshold in size.

    The size counts: what moves against another is, sold short, the same bet. Two instruments are in one group where a
    chain of such pairs leads from one to the other (single linkage).

    Returns
    -------
    ndarray of int64 of shape (n,)
        Place of the first instrument of the group that each is in, in the order of the universe.

    """
    linked = np.abs(matrix) >= threshold
    if np.count_nonzero(linked) == len(matrix) == np.count_nonzero(linked.diagonal()):  # nobody but with itself
        return np.arange(len(matrix), dtype=np.int64)
    labels = np.full(len(matrix), -1, dtype=np.int64)
    for first in range(len(matrix)):
        if labels[first] >= 0:
            continue
        waiting = [first]
        labels[first] = first
        while waiting:
            found = np.flatnonzero(linked[waiting.pop()] & (labels < 0))
            labels[found] = first
            waiting.extend(found.tolist())
    return labels

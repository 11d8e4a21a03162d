"""Days on which the loss was beyond the value at risk become verdicts on it."""

from dataclasses import dataclass
from enum import StrEnum
from math import comb, erfc, exp, fsum, log, sqrt

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class Zone(StrEnum):
    """The zones of the Basel Committee's traffic light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """A test statistic and the probability of a larger one where the value at risk is right."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What the exceptions of a series say.

    Attributes
    ----------
    observations, exceptions : int
        Rounds with a figure, and those with a loss beyond it.
    coverage, independence, conditional_coverage : LikelihoodRatio
        Kupiec's, Christoffersen's, and both together.
    zone : Zone
        Basel's traffic light.

    """

    observations: int
    exceptions: int
    coverage: LikelihoodRatio
    independence: LikelihoodRatio
    conditional_coverage: LikelihoodRatio
    zone: Zone


def exceptions(returns: Floats, value_at_risk: Floats) -> Bools:
    """Return in which rounds, of those that have both numbers, the loss was beyond the figure made before it.

    Parameters
    ----------
    returns : ndarray of shape (n_rounds,)
        Returns of the portfolio, fractions of equity.
    value_at_risk : ndarray of shape (n_rounds,)
        Positive losses, for the same rounds, known before them; NaN is no figure.

    Raises
    ------
    ValueError
        Arrays of different lengths.

    """
    if len(returns) != len(value_at_risk):
        raise ValueError(f"{len(returns)} returns and {len(value_at_risk)} figures: one of each a round is needed")
    there = np.isfinite(returns) & np.isfinite(value_at_risk)
    return (-returns > value_at_risk)[there]


def backtest(hits: Bools, confidence: float) -> Backtest:
    """Judge a series of exceptions, in the order of time, against the confidence that was stated."""
    coverage, independence = proportion_of_failures(len(hits), int(hits.sum()), confidence), independence_of(hits)
    both = coverage.statistic + independence.statistic
    return Backtest(
        observations=len(hits),
        exceptions=int(hits.sum()),
        coverage=coverage,
        independence=independence,
        conditional_coverage=LikelihoodRatio(statistic=both, p_value=exp(-both / 2)),  # χ² with 2 degrees of freedom
        zone=traffic_light(len(hits), int(hits.sum()), confidence),
    )


def proportion_of_failures(observations: int, failures: int, confidence: float) -> LikelihoodRatio:
    """Test whether there are as many exceptions as there should be (Kupiec 1995, Journal of Derivatives 3, 2).

    2 ln [(1 - x/T)^(T-x) (x/T)^x] - 2 ln [(1 - p)^(T-x) p^x], χ² with 1 degree of freedom, p = 1 - confidence.

    Raises
    ------
    ValueError
        More failures than observations, or numbers out of range.

    """
    _check(observations, failures, confidence)
    expected = 1 - confidence
    found = failures / observations if observations else 0.0
    return _ratio(
        _log_likelihood(observations - failures, failures, found)
        - _log_likelihood(observations - failures, failures, expected)
    )


def independence_of(hits: Bools) -> LikelihoodRatio:
    """Test whether exceptions follow on exceptions (Christoffersen 1998, International Economic Review 39, 4).

    Against a first-order Markov chain with a probability of its own after an exception, over the T - 1 pairs of rounds;
    χ² with 1 degree of freedom. Without an exception before the last round there is nothing to see, and it is 0.
    """
    before, after = hits[:-1], hits[1:]
    calm_calm, calm_hit = int((~before & ~after).sum()), int((~before & after).sum())
    hit_calm, hit_hit = int((before & ~after).sum()), int((before & after).sum())
    calm, hit = calm_calm + calm_hit, hit_calm + hit_hit
    if not calm or not hit:
        return LikelihoodRatio(statistic=0.0, p_value=1.0)
    either = (calm_hit + hit_hit) / (calm + hit)
    return _ratio(
        _log_likelihood(calm_calm, calm_hit, calm_hit / calm)
        + _log_likelihood(hit_calm, hit_hit, hit_hit / hit)
        - _log_likelihood(calm_calm + hit_calm, calm_hit + hit_hit, either)
    )


def traffic_light(observations: int, failures: int, confidence: float) -> Zone:
    """Return Basel's zone (Basel Committee 1996, Supervisory framework for the use of backtesting).

    By the probability, where the figures are right, of at most so many exceptions: green below 95 %, yellow below
    99.99 %, red from there. For 250 rounds at 99 % that is 0 to 4, 5 to 9, and 10 or more.

    Raises
    ------
    ValueError
        As `proportion_of_failures`.

    """
    _check(observations, failures, confidence)
    p = 1 - confidence
    at_most = fsum(
        exp(log(comb(observations, x)) + x * log(p) + (observations - x) * log(confidence)) for x in range(failures + 1)
    )
    if at_most < 0.95:  # noqa: PLR2004 - as the committee has it
        return Zone.GREEN
    return Zone.YELLOW if at_most < 0.9999 else Zone.RED  # noqa: PLR2004 - as above


def _check(observations: int, failures: int, confidence: float) -> None:
    if not 0 <= failures <= observations or not 0 < confidence < 1:
        raise ValueError(
            f"{failures} failures in {observations} observations at confidence {confidence}: "
            "allowed are 0 to all of them, and a number between 0 and 1"
        )


def _log_likelihood(calm: int, hit: int, probability: float) -> float:
    return (calm * log(1 - probability) if calm else 0.0) + (hit * log(probability) if hit else 0.0)


def _ratio(log_ratio: float) -> LikelihoodRatio:
    statistic = max(2 * log_ratio, 0.0)  # rounding
    return LikelihoodRatio(statistic=statistic, p_value=erfc(sqrt(statistic / 2)))

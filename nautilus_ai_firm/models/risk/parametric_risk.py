"""A covariance matrix becomes value at risk and expected shortfall, for normal or Student-t returns."""

from dataclasses import dataclass
from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators import student_t
from nautilus_ai_firm.models.risk.tail import UNKNOWN, TailRisk, check_confidence, holds_unknown


def tail_multiples(confidence: float, degrees_of_freedom: float | None) -> TailRisk:
    """Return value at risk and expected shortfall of a loss with mean 0 and standard deviation 1.

    Normal: z and φ(z) / (1 - c). Student's t with d degrees of freedom, scaled to variance 1 by s = √((d - 2) / d):
    s t and s f(t) / (1 - c) (d + t²) / (d - 1) (McNeil, Frey and Embrechts 2005, Quantitative Risk Management,
    examples 2.14, 2.18 and 2.19).

    Parameters
    ----------
    confidence : float
        c, in [0.5, 1).
    degrees_of_freedom : float or None
        d, above 2; None is the normal distribution.

    Raises
    ------
    ValueError
        A confidence or degrees of freedom out of range.

    """
    check_confidence(confidence)
    if degrees_of_freedom is None:
        z = NormalDist().inv_cdf(confidence)
        return TailRisk(z, exp(-z * z / 2) / sqrt(2 * pi) / (1 - confidence))
    d = degrees_of_freedom
    if not d > 2:  # noqa: PLR2004 - the variance is infinite
        raise ValueError(f"degrees_of_freedom is {d}, allowed is a number above 2")
    t = student_t.quantile(confidence, d)
    scale = sqrt((d - 2) / d)
    shortfall = student_t.density(t, d) / (1 - confidence) * (d + t * t) / (d - 1)
    return TailRisk(scale * t, scale * shortfall)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametricRisk:
    """Risk of a portfolio whose returns follow an elliptical distribution: multiple √h σ - h mean.

    σ² = w' Σ w; over h rounds variances and means add up, as for independent returns.

    Attributes
    ----------
    covariance : ndarray of shape (n, n)
        Σ of returns per round, fractions squared; NaN on the diagonal is an instrument that is not known.
    mean : ndarray of shape (n,)
        Expected returns per round, fractions.
    multiples : TailRisk
        `tail_multiples` of the distribution and confidence.
    horizon_rounds : int
        h, at least 1.

    """

    covariance: Floats
    mean: Floats
    multiples: TailRisk
    horizon_rounds: int = 1

    def risk(self, weights: Floats) -> TailRisk:
        """Return the risk of weights, fractions of equity."""
        if holds_unknown(weights, self._known()):
            return UNKNOWN
        _, deviation = self._with_deviation(weights)
        gain = self.horizon_rounds * float(np.where(weights != 0, weights * self.mean, 0.0).sum())
        at_risk, shortfall = self.multiples
        return TailRisk(at_risk * deviation - gain, shortfall * deviation - gain)

    def marginals(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return multiple √h (Σ w)_i / σ - h mean_i for both figures; 0 risk has only the mean's part."""
        known = self._known()
        if holds_unknown(weights, known):
            nothing = np.full(len(weights), np.nan)
            return nothing, nothing
        slope, deviation = self._with_deviation(weights)
        slope = self.horizon_rounds * slope / deviation if deviation > 0 else np.zeros(len(weights))
        drift = self.horizon_rounds * self.mean
        slope = np.where(known, slope, np.nan)
        return self.multiples.value_at_risk * slope - drift, self.multiples.expected_shortfall * slope - drift

    def _known(self) -> Bools:
        return np.isfinite(np.diagonal(self.covariance)) & np.isfinite(self.mean)

    def _with_deviation(self, weights: Floats) -> tuple[Floats, float]:
        # Σ w, and the standard deviation of the portfolio over the horizon.
        slope = np.einsum("ij,j->i", np.where(np.isfinite(self.covariance), self.covariance, 0.0), weights)
        variance = self.horizon_rounds * float((slope * weights).sum())
        return slope, sqrt(max(variance, 0.0))

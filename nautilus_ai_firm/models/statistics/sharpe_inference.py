"""A Sharpe ratio and the shape of its returns -> how sure it is, and how long a record it takes to be sure.

Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012), equations 11 and 13.
"""

from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.returns import checked, deviation, sharpe

NORMAL = NormalDist()
NORMAL_KURTOSIS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeSample:
    """A Sharpe ratio and what its sampling error depends on.

    Attributes
    ----------
    sharpe : float
        A period, not a year.
    periods : int
        Returns that it was made of.
    skewness, kurtosis : float
        Of the returns; 0 and 3 for normal ones.

    """

    sharpe: float
    periods: int
    skewness: float = 0.0
    kurtosis: float = NORMAL_KURTOSIS

    def variance_factor(self) -> float:
        """Return 1 - γ₃ SR + (γ₄ - 1) / 4 SR²: the sampling variance times periods - 1 (Mertens 2002).

        Raises
        ------
        ValueError
            It is not positive: no returns have this skewness and kurtosis.

        """
        factor = 1.0 - self.skewness * self.sharpe + (self.kurtosis - 1.0) / 4.0 * self.sharpe**2
        if not factor > 0:
            raise ValueError(f"no returns have skewness {self.skewness} and kurtosis {self.kurtosis}")
        return factor


def sharpe_sample(returns: Floats) -> SharpeSample:
    """Measure one series.

    Parameters
    ----------
    returns : ndarray of shape (T,)
        Returns a period in excess of what they are measured against, fractions; at least two.

    Raises
    ------
    ValueError
        As `checked`.

    """
    values = checked(returns, least=2)
    if values.ndim != 1:
        raise ValueError(f"returns have the shape {values.shape} (allowed: (T,))")
    if not deviation(values):
        return SharpeSample(sharpe=0.0, periods=len(values))
    centred = values - values.mean()
    variance = float((centred**2).mean())
    return SharpeSample(
        sharpe=float(sharpe(values)),
        periods=len(values),
        skewness=float((centred**3).mean()) / variance**1.5,
        kurtosis=float((centred**4).mean()) / variance**2,
    )


def probabilistic_sharpe(sample: SharpeSample, benchmark: float = 0.0) -> float:
    """Return the probabilistic Sharpe ratio: how likely the true Sharpe ratio is above a benchmark.

    PSR(SR*) = Φ((SR - SR*) √(T - 1) / √(1 - γ₃ SR + (γ₄ - 1) / 4 SR²)).

    Parameters
    ----------
    sample : SharpeSample
        The Sharpe ratio that was measured.
    benchmark : float
        Sharpe ratio a period.

    Returns
    -------
    float
        In [0, 1].

    """
    return NORMAL.cdf((sample.sharpe - benchmark) * sqrt((sample.periods - 1) / sample.variance_factor()))


def minimum_track_record(sample: SharpeSample, benchmark: float = 0.0, level: float = 0.05) -> float:
    """Return the periods after which such a Sharpe ratio is above the benchmark at a level of significance.

    MinTRL = 1 + (1 - γ₃ SR + (γ₄ - 1) / 4 SR²) (z / (SR - SR*))².

    Parameters
    ----------
    sample : SharpeSample
        The Sharpe ratio that was measured.
    benchmark : float
        Sharpe ratio a period.
    level : float
        In (0, 1).

    Returns
    -------
    float
        Periods; infinite for a Sharpe ratio that is not above the benchmark.

    Raises
    ------
    ValueError
        The level is not in (0, 1).

    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level} (allowed: between 0 and 1)")
    if sample.sharpe <= benchmark:
        return inf
    return 1.0 + sample.variance_factor() * (NORMAL.inv_cdf(1.0 - level) / (sample.sharpe - benchmark)) ** 2


def standard_error(sample: SharpeSample) -> float:
    """Return the standard error of a Sharpe ratio a period (Mertens 2002; Lo 2002 for normal returns)."""
    return float(np.sqrt(sample.variance_factor() / (sample.periods - 1)))

"""Moments of log prices become mean-reverting processes fitted to them."""

from dataclasses import dataclass
from math import log

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.autoregression import Moments


@dataclass(frozen=True, slots=True, kw_only=True)
class OrnsteinUhlenbeck:
    """Ornstein-Uhlenbeck processes dx = κ (m - x) dt + v dW, each array of shape (n,).

    Attributes
    ----------
    mean : ndarray
        m, the equilibrium, in the unit of the observations.
    deviation : ndarray
        Standard deviation of x in equilibrium, v / √(2 κ), in the same unit.
    persistence : ndarray
        exp(-κ), the share of a distance from the equilibrium that is left after an observation, in (0, 1).
    half_life : ndarray
        ln 2 / κ, observations.

    """

    mean: Floats
    deviation: Floats
    persistence: Floats
    half_life: Floats


def fit_ornstein_uhlenbeck(moments: Moments) -> OrnsteinUhlenbeck:
    """Fit a process through its exact discretisation, the regression Δx_t = a + (b - 1) x_{t-1} + e.

    b = exp(-κ), m = a / (1 - b) and deviation = s / √(1 - b²), with s² the residual variance on T - 2 degrees of
    freedom (Ornstein and Uhlenbeck 1930; regression as in Chan 2013, Algorithmic Trading, chapter 2).

    Returns
    -------
    OrnsteinUhlenbeck
        NaN in all where the moments are, and where b is not above 0 and below 1: a series that does not revert, or
        overshoots.

    Notes
    -----
    Least squares understate b by about (1 + 3 b) / T (Kendall 1954), so half-lives are on the short side.

    """
    *_, (*_, varies), (*_, joint, changes) = moments.products
    pull = joint / np.where(varies > 0, varies, np.nan)  # b - 1
    pull = np.where((pull > -1) & (pull < 0), pull, np.nan)
    persistence = 1 + pull
    noise = np.maximum(changes - pull * joint, 0.0) / (moments.length - 2)
    return OrnsteinUhlenbeck(
        mean=moments.level - moments.change / pull,
        deviation=np.sqrt(noise / (1 - persistence**2)),
        persistence=persistence,
        half_life=-log(2) / np.log(persistence),
    )

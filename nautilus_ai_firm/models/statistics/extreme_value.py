"""A number of trials -> the best that luck alone is expected to make of them, and how long a backtest resists that."""

from math import e, inf
from statistics import NormalDist

import numpy as np

EULER_MASCHERONI = float(np.euler_gamma)
NORMAL = NormalDist()


def expected_maximum(n_trials: float) -> float:
    """Return the expected maximum of independent standard normal variables.

    E[max] ≈ (1 - γ) Φ⁻¹(1 - 1 / N) + γ Φ⁻¹(1 - 1 / (N e)) with the Euler-Mascheroni constant γ (Bailey, Borwein,
    López de Prado and Zhu, "Pseudo-Mathematics and Financial Charlatanism", Notices of the AMS 61 (2014), equation 4).

    Parameters
    ----------
    n_trials : float
        At least 1; an effective number of trials need not be whole.

    Returns
    -------
    float
        Standard deviations; 0 for one trial, where the approximation has no value.

    Raises
    ------
    ValueError
        There is less than one trial.

    """
    if not n_trials >= 1:
        raise ValueError(f"n_trials is {n_trials} (allowed: at least 1)")
    if n_trials == 1:
        return 0.0
    rare, rarer = NORMAL.inv_cdf(1.0 - 1.0 / n_trials), NORMAL.inv_cdf(1.0 - 1.0 / (n_trials * e))
    return max(0.0, (1.0 - EULER_MASCHERONI) * rare + EULER_MASCHERONI * rarer)


def minimum_backtest_years(n_trials: float, sharpe_per_year: float) -> float:
    """Return how long a backtest must be, so that luck is not expected to find such a Sharpe ratio in it.

    MinBTL = (E[max] / SR)² (as above, equation 6), always below 2 ln N / SR².

    Parameters
    ----------
    n_trials : float
        Independent trials, at least 1.
    sharpe_per_year : float
        Sharpe ratio a year of the best trial.

    Returns
    -------
    float
        Years; infinite for a Sharpe ratio that is not positive.

    Raises
    ------
    ValueError
        As `expected_maximum`.

    """
    best = expected_maximum(n_trials)
    return (best / sharpe_per_year) ** 2 if sharpe_per_year > 0 else inf

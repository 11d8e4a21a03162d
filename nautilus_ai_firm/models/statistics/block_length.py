"""A series -> how long the blocks must be in which a bootstrap draws it again."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.returns import checked, deviation

LEAST_PERIODS = 10


def stationary_block_length(returns: Floats) -> float:
    """Return the mean block length of the stationary bootstrap with the least error of the variance of a mean.

    Politis and White, Econometric Reviews 23 (2004), as corrected by Patton, Politis and White, 28 (2009):
    b = (2 G² / D)^(1/3) T^(1/3) with G = Σ λ(k/M) |k| R(k), D = 2 (Σ λ(k/M) R(k))², the flat-top window
    λ(t) = min(1, 2 (1 - |t|)), autocovariances R and M twice the lag after which correlations vanish.

    Parameters
    ----------
    returns : ndarray of shape (T,)
        Any stationary series, at least 10 values.

    Returns
    -------
    float
        Periods, at least 1 and at most ⌈min(3 √T, T / 3)⌉.

    Raises
    ------
    ValueError
        As `checked`.

    """
    values = checked(returns, least=LEAST_PERIODS)
    if values.ndim != 1:
        raise ValueError(f"returns have the shape {values.shape} (allowed: (T,))")
    if not deviation(values):
        return 1.0
    n = len(values)
    quiet = max(5, int(np.log10(n)))
    longest = min(int(np.ceil(np.sqrt(n))) + quiet, n - 2)
    covariance, correlation = _autocovariance(values, longest)
    window = _vanishing_lag(correlation, quiet, 2 * np.sqrt(np.log10(n) / n), longest)
    lags = np.arange(1, window + 1)
    weighted = 2 * np.minimum(1.0, 2 * (1 - lags / window)) * covariance[1 : window + 1]
    spectrum = covariance[0] + weighted.sum()
    if not spectrum**2 > 0:
        return 1.0
    found = (float((lags * weighted).sum()) ** 2 / float(spectrum) ** 2 * n) ** (1 / 3)
    return float(np.clip(found, 1.0, np.ceil(min(3 * np.sqrt(n), n / 3))))


def _autocovariance(values: Floats, longest: int) -> tuple[Floats, Floats]:
    # Covariances at lags 0 to longest, and the size of the correlation of the overlapping parts.
    centred, n = values - values.mean(), len(values)
    covariance, correlation = np.empty(longest + 1), np.empty(longest + 1)
    for lag in range(longest + 1):
        early, late = centred[: n - lag], centred[lag:]
        covariance[lag] = (early * late).sum() / n
        # the norms are of one value less than the product, as in the reference implementation (arch 8)
        norm = (centred[lag + 1 :] ** 2).sum() * (centred[: n - lag - 1] ** 2).sum()
        correlation[lag] = abs(covariance[lag]) * n / np.sqrt(norm) if norm > 0 else 0.0
    return covariance, correlation


def _vanishing_lag(correlation: Floats, quiet: int, threshold: float, longest: int) -> int:
    small = correlation < threshold
    for lag in range(longest - quiet + 1):
        if small[lag : lag + quiet].all():
            return min(2 * max(lag, 1), longest)
    return longest

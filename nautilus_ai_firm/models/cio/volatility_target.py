"""Combined scores become weights that aim at one volatility for the whole portfolio."""

from math import inf, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats


def weights(
    combined: Floats,
    volatility_per_year: Floats,
    correlation: Floats,
    target_volatility_per_year: float,
    max_diversification_multiplier: float,
) -> Floats:
    """Size positions so that a portfolio of full-strength views has the target volatility.

    w_i = combined_i (target / volatility_i) (1 / N) M, with N the number of instruments that have a volatility,
    u_i = 1 / N on those, and the diversification multiplier M = min(max, 1 / √(u' R u)), R the correlation matrix
    (Carver 2015, Systematic Trading, chapters 9 to 11).

    Parameters
    ----------
    combined : ndarray of shape (n,)
        Combined scores in [-1, 1]: 1 is full strength, at which the instrument alone, held with all capital, would have
        the target volatility. A typical score of 0.5 (see the momentum model) uses half of it.
    volatility_per_year : ndarray of shape (n,)
        Annualised volatility of returns, a fraction.
    correlation : ndarray of shape (n, n)
        Correlation of returns.
    target_volatility_per_year : float
        Volatility of the portfolio at full strength, a fraction of equity, above 0.
    max_diversification_multiplier : float
        Upper bound of M, at least 1: estimated correlations jump to 1 when it matters.

    Returns
    -------
    ndarray of shape (n,)
        Weights as fractions of equity, signed; NaN (hold) where the score is NaN or the volatility is NaN or 0.

    Raises
    ------
    ValueError
        A target that is not above 0, or a bound below 1.

    """
    if not 0 < target_volatility_per_year < inf:
        raise ValueError(f"target_volatility_per_year is {target_volatility_per_year}, allowed is a number above 0")
    if not 1 <= max_diversification_multiplier < inf:
        raise ValueError(f"max_diversification_multiplier is {max_diversification_multiplier}, allowed is 1 or more")
    known = np.isfinite(volatility_per_year) & (volatility_per_year > 0)
    count = int(known.sum())
    if count == 0:
        return np.full(combined.shape, np.nan)
    portfolio_variance = float(correlation[np.ix_(known, known)].sum()) / count**2
    multiplier = max_diversification_multiplier
    if portfolio_variance > 0:
        multiplier = min(multiplier, 1 / sqrt(portfolio_variance))
    per_instrument = target_volatility_per_year * multiplier / count
    return combined * per_instrument / np.where(known, volatility_per_year, np.nan)

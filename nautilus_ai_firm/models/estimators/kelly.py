"""The odds of a bet, or returns, become the stake or leverage at which capital grows fastest."""

from math import inf, isfinite, nan

import numpy as np

from nautilus_ai_firm.messages import Floats

LARGEST_RETURN = 10.0
"""Size of a return per round above which a value must be an amount of money: a gain of 1,000 %."""


def even_money_fraction(probability: float, odds: float = 1.0) -> float:
    """Return f* = p - (1 - p) / b, the share of capital to stake (Kelly 1956, Bell System Technical Journal 35).

    Parameters
    ----------
    probability : float
        p, of a gain, in [0, 1].
    odds : float
        b, gain for a stake of one, above 0; 1 is even money.

    Returns
    -------
    float
        In [-1 / b, 1]; below 0 the other side is the better bet.

    Raises
    ------
    ValueError
        A probability or odds out of range.

    """
    if not 0 <= probability <= 1 or not 0 < odds < inf:
        raise ValueError(f"probability is {probability} and odds {odds}, allowed are 0 to 1 and a number above 0")
    return probability - (1 - probability) / odds


def continuous_fraction(mean: float, rate: float, volatility: float) -> float:
    """Return f* = (μ - r) / σ², the leverage of fastest growth (Thorp 2006, section 7).

    Parameters
    ----------
    mean, rate : float
        Mean return of the asset and interest rate, fractions over one period.
    volatility : float
        Standard deviation of returns over the same period, a fraction, above 0.

    Raises
    ------
    ValueError
        A volatility that is not above 0.

    """
    if not 0 < volatility < inf:
        raise ValueError(f"volatility is {volatility}, allowed is a number above 0")
    return (mean - rate) / volatility**2


def continuous_growth(fraction: float, mean: float, rate: float, volatility: float) -> float:
    """Return r + f (μ - r) - f² σ² / 2, the growth rate of capital per period at leverage f (Thorp 2006, section 7)."""
    return rate + fraction * (mean - rate) - fraction**2 * volatility**2 / 2


def growth_optimal_leverage(returns: Floats, rate: float = 0.0) -> float:
    """Return the leverage on a series of returns at which capital would have grown fastest, mean over variance.

    `continuous_fraction` of the mean and the standard deviation (of a sample) of the returns.

    Parameters
    ----------
    returns : ndarray of shape (n_rounds,)
        Returns on capital per round, fractions.
    rate : float
        Interest rate per round, a fraction.

    Returns
    -------
    float
        A multiple of the capital that earned the returns; NaN with fewer than two, and where they never differ.

    Raises
    ------
    ValueError
        A return that is not finite or beyond 10 in size: of amounts of money the result would be meaningless.

    """
    wrong = ~np.isfinite(returns) | (np.abs(returns) > LARGEST_RETURN)
    if bool(wrong.any()):
        place = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"returns[{place}] is {float(returns[place])}, allowed are fractions up to {LARGEST_RETURN:g} in size: "
            "returns on capital, not amounts of money"
        )
    volatility = float(returns.std(ddof=1)) if len(returns) > 1 else nan
    if not (isfinite(volatility) and volatility > 0):
        return nan
    return continuous_fraction(float(returns.mean()), rate, volatility)

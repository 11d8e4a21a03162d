"""Readings of an option chain's expiries become readings at one tenor."""

import numpy as np

from nautilus_ai_firm.messages import Floats

_REACH = 2.0
"""Beyond the first or the last expiry its reading stands for tenors of up to half and up to twice its time."""


def volatility_at(tenor_years: float, years: Floats, volatility: Floats) -> float:
    """Return the volatility of a tenor: total variance σ² T is linear between expiries.

    Parameters
    ----------
    tenor_years : float
        The tenor, above 0.
    years : ndarray of shape (n_expiries,)
        Times to expiry, ascending.
    volatility : ndarray of shape (n_expiries,)
        Per year; NaN is not known.

    Returns
    -------
    float
        Per year. Before the first expiry with a volatility and after the last one it is that of this expiry, if
        the tenor is between half and twice its time; otherwise NaN.

    """
    known = np.isfinite(volatility)
    years, volatility = years[known], volatility[known]
    if not _within_reach(tenor_years, years):
        return np.nan
    inside = float(np.clip(tenor_years, years[0], years[-1]))
    return float(np.sqrt(np.interp(inside, years, volatility**2 * years) / inside))


def value_at(tenor_years: float, years: Floats, values: Floats) -> float:
    """Return a reading of a tenor, linear in time between expiries and as in `volatility_at` beyond them."""
    known = np.isfinite(values)
    years, values = years[known], values[known]
    return float(np.interp(tenor_years, years, values)) if _within_reach(tenor_years, years) else np.nan


def _within_reach(tenor_years: float, years: Floats) -> bool:
    return len(years) > 0 and bool(years[0] / _REACH <= tenor_years <= years[-1] * _REACH)

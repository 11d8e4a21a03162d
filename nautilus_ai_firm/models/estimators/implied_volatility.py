"""Prices of options become the volatilities at which they are fair."""

from collections.abc import Callable

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options, Value, european_value

LOWEST, HIGHEST = 0.005, 5.0
"""Volatilities between which one is looked for, per year."""

_ITERATIONS = 100
_TOLERANCE = 1e-6
"""Steps of the search at most, and the step, per year, that is the last one; what remains is far smaller."""


type Valuation = Callable[[Options, Floats], Value]


def implied_volatility(options: Options, price: Floats, valuation: Valuation = american_value) -> Floats:
    """Find the volatility at which each option is worth its price.

    By Newton's method, halving the interval where that would leave it or hardly moves (the value rises with
    volatility): first on `european_value`, from the start of Manaster and Koehler (1982), then from there on
    `valuation`. The slope is gamma S² σ T, which is vega for a European option and nearly so for an American one.

    Parameters
    ----------
    options : Options
        The contracts.
    price : ndarray of shape (n_contracts,)
        Prices in the unit of the spot.
    valuation : callable
        `american_value`, or `european_value` for the volatility that a European option would have.

    Returns
    -------
    ndarray of shape (n_contracts,)
        Per year; NaN where the price is NaN, not above what exercise pays now, or not reached between 0.5 % and 500 %.

    Notes
    -----
    Out of the money and within half a year the volatilities of true American prices are found to 0.1 points in nine of
    ten, to 0.4 at worst. QuantLib is the judge of that and not the engine: its own search takes milliseconds a
    contract, it counts whole days, and the date of valuation is a global of the process.

    """
    possible = price > np.maximum(options.sign * (options.spot - options.strike), 0.0)
    found = np.full(len(price), np.nan)
    if possible.any():
        some = options.of(possible)
        forward = np.log(some.spot / some.strike) + some.carry * some.years
        start = np.clip(np.sqrt(2 * np.abs(forward) / some.years), 0.1, 2.0)
        start = _solve(european_value, some, price[possible], start)
        if valuation is not european_value:
            start = _solve(valuation, some, price[possible], start)
        inside = (start > 1.01 * LOWEST) & (start < 0.99 * HIGHEST)
        found[possible] = np.where(inside, start, np.nan)
    return found


def _solve(valuation: Valuation, options: Options, price: Floats, start: Floats) -> Floats:
    low, high = np.full(len(price), LOWEST), np.full(len(price), HIGHEST)
    volatility, before = start, np.full(len(price), HIGHEST)
    moving = np.ones(len(price), dtype=np.bool_)
    for _ in range(_ITERATIONS):
        worth = valuation(options, volatility)
        error = worth.price - price
        low, high = np.where(error < 0, volatility, low), np.where(error < 0, high, volatility)
        slope = worth.gamma * options.spot**2 * volatility * options.years
        step = error / np.where(slope > 0, slope, np.nan)
        # close to exercise the slope is no vega any more, and steps hardly get shorter
        newton = (np.abs(step) < before / 2) & (volatility - step > low) & (volatility - step < high)
        newton |= np.abs(step) <= _TOLERANCE
        after = np.where(newton, volatility - step, (low + high) / 2)
        before = np.abs(after - volatility)
        volatility = np.where(moving, after, volatility)
        moving &= before > _TOLERANCE
        if not moving.any():
            break
    return volatility

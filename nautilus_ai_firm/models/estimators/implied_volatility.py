"""Prices of options become the volatilities at which they are fair."""

from collections.abc import Callable
from math import inf, log, nan, sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.american_option import american_worth
from nautilus_ai_firm.models.estimators.european_option import Contract, Options, Worth, european_worth

LOWEST, HIGHEST = 0.005, 5.0
"""Volatilities between which one is looked for, per year."""

_ITERATIONS = 100
_TOLERANCE = 1e-6
"""Steps of the search at most, and the step, per year, that is the last one; what remains is far smaller."""


type Valuation = Callable[[Contract, float], Worth]


def implied_volatility(options: Options, price: Floats, valuation: Valuation = american_worth) -> Floats:
    """Find the volatility at which each option is worth its price.

    By Newton's method, halving the interval where that would leave it or hardly moves (the value rises with
    volatility): first on `european_worth`, from the start of Manaster and Koehler (1982), then from there on
    `valuation`. The slope is gamma S² σ T, which is vega for a European option and nearly so for an American one.

    Parameters
    ----------
    options : Options
        The contracts.
    price : ndarray of shape (n_contracts,)
        Prices in the unit of the spot.
    valuation : callable
        `american_worth`, or `european_worth` for the volatility that a European option would have.

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
    rows = zip(options.contracts(), (price / options.strike).tolist(), possible.tolist(), strict=True)
    found = [_volatility(valuation, contract, one) if may_be else nan for contract, one, may_be in rows]
    return np.array(found, dtype=np.float64)


def _volatility(valuation: Valuation, contract: Contract, price: float) -> float:
    forward = log(contract.moneyness) + contract.carry * contract.years
    start = min(max(sqrt(2 * abs(forward) / contract.years), 0.1), 2.0)
    found = _solve(european_worth, contract, price, start)
    if valuation is not european_worth:
        found = _solve(valuation, contract, price, found)
    return found if 1.01 * LOWEST < found < 0.99 * HIGHEST else nan


def _solve(valuation: Valuation, contract: Contract, price: float, start: float) -> float:
    low, high, volatility, before = LOWEST, HIGHEST, start, HIGHEST
    scale = contract.moneyness**2 * contract.years
    for _ in range(_ITERATIONS):
        worth = valuation(contract, volatility)
        error = worth.price - price
        if error < 0:
            low = volatility
        else:
            high = volatility
        slope = worth.gamma * scale * volatility
        step = error / slope if slope > 0 else inf
        after = volatility - step
        # close to exercise the slope is no vega any more, and steps hardly get shorter
        newton = abs(step) < before / 2 and low < after < high
        if not newton and abs(step) > _TOLERANCE:
            after = (low + high) / 2
        before = abs(after - volatility)
        volatility = after
        if not before > _TOLERANCE:
            break
    return volatility

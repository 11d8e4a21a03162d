"""Returns -> the usual figures of performance: CAGR, volatility, Sharpe, Sortino, drawdown, Calmar, omega, tails.

Every function takes an ndarray of shape (T,) or (T, N) of simple returns a period (fractions, finite) and returns one
figure for each series, NaN where it is not defined. Losses (drawdown, value at risk, expected shortfall) are positive.
"""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.returns import deviation

DAYS_PER_YEAR = 252.0
TAIL = 0.05


def total_return(returns: Floats) -> Floats:
    """Return Π (1 + r) - 1."""
    return np.prod(1.0 + returns, axis=0) - 1.0


def cagr(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> Floats:
    """Return the compound growth a year, (Π (1 + r))^(periods a year / T) - 1; NaN after a loss of more than all."""
    growth = np.asarray(1.0 + total_return(returns))
    return np.where(growth >= 0, np.abs(growth) ** (periods_per_year / len(returns)) - 1.0, np.nan)


def volatility_per_year(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> Floats:
    """Return the standard deviation (ddof 1) times the root of the periods a year; NaN for one period."""
    if len(returns) < 2:  # noqa: PLR2004 - one period does not vary
        return np.full(returns.shape[1:], np.nan)
    return deviation(returns) * np.sqrt(periods_per_year)


def sharpe_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> Floats:
    """Return mean / standard deviation (ddof 1), a year, without a risk-free rate (Sharpe 1994)."""
    return _over(returns.mean(axis=0) * periods_per_year, volatility_per_year(returns, periods_per_year))


def sortino_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> Floats:
    """Return mean / √(mean min(r, 0)²), a year (Sortino and van der Meer 1991): the root mean square of all periods."""
    if len(returns) < 2:  # noqa: PLR2004 - as volatility
        return np.full(returns.shape[1:], np.nan)
    downside = np.sqrt((np.minimum(returns, 0.0) ** 2).mean(axis=0))
    return _over(returns.mean(axis=0) * np.sqrt(periods_per_year), downside)


def drawdowns(returns: Floats) -> Floats:
    """Return 1 - wealth / highest wealth so far, that of the start included, after each period."""
    wealth = np.cumprod(1.0 + returns, axis=0)
    return 1.0 - wealth / np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0)


def max_drawdown(returns: Floats) -> Floats:
    """Return the largest drawdown, a fraction of the highest wealth before it."""
    return drawdowns(returns).max(axis=0)


def calmar_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> Floats:
    """Return CAGR / largest drawdown of the whole series (Young 1991 takes three years)."""
    return _over(cagr(returns, periods_per_year), max_drawdown(returns))


def omega_ratio(returns: Floats) -> Floats:
    """Return the sum of gains over the sum of losses about 0 (Keating and Shadwick 2002)."""
    if len(returns) < 2:  # noqa: PLR2004 - as volatility
        return np.full(returns.shape[1:], np.nan)
    return _over(np.maximum(returns, 0.0).sum(axis=0), -np.minimum(returns, 0.0).sum(axis=0))


def tail_ratio(returns: Floats) -> Floats:
    """Return the size of the 95th percentile over that of the 5th (linear interpolation)."""
    low, high = np.abs(np.quantile(returns, [TAIL, 1 - TAIL], axis=0))
    return _over(high, low)


def value_at_risk(returns: Floats, tail: float = TAIL) -> Floats:
    """Return the historical value at risk a period: minus the quantile of this tail (linear interpolation)."""
    return -np.quantile(returns, tail, axis=0)


def expected_shortfall(returns: Floats, tail: float = TAIL) -> Floats:
    """Return minus the mean of the worst ⌊(T - 1) tail⌋ + 1 returns."""
    worst = int((len(returns) - 1) * tail) + 1
    return -np.sort(returns, axis=0)[:worst].mean(axis=0)


def _over(above: Floats, below: Floats) -> Floats:
    return np.where(np.asarray(below) > 0, above / np.where(np.asarray(below) > 0, below, 1.0), np.nan)

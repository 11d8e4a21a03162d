"""Returns as given -> returns that can be measured, or one error that says what is wrong with them."""

import numpy as np

from nautilus_ai_firm.messages import Floats

ROUNDING = 8 * float(np.finfo(np.float64).eps)


def checked(returns: Floats, least: int = 1) -> Floats:
    """Refuse what is not a series of returns.

    Parameters
    ----------
    returns : ndarray of shape (T,) or (T, N)
        Simple returns a period, fractions; a column is a series.
    least : int
        Periods that are needed.

    Returns
    -------
    ndarray
        The same as float64.

    Raises
    ------
    ValueError
        There are too few periods, no series, more than two dimensions, or a value that is not finite.

    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim not in {1, 2} or values.size == 0:
        raise ValueError(f"returns have the shape {values.shape} (allowed: (T,) or (T, N), neither of them 0)")
    if len(values) < least:
        raise ValueError(f"returns of {len(values)} periods are too few (allowed: at least {least})")
    if not np.isfinite(values).all():
        place = tuple(int(one) for one in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(f"the return at {place} is {values[place]} (allowed: finite fractions)")
    return values


def deviation(returns: Floats) -> Floats:
    """Return the standard deviation (ddof 1) of each series, and 0 where all that varies is rounding.

    Parameters
    ----------
    returns : ndarray of shape (T,) or (T, N)
        At least two periods.

    """
    found = np.asarray(returns.std(axis=0, ddof=1))
    return np.where(found > ROUNDING * np.abs(returns).max(axis=0), found, 0.0)


def sharpe(returns: Floats) -> Floats:
    """Return the Sharpe ratio a period of each series, and 0 for a series without risk: it took none and earned none.

    So a trial that never traded counts as one without performance. Returns are in excess of what they are measured
    against: interest on idle cash, left in, is a series with hardly any risk.

    Parameters
    ----------
    returns : ndarray of shape (T,) or (T, N)
        At least two periods.

    """
    risk = deviation(returns)
    return np.where(risk > 0, returns.mean(axis=0) / np.where(risk > 0, risk, 1.0), 0.0)

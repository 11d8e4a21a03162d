"""Closes and their times become the variance that was realised, per year."""

import numpy as np

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.volatility import log_of_positive
from nautilus_ai_firm.models.estimators.window import RollingWindow, total

YEAR_NS = 365 * DAY_NS


class RealizedVariance:
    """Sum of squared log returns over the calendar time in which they were made (Andersen and Bollerslev 1998).

    Σ r² / Σ Δt over the last returns, Δt in years of 365 days: nights and weekends count with their time and with
    their moves, as they do in the volatility of an option, whatever the length of a bar is.

    Parameters
    ----------
    length : int
        Returns, at least 2; the standard error of the variance is √(2 / length) of it.
    n : int
        Number of instruments.

    Raises
    ------
    ValueError
        A length below 2.

    Notes
    -----
    NaN until there are `length` returns. A stale instrument, and a close that is not a finite positive number, leave
    the state as it was; the next return is over the gap and counts with its time.

    """

    def __init__(self, length: int, n: int) -> None:
        self._window = RollingWindow(length, (2, n))
        self._log_close: Floats = np.full(n, np.nan)
        self._ts_ns = np.zeros(n, dtype=np.int64)

    def update(self, ts_ns: int, close: Floats, fresh: Bools) -> Floats:
        """Take the closes of a round and return the variances per year, shape (n,)."""
        log_close = log_of_positive(close, fresh)
        observed = np.isfinite(log_close)
        moved = log_close - self._log_close
        years = np.where(np.isfinite(moved), (ts_ns - self._ts_ns) / YEAR_NS, np.nan)
        self._log_close = np.where(observed, log_close, self._log_close)
        self._ts_ns = np.where(observed, ts_ns, self._ts_ns)
        squares, times = total(self._window.update(np.stack([moved**2, years])))
        return squares / np.where(times > 0, times, np.nan)

"""Closes -> how directly an instrument went where it went in each year, and which years were trending."""

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats


def efficiency_ratio(close: Floats) -> float:
    """Return how much of the way led somewhere: |ln C_last / C_first| over the sum of |ln C_t / C_(t-1)|.

    Kaufman 1995, Smarter Trading, chapter 8, in logarithms. 1 is a straight line, 0 a way back to where it began.

    Parameters
    ----------
    close : ndarray of shape (n,)
        Closes, above 0; NaN where there are fewer than two or none differs.

    """
    steps = np.diff(np.log(close))
    way = float(np.abs(steps).sum())
    return abs(float(steps.sum())) / way if way else float("nan")


def efficiency_by_year(day: NDArray[np.int64], close: Floats, least: int = 120) -> dict[int, float]:
    """Return the efficiency ratio of each calendar year.

    Parameters
    ----------
    day : ndarray of shape (n,)
        Days since 1970, rising.
    close : ndarray of shape (n,)
        The day's last close.
    least : int
        Closes that a year needs; years with fewer are left out.

    """
    years = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return {
        int(year): efficiency_ratio(close[years == year])
        for year in np.unique(years)
        if int((years == year).sum()) >= least
    }


def trending(ratios: dict[tuple[str, int], float]) -> set[tuple[str, int]]:
    """Return the instrument-years whose ratio is above the median of all: half of them, whatever anything earned."""
    middle = float(np.median(list(ratios.values())))
    return {key for key, ratio in ratios.items() if ratio > middle}

"""A bar becomes one of the paths that could have made it, minute by minute."""

from math import log, sqrt

import numpy as np

from nautilus_ai_firm.data.columns import Floats

_PARKINSON = 4 * log(2)
_LEGS = 3


def minute_path(bar: Floats, pace: Floats, noise: Floats) -> Floats:
    """Draw a Brownian bridge through open, high, low and close.

    The path starts at the open, is at both extremes at two of its minutes, ends at the close, and never leaves the
    bar's range: open to low to high to close where the close is above the open, else open to high to low to close. Each
    of the three legs takes a time in proportion to its length over its pace. Around the legs it is a Brownian bridge in
    logs with the variance that the bar's range tells, (ln high / low)² / (4 ln 2) for the whole bar (Parkinson 1980).

    Parameters
    ----------
    bar : ndarray of shape (4,)
        Open, high, low and close.
    pace : ndarray of shape (3,)
        How fast each leg is, relative to the others, above 0.
    noise : ndarray of shape (n_minutes,)
        Standard normal numbers, at least 3 of them.

    Returns
    -------
    ndarray of shape (n_minutes,)
        Price at the end of each minute; the last one is the close.

    Raises
    ------
    ValueError
        Fewer than 3 minutes: no room for two extremes and a close.

    """
    n = len(noise)
    if n < _LEGS:
        raise ValueError(f"{n} minutes, allowed are {_LEGS} or more")
    opened, high, low, closed = np.log(bar).tolist()
    first, second = (low, high) if closed >= opened else (high, low)
    level = np.array([opened, first, second, closed])
    spent = np.add.accumulate((np.abs(np.diff(level)) + 1e-12) / pace)
    one, two = (spent[:2] / spent[2] * n).round().astype(int).tolist()
    one = min(max(one, 1), n - 2)
    at = np.array([0, one, min(max(two, one + 1), n - 1), n])
    walk = np.concatenate([[0.0], np.add.accumulate(noise)]) * (high - low) / sqrt(_PARKINSON * n)
    minutes = np.arange(n + 1)
    bridged = walk - np.interp(minutes, at, walk[at]) + np.interp(minutes, at, level)
    return np.exp(np.clip(bridged[1:], low, high))

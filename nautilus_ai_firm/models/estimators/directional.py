"""Bars become Wilder's average directional index: how much of the movement goes one way."""

from math import exp

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.significance import probability_below
from nautilus_ai_firm.models.estimators.wilder import WilderMean

PERIOD = 14
"""Bars in the means, Wilder's; the distribution on a random walk below holds for it."""

WALK_LOG_MEAN, WALK_LOG_DEVIATION = 3.10, 0.385
"""Mean and deviation of ln(ADX) on a random walk: the median is 22, and Wilder's 25 is the 62nd percentile."""


class DirectionalIndex:
    """Average directional index (Wilder 1978, New Concepts in Technical Trading Systems, section 4).

    Up is today's high less yesterday's, down is yesterday's low less today's; the larger one counts as directional
    movement where it is positive, the other as 0. The directional indicators are its mean over the mean true range,
    DX = 100 |+DI - -DI| / (+DI + -DI), and ADX the mean of DX. All means are Wilder's, over 14 bars.

    Parameters
    ----------
    n : int
        Number of instruments.

    Notes
    -----
    In [0, 100]; it says how directional the market is, not in which direction. NaN for an instrument without a bar in
    this round and before 28 bars. A bar over a gap is compared with the instrument's own last one. A bar after which no
    movement at all is in the means leaves the index as it was.

    """

    def __init__(self, n: int) -> None:
        self._bar: Floats = np.full((3, n), np.nan)
        self._movement = WilderMean(PERIOD, (3, n))
        self._index = WilderMean(PERIOD, n)

    def update(self, bar: Floats) -> Floats:
        """Take high, low and close, or their logarithms, shape (3, n), NaN where there is none; returns shape (n,)."""
        high, low, _ = bar
        up, down = high - self._bar[0], self._bar[1] - low
        true_range = np.maximum(high, self._bar[2]) - np.minimum(low, self._bar[2])
        plus = np.where(up > down, np.maximum(up, 0.0), 0.0)
        minus = np.where(down > up, np.maximum(down, 0.0), 0.0)
        observed = np.isfinite(true_range)
        self._bar = np.where(np.isfinite(high), bar, self._bar)
        plus, minus, _ = self._movement.update(np.where(observed, np.stack([plus, minus, true_range]), np.nan))
        moved = observed & (plus + minus > 0)
        index = self._index.update(100.0 * np.abs(plus - minus) / np.where(moved, plus + minus, np.nan))
        return np.where(observed, index, np.nan)


def persistence(index: Floats) -> Floats:
    """Return the share of random walks without drift whose average directional index is lower.

    Φ((ln ADX - 3.10) / 0.385), a log-normal fitted to simulated bars of 20 and of 100 steps each, good to 0.02.
    Bars that are a single price (high, low and close the same) have lower indices: there the share is too low.

    Parameters
    ----------
    index : ndarray of shape (n,)
        `DirectionalIndex` values.

    Returns
    -------
    ndarray of shape (n,)
        Shares in [0, 1]; NaN where the index is NaN.

    """
    logs = np.log(np.maximum(index, exp(-20.0)))  # an index of 0 is lower than all
    return probability_below((logs - WALK_LOG_MEAN) / WALK_LOG_DEVIATION)

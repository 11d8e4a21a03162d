"""A stream of values becomes Wilder's mean of them, and prices become his relative strength index."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.random_walk import MEAN_SIZE, Response


class WilderMean:
    """Smoothing of Wilder (1978, New Concepts in Technical Trading Systems).

    The simple mean of the first N observations, then m_t = m_{t-1} + (x_t - m_{t-1}) / N.

    Parameters
    ----------
    period : int
        N, observations, at least 1; the weights have the centre of mass N - 1, that of an EWMA of span 2 N - 1.
    shape : int or tuple of int
        Shape of the observations.

    Raises
    ------
    ValueError
        A period below 1.

    Notes
    -----
    An entry that is NaN or infinite is no observation and leaves that entry's state as it was.

    """

    def __init__(self, period: int, shape: int | tuple[int, ...]) -> None:
        if period < 1:
            raise ValueError(f"period is {period}, allowed is 1 or more")
        self._period = period
        self._mean: Floats = np.zeros(shape)
        self._count = np.zeros(shape, dtype=np.int64)

    def update(self, x: Floats) -> Floats:
        """Take one observation of each entry and return the means; NaN before the first `period` observations."""
        observed = np.isfinite(x)
        self._count = self._count + observed
        step = (x - self._mean) / np.minimum(np.maximum(self._count, 1), self._period)
        self._mean = np.where(observed, self._mean + step, self._mean)
        return np.where(self._count >= self._period, self._mean, np.nan)


class RelativeStrength:
    """Relative strength index: 100 mean gain / (mean gain + mean loss) (Wilder 1978, section 6).

    Means are Wilder's, over `period` changes of the price. The index lies in [0, 100]; 50 is no direction.

    Parameters
    ----------
    period : int
        Changes in the means; Wilder's is 14.
    n : int
        Number of instruments.

    Notes
    -----
    NaN for an instrument without a price in this round, before `period` changes, and while the price never moved.

    """

    def __init__(self, period: int, n: int) -> None:
        self._changes = WilderMean(period, (2, n))
        self._price: Floats = np.full(n, np.nan)

    def update(self, price: Floats) -> Floats:
        """Take the prices, or their logarithms, of a bar, NaN where there is none, and return the index, shape (n,)."""
        change = price - self._price
        self._price = np.where(np.isnan(price), self._price, price)
        gain, loss = self._changes.update(np.stack([np.maximum(change, 0.0), np.maximum(-change, 0.0)]))
        moved = np.isfinite(price) & (gain + loss > 0)
        return 100.0 * gain / np.where(moved, gain + loss, np.nan)


def relative_strength_response(period: int) -> Response:
    """Return what RSI / 50 - 1 adds up of past returns, to first order and in standard deviations of a return.

    RSI / 50 - 1 is the mean change over the mean size of a change; the latter is √(2 / π) deviations where returns are
    normal.
    """
    gain = 1 / period
    return Response(poles=(1 - gain,), weights=(gain / MEAN_SIZE,))

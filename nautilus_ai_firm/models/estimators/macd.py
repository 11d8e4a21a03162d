"""Prices become moving average convergence and divergence."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.ewma import Ewma, decay
from nautilus_ai_firm.models.estimators.random_walk import Response


class MacdHistogram:
    """Histogram of moving average convergence and divergence: the line less its own average.

    line = EWMA(x; fast) - EWMA(x; slow), histogram = line - EWMA(line; signal) (Appel 1979, The Moving Average
    Convergence-Divergence Trading Method, for line and signal; Aspray 1986 for the histogram).

    Parameters
    ----------
    fast, slow, signal : int
        Spans in bars; Appel's are 12, 26 and 9.
    n : int
        Number of instruments.

    Notes
    -----
    In the unit of the prices; of log prices it is a fraction. NaN for an instrument without a price in this round and
    before `slow` + `signal` - 1 prices. The averages have finite-sample weights, so the first values differ from those
    of programs that start from a simple mean, by a part that dies out at the speed of the slow average.

    """

    def __init__(self, fast: int, slow: int, signal: int, n: int) -> None:
        self._slow, self._signal = slow, signal
        self._means = Ewma([[fast], [slow]], (2, n))
        self._average = Ewma(signal, n)

    def update(self, price: Floats) -> Floats:
        """Take the prices, or their logarithms, of a bar, NaN where there is none; returns histograms, shape (n,)."""
        fast, slow = self._means.update(np.stack([price, price]))
        warm = np.isfinite(price) & (self._means.count[0] >= self._slow)
        line = np.where(warm, fast - slow, np.nan)
        average = self._average.update(line)
        return np.where(self._average.count >= self._signal, line - average, np.nan)


def macd_response(fast: int, slow: int, signal: int) -> Response:
    """Return what the histogram of log prices adds up of past returns, once it is warm."""
    a, b, g = decay([fast, slow, signal]).tolist()
    # the line has the poles a and b; its average has them too, and g besides
    kept_a, kept_b = (pole - (1 - g) * pole**2 / (pole - g) for pole in (a, b))
    tail = (1 - g) * g * (b / (b - g) - a / (a - g))
    return Response(poles=(a, b, g), weights=(-kept_a, kept_b, tail))

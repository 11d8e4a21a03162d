"""Two log prices become a hedge ratio that follows them, and the spread that it leaves."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class KalmanHedge:
    """Kalman filter of y = intercept + slope x, both wandering, for many pairs at once.

    The recursion of Chan (2013, Algorithmic Trading, chapter 3) with the state b = (intercept, slope), h = (1, x):

        R = P + δ / (1 - δ) I      e = y - h b      Q = h R h' + V      K = R h' / Q      b += K e      P = R - K h R

    Chan leaves V and the units to the user. Here y and x are standardised by mean and deviation of the window that
    starts a pair, and the filter starts from the least-squares line through it: b = (0, c), V = 1 - c² and P = V / L I
    with c the correlation and L the length of the window. So δ means the same for every pair.

    Parameters
    ----------
    delta : float
        δ, above 0 and below 1: how fast the state wanders. The filter remembers about √(V (1 - δ) / δ) observations.
    n : int
        Number of pairs.

    Attributes
    ----------
    started : ndarray of shape (n,)
        Pairs that have a state.
    ratio : ndarray of shape (n,)
        Hedge ratio: log price of y per log price of x; NaN before the start.

    Raises
    ------
    ValueError
        A δ out of range.

    Notes
    -----
    An observation in which either is NaN leaves the pair's state as it was: there the state does not wander either.

    """

    def __init__(self, delta: float, n: int) -> None:
        if not 0 < delta < 1:
            raise ValueError(f"delta is {delta}, allowed is above 0 and below 1")
        self._wander = delta / (1 - delta)
        self.started: Bools = np.zeros(n, dtype=np.bool_)
        self.ratio: Floats = np.full(n, np.nan)
        self._mean: Floats = np.full((2, n), np.nan)  # of y and of x in the window of the start
        self._scale: Floats = np.full((2, n), np.nan)
        self._noise: Floats = np.full(n, np.nan)
        self._state: Floats = np.full((2, n), np.nan)
        self._variance: Floats = np.full((3, n), np.nan)  # of the intercept, of both, of the slope

    def start(self, place: int, y: Floats, x: Floats) -> None:
        """Start a pair from a window of log prices, oldest first; one that never moved, or moves as one, stays out."""
        window = np.stack([y, x])
        mean = window.mean(axis=1)
        scale = np.sqrt(((window - mean[:, np.newaxis]) ** 2).mean(axis=1))
        if not bool((scale > 0).all()):
            return
        correlation = float(((y - mean[0]) * (x - mean[1])).mean() / (scale[0] * scale[1]))
        noise = 1 - correlation**2
        if not noise > 0:
            return
        self.started[place] = True
        self._mean[:, place], self._scale[:, place], self._noise[place] = mean, scale, noise
        self._state[:, place] = 0.0, correlation
        self._variance[:, place] = noise / len(y), 0.0, noise / len(y)
        self.ratio[place] = correlation * scale[0] / scale[1]

    def update(self, y: Floats, x: Floats) -> Floats:
        """Take a log price of each, shape (n,), and return the spreads e before the state learns from them.

        The spread is in log price of y, a fraction of its price; NaN for pairs without a state or an observation.
        """
        pair = np.stack([y, x])
        observed = np.isfinite(pair).all(axis=0) & self.started
        own, other = (np.where(observed, pair, np.nan) - self._mean) / self._scale
        spread = own - self._state[0] - self._state[1] * other
        level, both, slope = self._variance
        level, slope = level + self._wander, slope + self._wander
        towards_level, towards_slope = level + other * both, both + other * slope
        forecast = towards_level + other * towards_slope + self._noise
        gain_level, gain_slope = towards_level / forecast, towards_slope / forecast
        state = self._state + np.stack([gain_level, gain_slope]) * spread
        variance = np.stack(
            [
                level - gain_level * towards_level,
                both - gain_level * towards_slope,
                slope - gain_slope * towards_slope,
            ]
        )
        self._state = np.where(observed, state, self._state)
        self._variance = np.where(observed, variance, self._variance)
        self.ratio = self._state[1] * self._scale[0] / self._scale[1]
        return spread * self._scale[0]

"""Events and moves become reactions: how far an instrument moved in its first bars after an event, in deviations."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, Times
from nautilus_ai_firm.models.estimators.significance import confidence


class Reactions:
    """Normalised moves over the first bars after events, and how much wilder than other moves they have been.

    The reaction to an event is z = Σ move / √(Σ expected variance) over the instrument's first `bars` bars that close
    after it. Over the N reactions to a kind so far, V = Σ z² is χ² with N degrees of freedom if bars after events
    are like others, and √(2 V) - √(2 N - 1) is then about standard normal (Fisher 1925, Statistical Methods for
    Research Workers, section 20).

    Parameters
    ----------
    bars : int
        Bars of a reaction, at least 1.
    n_kinds, n : int
        Number of kinds of events and of instruments.

    Attributes
    ----------
    z : ndarray of shape (n_kinds, n)
        Reactions that became complete with the last update; NaN elsewhere.
    open : ndarray of bool of shape (n,)
        Whether the last update was part of a reaction to any kind.

    Notes
    -----
    A bar without a move leaves its reactions waiting. A new event of the same kind starts its reaction afresh. A
    reaction whose expected variance is not known, or is zero, is NaN and is not counted.

    """

    def __init__(self, bars: int, n_kinds: int, n: int) -> None:
        self._bars = bars
        shape = (n_kinds, n)
        self._left: Times = np.zeros(shape, dtype=np.int64)
        self._move: Floats = np.zeros(shape)
        self._variance: Floats = np.zeros(shape)
        self._count: Times = np.zeros(shape, dtype=np.int64)
        self._squares: Floats = np.zeros(shape)
        self.z: Floats = np.full(shape, np.nan)
        self.open: Bools = np.zeros(n, dtype=np.bool_)

    def start(self, happened: Bools) -> None:
        """Take which events happened, shape (n_kinds, n); their bars come with the next updates."""
        self._left = np.where(happened, self._bars, self._left)
        self._move = np.where(happened, 0.0, self._move)
        self._variance = np.where(happened, 0.0, self._variance)

    def update(self, move: Floats, variance: Floats) -> None:
        """Take moves (NaN where there is no bar) and the variances expected of them, both of shape (n,)."""
        taken = (self._left > 0) & np.isfinite(move)
        self._move = np.where(taken, self._move + move, self._move)
        self._variance = np.where(taken, self._variance + variance, self._variance)
        self._left = self._left - taken
        known = taken & (self._left == 0) & (self._variance > 0)
        self.z = self._move / np.sqrt(np.where(known, self._variance, np.nan))
        self._count = self._count + known
        self._squares = self._squares + np.where(known, self.z**2, 0.0)
        self.open = taken.any(axis=0)

    def wildness(self, least: int) -> Floats:
        """Return 2 Φ(max(√(2 V) - √(2 N - 1), 0)) - 1, shape (n_kinds, n); NaN with fewer than `least` reactions."""
        known = self._count >= max(least, 1)
        excess = np.sqrt(2 * self._squares) - np.sqrt(np.where(known, 2 * self._count - 1, np.nan))
        return confidence(np.maximum(excess, 0.0).ravel()).reshape(excess.shape)

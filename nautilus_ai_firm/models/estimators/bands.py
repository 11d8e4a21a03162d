"""z-scores become positions: in beyond one band, out inside another, stopped beyond a third."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class SpreadBands:
    """Whether each spread is traded, and on which side.

    A spread with entry <= |z| <= stop is entered against its deviation. It is left where it has come back to
    |z| <= exit or crossed 0, and stopped beyond |z| > stop; after a stop it must come back inside the entry band before
    it is entered again.

    Parameters
    ----------
    entry_z, exit_z, stop_z : float
        Bands, 0 <= exit < entry < stop.
    n : int
        Number of spreads.

    Attributes
    ----------
    side : ndarray of shape (n,)
        +1 where the spread is bought, -1 where it is sold, 0 where it is not traded.

    Notes
    -----
    A z-score of NaN leaves its spread as it was.

    """

    def __init__(self, entry_z: float, exit_z: float, stop_z: float, n: int) -> None:
        self._entry, self._exit, self._stop = entry_z, exit_z, stop_z
        self.side: Floats = np.zeros(n)
        self._armed: Bools = np.ones(n, dtype=np.bool_)

    def update(self, z: Floats, may_enter: Bools, may_stay: Bools) -> Bools:
        """Take the z-scores, shape (n,), and return where a position has just ended.

        `may_enter` and `may_stay` say where a position may begin and where it may go on.
        """
        size, known, held = np.abs(z), np.isfinite(z), self.side != 0
        stopped = size > self._stop
        out = known & held & (stopped | (-self.side * z <= self._exit) | ~may_stay)
        in_band = (size >= self._entry) & ~stopped
        begun = known & ~held & self._armed & in_band & may_enter
        self._armed = np.where(known, ~stopped & (self._armed | (size < self._entry)), self._armed)
        self.side = np.where(out, 0.0, np.where(begun, -np.sign(z), self.side))
        return out

"""Positions and closes become stop levels that only tighten, and the exits that no resting stop can make."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats


class StopCause(StrEnum):
    """Which rule set a level, or asks for an exit."""

    INITIAL = "initial stop"
    TRAILING = "trailing stop"
    BREAK_EVEN = "break-even stop"
    TIME = "time stop"
    CROSSED = "stop level crossed at the close"


LEVELS = (StopCause.INITIAL, StopCause.TRAILING, StopCause.BREAK_EVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRules:
    """Where stops stand; None is a rule that does not apply.

    Attributes
    ----------
    initial_atr : float, optional
        Distance of the first level from the entry price, average true ranges.
    initial_fraction : float, optional
        The same as a fraction of the entry price; one of the two is given.
    trailing_atr : float, optional
        Distance of the trailing level from the best close since the entry, average true ranges.
    break_even_gain : float, optional
        Gain at a close, fraction of the entry price, from which on the level is at least the entry price.
    max_rounds : int, optional
        Fresh rounds after which a position is closed whatever it has earned.

    Raises
    ------
    ValueError
        None or both of the initial distances, or a value that is not above 0 and finite.

    """

    initial_atr: float | None = None
    initial_fraction: float | None = None
    trailing_atr: float | None = None
    break_even_gain: float | None = None
    max_rounds: int | None = None

    def __post_init__(self) -> None:
        """Refuse rules without a first level."""
        if (self.initial_atr is None) == (self.initial_fraction is None):
            raise ValueError("initial_atr and initial_fraction: exactly one of them is to be given")
        for name in ("initial_atr", "initial_fraction", "trailing_atr", "break_even_gain", "max_rounds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{name} is {value}, allowed is a finite number above 0")


class StopLevels:
    """Levels of every position, long or short, whoever opened it.

    Let s be the sign of a position, E its entry price and A the average true range. The candidates are

        initial     E - s initial_atr A   or   E (1 - s initial_fraction),
        trailing    C - s trailing_atr A, with C the best close since the entry (Le Beau's chandelier, on closes),
        break-even  E, once s (close / E - 1) >= break_even_gain,

    and the level is the tightest that there ever was: s level never falls. A candidate that the close has passed is no
    level, for an order there would fill at a price that is over: the position is to be closed instead, at the next
    price that there is.

    Parameters
    ----------
    rules : StopRules
        What applies.
    n : int
        Number of instruments.

    Attributes
    ----------
    level : ndarray of shape (n,)
        Trigger prices; NaN where there is no position, or no level is known yet.

    Notes
    -----
    An instrument without a bar in a round keeps its level and does not age. Without an average true range (warm-up)
    there is no level from it; the first that is known sets the initial one, from the entry price. A level that would
    not be above 0 is none. What happens in a round is used from its close on.

    """

    def __init__(self, rules: StopRules, n: int) -> None:
        self.level: Floats = np.full(n, np.nan)
        self._rules = rules
        self._side: Floats = np.zeros(n)
        self._entry: Floats = np.full(n, np.nan)
        self._best: Floats = np.full(n, np.nan)
        self._rounds = np.zeros(n, dtype=np.int64)
        self._atr: Floats = np.full(n, np.nan)
        self._cause = np.zeros(n, dtype=np.int64)

    def cause(self, place: int) -> StopCause:
        """Name the rule that set an instrument's level."""
        return LEVELS[int(self._cause[place])]

    def offer(self, place: int, side: int, price: float) -> float:
        """Return where the first level of a position would be that is opened at a price; NaN where it is not known."""
        return self._first(side, price, float(self._atr[place]))

    def fill(self, place: int, position: int, price: float) -> bool:
        """Take a position after a fill, signed, and its average entry price; say whether it got its first level."""
        side = float((position > 0) - (position < 0))
        self._entry[place] = price
        if side == self._side[place]:
            return False
        self._side[place] = side
        self._best[place] = price
        self._rounds[place] = self._cause[place] = 0
        level = self._first(side, price, float(self._atr[place])) if side else nan
        self.level[place] = level
        return isfinite(level)

    def update(
        self, positions: NDArray[np.int64], prices: Floats, close: Floats, fresh: Bools, atr: Floats
    ) -> tuple[Bools, list[tuple[int, StopCause]]]:
        """Take a closed round.

        Parameters
        ----------
        positions : ndarray of shape (n,)
            Filled quantities, signed.
        prices : ndarray of shape (n,)
            Average entry prices; anything where there is no position.
        close : ndarray of shape (n,)
            Closes; not looked at where the instrument is not fresh.
        fresh : ndarray of shape (n,)
            Whether the instrument has a bar in this round.
        atr : ndarray of shape (n,)
            Average true ranges, price units, NaN where not known.

        Returns
        -------
        changed : ndarray of bool of shape (n,)
            Where there is a new level.
        exits : list of tuple of int and StopCause
            Places of positions to be closed, in the order of the universe, and why.

        """
        self._atr = np.array(atr)
        side = np.sign(positions).astype(np.float64)
        self._forget(side != self._side, side, prices)
        held = side != 0
        self._entry = np.where(held, prices, np.nan)
        seen = held & fresh & np.isfinite(close)
        self._rounds = self._rounds + seen
        self._best = np.where(seen, side * np.fmax(side * self._best, side * close), self._best)
        tightest, cause = self._tightest(side, close)
        tighter = seen & (side * tightest > np.where(np.isnan(self.level), -inf, side * self.level))
        passed = tighter & (side * (close - tightest) <= 0)
        changed = tighter & ~passed
        self.level = np.where(changed, tightest, self.level)
        self._cause = np.where(changed, cause, self._cause)
        late = held & (self._rounds >= (self._rules.max_rounds or np.iinfo(np.int64).max))
        exits = [
            (place, StopCause.TIME if late[place] else StopCause.CROSSED)
            for place in np.flatnonzero(late | passed).tolist()
        ]
        return changed, exits

    def _forget(self, places: Bools, side: Floats, prices: Floats) -> None:
        """Begin anew where a position was closed, opened or turned."""
        self._side = np.where(places, side, self._side)
        self._entry = np.where(places, prices, self._entry)
        self._best = np.where(places, prices, self._best)
        self._rounds = np.where(places, 0, self._rounds)
        self._cause = np.where(places, 0, self._cause)
        self.level = np.where(places, np.nan, self.level)

    def _first(self, side: float, price: float, atr: float) -> float:
        """Return the initial level of one position; NaN where it is not known, or would not be above 0."""
        rules = self._rules
        if rules.initial_fraction is not None:
            level = price * (1.0 - side * rules.initial_fraction)
        else:
            level = price - side * (rules.initial_atr or 0.0) * atr
        return level if level > 0 else nan

    def _initial(self) -> Floats:
        rules = self._rules
        if rules.initial_fraction is not None:
            level = self._entry * (1.0 - self._side * rules.initial_fraction)
        else:
            level = self._entry - self._side * (rules.initial_atr or 0.0) * self._atr
        return np.where(level > 0, level, np.nan)

    def _tightest(self, side: Floats, close: Floats) -> tuple[Floats, NDArray[np.int64]]:
        rules, nothing = self._rules, np.full(len(side), np.nan)
        first = np.where(np.isnan(self.level), self._initial(), nothing)
        trailing = nothing if rules.trailing_atr is None else self._best - side * rules.trailing_atr * self._atr
        gain, enough = side * (close / self._entry - 1.0), rules.break_even_gain
        even = nothing if enough is None else np.where(gain >= enough, self._entry, np.nan)
        candidates = np.stack([first, np.where(trailing > 0, trailing, np.nan), even])
        ranked = np.where(np.isnan(candidates), -inf, side * candidates)
        best = np.argmax(ranked, axis=0)
        return np.take_along_axis(candidates, best[None], axis=0)[0], best

"""Positions become the prices at which they are closed with a profit: set once, from the entry price."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeProfitRules:
    """How far from the entry price profits are taken; without either, never.

    Attributes
    ----------
    atr : float, optional
        Distance in average true ranges.
    fraction : float, optional
        The same as a fraction of the entry price.

    Raises
    ------
    ValueError
        Both of them, or a distance that is not above 0 and finite.

    """

    atr: float | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        """Refuse two distances, and one that is none."""
        if self.atr is not None and self.fraction is not None:
            raise ValueError("take_profit_atr and take_profit_fraction: at most one of them is to be given")
        for name, value in (("take_profit_atr", self.atr), ("take_profit_fraction", self.fraction)):
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{name} is {value}, allowed is a finite number above 0")


class TakeProfits:
    """Limits of every position, long or short.

    Let s be the sign of a position, E its entry price when the limit is first known and A the average true range then:

        E + s atr A   or   E (1 + s fraction).

    It stays where it is while the position keeps its sign, whatever is added to it.

    Parameters
    ----------
    rules : TakeProfitRules
        What applies.
    n : int
        Number of instruments.

    Attributes
    ----------
    level : ndarray of shape (n,)
        Limits; NaN where there is no position, or none is known: no rule, no average true range yet, or a price that
        would not be above 0.

    """

    def __init__(self, rules: TakeProfitRules, n: int) -> None:
        self.level: Floats = np.full(n, np.nan)
        self._rules = rules
        self._side: Floats = np.zeros(n)
        self._atr: Floats = np.full(n, np.nan)

    def offer(self, place: int, side: int, price: float) -> float:
        """Return where the limit of a position would be that is opened at a price; NaN where it is not known."""
        return float(self._limits(np.array(float(side)), np.array(price), self._atr[place]))

    def fill(self, place: int, position: int, price: float) -> bool:
        """Take a position after a fill, signed, and its average entry price; say whether it got its limit."""
        if np.sign(position) == self._side[place]:
            return False
        self._side[place] = np.sign(position)
        self.level[place] = self.offer(place, int(np.sign(position)), price) if position else np.nan
        return bool(np.isfinite(self.level[place]))

    def update(self, positions: NDArray[np.int64], prices: Floats, atr: Floats) -> Bools:
        """Take a closed round: quantities, signed, entry prices and average true ranges; say where a limit is new."""
        self._atr = np.array(atr)
        side = np.sign(positions).astype(np.float64)
        kept = np.where(side == self._side, self.level, np.nan)
        self._side = side
        self.level = np.where((side != 0) & np.isnan(kept), self._limits(side, prices, self._atr), kept)
        return np.isfinite(self.level) & np.isnan(kept)

    def _limits(self, side: Floats, prices: Floats, atr: Floats) -> Floats:
        if self._rules.fraction is not None:
            limits = prices * (1.0 + side * self._rules.fraction)
        elif self._rules.atr is not None:
            limits = prices + side * self._rules.atr * atr
        else:
            limits = np.full(np.shape(side), np.nan)
        return np.where(limits > 0, limits, np.nan)

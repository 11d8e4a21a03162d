"""A position's quantity and average price become its layers: what each holds, at which price, and where it stops."""

from dataclasses import dataclass
from math import inf, isfinite, nan

from nautilus_ai_firm.messages import PyramidLayer


@dataclass(slots=True, kw_only=True)
class Layer:
    """One layer; prices are NaN where there is none.

    Attributes
    ----------
    number : int
        1 is the first.
    weight : float
        What was decided for it, fraction of equity, signed.
    intended : float
        |intended weight| that its present quantity is a share of.
    quantity : int
        Filled and held, not signed.
    entry_price, stop : float
        Average price of its fills, and trigger price of its stop.
    gain : float
        Gain over the entry price at which it is closed, a fraction; NaN is never.
    closing : bool
        Whether it is to be closed.
    was_filled : bool
        Whether it ever held anything.

    """

    number: int
    weight: float
    intended: float
    gain: float = nan
    quantity: int = 0
    entry_price: float = nan
    stop: float = nan
    closing: bool = False
    was_filled: bool = False

    def take_profit(self, side: int) -> float:
        """Return the price at which it is closed with a profit."""
        return self.entry_price * (1.0 + side * self.gain)

    def message(self, side: int) -> PyramidLayer:
        """Return what others are told of it."""
        return PyramidLayer(
            number=self.number,
            weight=self.weight,
            quantity=side * self.quantity,
            entry_price=_known(self.entry_price),
            stop=_known(self.stop),
            take_profit=_known(self.take_profit(side)),
        )


class Layers:
    """The layers of one position, long or short.

    Parameters
    ----------
    side : int
        1 is long, -1 is short.

    Attributes
    ----------
    open : list of Layer
        Those that hold something or wait for their fill, by number.
    unlocked : int
        Layers so far, closed ones included.
    average : float
        Average entry price of the position, NaN without one.
    exited : int
        What exits of layers closed since the layers were last brought to the position, not signed.

    """

    __slots__ = ("average", "exited", "open", "side", "unlocked")

    def __init__(self, side: int) -> None:
        self.side = side
        self.open: list[Layer] = []
        self.unlocked = 0
        self.average = nan
        self.exited = 0

    @property
    def quantity(self) -> int:
        """Sum of the layers, not signed."""
        return sum(layer.quantity for layer in self.open)

    def shrunk(self, intended: float) -> float:
        """Return the share of the layers that stays when |intended weight| falls; 1 where it did not.

        Every layer falls with what it was made for, and none grows.
        """
        kept = [layer for layer in self.open if layer.quantity and not layer.closing]
        total = sum(layer.quantity for layer in kept)
        if all(intended >= layer.intended for layer in kept):
            return 1.0
        return sum(layer.quantity * min(1.0, intended / layer.intended) for layer in kept) / total

    def add(self, layer: Layer) -> None:
        """Unlock a layer."""
        self.open.append(layer)
        self.unlocked = layer.number

    def exit(self, number: int, quantity: int) -> None:
        """Take what the exit of a layer filled from that layer, as far as it was known to be held."""
        for layer in self.open:
            if layer.number == number:
                gone = min(quantity, layer.quantity)
                layer.quantity -= gone
                self.exited += gone

    def settle(self, quantity: int, average: float, low: float, high: float) -> None:
        """Bring the layers to the position that there is.

        What came was bought by the newest layer, at the price that moved the average to where it is, cut to the range
        since the last close; before what exits closed, for additions leave with the first price of a round. What went,
        and was no layer's own exit, is taken from layers whose stop lies in that range, then from those that are to
        be closed or whose profit level lies in it, the newest first, and then from all in proportion: what these were
        made for falls with them.

        Parameters
        ----------
        quantity : int
            What is held now, not signed.
        average : float
            Its average entry price.
        low, high : float
            The range since the last close, that close included; NaN where the round has no bar.

        """
        before, difference, exited = self.average, quantity - self.quantity, self.exited
        self.exited = 0
        if difference > 0:
            held = self.quantity + exited
            paid = (quantity + exited) * average - (held * before if held else 0.0)
            price = paid / difference
            if low <= high:
                price = min(max(price, low), high)
            self._fill(difference, price if isfinite(price) and price > 0 else average)
        elif difference < 0:
            self._take(-difference, low, high)
        self.open = [layer for layer in self.open if layer.quantity or not layer.was_filled]
        self.average = average if quantity else nan

    def fall_to(self, intended: float) -> None:
        """Let no layer be made for more than this |intended weight|."""
        for layer in self.open:
            layer.intended = min(layer.intended, intended)

    def protect(self, close: float, distance: float, filled: frozenset[int], *, break_even: bool) -> None:
        """Set the stops of what is held.

        Parameters
        ----------
        close : float
            Close of the round.
        distance : float
            Of a stop from its layer's entry price; NaN where it is not known.
        filled : frozenset of int
            Layers that got their first fill in this round. Another one without a stop gets it from the close where
            that is worse than its entry price: it was not late, the distance was not known before.
        break_even : bool
            Whether no stop is worse than the average entry price once a second layer is held and the close lies beyond
            that price.

        """
        for layer in self.open:
            if layer.quantity and layer.number in filled:
                self.tighten(layer, layer.entry_price - self.side * distance)
            elif layer.quantity and not isfinite(layer.stop):
                behind = self.side * min(self.side * layer.entry_price, self.side * close)
                self.tighten(layer, behind - self.side * distance)
        second = any(layer.number > 1 and layer.quantity for layer in self.open)
        if break_even and second and self.side * (close - self.average) > 0:
            self.tighten_all(self.average)

    def tighten(self, layer: Layer, level: float) -> None:
        """Move a layer's stop to a level that is tighter; it never loosens."""
        if level > 0 and (not isfinite(layer.stop) or self.side * (level - layer.stop) > 0):
            layer.stop = level

    def tighten_all(self, level: float) -> None:
        """Move every stop to a level where it is tighter."""
        for layer in self.open:
            self.tighten(layer, level)

    def is_stopped(self, low: float, high: float) -> bool:
        """Whether any stop lies in a range, or on the near side of it."""
        worst = low if self.side > 0 else high
        return any(self.side * (worst - layer.stop) <= 0 for layer in self.open)

    def _fill(self, quantity: int, price: float) -> None:
        newest = self.open[-1]
        held = newest.quantity * newest.entry_price if newest.quantity else 0.0
        newest.entry_price = (held + quantity * price) / (newest.quantity + quantity)
        newest.quantity += quantity
        newest.was_filled = True

    def _take(self, quantity: int, low: float, high: float) -> None:
        worst, best = (low, high) if self.side > 0 else (high, low)
        newest = self.open[::-1]
        stopped = [layer for layer in newest if self.side * (worst - layer.stop) <= 0]
        done = [layer for layer in newest if layer.closing or self.side * (best - layer.take_profit(self.side)) >= 0]
        for layer in (*stopped, *done):
            gone = min(quantity, layer.quantity)
            layer.quantity -= gone
            quantity -= gone
        total, taken, seen = self.quantity, 0, 0
        for layer in self.open:  # cumulative shares, so that they add up to the whole
            seen += layer.quantity
            gone = quantity * seen // total - taken if total else 0
            taken += gone
            if gone:
                layer.intended *= 1.0 - gone / layer.quantity
                layer.quantity -= gone


def _known(price: float) -> float | None:
    return price if abs(price) < inf else None

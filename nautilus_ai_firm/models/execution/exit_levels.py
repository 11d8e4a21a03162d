"""Commands about stops and take profits -> levels of a position and of its layers, and how much each is to cover."""

from dataclasses import dataclass

BASE = 0
"""The level of a position without layers, and of what no layer covers."""


@dataclass(slots=True, kw_only=True)
class ExitLevel:
    """Where a position, or one layer of it, is closed.

    Attributes
    ----------
    sign : int
        Of the position.
    trigger : float or None
        Stop; it only tightens.
    cause : str
        Which rule set it.
    take : float or None
        Take profit.
    quantity : int or None
        Of the layer, unsigned, instrument units; None is all that no layer covers.

    """

    sign: int
    trigger: float | None = None
    cause: str = ""
    take: float | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the orders of one layer are to be: quantity unsigned, prices where there are levels."""

    layer: int
    quantity: int
    trigger: float | None
    take: float | None


def allocate(quantity: int, layers: list[int], *, has_base: bool) -> tuple[list[int], int]:
    """Divide what is to be covered among layers, oldest first, so that the newest gives way first.

    Parameters
    ----------
    quantity : int
        To be covered, unsigned.
    layers : list of int
        Quantities of the layers, unsigned, the oldest first.
    has_base : bool
        Whether the position has a level of its own, which covers what the layers leave; without, the newest does.

    Returns
    -------
    tuple of list of int and int
        For each layer, and for the level of the position; together they are `quantity`, where there is any level.

    """
    shares: list[int] = []
    left = quantity
    for layer in layers:
        shares.append(min(left, layer))
        left -= shares[-1]
    if has_base or not layers:
        return shares, left if has_base else 0
    shares[-1] += left
    return shares, 0


class ExitLevels:
    """Levels of every instrument, by layer; those of a position that is closed or turned are forgotten.

    Parameters
    ----------
    n : int
        Number of instruments.

    """

    def __init__(self, n: int) -> None:
        self._levels: list[dict[int, ExitLevel]] = [{} for _ in range(n)]

    def of(self, place: int) -> dict[int, ExitLevel]:
        """Return the levels of an instrument, by layer; not to be changed."""
        return self._levels[place]

    def set_stop(self, place: int, layer: int, sign: int, trigger: float, cause: str, quantity: int | None) -> None:
        """Take a stop; one that would loosen the last is no level, but the quantity of the layer counts.

        A layer of quantity 0 is over.
        """
        if quantity == 0:
            self._levels[place].pop(layer, None)
            return
        level = self._level(place, layer, sign)
        level.quantity = quantity
        if level.trigger is None or sign * (trigger - level.trigger) >= 0:
            level.trigger, level.cause = trigger, cause

    def set_take(self, place: int, layer: int, sign: int, price: float, quantity: int | None) -> None:
        """Take a take profit."""
        level = self._level(place, layer, sign)
        level.take = price
        level.quantity = level.quantity if quantity is None else quantity

    def keep(self, place: int, sign: int) -> None:
        """Forget what belonged to a position of another sign."""
        levels = self._levels[place]
        for level in levels.values():  # most often there is one
            if level.sign != sign:
                self._levels[place] = {layer: level for layer, level in levels.items() if level.sign == sign}
                return

    def filled(self, place: int, layer: int, quantity: int) -> None:
        """Take note that an exit of a layer filled: the layer is smaller by that."""
        level = self._levels[place].get(layer)
        if level is not None and level.quantity is not None:
            level.quantity = max(level.quantity - quantity, 0)

    def wanted(self, place: int, quantity: int) -> list[Wanted]:
        """Say what each layer is to cover of a quantity, the oldest first and the position's own level last.

        The stop of a position holds for its layers too: theirs can only be tighter.
        """
        levels = self._levels[place]
        if not levels:
            return []
        if len(levels) == 1 and (base := levels.get(BASE)) is not None:  # a position without layers
            return [Wanted(layer=BASE, quantity=quantity, trigger=base.trigger, take=base.take)]
        base, numbers = levels.get(BASE), sorted(layer for layer in levels if layer != BASE)
        has_base = base is not None and (base.trigger is not None or not numbers)
        shares, rest = allocate(quantity, [levels[one].quantity or 0 for one in numbers], has_base=has_base)
        found = [
            Wanted(layer=one, quantity=share, trigger=_tighter(levels[one], base), take=_take(levels[one], base))
            for one, share in zip(numbers, shares, strict=True)
        ]
        if base is not None:
            found.append(Wanted(layer=BASE, quantity=rest, trigger=base.trigger, take=base.take))
        return found

    def _level(self, place: int, layer: int, sign: int) -> ExitLevel:
        level = self._levels[place].get(layer)
        if level is None or level.sign != sign:
            level = self._levels[place][layer] = ExitLevel(sign=sign)
        return level


def _tighter(level: ExitLevel, base: ExitLevel | None) -> float | None:
    known = [one.trigger for one in (level, base) if one is not None and one.trigger is not None]
    return max(known, key=lambda trigger: level.sign * trigger, default=None)


def _take(level: ExitLevel, base: ExitLevel | None) -> float | None:
    return level.take if level.take is not None or base is None else base.take

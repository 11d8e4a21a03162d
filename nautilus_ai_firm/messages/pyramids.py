"""What the CIO tells of a position that it builds in layers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidLayer:
    """One layer of a position: what was decided for it, what of it is filled, and where it ends.

    Attributes
    ----------
    number : int
        1 is the first layer.
    weight : float
        What was decided for it when it was unlocked, fraction of equity, signed.
    quantity : int
        Filled so far and still held, signed; 0 while its order is on the way.
    entry_price : float or None
        Average price of its fills; None while nothing is filled.
    stop : float or None
        Trigger price of its stop, which only tightens, also for a layer that is not filled yet: it counts from the
        fill on. None where no average true range is known.
    take_profit : float or None
        Price at which the layer is closed with a profit; None without such a level, and before its fill.

    """

    number: int
    weight: float
    quantity: int
    entry_price: float | None
    stop: float | None
    take_profit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidPlan:
    """A position in layers, as it stands after a round's decision. Its unfilled layers are no deficit.

    Attributes
    ----------
    plan_id : str
        Round in which it began and place in the universe: `P000123-2`.
    place : int
        The instrument's place in the universe.
    instrument_id : str
        The instrument.
    side : int
        1 is long, -1 is short.
    layers : tuple of PyramidLayer
        Layers that are held, also while they are to be closed, or on the way, by number.
    unlocked : int
        How many layers were unlocked so far, those that are closed again among them.
    total_layers : int
        How many there can be.
    intended_weight : float
        What the CIO would hold at once without layers, fraction of equity, signed; 0 where that is nothing.
    weight : float
        What it decided to hold, fraction of equity, signed.
    average_entry_price : float or None
        Of everything that is filled; None where nothing is.
    close : float
        Close of the round.
    next_trigger : float or None
        Price from which on, at a close, the next layer can be unlocked; None where there is none to come, nothing is
        filled, the position is to be closed, or the trigger is not known.
    volume_confirms : bool
        Whether the next layer needs rising volume too.
    floor_price : float or None
        An addition that is on the way is worth its name while the price is beyond this one, the average entry price:
        above it for a long position, below it for a short one. None where nothing is being added.
    cause : str
        What the last step was, or why there was none.
    ended : bool
        Whether the plan is over: told once, when the position is closed.

    """

    plan_id: str
    place: int
    instrument_id: str
    side: int
    layers: tuple[PyramidLayer, ...]
    unlocked: int
    total_layers: int
    intended_weight: float
    weight: float
    average_entry_price: float | None
    close: float
    next_trigger: float | None
    volume_confirms: bool
    floor_price: float | None
    cause: str
    ended: bool = False

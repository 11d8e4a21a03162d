"""How a position is built in layers: sizes, what unlocks a layer, and what ends them."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal

FIRST_LAYER = (0.2, 0.5)
"""Least and largest share of the intended size in the first layer."""

type Confirmation = Literal["profit", "atr"]


def layer_fractions(first_layer: float, next_layer: float, max_layers: int) -> tuple[float, ...]:
    """Return the share of the intended size in each layer.

    The first is `first_layer`; every later one is `next_layer` of what is left. Their sum stays below 1.

    Raises
    ------
    ValueError
        A first layer outside of 20 to 50 %, a share outside of (0, 1), no layer, or layers that do not get smaller.

    """
    if not FIRST_LAYER[0] <= first_layer <= FIRST_LAYER[1]:
        raise ValueError(f"first_layer is {first_layer}, allowed is {FIRST_LAYER[0]} to {FIRST_LAYER[1]}")
    if not 0 < next_layer < 1:
        raise ValueError(f"next_layer is {next_layer}, allowed is a number between 0 and 1")
    if max_layers < 1:
        raise ValueError(f"max_layers is {max_layers}, allowed is 1 or more")
    fractions, left = [first_layer], 1.0 - first_layer
    for _ in range(max_layers - 1):
        fractions.append(left * next_layer)
        left -= fractions[-1]
    if any(later >= earlier for earlier, later in pairwise(fractions)):
        raise ValueError(
            f"next_layer {next_layer} of what first_layer {first_layer} leaves is no smaller layer; "
            f"allowed is next_layer below {first_layer / (1.0 - first_layer):.4g}"
        )
    return tuple(fractions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidRules:
    """Rules of a pyramid; None is a rule that does not apply. Rounds are those in which the instrument has a bar.

    Attributes
    ----------
    first_layer, next_layer : float
        Share of the intended size in the first layer, and of the remainder in each later one.
    max_layers : int
        Layers at most.
    confirm : {"profit", "atr"}
        What the close must be beyond the average entry price by: a share of it, or average true ranges.
    profit_thresholds, atr_multiples : tuple of float
        How far, for the second layer, the third, and so on; rising.
    breakout_rounds : int, optional
        The close must also be beyond the extreme of so many rounds before.
    volume_factor : float, optional
        And volume above this multiple of its average over `volume_rounds` rounds before.
    volume_rounds : int
        Rounds in that average.
    min_adx : float, optional
        And the average directional index at least this.
    stop_atr : float
        Distance of a layer's stop from its entry price, average true ranges; on an addition the stops of all earlier
        layers move up to that of the new one.
    break_even : bool
        Whether no stop is worse than the average entry price once the second layer is filled and a close lies beyond
        that price.
    take_profit : tuple of float
        Gain over its own entry price, fraction, at which the first layer, the second, and so on is closed; empty is
        never.
    exit_adx : float, optional
        Everything is closed when the index falls below this after it had been there in the plan.
    exit_rounds : int, optional
        Everything is closed when the close is beyond the opposite extreme of so many rounds before.
    max_atr_ratio : float, optional
        Everything is closed when the average true range is above this multiple of its average over
        `atr_average_rounds`.
    atr_average_rounds : int
        Rounds in that average.
    max_rounds : int, optional
        Everything is closed after so many rounds with a position.
    atr_rounds : int
        Rounds in the average true range.
    cool_down_rounds : int
        Rounds without a new plan in an instrument after one that a stop or a rule ended.

    Raises
    ------
    ValueError
        Layers that do not get smaller, thresholds that are too few or do not rise, or a value that is out of range.

    """

    first_layer: float = 0.25
    next_layer: float = 0.30
    max_layers: int = 4
    confirm: Confirmation = "profit"
    profit_thresholds: tuple[float, ...] = (0.05, 0.10, 0.15, 0.20)
    atr_multiples: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0)
    breakout_rounds: int | None = None
    volume_factor: float | None = None
    volume_rounds: int = 20
    min_adx: float | None = None
    stop_atr: float = 2.0
    break_even: bool = True
    take_profit: tuple[float, ...] = ()
    exit_adx: float | None = None
    exit_rounds: int | None = None
    max_atr_ratio: float | None = None
    atr_average_rounds: int = 100
    max_rounds: int | None = None
    atr_rounds: int = 14
    cool_down_rounds: int = 5

    def __post_init__(self) -> None:
        """Refuse rules that contradict each other."""
        layer_fractions(self.first_layer, self.next_layer, self.max_layers)
        name = "profit_thresholds" if self.confirm == "profit" else "atr_multiples"
        refuse_thresholds(name, getattr(self, name), self.max_layers - 1)
        if self.take_profit:
            refuse_thresholds("take_profit", self.take_profit, self.max_layers, rising=False)
        for key in ("volume_factor", "min_adx", "stop_atr", "exit_adx", "max_atr_ratio", "max_rounds", "atr_rounds"):
            value = getattr(self, key)
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{key} is {value}, allowed is a finite number above 0")
        for key in ("breakout_rounds", "volume_rounds", "exit_rounds", "atr_average_rounds"):
            value = getattr(self, key)
            if value is not None and value < 2:  # noqa: PLR2004 - a window of one is no window
                raise ValueError(f"{key} is {value}, allowed is 2 or more")
        if self.cool_down_rounds < 0:
            raise ValueError(f"cool_down_rounds is {self.cool_down_rounds}, allowed is 0 or more")

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of the intended size in each layer."""
        return layer_fractions(self.first_layer, self.next_layer, self.max_layers)


def refuse_thresholds(name: str, values: tuple[float, ...], needed: int, *, rising: bool = True) -> None:
    """Refuse thresholds that are too few for the layers, not above 0, or that do not rise.

    Raises
    ------
    ValueError
        Names the thresholds and what is allowed.

    """
    if len(values) < needed:
        raise ValueError(f"{name} has {len(values)} values, {needed} are needed for max_layers")
    if not all(0 < value < inf for value in values):
        raise ValueError(f"{name} is {list(values)}, allowed are finite numbers above 0")
    if rising and any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"{name} is {list(values)}, which does not rise")

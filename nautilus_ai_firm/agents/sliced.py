"""A parent order as its algorithm keeps it: schedule, children, and what was last done about them; used by 6."""

from dataclasses import dataclass
from typing import Any

from nautilus_trader.model import OrderSide

from nautilus_ai_firm.models.execution.children import Children
from nautilus_ai_firm.models.execution.schedules import Schedule, Window


@dataclass(slots=True, kw_only=True)
class Sliced:
    """A parent that an algorithm works.

    Attributes
    ----------
    order : Any
        The engine's order, as it was handed over.
    place : int
        The instrument's place in the universe.
    window, schedule, children
        Quantity and time, how much is due when, and what was sent.
    floor_price : float, optional
        Price that confirms it.
    volume_before : float
        What the market had traded when it began, instrument units.
    spawned : int
        Children that the engine numbered.
    changed_ns : int
        When a child was last sent or changed, nanoseconds UTC.
    is_done : bool
        Whether no more children go out.

    """

    order: Any
    place: int
    window: Window
    schedule: Schedule
    children: Children
    floor_price: float | None
    volume_before: float
    spawned: int = 0
    changed_ns: int = 0
    is_done: bool = False

    @property
    def parent_id(self) -> str:
        """Id of the parent order."""
        return str(self.order.client_order_id)

    @property
    def buys(self) -> bool:
        """Whether it buys."""
        return self.order.side == OrderSide.BUY

    @property
    def next_child_id(self) -> str:
        """Id that the engine gives to the next child."""
        return f"{self.parent_id}-E{self.spawned + 1}"

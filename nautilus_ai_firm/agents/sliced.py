"""A parent order as its algorithm keeps it: schedule, children, and what was last done about them; used by 6."""

from dataclasses import dataclass
from math import nan
from typing import Any

from nautilus_trader.model import OrderSide

from nautilus_ai_firm.models.execution.children import Children
from nautilus_ai_firm.models.execution.schedules import Schedule, Window


@dataclass(slots=True, kw_only=True)
class Committed:
    """What is left of a parent, for the closing auction.

    Attributes
    ----------
    child_id : str
        Id of the order that it becomes.
    quantity : int
        Unsigned, instrument units.
    price : float
        The market's when it was committed, which the gate judged.
    is_sent : bool
        Whether the venue has it.

    """

    child_id: str
    quantity: int
    price: float
    is_sent: bool = False

    def is_over(self, children: Children) -> bool:
        """Whether the venue has answered all of it."""
        return self.is_sent and not children.orders[self.child_id].left


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
    last_price : float
        Last price that its side would have traded at.
    is_done : bool
        Whether no more children go out.
    auction_ns, close_ns : int
        When what is left is committed to the closing auction, and when that is, nanoseconds UTC; 0 where nothing is.
    is_due_to_commit : bool
        Whether the cut-off is over, and what rests is still to come back.
    committed : Committed, optional
        That order.

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
    last_price: float = nan
    is_done: bool = False
    auction_ns: int = 0
    close_ns: int = 0
    is_due_to_commit: bool = False
    committed: Committed | None = None

    @property
    def slicing_ends_ns(self) -> int:
        """From when on no slice is sent, nanoseconds UTC."""
        return self.auction_ns or self.window.end_ns

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

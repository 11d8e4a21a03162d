"""What was sent of a parent and what came of it -> how much may be sent now: never more than the parent."""

from dataclasses import dataclass, field


class ChildError(RuntimeError):
    """A step that would send more than the parent, or an answer to what was never sent."""


@dataclass(slots=True)
class Child:
    """A child order.

    Attributes
    ----------
    left : int
        What of it may still fill.
    interval : int
        Interval in which it was sent.
    price : float, optional
        Its limit, as the venue confirmed it; None at the market.
    asks : int
        Changes of the limit that were asked for since.
    is_canceling : bool
        Whether it was asked back.
    returned : int
        What it gave back.

    """

    left: int
    interval: int
    price: float | None = None
    asks: int = 0
    is_canceling: bool = False
    returned: int = 0


@dataclass(slots=True, kw_only=True)
class Children:
    """The children of one parent.

    A child that was denied, rejected or canceled gives back what it did not fill, when the answer is there and not
    before: a fill on the way would otherwise be replaced. A fill that comes even after that takes back what was given.

    Attributes
    ----------
    total, lot : int
        Quantity of the parent, unsigned, and smallest step, instrument units.
    min_child : int
        Smallest child, units: less waits, except for all that is left.
    max_child : int, optional
        Largest child, units, so that what was missed is not caught up with at once; absent does not limit.
    sent, filled : int
        Sent and not given back, and filled of it.
    refusals : int
        Children denied or rejected since the last fill.
    orders : dict
        Every child by its id, those that are over too.

    """

    total: int
    lot: int = 1
    min_child: int = 1
    max_child: int | None = None
    sent: int = 0
    filled: int = 0
    refusals: int = 0
    orders: dict[str, Child] = field(default_factory=dict[str, Child])
    _interval: int = -1

    @property
    def unsent(self) -> int:
        """What no child has."""
        return max(self.total - self.sent, 0)

    @property
    def is_filled(self) -> bool:
        """Whether all of the parent is."""
        return self.filled >= self.total

    def open(self) -> list[str]:
        """Ids of children that may still fill, in the order in which they were sent."""
        return [child_id for child_id, child in self.orders.items() if child.left]

    def resting(self) -> list[str]:
        """Ids of those of them that rest at a limit."""
        return [child_id for child_id in self.open() if self.orders[child_id].price is not None]

    def sendable(self, due: int, interval: int, *, in_a_hurry: bool = False) -> int:
        """Return how much is to go out in one child now, whole lots.

        Parameters
        ----------
        due : int
            What the schedule wants sent by now.
        interval : int
            Place of the present interval: one child goes out in each, also where more becomes due meanwhile.
        in_a_hurry : bool, default False
            Whether more than one child may, so that the rest can follow in the same interval.

        """
        if interval == self._interval and not in_a_hurry:
            return 0
        quantity = min(due - self.sent, self.unsent)
        if self.max_child is not None:
            quantity = min(quantity, self.max_child)
        quantity -= quantity % self.lot
        if quantity <= 0 or (quantity < self.min_child and quantity < self.unsent):
            return 0
        return quantity

    def send(self, child_id: str, quantity: int, interval: int, price: float | None = None) -> None:
        """Count a child that goes out.

        Raises
        ------
        ChildError
            The id is taken, or the children would exceed the parent.

        """
        if child_id in self.orders:
            raise ChildError(f"{child_id}: this id is taken")
        if not 0 < quantity <= self.unsent:
            raise ChildError(f"{child_id}: {quantity}, but {self.unsent} of {self.total} is left")
        self.orders[child_id] = Child(left=quantity, interval=interval, price=price)
        self.sent += quantity
        self._interval = interval

    def fill(self, child_id: str, quantity: int) -> None:
        """Count a fill, also one that crossed with the end of its order.

        Raises
        ------
        ChildError
            The child is unknown, or the fill exceeds it.

        """
        child = self._child(child_id)
        late = max(quantity - child.left, 0)
        if quantity <= 0 or late > child.returned:
            raise ChildError(f"{child_id}: a fill of {quantity}, but {child.left} is left")
        child.left -= quantity - late
        child.returned -= late
        self.sent += late
        self.filled += quantity
        self.refusals = 0

    def close(self, child_id: str, *, refused: bool = False) -> None:
        """Take back what a child did not fill: it was canceled, or it was denied or rejected.

        Raises
        ------
        ChildError
            The child is unknown.

        """
        child = self._child(child_id)
        child.returned += child.left
        self.sent -= child.left
        child.left = 0
        self.refusals += refused

    def confirm(self, child_id: str, price: float) -> None:
        """Take a limit that the venue confirmed.

        Raises
        ------
        ChildError
            The child is unknown.

        """
        child = self._child(child_id)
        child.price, child.asks = price, 0

    def _child(self, child_id: str) -> Child:
        child = self.orders.get(child_id)
        if child is None:
            raise ChildError(f"{child_id}: no such child was sent")
        return child

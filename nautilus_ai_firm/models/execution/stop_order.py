"""A position, what is closing it and a trigger price -> what is to be done with the stop order that protects it."""

from dataclasses import dataclass
from enum import StrEnum


class StopStep(StrEnum):
    """What is to be done with a stop order."""

    SUBMIT = "submit"
    MODIFY = "modify"
    CANCEL = "cancel"


@dataclass(slots=True)
class StopOrder:
    """A stop order, or the take profit beside it, on its way or at the venue.

    Attributes
    ----------
    sign : int
        1 buys, -1 sells.
    quantity : int
        Whole quantity, what is filled included, instrument units.
    trigger : float
        Trigger price, or the limit of a take profit; of a market order that went out at a watched price, that price.
    filled : int
        Filled of it.
    taken : int
        What its sibling filled: the venue takes as much from this one, and says so later.
    told : int
        What the venue said that it took before the fill was heard for which it took it.
    pending : bool
        Whether the venue has not answered the last step yet: until then none follows.
    is_market : bool
        Whether it is a market order: it fills, and nothing is done with it any more.
    asked : int
        Whole quantity that a change under way asks for; 0 without one.
    asked_trigger : float
        Price that it asks for.
    asked_ns : int
        When it was asked for, nanoseconds UTC.
    leaving : bool
        Whether a cancel is under way: what else the venue says of the order does not answer it.
    joins : bool
        Whether it was sent into the group of an order that was there, and the venue has not said that it has come:
        what its sibling filled meanwhile is not taken from it.
    refusals : int
        How often the venue refused to change or cancel it since it last did.
    fixed : bool
        Whether the venue does not change it: then it is replaced.
    group : str
        Group at a broker that another order may join; empty without one.
    order_id : str
        What the venue calls it.

    """

    sign: int
    quantity: int
    trigger: float
    filled: int = 0
    pending: bool = True
    is_market: bool = False
    taken: int = 0
    told: int = 0
    asked: int = 0
    asked_trigger: float = 0.0
    asked_ns: int = 0
    leaving: bool = False
    joins: bool = False
    refusals: int = 0
    fixed: bool = False
    group: str = ""
    order_id: str = ""

    @property
    def left(self) -> int:
        """What it may still fill, instrument units."""
        return self.quantity - self.taken - self.filled

    @property
    def most(self) -> int:
        """What it may still fill if the venue takes a change that is under way, instrument units."""
        return max(self.quantity - self.taken, self.asked) - self.filled

    @property
    def is_unsure(self) -> bool:
        """Whether it, or a change of it, is on its way: it may arrive with more than its sibling has left."""
        return self.joins or self.asked > 0

    def ask(self, quantity: int, trigger: float, ts_event: int) -> None:
        """Take note that a change to this whole quantity and price is on its way."""
        self.pending, self.asked, self.asked_trigger, self.asked_ns = True, quantity, trigger, ts_event

    def is_answered(self) -> None:
        """Take note that the venue has answered a change, or refused the last step."""
        self.pending, self.asked, self.leaving = False, 0, False

    def is_changed(self, quantity: int, trigger: float) -> None:
        """Take note of what the venue says that the order is now, whoever asked for it.

        It answers a change only if it is what was asked for: else its sibling filled, and the change is still to come.
        """
        is_answer = not self.asked or (quantity, trigger) == (self.asked, self.asked_trigger)
        self.told = 0 if self.asked and is_answer else max(self.told + self.quantity - self.taken - quantity, 0)
        self.quantity, self.trigger, self.taken, self.joins = quantity, trigger, 0, False
        if is_answer:
            self.refusals = 0 if self.asked else self.refusals
            self.pending, self.asked = self.leaving, 0

    def gives(self, quantity: int) -> None:
        """Take note that its sibling filled: the venue takes as much from this one, and ends it when all is filled."""
        if self.joins:
            return
        known = min(quantity, self.told)
        self.told -= known
        self.taken += quantity - known
        if self.left <= 0:
            self.pending = True  # until the venue says that it is over


def closing_quantity(position: int, working: int) -> int:
    """Return how much of a position the working quantity would close; both signed, the result is not."""
    return min(abs(working), abs(position)) if working * position < 0 else 0


def next_step(
    order: StopOrder | None, position: int, closing: int, trigger: float | None
) -> tuple[StopStep, int] | None:
    """Say what brings the stop order closer to what it should be: for all of the position that nothing else closes.

    So stop and closing orders together are never more than the position, whichever of them fills first.

    Parameters
    ----------
    order : StopOrder or None
        The stop order that there is.
    position : int
        Filled quantity, signed.
    closing : int
        Quantity that the order is not to cover, unsigned, at most the position's size: what other orders close, or are
        about to, and what other stops cover.
    trigger : float or None
        Wanted trigger price; None where no stop is to rest at the venue.

    Returns
    -------
    tuple of StopStep and int, or None
        The step, and the whole quantity of the order after it (filled included); None where nothing is to be done, or
        the venue has not answered the last step.

    """
    wanted = 0 if trigger is None else abs(position) - closing
    if order is None:
        return (StopStep.SUBMIT, wanted) if wanted else None
    if order.pending or order.is_market:
        return None
    if not wanted or order.sign * position > 0:
        return StopStep.CANCEL, order.filled
    if order.left != wanted or order.trigger != trigger:
        return StopStep.MODIFY, order.filled + wanted
    return None

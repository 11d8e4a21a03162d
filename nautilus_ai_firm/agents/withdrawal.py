"""What is held, sliced or open -> taken back: dropped, canceled with its algorithm's timers, canceled at the venue.

Stops are no part of it. They only reduce, so they go on working while everything that adds risk is taken back.
"""

from collections.abc import Callable

from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.protection import Protection
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.messages import CancelParent
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger


class Withdrawal:
    """Takes orders back for the execution desk.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who counts messages.
    ledger : WorkingLedger
        What is working.
    protection : Protection
        The stops.
    desk : Strategy
        Who owns the orders.
    line : Line
        Its line.
    record : callable
        Writes down what became of a parent.

    """

    def __init__(
        self,
        universe: Universe,
        gate: OrderGate,
        ledger: WorkingLedger,
        protection: Protection,
        desk: Strategy,
        line: Line,
        record: Callable[[Parent, str], None],
    ) -> None:
        self._universe = universe
        self._gate = gate
        self._ledger = ledger
        self._protection = protection
        self._desk = desk
        self._line = line
        self._record = record

    def drop_held(self, state: str) -> None:
        """Drop every parent that waits for its market."""
        for parent in self._ledger.drop_held():
            self._protection.has_left(parent.place)
            self._record(parent, state)

    def take_all(self, state: str, ts_event: int) -> None:
        """Take back everything: held, sliced and open."""
        self.drop_all(state, ts_event)
        self.cancel_open(ts_event)
        self._protection.sync_all(ts_event)  # what made room for a dropped order grows again

    def drop_all(self, state: str, ts_event: int, *, cancels_children: bool = True) -> None:
        """Drop what is held, and cancel what is sliced, with the children that rest or without them."""
        self.drop_held(state)
        for place in range(len(self._universe.instrument_ids)):
            self.cancel_active(place, ts_event, cancels_children=cancels_children)

    def drop_place(self, place: int, state: str, ts_event: int) -> None:
        """Do so in one instrument."""
        held = self._ledger.held(place)
        if held is not None:
            self._ledger.drop(held.parent_id)
            self._protection.has_left(place)
            self._record(held, state)
        self.cancel_active(place, ts_event)

    def cancel_active(self, place: int, ts_event: int, *, cancels_children: bool = True) -> None:
        """Cancel the parent that an algorithm slices, if there is one; slices on their way stay on it."""
        active = self._ledger.active(place)
        if active is not None and active.end_ns:
            self._gate.count_message(ts_event)
            command = CancelParent(parent_order_id=active.parent_id, cancels_children=cancels_children)
            self._line.publish(Topic.CANCEL_PARENT, command)

    def cancel_open(self, ts_event: int, place: int | None = None) -> None:
        """Cancel every order that is open at the venue, in one instrument or in all, but the stops."""
        for instrument_id in self._universe.order_ids if place is None else (self._universe.order_ids[place],):
            for order in self._desk.cache.orders_open(instrument_id=instrument_id):
                if self._protection.slot_of(str(order.client_order_id)) is None:
                    self._gate.count_message(ts_event)
                    self._desk.cancel_order(order.client_order_id, client_id=self._universe.client_id)

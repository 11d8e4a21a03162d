"""The execution desk's own record of what is working: held parents, open children, and what is still unspawned.

The engine's cache does not show an order that was submitted in the running callback, nor what an algorithm has
still to send; netting against it alone would order the same quantity twice.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.models.execution.parent_order import Parent


class LedgerError(RuntimeError):
    """A transition that the ledger does not allow: the desk and its record of itself disagree."""


@dataclass(slots=True)
class _Entry:
    parent: Parent
    held: bool = True
    finished: bool = False
    spawned: int = 0
    filled: int = 0
    leaves: dict[str, int] = field(default_factory=dict[str, int])
    closed: dict[str, int] = field(default_factory=dict[str, int])  # what children that are over left unfilled

    def working(self) -> int:
        total = abs(self.parent.quantity)
        unspawned = 0 if self.finished else max(total - self.spawned, 0)
        return (1 if self.parent.quantity > 0 else -1) * (unspawned + sum(self.leaves.values()))


class WorkingLedger:
    """Working quantity of each instrument: at most one parent, held or active.

    Parameters
    ----------
    n_instruments : int
        Size of the universe.

    """

    __slots__ = ("_child_parent", "_entries", "_place")

    def __init__(self, n_instruments: int) -> None:
        self._place: list[_Entry | None] = [None] * n_instruments
        self._entries: dict[str, _Entry] = {}
        self._child_parent: dict[str, str] = {}

    def working(self) -> NDArray[np.int64]:
        """Signed working quantity of each instrument, shape (n_instruments,): held, open and unspawned."""
        return np.array([0 if entry is None else entry.working() for entry in self._place], dtype=np.int64)

    def working_of(self, place: int) -> int:
        """Signed quantity of one instrument that has left or is being sliced; a held parent is not counted."""
        entry = self._place[place]
        return 0 if entry is None or entry.held else entry.working()

    def is_committed(self, place: int, now_ns: int) -> bool:
        """Whether what is left of the active parent belongs to the closing auction: no decision changes it then."""
        parent = self.active(place)
        return parent is not None and 0 < parent.auction_ns <= now_ns

    def unfinished(self) -> list[tuple[Parent, int]]:
        """Return the parents that would go on, in the order of the universe, and what is left of each, signed."""
        open_ = [entry for entry in self._place if entry is not None and not entry.finished]
        left = [abs(entry.parent.quantity) - entry.filled for entry in open_]
        return [
            (entry.parent, one if entry.parent.quantity > 0 else -one)
            for entry, one in zip(open_, left, strict=True)
            if one
        ]

    def works(self, place: int) -> bool:
        """Whether anything of this instrument is held, open or unspawned."""
        entry = self._place[place]
        return entry is not None and entry.working() != 0

    def held(self, place: int) -> Parent | None:
        """Return the parent that waits for its market, if any."""
        entry = self._place[place]
        return entry.parent if entry is not None and entry.held else None

    def active(self, place: int) -> Parent | None:
        """Return the parent that was released and is not done, if any."""
        entry = self._place[place]
        return entry.parent if entry is not None and not entry.held else None

    def filled(self, parent_id: str) -> int:
        """Unsigned filled quantity of a parent that is still known."""
        return self._entry(parent_id).filled

    def parent(self, parent_id: str) -> Parent:
        """Return a parent that is still working."""
        return self._entry(parent_id).parent

    def parent_of(self, child_id: str) -> Parent | None:
        """Return the parent of a child order; None for an order that is not, or no longer, of this desk."""
        parent_id = self._child_parent.get(child_id)
        return None if parent_id is None else self._entries[parent_id].parent

    def hold(self, parent: Parent) -> None:
        """Add a parent that waits for its market.

        Raises
        ------
        LedgerError
            The quantity is zero, the id is taken, or the instrument has a parent already.

        """
        if not parent.quantity:
            raise LedgerError(f"{parent.parent_id}: a parent of quantity 0")
        if parent.parent_id in self._entries:
            raise LedgerError(f"{parent.parent_id}: this id is taken")
        other = self._place[parent.place]
        if other is not None:
            raise LedgerError(f"{parent.parent_id}: {other.parent.parent_id} is still working in this instrument")
        entry = _Entry(parent)
        self._place[parent.place] = entry
        self._entries[parent.parent_id] = entry

    def drop_held(self) -> list[Parent]:
        """Remove all held parents, in the order of the universe, and return them."""
        return [self.drop(entry.parent.parent_id) for entry in list(self._place) if entry is not None and entry.held]

    def drop(self, parent_id: str) -> Parent:
        """Remove a parent that was never released.

        Raises
        ------
        LedgerError
            The parent is not held.

        """
        entry = self._held(parent_id, "it can be finished but not dropped")
        self._remove(entry)
        return entry.parent

    def postpone(self, parent_id: str, execution_ns: int) -> None:
        """Let a held parent wait until a later time, nanoseconds UTC.

        Raises
        ------
        LedgerError
            The parent is not held.

        """
        entry = self._held(parent_id, "it cannot wait")
        entry.parent = replace(entry.parent, execution_ns=execution_ns)

    def release(self, parent_id: str, now_ns: int = 0) -> Parent:
        """Mark a held parent as sent out, and return it; behind the cut-off it has missed the closing auction.

        Raises
        ------
        LedgerError
            The parent is not held.

        """
        entry = self._entry(parent_id)
        if not entry.held:
            raise LedgerError(f"{parent_id}: released twice")
        entry.held = False
        if 0 < entry.parent.auction_ns <= now_ns:
            entry.parent = replace(entry.parent, auction_ns=0, close_ns=0)
        return entry.parent

    def child_submitted(self, parent_id: str, child_id: str, quantity: int) -> None:
        """Record a child order of an active parent; an order that goes out at once is its own child.

        Raises
        ------
        LedgerError
            The parent is not active, the id is taken, or the children would exceed the parent.

        """
        entry = self._entry(parent_id)
        if entry.held or entry.finished:
            raise LedgerError(f"{child_id}: parent {parent_id} is not active")
        if child_id in self._child_parent:
            raise LedgerError(f"{child_id}: this id is taken")
        if quantity <= 0 or entry.spawned + quantity > abs(entry.parent.quantity):
            raise LedgerError(
                f"{child_id}: {quantity} after {entry.spawned} exceeds the parent's {abs(entry.parent.quantity)}"
            )
        entry.spawned += quantity
        entry.leaves[child_id] = quantity
        self._child_parent[child_id] = parent_id

    def child_filled(self, child_id: str, quantity: int) -> None:
        """Record a fill, also one that crossed with the end of its order.

        Raises
        ------
        LedgerError
            The child is unknown, or the fill exceeds what is left of it.

        """
        entry = self._child_entry(child_id)
        late = max(quantity - entry.leaves[child_id], 0)
        if quantity <= 0 or late > entry.closed.get(child_id, 0):
            raise LedgerError(f"{child_id}: a fill of {quantity}, but {entry.leaves[child_id]} is left")
        entry.leaves[child_id] -= quantity - late
        if late:
            entry.closed[child_id] -= late
            entry.spawned += late
        entry.filled += quantity

    def child_closed(self, child_id: str) -> None:
        """Record that a child was denied, rejected, canceled or expired: what was left of it no longer works.

        Where an algorithm slices the parent, it can be spawned again; an order that is its own child is over.

        Raises
        ------
        LedgerError
            The child is unknown.

        """
        entry = self._child_entry(child_id)
        left, entry.leaves[child_id] = entry.leaves[child_id], 0
        if child_id != entry.parent.parent_id:
            entry.spawned -= left
            entry.closed[child_id] = entry.closed.get(child_id, 0) + left

    def finish(self, parent_id: str) -> Parent:
        """Record that a parent gets no more children.

        Raises
        ------
        LedgerError
            The parent is unknown or was never released.

        """
        entry = self._entry(parent_id)
        if entry.held:
            raise LedgerError(f"{parent_id}: never released, it can be dropped but not finished")
        entry.finished = True
        return entry.parent

    def close_if_done(self, parent_id: str) -> int | None:
        """Forget a parent of which nothing works any more; return its filled quantity, or None while it works."""
        entry = self._entry(parent_id)
        if entry.held or entry.working():
            return None
        self._remove(entry)
        return entry.filled

    def _entry(self, parent_id: str) -> _Entry:
        entry = self._entries.get(parent_id)
        if entry is None:
            raise LedgerError(f"{parent_id}: no such parent is working")
        return entry

    def _held(self, parent_id: str, refusal: str) -> _Entry:
        entry = self._entry(parent_id)
        if not entry.held:
            raise LedgerError(f"{parent_id}: released already, {refusal}")
        return entry

    def _child_entry(self, child_id: str) -> _Entry:
        parent_id = self._child_parent.get(child_id)
        if parent_id is None:
            raise LedgerError(f"{child_id}: no such child is working")
        return self._entries[parent_id]

    def _remove(self, entry: _Entry) -> None:
        self._place[entry.parent.place] = None
        del self._entries[entry.parent.parent_id]
        for child_id in entry.leaves:
            del self._child_parent[child_id]

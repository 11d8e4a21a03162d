"""A ledger that somebody follows: who goes on with its parents when they are interrupted."""

from collections.abc import Callable
from typing import override

from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.execution.parent_order import Parent

type Follow = Callable[[list[tuple[Parent, int]]], None]


class ToldLedger(WorkingLedger):
    """Tells, after each change of it, which parents would go on and what is left of each.

    Parameters
    ----------
    n_instruments : int
        Size of the universe.
    tell : callable
        Hears `unfinished()`.

    """

    __slots__ = ("_tell",)

    def __init__(self, n_instruments: int, tell: Follow) -> None:
        super().__init__(n_instruments)
        self._tell = tell

    @override
    def hold(self, parent: Parent) -> None:
        super().hold(parent)
        self._tell(self.unfinished())

    @override
    def drop(self, parent_id: str) -> Parent:
        parent = super().drop(parent_id)
        self._tell(self.unfinished())
        return parent

    @override
    def release(self, parent_id: str, now_ns: int = 0) -> Parent:
        parent = super().release(parent_id, now_ns)
        self._tell(self.unfinished())
        return parent

    @override
    def child_filled(self, child_id: str, quantity: int) -> None:
        super().child_filled(child_id, quantity)
        self._tell(self.unfinished())

    @override
    def finish(self, parent_id: str) -> Parent:
        parent = super().finish(parent_id)
        self._tell(self.unfinished())
        return parent

    @override
    def close_if_done(self, parent_id: str) -> int | None:
        filled = super().close_if_done(parent_id)
        if filled is not None:
            self._tell(self.unfinished())
        return filled

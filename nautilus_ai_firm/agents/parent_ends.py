"""Parents of which nothing works any more -> their records, with the reason; called by 5."""

from collections.abc import Callable

from nautilus_ai_firm.agents.order_records import parent_record
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.messages import ParentDone
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger


class ParentEnds:
    """Closes parents in the ledger and says what became of them.

    Parameters
    ----------
    ledger : WorkingLedger
        What is working.
    names : tuple of str
        The universe.
    line : Line
        The execution desk's.
    now_ns : callable
        Market time, nanoseconds UTC.

    """

    def __init__(self, ledger: WorkingLedger, names: tuple[str, ...], line: Line, now_ns: Callable[[], int]) -> None:
        self._ledger = ledger
        self._names = names
        self._line = line
        self._now_ns = now_ns
        self._reasons: dict[str, str] = {}

    def expect(self, done: ParentDone) -> None:
        """Keep why an algorithm sends no more, until the children that still work are done."""
        if done.leaves_order:
            self._reasons[done.parent_order_id] = done.reason

    def close_if_done(self, parent_id: str) -> None:
        """Close a parent of which nothing works any more."""
        parent = self._ledger.parent(parent_id)
        filled = self._ledger.close_if_done(parent_id)
        if filled is not None:
            state = self._reasons.pop(parent_id, "done")
            self.record(parent, "filled" if filled == abs(parent.quantity) else state, filled)

    def record(self, parent: Parent, state: str, filled: int = 0) -> None:
        """Say what became of a parent."""
        record = parent_record(parent, self._names[parent.place], state, filled, self._now_ns())
        self._line.publish(Topic.PARENT_RECORD, record)

"""Parents of which nothing works any more -> their records, with the reason; called by 5."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    end : callable
        What the execution desk does when an algorithm sends no more.

    """

    def __init__(
        self,
        ledger: WorkingLedger,
        names: tuple[str, ...],
        line: Line,
        now_ns: Callable[[], int],
        end: Callable[[ParentDone], None],
    ) -> None:
        self._ledger = ledger
        self._names = names
        self._line = line
        self._now_ns = now_ns
        self._end = end
        self._reasons: dict[str, str] = {}
        self._later: list[ParentDone] | None = None

    def hear(self, done: ParentDone) -> None:
        """Let the execution desk end a parent, at once or after its own call."""
        if self._later is None:
            self._end(done)
        else:
            self._later.append(done)

    @contextmanager
    def later(self) -> Iterator[None]:
        """Let parents end when a call of the execution desk is over: until then the engine lends the desk to nobody.

        An algorithm that sends its only slice in the call that hands it the parent ends the parent inside that call.
        """
        self._later = waiting = []
        yield
        self._later = None
        for done in waiting:
            self._end(done)

    def finish(self, done: ParentDone) -> Parent:
        """Let a parent send no more, and keep why, until the children that still work are done."""
        if done.leaves_order:
            self._reasons[done.parent_order_id] = done.reason
        return self._ledger.finish(done.parent_order_id)

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

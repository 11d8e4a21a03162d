"""Parents that work at a broker -> kept on the disk, and told to the firm again when an interruption is over.

An interruption is a lost connection, or the end of a session that did not take its orders back: it was killed, its node
was lost, or `live.working_orders_at_end` keeps them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from nautilus_ai_firm.durations import MINUTE_NS, SECOND_NS
from nautilus_ai_firm.gateways.work_file import SavedOrder, SavedWork, WorkFile
from nautilus_ai_firm.messages import Interrupted
from nautilus_ai_firm.models.execution.interruption import is_in_time, left_of
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.settings import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTerms:
    """Whose work it is, and when it may go on.

    Attributes
    ----------
    names : tuple of str
        The universe.
    config_sha256 : str
        Of the configuration: what another one decided does not go on.
    grace_ns : int
        How late an order that goes out at once may be, nanoseconds.
    is_resumed : bool
        Whether anything goes on at all.

    """

    names: tuple[str, ...]
    config_sha256: str
    grace_ns: int
    is_resumed: bool

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """Read them from the settings."""
        firm = loaded.firm
        return cls(
            names=firm.instrument_ids,
            config_sha256=loaded.sha256,
            grace_ns=firm.execution.twap.interval_minutes * MINUTE_NS,
            is_resumed=firm.live.interrupted_parents == "resume",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierWork:
    """What a session before left, where it is kept, and on which terms it goes on."""

    file: WorkFile
    terms: WorkTerms
    orders: tuple[SavedOrder, ...]

    def lines(self) -> list[str]:
        """Say for people what is left."""
        return [f"unfinished: {work_line(one.rest)}" for one in self.orders]


class UnfinishedWork:
    """The parents of a session at a broker.

    Ends are written down at once, since what is over must not begin again; what is new, and what was filled, shortly
    after: a parent that was lost is decided anew, and the position tells of fills.

    Parameters
    ----------
    earlier : EarlierWork
        What a session before left.
    positions : callable
        Returns filled quantities, signed, by place.
    is_halted : callable
        Whether the kill switch is latched.
    now_ns : callable
        The time, nanoseconds UTC.
    say : callable
        Prints a line for the person at the console.

    """

    def __init__(
        self,
        earlier: EarlierWork,
        positions: Callable[[], list[int]],
        *,
        is_halted: Callable[[], bool],
        now_ns: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._file = earlier.file
        self._terms = earlier.terms
        self._positions = positions
        self._is_halted = is_halted
        self._now_ns = now_ns
        self._say = say
        self._saved = earlier.orders
        self._works: list[tuple[Parent, int]] = []
        self._is_interrupted = True
        self._is_dirty = False

    def follow(self, works: list[tuple[Parent, int]]) -> None:
        """Take note of what would go on; during an interruption what was there before it counts."""
        self._works = works
        if self._is_interrupted:
            return
        ids = {parent.parent_id for parent, _ in works}
        if any(one.rest.parent_order_id not in ids for one in self._saved):
            self._write()
        else:
            self._is_dirty = True

    def look(self) -> None:
        """Write down what is new."""
        if self._is_dirty:
            self._write()

    def interrupt(self) -> None:
        """Keep what is there: what ends from here on is ended by the interruption."""
        self.look()
        self._is_interrupted = True

    def forget(self) -> None:
        """Let nothing go on: the firm failed, and a person has to look."""
        self._saved, self._is_interrupted, self._is_dirty = (), True, False
        self._put()

    def resume(self) -> tuple[Interrupted, ...]:
        """Say what goes on, now that orders can reach the market and the positions are known."""
        if not self._terms.is_resumed:
            return ()
        working = {parent.parent_id for parent, _ in self._works}
        there = self._positions()
        judged = [self._judge(one, there) for one in self._saved if one.rest.parent_order_id not in working]
        resumed = [rest for rest in judged if rest is not None]
        self._is_interrupted = False
        self._saved = tuple(
            SavedOrder(rest=rest, position=there[self._terms.names.index(rest.instrument_id)]) for rest in resumed
        )
        self._put()
        return tuple(resumed)

    def _judge(self, saved: SavedOrder, positions: list[int]) -> Interrupted | None:
        rest, terms = saved.rest, self._terms
        left = left_of(rest.quantity, saved.position, positions[terms.names.index(rest.instrument_id)])
        if left == 0:
            return None
        why = None
        if left is None:
            why = "its position was changed by other orders"
        elif self._is_halted():
            why = "the kill switch is latched"
        elif not is_in_time(self._now_ns(), rest.execution_ns, rest.auction_ns or rest.end_ns, terms.grace_ns):
            why = "its time is over"
        if why is None and left is not None:
            return replace(rest, quantity=left)
        self._say(f"not resumed, {why}: {work_line(rest)}")
        return None

    def _write(self) -> None:
        there = self._positions()
        self._saved = tuple(
            SavedOrder(rest=_rest(parent, left, self._terms.names), position=there[parent.place])
            for parent, left in self._works
        )
        self._put()

    def _put(self) -> None:
        self._is_dirty = False
        if self._terms.is_resumed:
            work = SavedWork(ts_ns=self._now_ns(), config_sha256=self._terms.config_sha256, orders=self._saved)
            self._file.write(work)


def earlier_work(file: WorkFile, terms: WorkTerms, say: Callable[[str], None]) -> EarlierWork:
    """Read what a session before left, as far as this one may go on with it; what it may not is told.

    Raises
    ------
    GatewayError
        The file cannot be read.

    """
    work = file.read() if terms.is_resumed else None
    kept: list[SavedOrder] = []
    for one in () if work is None else work.orders:
        why = None
        if (
            work is not None and work.config_sha256 != terms.config_sha256
        ) or one.rest.instrument_id not in terms.names:
            why = "the configuration is another one"
        elif one.rest.floor_price is not None:
            why = "an addition to a pyramid is planned anew"
        if why is None:
            kept.append(one)
        else:
            say(f"not resumed, {why}: {work_line(one.rest)}")
    return EarlierWork(file=file, terms=terms, orders=tuple(kept))


def work_line(rest: Interrupted) -> str:
    """Say in one line what is left of a parent."""
    side = "BUY" if rest.quantity > 0 else "SELL"
    until = ""
    if rest.end_ns:
        until = f", {rest.algorithm} until {datetime.fromtimestamp(rest.end_ns / SECOND_NS, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{side} {abs(rest.quantity):,} {rest.instrument_id}{until}, of {rest.parent_order_id}"


def _rest(parent: Parent, left: int, names: tuple[str, ...]) -> Interrupted:
    return Interrupted(
        instrument_id=names[parent.place],
        parent_order_id=parent.parent_id,
        quantity=left,
        execution_ns=parent.execution_ns,
        end_ns=parent.end_ns,
        interval_ns=parent.interval_ns,
        algorithm=parent.algorithm if parent.end_ns else "",
        floor_price=parent.floor_price,
        parameters=parent.parameters,
        auction_ns=parent.auction_ns,
        close_ns=parent.close_ns,
    )

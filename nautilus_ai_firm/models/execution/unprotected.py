"""Records of orders -> how long and how much of a position was without a stop after each fill that opened it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from nautilus_ai_firm.durations import MS_NS
from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord

NOTHING: Mapping[str, int] = MappingProxyType({})
OVER = {OrderEventKind.CANCELED, OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprotected:
    """Time without a stop, over the fills that opened or added to a position.

    Attributes
    ----------
    fills : int
        Such fills that were covered, or closed, before the records end.
    attached_fills : int
        Of them, those whose stop the broker held before the fill, so that there was no time without one.
    p50_ms, p99_ms, max_ms : float
        Milliseconds from a fill until stops cover all of it, or it was closed; smallest times that the stated share of
        the fills does not exceed. 0.0 where there was no fill.
    max_quantity : int
        Most that was without a stop at once in one instrument for longer than no time, instrument units.
    uncovered_fills : int
        Fills that no stop covered when the records end.

    """

    fills: int
    attached_fills: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    max_quantity: int
    uncovered_fills: int


@dataclass(slots=True)
class _Stop:
    quantity: int
    attached: bool  # the broker holds it until its entry fills
    rests: bool = False
    filled: int = 0

    @property
    def covers(self) -> int:
        return self.quantity - self.filled if self.rests or self.attached else 0


@dataclass(slots=True)
class _Book:
    held: int = 0
    stops: dict[str, _Stop] = field(default_factory=dict[str, _Stop])
    open: deque[list[int]] = field(default_factory=deque[list[int]])  # time of the fill, what of it has no stop


class UnprotectedTime:
    """Hears gate results and order records in their order.

    A stop covers from the moment in which the venue has accepted it, or a change of it. A stop that passed the gate
    while there was no position left with its entry: the broker holds it, and it covers when the entry fills.

    Times are those at which the firm's node had the events, where these are recorded (at a broker). In a backtest and
    in the sandbox all that follows from one market event carries the time of that event: 0 there says that the stop
    was live before the market moved on, not that a message takes no time.

    Parameters
    ----------
    held : mapping of str to int, optional
        What was held before the first of them, signed, by instrument.

    """

    def __init__(self, held: Mapping[str, int] = NOTHING) -> None:
        self._books = {name: _Book(held=quantity) for name, quantity in held.items()}
        self._spent_ns: list[int] = []
        self._attached = 0
        self._largest = 0
        self._has_stops = False

    def gate(self, passed: GateResult) -> None:
        """Hear what the gate said of an order."""
        if not passed.is_stop or passed.is_take_profit or passed.breach is not None:
            return
        self._has_stops = True
        book = self._books.setdefault(passed.instrument_id, _Book())
        book.stops[passed.client_order_id] = _Stop(abs(passed.quantity), attached=not book.held)

    def order(self, record: OrderRecord) -> None:
        """Hear an event of an order."""
        book = self._books.setdefault(record.instrument_id, _Book())
        now_ns = record.ts_event if record.received_ns is None else record.received_ns
        stop = book.stops.get(record.client_order_id)
        if record.kind is OrderEventKind.FILLED:
            self._fill(book, record, stop, now_ns)
        elif stop is None:
            return
        elif record.kind is OrderEventKind.ACCEPTED:
            stop.rests = True
        elif record.kind is OrderEventKind.UPDATED:
            stop.quantity = int(record.quantity)
        elif record.kind in OVER:
            del book.stops[record.client_order_id]
        self._settle(book, now_ns)

    def result(self) -> Unprotected | None:
        """Sum up; None where no stop was ever sent."""
        if not self._has_stops:
            return None
        spent_ms = np.array(self._spent_ns or [0], dtype=np.float64) / MS_NS
        p50, p99 = np.percentile(spent_ms, [50, 99], method="inverted_cdf")
        return Unprotected(
            fills=len(self._spent_ns),
            attached_fills=self._attached,
            p50_ms=float(p50),
            p99_ms=float(p99),
            max_ms=float(spent_ms.max()),
            max_quantity=self._largest,
            uncovered_fills=sum(len(book.open) for book in self._books.values()),
        )

    def _fill(self, book: _Book, record: OrderRecord, stop: _Stop | None, now_ns: int) -> None:
        quantity = int(record.quantity)
        if stop is not None:
            stop.filled += quantity
        signed = quantity if record.side == "BUY" else -quantity
        closes = min(quantity, abs(book.held)) if signed * book.held < 0 else 0
        if closes:
            book.held += closes if signed > 0 else -closes
            self._settle(book, now_ns)
        if opened := quantity - closes:
            book.held += opened if signed > 0 else -opened
            book.open.append([now_ns, opened])
            attached = sum(one.covers for one in book.stops.values() if one.attached)
            self._attached += attached >= abs(book.held)

    def _settle(self, book: _Book, now_ns: int) -> None:
        """End the time of what is covered now, or closed, the oldest fill first."""
        uncovered = max(abs(book.held) - sum(stop.covers for stop in book.stops.values()), 0)
        without = sum(quantity for _, quantity in book.open)
        if any(ts_ns < now_ns for ts_ns, _ in book.open):
            self._largest = max(self._largest, without)
        settled = without - min(uncovered, without)
        while settled:
            first = book.open[0]
            part = min(settled, first[1])
            first[1] -= part
            settled -= part
            if not first[1]:
                self._spent_ns.append(now_ns - book.open.popleft()[0])


def unprotected(records: Iterable[GateResult | OrderRecord], held: Mapping[str, int] = NOTHING) -> Unprotected | None:
    """Sum up records in their order; see `UnprotectedTime`."""
    hears = UnprotectedTime(held)
    for record in records:
        if isinstance(record, GateResult):
            hears.gate(record)
        else:
            hears.order(record)
    return hears.result()

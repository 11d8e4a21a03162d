"""Short bars as they arrive -> decision bars, each handed out when it is over, and only when it is whole."""

from dataclasses import dataclass
from decimal import Decimal

from nautilus_ai_firm.durations import DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A bar of one instrument: prices, volume, and the time that it covers, nanoseconds UTC, the start excluded."""

    start_ns: int
    end_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that a decision bar covers, nanoseconds UTC, the start excluded and the end included."""

    start_ns: int
    end_ns: int


class BarBuilder:
    """Builds the decision bars of one instrument out of shorter ones.

    Notes
    -----
    A bar whose beginning nobody heard, or in which parts may be missing, is not handed out: its instrument is stale in
    that round, which is better than a wrong price. A bar is over with the part that ends with it, or with the first
    part of a later one.

    """

    __slots__ = ("_bar", "_span", "_whole_from_ns")

    def __init__(self) -> None:
        self._whole_from_ns: int | None = None
        self._span: Span | None = None
        self._bar: Part | None = None

    def interrupt(self) -> None:
        """Say that parts may be missing from here on, until the next one comes."""
        self._whole_from_ns = None
        self._span = self._bar = None

    def add(self, part: Part, span: Span) -> list[Part]:
        """Take a part, and return the bars that are over.

        Parameters
        ----------
        part : Part
            It ends after every part before it; one that does not is left out.
        span : Span
            The decision bar that it belongs to.

        Returns
        -------
        list of Part
            None, one or two bars, the oldest first.

        """
        if self._bar is not None and part.end_ns <= self._bar.end_ns:
            return []
        over: list[Part] = []
        if self._whole_from_ns is None:
            self._whole_from_ns = part.start_ns
        if self._span is not None and span.end_ns != self._span.end_ns:
            over += self._closed()
        self._span = span
        self._bar = part if self._bar is None else _joined(self._bar, part)
        if part.end_ns == span.end_ns:
            over += self._closed()
        return over

    def _closed(self) -> list[Part]:
        bar, span, whole_from_ns = self._bar, self._span, self._whole_from_ns
        self._bar = self._span = None
        if bar is None or span is None or whole_from_ns is None or whole_from_ns > span.start_ns:
            return []
        return [
            Part(
                start_ns=span.start_ns,
                end_ns=span.end_ns,
                open=bar.open,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                volume=bar.volume,
            )
        ]


def _joined(bar: Part, part: Part) -> Part:
    return Part(
        start_ns=bar.start_ns,
        end_ns=part.end_ns,
        open=bar.open,
        high=max(bar.high, part.high),
        low=min(bar.low, part.low),
        close=part.close,
        volume=bar.volume + part.volume,
    )


def span_of(end_ns: int, length_ns: int, session_open_ns: int, session_close_ns: int) -> Span | None:
    """Find the decision bar that a part belongs to by its end.

    Parameters
    ----------
    end_ns : int
        End of the part, nanoseconds UTC.
    length_ns : int
        Length of decision bars; one of a day or more covers the session.
    session_open_ns, session_close_ns : int
        The session that holds the part.

    Returns
    -------
    Span or None
        Intraday bars end at whole multiples of their length since midnight UTC, and at the close of the session; None
        outside of the session.

    """
    if not session_open_ns < end_ns <= session_close_ns:
        return None
    if length_ns >= DAY_NS:
        return Span(start_ns=session_open_ns, end_ns=session_close_ns)
    first = (end_ns - 1) // length_ns * length_ns
    return Span(start_ns=max(first, session_open_ns), end_ns=min(first + length_ns, session_close_ns))

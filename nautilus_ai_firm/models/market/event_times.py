"""Scheduled events as they become known -> the last and the next of each kind at the close of a round."""

from bisect import bisect_right, insort

import numpy as np

from nautilus_ai_firm.messages import Events


class EventTimes:
    """What is known of scheduled events.

    Parameters
    ----------
    n_kinds : int
        Number of kinds.
    n_instruments : int
        Size of the universe.

    """

    __slots__ = ("_n_instruments", "_n_kinds", "_pending", "_times")

    def __init__(self, n_kinds: int, n_instruments: int) -> None:
        self._n_kinds = n_kinds
        self._n_instruments = n_instruments
        self._times: dict[tuple[int, int | None], list[int]] = {}  # by kind and instrument, ascending
        self._pending: list[tuple[int, int, int | None, int]] = []

    def store(self, kind: int, place: int | None, ts_event: int, known_ns: int) -> None:
        """Store an event.

        Parameters
        ----------
        kind : int
            Its row.
        place : int or None
            The instrument that it concerns; all of them if None.
        ts_event : int
            When it happens, nanoseconds UTC.
        known_ns : int
            When it was published, nanoseconds UTC: from then on it counts.

        """
        self._pending.append((known_ns, kind, place, ts_event))

    def close(self, ts_event: int) -> Events:
        """Tell the last and the next events at the close of a round, nanoseconds UTC, of those published by then."""
        waiting = [one for one in self._pending if one[0] > ts_event]
        for known_ns, kind, place, happens_ns in self._pending:
            if known_ns <= ts_event:
                insort(self._times.setdefault((kind, place), []), happens_ns)
        self._pending = waiting
        last = np.zeros((self._n_kinds, self._n_instruments), dtype=np.int64)
        following = np.zeros_like(last)
        for (kind, place), times in self._times.items():
            concerned = slice(None) if place is None else slice(place, place + 1)
            at = bisect_right(times, ts_event)
            if at:
                np.maximum(last[kind, concerned], times[at - 1], out=last[kind, concerned])
            if at < len(times):
                row = following[kind, concerned]
                row[(row == 0) | (row > times[at])] = times[at]
        return Events(last_ns=last, next_ns=following)

"""Quotes as they arrive -> the last one of each instrument up to the close of a round."""

import numpy as np

from nautilus_ai_firm.messages import Quotes


class LastQuotes:
    """What is known of the best bids and asks.

    A quote may come before the bar whose close it is after, so which round it belongs to is settled at the close.

    Parameters
    ----------
    n_instruments : int
        Size of the universe.

    """

    __slots__ = ("_fresh", "_pending", "_ts", "_values")

    def __init__(self, n_instruments: int) -> None:
        self._values = np.full((4, n_instruments), np.nan)  # bid, ask, bid size, ask size
        self._ts = [0] * n_instruments
        self._fresh = np.zeros(n_instruments, dtype=np.bool_)
        self._pending: list[tuple[int, int, tuple[float, float, float, float]]] = []

    def store(self, place: int, ts: int, quote: tuple[float, float, float, float]) -> None:
        """Store bid, ask, bid size and ask size of one instrument at a time, nanoseconds UTC."""
        self._pending.append((ts, place, quote))

    def close(self, ts_event: int) -> Quotes:
        """Take the quotes up to the close of a round, nanoseconds UTC; those after it wait for a later one."""
        self._fresh[:] = False
        waiting = [one for one in self._pending if one[0] > ts_event]
        newest: dict[int, tuple[float, float, float, float]] = {}
        for ts, place, quote in self._pending:
            if self._ts[place] <= ts <= ts_event:
                self._ts[place] = ts
                newest[place] = quote
        if newest:
            places = list(newest)
            self._values[:, places] = np.array(list(newest.values())).T
            self._fresh[places] = True
        self._pending = waiting
        bid, ask, bid_size, ask_size = self._values.copy()
        return Quotes(bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size, fresh=self._fresh.copy())

"""Rounds become places in a session: how long it has been open, what moved within it, and what moved before it."""

import numpy as np

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import Floats, MarketSnapshot, Times

_UNKNOWN_NS = 1 << 62  # longer than any bar


class SessionBars:
    """Where each round stands in its session, and the moves of the instruments within sessions and between them.

    A move within a session runs from the instrument's last close in that session, or from its bar's open where there is
    none yet; a gap runs from its last close of an earlier session to that open. So the two add up to the whole move.

    Parameters
    ----------
    n : int
        Number of instruments.

    Attributes
    ----------
    is_first : bool
        Whether this is the first round of its session.
    is_ending : bool
        Whether what is decided now goes out in the last bar of the session, or after it: the session ends within one
        more bar of the length of the last one.
    elapsed_ns : int
        Time since the session's open, nanoseconds: the same at every open, whatever daylight saving does.
    bar_ns : int
        Length of this bar within its session, nanoseconds; never longer than the bar before it was.
    returns : ndarray of shape (n,)
        Log return within the session; NaN where there is no usable bar.
    began_ns : ndarray of int64 of shape (n,)
        Time since the open at which that return began.
    gaps : ndarray of shape (n,)
        Log move from the last close of an earlier session to the open, in an instrument's first bar of a session; NaN
        elsewhere.
    count : ndarray of int64 of shape (n,)
        Bars so far in this session.
    drift : ndarray of shape (n,)
        Log move since the instrument's first open in this session; NaN where there is no usable bar.

    Notes
    -----
    A bar is missing where it is stale, where a price is not finite and positive, and where its high is below its low. A
    round that closes at the very open of a session belongs to the one before: sessions of currencies and futures touch.
    Where no round told of that one, it is taken to be of that round alone. A round outside of sessions changes nothing.

    """

    def __init__(self, n: int) -> None:
        self._opened_ns, self._ts_ns = -1, 0
        self._told_ns = (0, 0)  # the session that the last round told of, which need not be its own
        self._close: Floats = np.full(n, np.nan)  # last one, of any session
        self._base: Floats = np.full(n, np.nan)  # first open in this session
        self._ended_ns: Times = np.zeros(n, dtype=np.int64)
        self.is_first, self.is_ending = False, False
        self.elapsed_ns, self.bar_ns = 0, _UNKNOWN_NS
        self.returns: Floats = np.full(n, np.nan)
        self.gaps: Floats = np.full(n, np.nan)
        self.drift: Floats = np.full(n, np.nan)
        self.began_ns: Times = np.zeros(n, dtype=np.int64)
        self.count: Times = np.zeros(n, dtype=np.int64)

    def update(self, market: MarketSnapshot) -> bool:
        """Take a round and return whether it lies in a session."""
        ts, told = market.ts_event, self._told_ns
        opened, closes = self._told_ns = market.session_open_ns, market.session_close_ns
        if opened <= 0:
            return False
        if ts == opened:
            opened, closes = told if told[1] == ts else (max(self._ts_ns, ts - DAY_NS), ts)
        self.is_first = opened != self._opened_ns
        if self.is_first:
            self._opened_ns, self._ts_ns = opened, opened
            self._base, self.count = np.full_like(self._base, np.nan), np.zeros_like(self.count)
        self.elapsed_ns = ts - opened
        # after a hole in the data the first bar of a session is no longer than the last one that was seen
        self.bar_ns = min(ts - self._ts_ns, self.bar_ns) if self.is_first else ts - self._ts_ns
        self.is_ending = closes - ts <= self.bar_ns
        self._move(market)
        self._ts_ns = ts
        return True

    def _move(self, market: MarketSnapshot) -> None:
        bar = np.stack([market.open, market.high, market.low, market.close])
        usable = market.fresh & np.isfinite(bar).all(axis=0) & (bar > 0).all(axis=0) & (market.high >= market.low)
        opening, close = np.where(usable, bar[0], np.nan), np.where(usable, bar[3], np.nan)
        begins = usable & (self.count == 0)
        self.gaps = np.log(np.where(begins, opening / self._close, np.nan))
        self._base = np.where(begins, opening, self._base)
        self.returns = np.log(close / np.where(begins, opening, self._close))
        self.drift = np.log(close / self._base)
        self.began_ns = np.where(self.count == 0, self.elapsed_ns - self.bar_ns, self._ended_ns)
        self._ended_ns = np.where(usable, self.elapsed_ns, self._ended_ns)
        self._close = np.where(usable, close, self._close)
        self.count = self.count + usable

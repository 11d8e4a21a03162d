"""Rounds become the volume curves of the sessions before: what a schedule may know of the session that is under way."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats, MarketSnapshot
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve

NS_PER_MINUTE = 60_000_000_000


@dataclass(slots=True)
class _Session:
    opened_ns: int
    closes_ns: int
    is_whole: bool  # so far: seen from its first bin on
    volume: Floats  # shape (n_bins, n)
    last_ns: int


class VolumeProfile:
    """Exponentially weighted mean over past sessions of each bin's share of the session's volume, by instrument.

    Sessions of different length have curves of their own: a half day is not the first half of a whole one.

    Parameters
    ----------
    span : float
        Span in sessions, at least 1.
    bin_minutes : int
        Length of a bin, minutes: that of a bar or more, for a bar counts whole in the bin in which it closes.
    n : int
        Number of instruments.
    least_sessions : int
        Sessions that make a curve.

    Attributes
    ----------
    traded : ndarray of shape (n,)
        Volume of the session under way so far, instrument units.

    Raises
    ------
    ValueError
        A span or a length below 1.

    Notes
    -----
    A session counts once it is over: with the round that closes it, or the first round of the next one. One that was
    not seen from its first bin to its last, and for an instrument one without volume, counts for nothing. A round
    outside of sessions changes nothing. A stale instrument traded nothing. Work a round does not grow.

    """

    def __init__(self, span: float, bin_minutes: int, n: int, least_sessions: int = 1) -> None:
        if bin_minutes < 1 or least_sessions < 1:
            raise ValueError(f"bin_minutes is {bin_minutes} and least_sessions {least_sessions}, allowed are from 1")
        Ewma(span, 0)  # refuses a span before the first session ends
        self._span, self._bin_minutes, self._n, self._least = span, bin_minutes, n, least_sessions
        self._bin_ns = bin_minutes * NS_PER_MINUTE
        self._shares: dict[int, Ewma] = {}  # by length of the session, nanoseconds
        self._session: _Session | None = None
        self.traded: Floats = np.zeros(n)

    def update(self, market: MarketSnapshot) -> None:
        """Take a round."""
        if market.session_open_ns <= 0:
            return
        session = self._session
        if session is None or session.opened_ns != market.session_open_ns:
            self._end()
            session = self._begin(market)
        volume = np.where(market.fresh & (market.volume > 0), market.volume, 0.0)
        session.volume[(market.ts_event - 1 - session.opened_ns) // self._bin_ns] += volume
        session.last_ns = market.ts_event
        self.traded = self.traded + volume
        if market.ts_event >= session.closes_ns:
            self._end()

    def curve(self, place: int, session_ns: int) -> VolumeCurve | None:
        """Return the curve of an instrument in sessions of a length, nanoseconds; None while too few were seen."""
        shares = self._shares.get(session_ns)
        if shares is None or shares.count[0, place] < self._least:
            return None
        cumulative = np.minimum(np.concatenate([[0.0], np.add.accumulate(shares.mean[:, place])]), 1.0)
        cumulative[-1] = 1.0
        return VolumeCurve(self._bin_minutes, cumulative)

    def _begin(self, market: MarketSnapshot) -> _Session:
        opened, closes = market.session_open_ns, market.session_close_ns
        bins = -((opened - closes) // self._bin_ns)
        is_whole = market.ts_event <= opened + self._bin_ns
        self._session = _Session(opened, closes, is_whole, np.zeros((bins, self._n)), market.ts_event)
        self.traded = np.zeros(self._n)
        return self._session

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is None or not session.is_whole or session.last_ns <= session.closes_ns - self._bin_ns:
            return
        shares = self._shares.get(session.closes_ns - session.opened_ns)
        if shares is None:
            shares = self._shares[session.closes_ns - session.opened_ns] = Ewma(self._span, session.volume.shape)
        total = session.volume.sum(axis=0)
        shares.update(session.volume / np.where(total > 0, total, np.nan))

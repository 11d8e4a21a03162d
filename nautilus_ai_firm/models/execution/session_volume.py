"""Volumes of closed bars -> what the market traded so far, and the curve that its past sessions traded along."""

import numpy as np

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve, fit_volume_curve, uniform_curve


class SessionVolume:
    """Adds up volume, round by round, and keeps whole sessions in bins; it never looks beyond the last closed bar.

    Parameters
    ----------
    n_instruments : int
        Size of the universe.
    bar_minutes : int
        Length of a bar, minutes.
    bin_minutes : int
        Length of a bin of the curve, minutes; bars that are longer make it longer.
    n_sessions : int
        Past sessions that the curve is learnt from, above 0; 0 learns none.

    Attributes
    ----------
    total : ndarray of shape (n_instruments,)
        Volume since the beginning, instrument units.
    in_session : ndarray of shape (n_instruments,)
        Volume of the session that is open, or closed last, instrument units.
    open_ns, known_ns : int
        Open of that session, and the last closed round, nanoseconds UTC; 0 before the first.

    """

    __slots__ = (
        "_bar_minutes", "_bin_minutes", "_close_ns", "_curves", "_days", "_n_bins", "_n_sessions", "_today",
        "in_session", "known_ns", "open_ns", "total",
    )  # fmt: skip

    def __init__(self, n_instruments: int, bar_minutes: int, bin_minutes: int = 5, n_sessions: int = 0) -> None:
        self._bar_minutes = bar_minutes
        self._bin_minutes = max(bin_minutes, bar_minutes)
        self._n_sessions = n_sessions
        self._n_bins = self._close_ns = 0
        self._today: Floats | None = None
        self._days: list[Floats] = []  # of regular length, each of shape (n_bins, n_instruments)
        self._curves: dict[int, VolumeCurve | None] = {}
        self.total: Floats = np.zeros(n_instruments)
        self.in_session: Floats = np.zeros(n_instruments)
        self.open_ns = self.known_ns = 0

    def update(self, ts_ns: int, session_ns: tuple[int, int], volume: Floats, fresh: Bools) -> None:
        """Take a closed round.

        Parameters
        ----------
        ts_ns : int
            Its close, nanoseconds UTC.
        session_ns : tuple of int
            Open and close of its session, nanoseconds UTC; zeros outside of sessions.
        volume, fresh : ndarray of shape (n_instruments,)
            Volume of the bars, and whether there is one.

        """
        open_ns, close_ns = session_ns
        if open_ns != self.open_ns:
            self._begin(ts_ns, open_ns, close_ns)
        traded = np.where(fresh & np.isfinite(volume), volume, 0.0)
        self.total += traded
        self.in_session += traded
        self.known_ns = ts_ns
        if self._today is not None:
            middle = (ts_ns - open_ns) / MINUTE_NS - self._bar_minutes / 2
            self._today[min(max(int(middle // self._bin_minutes), 0), len(self._today) - 1)] += traded

    def curve(self, place: int) -> VolumeCurve | None:
        """Return the curve of an instrument over the sessions before this one; None before the first whole one.

        Half days follow a curve of their own and teach nothing. Nor does a session without any volume, or one that was
        not seen from its first bin to its last: hours that are missing would look like hours without trade.
        """
        if place not in self._curves:
            self._curves[place] = self._fit(place)
        return self._curves[place]

    def average(self, place: int) -> float | None:
        """Return the mean volume of those sessions, instrument units; None before the first whole one with any."""
        return float(np.mean([day[:, place].sum() for day in self._days])) or None if self._days else None

    def even_curve(self, session_minutes: int) -> VolumeCurve:
        """Return the curve of an even volume over a session: what is assumed while none is learnt."""
        return uniform_curve(-(-session_minutes // self._bin_minutes), self._bin_minutes)

    def _begin(self, ts_ns: int, open_ns: int, close_ns: int) -> None:
        self._keep()
        self.open_ns, self._close_ns = open_ns, close_ns
        self.in_session[:] = 0.0
        bin_ns = self._bin_minutes * MINUTE_NS
        from_the_first_bin = open_ns > 0 and ts_ns <= open_ns + bin_ns
        n_bins = -(-(close_ns - open_ns) // bin_ns)
        self._today = np.zeros((n_bins, len(self.total))) if from_the_first_bin and self._n_sessions else None

    def _keep(self) -> None:
        today = self._today
        last_bin_ns = self._close_ns - self._bin_minutes * MINUTE_NS
        if today is None or len(today) < self._n_bins or self.known_ns <= last_bin_ns:
            return
        if len(today) > self._n_bins:  # the ones so far were half days
            self._n_bins, self._days = len(today), []
        self._days = [*self._days, today][-self._n_sessions :]
        self._curves = {}

    def _fit(self, place: int) -> VolumeCurve | None:
        if not self._days:
            return None
        volume = np.stack([day[:, place] for day in self._days])
        if not bool(volume.any()):
            return None
        return fit_volume_curve(volume, self._bin_minutes)

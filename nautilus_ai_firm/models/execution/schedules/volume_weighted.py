"""VWAP: slices follow the volume that the rest of the session is expected to bring, given what it brought so far."""

from dataclasses import dataclass
from math import inf

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.models.execution.schedules.window import Traded, Window
from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve

PRIOR = 0.1
"""Weight of the average session in the estimate of today's volume, as a share of a session seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeWeighted:
    """Due is the share of the window's volume that will have been traded when the present interval ends.

    With C the curve, V_s what today traded by the moment t that is known, V what of it since the start, and A the
    average volume of a session, today's volume is expected to be

        D = (p A + V_s) / (p + C(t)),     p = PRIOR,

    a mean of the average and of today's, which weighs today's more as the session goes on (the posterior mean of a
    Poisson rate under a gamma prior; adaptive as in Bialkowski, Darolles and Le Fol 2008). With e the end of the
    window and i that of the present interval, due is

        total x (V + D (C(i) - C(t))) / (V + D (C(e) - C(t))).

    Attributes
    ----------
    window : Window
        Quantity and time.
    curve : VolumeCurve
        C, by minutes since the open.
    open_ns : int
        Open of the session, nanoseconds UTC.
    average_volume : float
        A, instrument units, above 0.
    max_participation : float, optional
        Largest share of what the market traded and is expected to trade until the interval ends; absent does not cap.

    Raises
    ------
    ValueError
        An average volume or a cap that is not above 0.

    """

    window: Window
    curve: VolumeCurve
    open_ns: int
    average_volume: float
    max_participation: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no volume."""
        if not 0 < self.average_volume < inf:
            raise ValueError(f"average_volume is {self.average_volume}, allowed are finite numbers above 0")
        if self.max_participation is not None and not 0 < self.max_participation <= 1:
            raise ValueError(f"max_participation is {self.max_participation}, allowed is (0, 1]")

    def due(self, now_ns: int, traded: Traded) -> int:
        """Return the cumulative quantity, whole lots; all of it in the last interval where no cap holds it."""
        at = self.window
        if now_ns < at.start_ns:
            return 0
        known_ns = max(traded.known_ns, at.start_ns)
        by_now, by_interval, by_end = map(self._by, (known_ns, at.interval_end_ns(now_ns), at.end_ns))
        seen = traded.in_session if traded.known_ns > self.open_ns else 0.0  # else it is of the session before
        today = (PRIOR * self.average_volume + seen) / (PRIOR + self._by(traded.known_ns))
        soon = traded.since_start + today * max(by_interval - by_now, 0.0)
        whole = traded.since_start + today * max(by_end - by_now, 0.0)
        wanted = at.total if at.is_last(now_ns) or whole <= 0 else at.share(min(soon / whole, 1.0))
        if self.max_participation is None:
            return wanted
        return min(wanted, at.whole_lots(self.max_participation * soon))

    def _by(self, ts_ns: int) -> float:
        return self.curve.traded_by((ts_ns - self.open_ns) / MINUTE_NS)

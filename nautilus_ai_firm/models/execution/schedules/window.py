"""A parent's quantity and its time: what every schedule divides, and what it may know of the market's volume."""

from dataclasses import dataclass
from math import floor

from nautilus_ai_firm.models.execution.slicing import n_slices

_NOISE = 1e-9  # of a lot: what floats lose


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is to be traded, and when.

    Attributes
    ----------
    total : int
        Quantity of the parent, unsigned, whole lots.
    lot : int
        Smallest tradable step, instrument units, above 0.
    start_ns, end_ns : int
        First moment, and the one from which on nothing is sent any more, nanoseconds UTC.
    interval_ns : int
        Time between slices, nanoseconds, above 0.

    Raises
    ------
    ValueError
        A total that is negative or not whole lots, or no time.

    """

    total: int
    lot: int
    start_ns: int
    end_ns: int
    interval_ns: int

    def __post_init__(self) -> None:
        """Refuse what cannot be divided."""
        if self.total < 0 or self.lot <= 0 or self.total % self.lot:
            raise ValueError(f"total is {self.total}, allowed are multiples of the lot {self.lot} from 0")
        n_slices(self.start_ns, self.end_ns, self.interval_ns)

    @property
    def slices(self) -> int:
        """Number of intervals, the last one perhaps shorter."""
        return n_slices(self.start_ns, self.end_ns, self.interval_ns)

    def interval(self, now_ns: int) -> int:
        """Return the place of the interval that a moment lies in: 0 is the first; before the start -1."""
        return min((now_ns - self.start_ns) // self.interval_ns, self.slices - 1) if now_ns >= self.start_ns else -1

    def is_last(self, now_ns: int) -> bool:
        """Whether a moment lies in the last interval, or after it."""
        return self.interval(now_ns) == self.slices - 1

    def interval_end_ns(self, now_ns: int) -> int:
        """Return the end of the interval that a moment lies in, nanoseconds UTC."""
        return min(self.start_ns + (self.interval(now_ns) + 1) * self.interval_ns, self.end_ns)

    def passed(self, now_ns: int) -> float:
        """Return how much of its interval has passed at a moment, in [0, 1]."""
        if now_ns < self.start_ns:
            return 0.0
        begin_ns = self.start_ns + self.interval(now_ns) * self.interval_ns
        length_ns = self.interval_end_ns(now_ns) - begin_ns
        return min((now_ns - begin_ns) / length_ns, 1.0) if length_ns else 1.0

    def whole_lots(self, quantity: float) -> int:
        """Round a quantity down to whole lots, and no further than from nothing to the total."""
        return max(0, min(floor(quantity / self.lot + _NOISE) * self.lot, self.total))

    def share(self, fraction: float) -> int:
        """Return a fraction of the total, rounded half up to whole lots: schedules stay half a lot from their line."""
        return max(0, min(floor(fraction * (self.total // self.lot) + 0.5 + _NOISE) * self.lot, self.total))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """What the market traded, as it is known: bars that are still open are not.

    Attributes
    ----------
    since_start : float
        Since the schedule began, instrument units.
    in_session : float
        Since the session opened, instrument units.
    known_ns : int
        Until when that counts, nanoseconds UTC.

    """

    since_start: float = 0.0
    in_session: float = 0.0
    known_ns: int = 0

"""Times of orders for new risk become what may still follow: how many, how soon, and how often the same."""

from collections import deque
from dataclasses import dataclass

from nautilus_ai_firm.models.execution.budget import MessageBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRiskLimits:
    """What orders for new risk are held to; orders that reduce and stops are not.

    Attributes
    ----------
    max_parents, max_repeats : int, optional
        Largest number in a window, of all, and of one instrument and side; None does not limit.
    window_ns, repeat_window_ns : int
        Windows, nanoseconds.
    spacing_ns : int
        Least time between two releases, nanoseconds.

    """

    max_parents: int | None
    window_ns: int
    max_repeats: int | None
    repeat_window_ns: int
    spacing_ns: int


class NewRisk:
    """Counts orders for new risk.

    Parameters
    ----------
    limits : NewRiskLimits
        What they are held to.

    """

    __slots__ = ("_last_release_ns", "_limits", "_parents", "_repeats")

    def __init__(self, limits: NewRiskLimits) -> None:
        self._limits = limits
        self._parents = MessageBudget(limits.max_parents or 0, limits.window_ns)
        self._repeats: dict[tuple[int, bool], deque[int]] = {}
        self._last_release_ns = 0

    def refusal(self, ts_ns: int) -> tuple[float, float] | None:
        """Return number and limit where one more parent at this time is one too many; None where it may follow."""
        limit = self._limits.max_parents
        if limit is None or self._parents.count(ts_ns) < limit:
            return None
        return self._parents.count(ts_ns) + 1.0, float(limit)

    def record(self, ts_ns: int) -> None:
        """Count a parent."""
        self._parents.record(ts_ns, 1)

    def space(self, execution_ns: int) -> int:
        """Return when a parent that is due may be released, nanoseconds UTC, and count it as released then."""
        self._last_release_ns = max(execution_ns, self._last_release_ns + self._limits.spacing_ns)
        return self._last_release_ns

    def repeats(self, place: int, ts_ns: int, *, buys: bool) -> int | None:
        """Count an order, and return the limit where the same came more often than that within the window."""
        limit = self._limits.max_repeats
        if limit is None:
            return None
        times = self._repeats.setdefault((place, buys), deque())
        times.append(ts_ns)
        while times[0] <= ts_ns - self._limits.repeat_window_ns:
            times.popleft()
        return limit if len(times) > limit else None

    def forget_repeats(self) -> None:
        """Begin to count anew: a person has looked at it."""
        self._repeats.clear()

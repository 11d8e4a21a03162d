"""How long the next request for bars of the past has to wait, so that the broker does not call it a pacing violation.

The broker's rules ("Historical Data Limitations" of its interface's documentation): at most 60 requests in ten minutes,
15 seconds between identical ones, and fewer than six for one contract in two seconds. Times are given, none is read.
"""

from collections import deque
from collections.abc import Hashable

MARGIN_S = 1.0  # a request can be counted later than it was sent
TEN_MINUTES_S, IDENTICAL_S, CONTRACT_S = 600.0 + MARGIN_S, 15.0 + MARGIN_S, 2.0 + MARGIN_S
MOST_REQUESTS, MOST_OF_A_CONTRACT = 60, 5


class Pacing:
    """Remembers the requests of the last ten minutes; one for all connections of a process."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: deque[tuple[float, Hashable, Hashable]] = deque()

    def wait_s(self, now_s: float, request: Hashable, contract: Hashable) -> float:
        """Return how many seconds the request has to wait; 0 where it may go now.

        Parameters
        ----------
        now_s : float
            Seconds on a clock that never goes back.
        request : hashable
            All of the request but its number.
        contract : hashable
            What it is about.

        """
        same = [then_s for then_s, asked, _ in self._asked if asked == request]
        alike = [then_s for then_s, _, about in self._asked if about == contract]
        every = [then_s for then_s, _, _ in self._asked]
        free_s = max(
            _free_s(every, MOST_REQUESTS, TEN_MINUTES_S),
            _free_s(same, 1, IDENTICAL_S),
            _free_s(alike, MOST_OF_A_CONTRACT, CONTRACT_S),
        )
        return max(0.0, free_s - now_s)

    def asked(self, now_s: float, request: Hashable, contract: Hashable) -> None:
        """Remember a request that is sent now.

        Raises
        ------
        ValueError
            A time before one that was given already.

        """
        if self._asked and now_s < self._asked[-1][0]:
            raise ValueError(f"time {now_s} lies before {self._asked[-1][0]}: requests are told in order of time")
        self._asked.append((now_s, request, contract))
        while len(self._asked) > MOST_REQUESTS:
            self._asked.popleft()  # the rule for all looks no further back than so many requests


def _free_s(times_s: list[float], most: int, window_s: float) -> float:
    """Time from which one more fits: when the first of the last `most` is out of the window."""
    return times_s[-most] + window_s if len(times_s) >= most else 0.0

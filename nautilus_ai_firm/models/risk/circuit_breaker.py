"""Failures of a session become the time that passes before it is tried again (circuit breaker, Nygard, 2007).

Closed, every attempt may begin. So many failures in a window open it: no attempt until the cool-down is over. Then it
is half open, and one attempt decides: a success closes it, a failure opens it again for twice the time.
"""

from collections import deque
from enum import StrEnum


class State(StrEnum):
    """What the breaker lets through: every attempt, none, or one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class CircuitBreaker:
    """A state machine that is told the time, in seconds on a clock that never goes back.

    Parameters
    ----------
    max_failures : int
        So many failures in the window open it, at least 1.
    window_s : float
        A failure counts until it is so old.
    cool_down_s, longest_cool_down_s : float
        How long it stays open the first time, and at most; each further time in a row is twice as long as the last.

    Attributes
    ----------
    openings : int
        How often it opened in a row, without a success when it was half open.

    Raises
    ------
    ValueError
        A number out of range.

    """

    __slots__ = (
        "_attempt", "_cool_down_s", "_failures", "_latest_s", "_longest_s", "_max_failures", "_open_until_s",
        "_window_s", "openings",
    )  # fmt: skip

    def __init__(self, *, max_failures: int, window_s: float, cool_down_s: float, longest_cool_down_s: float) -> None:
        if max_failures < 1 or not window_s > 0 or not 0 < cool_down_s <= longest_cool_down_s:
            raise ValueError(
                f"max_failures {max_failures}, window_s {window_s}, cool_down_s {cool_down_s}, longest_cool_down_s "
                f"{longest_cool_down_s} (allowed: 1 or more, above 0, above 0, at least cool_down_s)"
            )
        self._max_failures = max_failures
        self._window_s = window_s
        self._cool_down_s = cool_down_s
        self._longest_s = longest_cool_down_s
        self._failures: deque[float] = deque()
        self._open_until_s: float | None = None
        self._attempt = False
        self._latest_s = 0.0
        self.openings = 0

    def state(self, now_s: float) -> State:
        """Return the state at a time."""
        if self._open_until_s is None:
            return State.CLOSED
        return State.OPEN if now_s < self._open_until_s else State.HALF_OPEN

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until an attempt may begin; 0 where it may now."""
        return 0.0 if self._open_until_s is None else max(0.0, self._open_until_s - now_s)

    def begin(self, now_s: float) -> None:
        """Begin an attempt.

        Raises
        ------
        ValueError
            The breaker is open, an attempt has begun and not ended, or a time lies before one that was given already.

        """
        self._go_on(now_s)
        if self._attempt or self.state(now_s) is State.OPEN:
            raise ValueError(f"no attempt may begin: {'one is under way' if self._attempt else 'the breaker is open'}")
        self._attempt = True

    def succeed(self, now_s: float) -> None:
        """Note that the attempt under way works; half open, the breaker closes. It may still fail later.

        Raises
        ------
        ValueError
            No attempt is under way, or a time before one that was given already.

        """
        self._go_on(now_s)
        self._refuse_none()
        if self._open_until_s is not None:
            self._open_until_s = None
            self._failures.clear()
        self.openings = 0

    def fail(self, now_s: float) -> None:
        """End the attempt under way as a failure.

        Raises
        ------
        ValueError
            As `succeed`.

        """
        self._go_on(now_s)
        self._refuse_none()
        self._attempt = False
        self._failures.append(now_s)
        while self._failures[0] <= now_s - self._window_s:
            self._failures.popleft()
        if self._open_until_s is not None or len(self._failures) >= self._max_failures:
            self._open_until_s = now_s + self.cool_down_s
            self.openings += 1

    @property
    def cool_down_s(self) -> float:
        """How long it stays open the next time."""
        return min(self._cool_down_s * 2.0 ** min(self.openings, 60), self._longest_s)

    def _go_on(self, now_s: float) -> None:
        if now_s < self._latest_s:
            raise ValueError(f"time {now_s} lies before {self._latest_s}: the breaker is told in order of time")
        self._latest_s = now_s

    def _refuse_none(self) -> None:
        if not self._attempt:
            raise ValueError("no attempt is under way")

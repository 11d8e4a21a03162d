"""Times of messages become the room that is left in a rolling window."""

from collections import deque


class MessageBudget:
    """Counts messages in a rolling window and refuses what would exceed the maximum.

    Parameters
    ----------
    max_messages : int
        Largest number of messages in any window, at least 0.
    window_ns : int
        Length of the window, nanoseconds, above 0. A message counts from its own time until before the time at which
        it is `window_ns` old.

    Raises
    ------
    ValueError
        A maximum or a window out of range.

    """

    def __init__(self, max_messages: int, window_ns: int) -> None:
        if max_messages < 0 or window_ns <= 0:
            raise ValueError(f"max_messages is {max_messages} and window_ns {window_ns}, allowed are 0 and 1 or more")
        self._max_messages = max_messages
        self._window_ns = window_ns
        self._messages: deque[tuple[int, int]] = deque()
        self._count = 0
        self._latest_ns = 0

    def count(self, ts_ns: int) -> int:
        """Return the messages of the window that ends at `ts_ns`, nanoseconds UTC.

        Raises
        ------
        ValueError
            A time before one that was given already.

        """
        if ts_ns < self._latest_ns:
            raise ValueError(f"time {ts_ns} lies before {self._latest_ns}: the budget is asked in order of time")
        self._latest_ns = ts_ns
        while self._messages and self._messages[0][0] <= ts_ns - self._window_ns:
            self._count -= self._messages.popleft()[1]
        return self._count

    def reserve(self, ts_ns: int, n: int) -> bool:
        """Count `n` messages at `ts_ns` if they fit, all or none, and say whether they did.

        Raises
        ------
        ValueError
            A time before one that was given already, or a negative number.

        """
        if n >= 0 and self.count(ts_ns) + n > self._max_messages:
            return False
        self.record(ts_ns, n)
        return True

    def record(self, ts_ns: int, n: int) -> None:
        """Count `n` messages at `ts_ns` that are never refused: cancels and reducing orders.

        Raises
        ------
        ValueError
            A time before one that was given already, or a negative number.

        """
        if n < 0:
            raise ValueError(f"{n} messages, allowed is 0 or more")
        self.count(ts_ns)
        self._messages.append((ts_ns, n))
        self._count += n

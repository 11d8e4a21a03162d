"""A clock that moves only when somebody waits, for tests of those who wait."""

from collections.abc import Callable
from random import Random

from nautilus_ai_firm.gateways.ib_retry import Patience


class Waiting:
    """Seconds that pass by waiting alone.

    Attributes
    ----------
    now_s : float
        The time; a test may move it.
    pauses : list of float
        Every pause, in seconds.
    on_pause : callable
        Called with every pause, when it is over; may raise.

    """

    def __init__(self, on_pause: Callable[[float], None] = lambda _: None) -> None:
        self.now_s = 1_000.0
        self.pauses: list[float] = []
        self.on_pause = on_pause

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds
        self.on_pause(seconds)

    def patience(self, seed: int = 0) -> Patience:
        return Patience(clock=lambda: self.now_s, sleep=self.sleep, chance=Random(seed))  # noqa: S311 - jitter that a test knows

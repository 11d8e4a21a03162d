"""How long each agent thinks: the host's clock on the wall, which the agents cannot read."""

import time
from collections import Counter
from collections.abc import Callable


class Stopwatch:
    """Times what agents do in a round, by name; it is the `measure` of a firm."""

    __slots__ = ("_elapsed_ns", "_rounds")

    def __init__(self) -> None:
        self._elapsed_ns: Counter[str] = Counter()
        self._rounds: Counter[str] = Counter()

    def __call__[T](self, agent: str, think: Callable[[], T]) -> T:
        """Let an agent think and add up how long it took."""
        started = time.perf_counter_ns()
        thought = think()
        self._elapsed_ns[agent] += time.perf_counter_ns() - started
        self._rounds[agent] += 1
        return thought

    def us_per_round(self) -> dict[str, float]:
        """Return the mean time of each agent, microseconds a round, those of the warm-up included."""
        return {agent: self._elapsed_ns[agent] / rounds / 1e3 for agent, rounds in sorted(self._rounds.items())}

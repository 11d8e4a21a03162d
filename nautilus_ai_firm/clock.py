"""The market clock: what time it is for the firm, and how it schedules.

Agents and algorithms ask this clock and no other. Under it lies the clock that the host gives a component: in a
backtest the engine's, live the node's.
"""

from collections.abc import Callable
from typing import Any, Protocol

from nautilus_ai_firm.bus import Line


class HostClock(Protocol):
    """What the market clock needs of the clock under it."""

    def timestamp_ns(self) -> int: ...

    def set_time_alert_ns(
        self,
        name: str,
        alert_time_ns: int,
        callback: Callable[[Any], None] | None = None,
        allow_past: bool | None = None,
    ) -> None: ...

    def cancel_timer(self, name: str) -> None: ...

    def timer_names(self) -> list[str]: ...


class MarketClock:
    """Market time, and one-shot alerts that run through the desk's line."""

    __slots__ = ("_host", "_line")

    def __init__(self, host: HostClock, line: Line) -> None:
        self._host = host
        self._line = line

    def now_ns(self) -> int:
        """Market time, nanoseconds UTC."""
        return self._host.timestamp_ns()

    def alert_at(self, name: str, ts_ns: int, callback: Callable[[Any], None]) -> None:
        """Call back once at `ts_ns`, after all data of earlier times; one alert per name."""
        self._host.set_time_alert_ns(name, ts_ns, self._line.guard(callback))

    def cancel(self, name: str) -> None:
        """Cancel an alert that may have fired already."""
        if name in self._host.timer_names():
            self._host.cancel_timer(name)

"""The market clock: what time it is for the firm, and how it schedules.

Agents and algorithms ask this clock and no other; the host says what lies under it. In a backtest and at a broker that
is the clock which the engine or the node gives each component. Where market data is replayed it is one stepped clock
for the whole firm, so that a replayed session and a backtest see the same times.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
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
    """Market time, and one-shot alerts that run through the desk's line.

    Parameters
    ----------
    host : HostClock
        The clock underneath.
    line : Line
        The desk's line.
    stamps_events : bool, default True
        Whether the engine stamps order events with this clock's time; where data is replayed it stamps them with the
        time on the wall.

    """

    __slots__ = ("_host", "_line", "_stamps_events")

    def __init__(self, host: HostClock, line: Line, *, stamps_events: bool = True) -> None:
        self._host = host
        self._line = line
        self._stamps_events = stamps_events

    def now_ns(self) -> int:
        """Market time, nanoseconds UTC."""
        return self._host.timestamp_ns()

    def time_of(self, event: Any) -> int:
        """Market time of an order event that has just arrived, nanoseconds UTC.

        The engine's stamp is asked first: while an order is being submitted, its clock cannot be read.
        """
        return event.ts_event if self._stamps_events else self._host.timestamp_ns()

    def received_ns(self, event: Any) -> int | None:
        """Time at which the node had an order event, where that is told and not the event's own, nanoseconds UTC."""
        return event.ts_init if self._stamps_events and event.ts_init != event.ts_event else None

    def alert_at(self, name: str, ts_ns: int, callback: Callable[[Any], None]) -> None:
        """Call back once at `ts_ns`, after all data of earlier times; one alert per name, the newest counts."""
        self.cancel(name)
        self._host.set_time_alert_ns(self._full(name), ts_ns, self._line.guard(callback))

    def cancel(self, name: str) -> None:
        """Cancel an alert that may have fired already."""
        if self._full(name) in self._host.timer_names():
            self._host.cancel_timer(self._full(name))

    def _full(self, name: str) -> str:
        return f"{self._line.name}.{name}"  # one clock may serve every desk


class SteppedClock:
    """A clock that stands still until its host moves it: to the next market event, or to the next alert.

    Alerts fire in order of their time, equal ones in the order in which they were set, after all data of their time
    and before any later data, as the engine's own do.
    """

    __slots__ = ("_alerts", "_now_ns", "_queue", "_set")

    def __init__(self) -> None:
        self._now_ns = 0
        self._queue: list[tuple[int, int, str]] = []
        self._alerts: dict[str, tuple[int, Callable[[Any], None]]] = {}
        self._set = 0

    def timestamp_ns(self) -> int:
        """Market time, nanoseconds UTC."""
        return self._now_ns

    def set_time_alert_ns(
        self,
        name: str,
        alert_time_ns: int,
        callback: Callable[[Any], None] | None = None,
        allow_past: bool | None = None,  # noqa: ARG002 - the signature of the engine's clocks
    ) -> None:
        """Set an alert; it takes the place of one of the same name."""
        if callback is None:
            raise ValueError(f"alert {name}: nobody to call back")
        self._set += 1
        self._alerts[name] = (self._set, callback)
        heapq.heappush(self._queue, (alert_time_ns, self._set, name))

    def cancel_timer(self, name: str) -> None:
        """Cancel an alert."""
        del self._alerts[name]

    def timer_names(self) -> list[str]:
        """Names of the alerts that are still to fire."""
        return sorted(self._alerts)

    def next_alert_ns(self) -> int | None:
        """Time of the next alert, nanoseconds UTC; None where there is none."""
        while self._queue:
            ts_ns, number, name = self._queue[0]
            if self._alerts.get(name, (0,))[0] == number:
                return ts_ns
            heapq.heappop(self._queue)  # canceled, or set anew
        return None

    def fire_next(self) -> None:
        """Move to the next alert and call back; an alert of the past fires now."""
        ts_ns, _, name = heapq.heappop(self._queue)
        self._now_ns = max(self._now_ns, ts_ns)
        _, callback = self._alerts.pop(name)
        callback(None)

    def move_to(self, ts_ns: int) -> None:
        """Move to a later time.

        Raises
        ------
        ValueError
            The time lies in the past, or an alert is due before it: market time never runs backwards or skips.

        """
        due_ns = self.next_alert_ns()
        if ts_ns == self._now_ns:
            return
        if ts_ns < self._now_ns or (due_ns is not None and due_ns < ts_ns):
            raise ValueError(f"cannot move the market clock from {self._now_ns} to {ts_ns}: next alert {due_ns}")
        self._now_ns = ts_ns


@dataclass(frozen=True, slots=True)
class MarketTime:
    """How the host keeps market time: on the clock of each component, or on one stepped clock for all of them.

    Attributes
    ----------
    stepped : SteppedClock, optional
        The one clock of a replay.

    """

    stepped: SteppedClock | None = None

    def clock(self, component: HostClock, line: Line) -> MarketClock:
        """Make a desk's market clock, over the component's own clock where the host has no other."""
        if self.stepped is None:
            return MarketClock(component, line)
        return MarketClock(self.stepped, line, stamps_events=False)

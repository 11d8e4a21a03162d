"""Plays market data to a live node: one event or alert at a time, the next when the firm is idle."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.clock import SteppedClock
from nautilus_ai_firm.hosts.doorman import Doorman
from nautilus_ai_firm.hosts.switch_watch import SwitchWatch

LOOK_S = 0.25
"""While nothing is played, the kill switch is looked at so often."""


class Audience(Protocol):
    """What the player tells of what it does."""

    def before(self, event: Any) -> Iterable[Callable[[], None]]:
        """Take an event before the firm hears of it; what is returned happens first, one thing after the other."""
        ...

    def after(self, ts_ns: int) -> None:
        """Take note that the firm is idle at a market time."""
        ...


class Player:
    """Moves the stepped clock through market events and alerts.

    Parameters
    ----------
    events : iterable
        Market data by time of arrival.
    clock : SteppedClock
        The firm's clock.
    doorman : Doorman
        Who sees that the firm is idle.
    audience : Audience
        Who is told.
    pause_seconds : callable
        From two market times, nanoseconds UTC, how long to wait between them.
    failures : Failures
        The firm's; after a failure nothing more is played.
    watch : SwitchWatch, optional
        Who looks at the kill switch between market events of different times.

    """

    def __init__(
        self,
        events: Iterable[Any],
        *,
        clock: SteppedClock,
        doorman: Doorman,
        audience: Audience,
        pause_seconds: Callable[[int, int], float],
        failures: Failures,
        watch: SwitchWatch | None = None,
    ) -> None:
        self._events = events
        self._watch = watch
        self._clock = clock
        self._doorman = doorman
        self._audience = audience
        self._pause_seconds = pause_seconds
        self._failures = failures
        self._stop: asyncio.Event | None = None
        self._deliver: Callable[[Any], None] = _nobody

    async def play(self, deliver: Callable[[Any], None], stop: asyncio.Event) -> None:
        """Play until the data ends, the firm fails or `stop` is set; a time that has begun is played to its end.

        Parameters
        ----------
        deliver : callable
            Puts an event into the node's queue.
        stop : asyncio.Event
            Set by whoever wants the session to end.

        """
        self._deliver, self._stop = deliver, stop
        for event in self._events:
            if event.ts_init > self._clock.timestamp_ns():
                await self._fire_alerts(event.ts_init - 1)
                await self._wait_for(event.ts_init)
                await self._look(event.ts_init)
                if stop.is_set():
                    return
            if self._failures.first is not None:
                return
            self._clock.move_to(event.ts_init)
            for action in self._audience.before(event):
                action()
                await self.idle()
            deliver(event)
            await self.idle()
        await self._fire_alerts(self._clock.timestamp_ns() + 1)

    async def idle(self) -> None:
        """Wait until the firm has nothing under way."""
        knock, answered = self._doorman.knock()
        self._deliver(knock)
        await answered
        self._audience.after(self._clock.timestamp_ns())

    async def _fire_alerts(self, until_ns: int) -> None:
        """Fire what is due; when the session is to end, only what still belongs to the time that has begun."""
        while self._failures.first is None and (due_ns := self._clock.next_alert_ns()) is not None:
            if due_ns > until_ns or (self._stop_is_set and due_ns > self._clock.timestamp_ns() + 1):
                return
            await self._wait_for(due_ns)
            await self._look(due_ns)
            self._clock.fire_next()
            await self.idle()

    async def _wait_for(self, ts_ns: int) -> None:
        left_s = self._pause_seconds(self._clock.timestamp_ns(), ts_ns)
        while left_s > 0 and self._stop is not None and not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(left_s, LOOK_S))
            left_s -= LOOK_S
            await self._look(ts_ns)

    async def _look(self, before_ns: int) -> None:
        """Look at the kill switch, and say before a time what is to be said; where nothing fits between, after it."""
        if self._watch is None or self._failures.first is not None:
            return
        due_ns = self._watch.due_ns(self._clock.timestamp_ns())
        if due_ns is not None and due_ns < before_ns:
            self._clock.move_to(due_ns)
            self._watch.speak(due_ns)
            await self.idle()

    @property
    def _stop_is_set(self) -> bool:
        return self._stop is not None and self._stop.is_set()


def _nobody(_event: Any) -> None:
    raise RuntimeError("nothing is played yet")

"""What ends a session before its market data does: a signal, or the time on the wall; the first cause counts."""

import asyncio
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NAP_S = 0.05  # how long a wait goes on after the wish to end it


class Stopped(Exception):  # noqa: N818 - no fault: somebody wants the session to end
    """A wait was ended by the wish to end the session, whose cause it names."""


class Stop:
    """The wish to end a session, heard from before its folder is made until its records are sealed.

    Attributes
    ----------
    cause : str
        Name of the signal, or `minutes`; empty while nobody wants the session to end.
    wanted : asyncio.Event
        Of the last event loop that signals were heard in. Set with the cause, or when a session that runs again over
        its journal has come to the journal's end.

    """

    __slots__ = ("_held", "cause", "wanted")

    def __init__(self) -> None:
        self.cause = ""
        self.wanted = asyncio.Event()
        self._held = False

    def hold(self) -> None:
        """Do not end the session before `release`."""
        self._held = True

    def release(self) -> None:
        """End the session when it was wanted."""
        self._held = False
        if self.cause:
            self.wanted.set()

    def end(self, cause: str) -> None:
        """Want the session to end; who asks again is told nothing new."""
        self.cause = self.cause or cause
        if not self._held:
            self.wanted.set()

    def sleep(self, seconds: float) -> None:
        """Wait while no event loop runs.

        Raises
        ------
        Stopped
            The session is to end: at once, within a twentieth of a second.

        """
        end_s = time.monotonic() + seconds
        while not self.cause and (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, NAP_S))
        if self.cause:
            raise Stopped(self.cause)

    @contextmanager
    def heard(self) -> Generator[None]:
        """Hear signals while no event loop runs, and do afterwards what was done before."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def listen(self) -> None:
        """Hear signals, again when an event loop is closed: it takes its handlers with it."""
        for number in SIGNALS:
            signal.signal(number, self._hear)

    @contextmanager
    def heard_in_loop(self, minutes: float | None, kill: Callable[[], None]) -> Generator[None]:
        """Hear signals in the running event loop, and the time when there is one; signals until the loop is closed.

        Parameters
        ----------
        minutes : float or None
            Minutes on the wall after which the session is to end.
        kill : callable
            What SIGUSR1 does: it throws the kill switch, and the session goes on without new risk.

        """
        loop = asyncio.get_running_loop()
        if not self.wanted.is_set():
            self.wanted = asyncio.Event()  # one that was waited for belongs to its loop, which may be another
        for number in SIGNALS:
            loop.add_signal_handler(number, self.end, number.name)
        loop.add_signal_handler(signal.SIGUSR1, kill)
        timer = None if minutes is None else loop.call_later(minutes * 60, self.end, "minutes")
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def _hear(self, number: int, _frame: Any) -> None:
        self.end(signal.Signals(number).name)

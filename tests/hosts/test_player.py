"""The player: events and alerts one at a time and in order, and a stop that leaves no time half played."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.clock import SteppedClock
from nautilus_ai_firm.hosts.player import Player


@dataclass(frozen=True)
class Event:
    """A market event, or the knock behind it."""

    ts_init: int
    name: str = ""


@dataclass
class Firm:
    """Hears events, sets alerts, and answers knocks as a node does: when everything before them is done."""

    clock: SteppedClock = field(default_factory=SteppedClock)
    heard: list[tuple[int, str]] = field(default_factory=list)
    idle_at: list[int] = field(default_factory=list)
    failures: Failures = field(default_factory=Failures)
    alerts: dict[int, list[int]] = field(default_factory=dict)  # at this event's time, set alerts at these times
    waiting: "asyncio.Future[None] | None" = None
    booked: list[int] = field(default_factory=list)

    def knock(self) -> tuple[Event, "asyncio.Future[None]"]:
        assert self.waiting is None or self.waiting.done(), "a step began before the firm was idle"
        self.waiting = asyncio.get_running_loop().create_future()
        return Event(-1), self.waiting

    def deliver(self, event: Any) -> None:
        loop = asyncio.get_running_loop()
        if event.ts_init < 0:
            assert self.waiting is not None
            loop.call_soon(loop.call_soon, self.waiting.set_result, None)
            return
        self.heard.append((self.clock.timestamp_ns(), event.name))
        for ts_ns in self.alerts.get(event.ts_init, []):
            name = f"alert {ts_ns}"
            self.clock.set_time_alert_ns(
                name, ts_ns, lambda _event, name=name: self.heard.append((self.clock.timestamp_ns(), name))
            )

    def before(self, event: Any) -> Iterable[Callable[[], None]]:
        yield lambda: self.booked.append(event.ts_init)

    def after(self, ts_ns: int) -> None:
        self.idle_at.append(ts_ns)


def play(
    firm: Firm, events: Iterable[Any], *, stop_at: str = "", pause: Callable[[int, int], float] = lambda _a, _b: 0.0
) -> None:
    async def run() -> None:
        stop = asyncio.Event()

        def deliver(event: Any) -> None:
            firm.deliver(event)
            if stop_at and event.ts_init >= 0 and event.name == stop_at:
                stop.set()

        doorman: Any = firm
        player = Player(
            events, clock=firm.clock, doorman=doorman, audience=firm, pause_seconds=pause, failures=firm.failures
        )
        await player.play(deliver, stop)

    asyncio.run(run())


def test_an_alert_comes_after_all_data_of_its_time_and_before_any_later() -> None:
    firm = Firm(alerts={10: [11], 20: [21, 40]})
    play(firm, [Event(10, "a"), Event(10, "b"), Event(11, "c"), Event(20, "d"), Event(40, "e"), Event(41, "f")])
    assert firm.heard == [
        (10, "a"),
        (10, "b"),
        (11, "c"),
        (11, "alert 11"),
        (20, "d"),
        (21, "alert 21"),
        (40, "e"),
        (40, "alert 40"),
        (41, "f"),
    ]
    assert firm.booked == [10, 10, 11, 20, 40, 41]


def test_the_last_round_is_closed_and_what_lies_further_ahead_is_not_reached() -> None:
    firm = Firm(alerts={10: [11, 12]})
    play(firm, [Event(10, "a")])
    assert firm.heard == [(10, "a"), (11, "alert 11")]


@pytest.mark.parametrize("stop_at", ["a", "b"])
def test_a_stop_leaves_no_time_half_played(stop_at: str) -> None:
    firm = Firm(alerts={10: [11, 15]})
    play(firm, [Event(10, "a"), Event(10, "b"), Event(20, "c")], stop_at=stop_at)
    assert firm.heard == [(10, "a"), (10, "b"), (11, "alert 11")]


def test_nothing_is_played_after_a_failure() -> None:
    firm = Firm(alerts={10: [11]})
    failing = [Event(10, "a"), Event(20, "b")]

    def events() -> Iterable[Event]:
        yield failing[0]
        firm.failures.record("risk", ValueError("no"))
        yield failing[1]

    play(firm, events())
    assert firm.heard == [(10, "a")]


def test_it_waits_between_times_and_not_within_one() -> None:
    asked: list[tuple[int, int]] = []

    def pause(from_ns: int, to_ns: int) -> float:
        asked.append((from_ns, to_ns))
        return 0.001

    firm = Firm(alerts={10: [11]})
    play(firm, [Event(10, "a"), Event(10, "b"), Event(20, "c")], pause=pause)
    assert asked == [(0, 10), (10, 11), (11, 20)]


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=12).map(sorted),
    st.dictionaries(st.integers(1, 30), st.lists(st.integers(1, 35), max_size=3), max_size=5),
)
def test_time_never_runs_backwards_whatever_is_scheduled(times: list[int], alerts: dict[int, list[int]]) -> None:
    firm = Firm(alerts=alerts)
    play(firm, [Event(ts, f"event {place}") for place, ts in enumerate(times)])
    moments = [ts_ns for ts_ns, _ in firm.heard]
    assert moments == sorted(moments)
    assert [name for _, name in firm.heard if name.startswith("event")] == [f"event {n}" for n in range(len(times))]
    assert firm.idle_at == sorted(firm.idle_at)

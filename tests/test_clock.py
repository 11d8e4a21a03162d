"""The stepped clock: alerts in order, none skipped, and time never runs backwards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.bus import Failures, Line
from nautilus_ai_firm.clock import MarketClock, MarketTime, SteppedClock


class Component:
    """What a line needs, and nothing else."""

    log: Any = None

    def publish_message(self, topic: str, message: object) -> None:
        raise AssertionError(topic, message)

    def subscribe_topic(self, topic: str, handler: Any, priority: int = 0) -> None:
        raise AssertionError(topic, handler, priority)


def a_clock(stepped: SteppedClock, name: str = "desk") -> MarketClock:
    return MarketTime(stepped).clock(object(), Line(name, Component(), Failures()))  # pyright: ignore[reportArgumentType] - a stepped clock asks nothing of the component


def fire_all(stepped: SteppedClock) -> None:
    while stepped.next_alert_ns() is not None:
        stepped.fire_next()


@given(st.lists(st.integers(1, 20), max_size=30))
def test_alerts_fire_by_time_and_equal_ones_in_the_order_in_which_they_were_set(times: list[int]) -> None:
    stepped = SteppedClock()
    fired: list[tuple[int, int]] = []
    clock = a_clock(stepped)
    for place, ts_ns in enumerate(times):
        clock.alert_at(str(place), ts_ns, lambda _event, place=place: fired.append((stepped.timestamp_ns(), place)))
    fire_all(stepped)
    assert fired == sorted((ts_ns, place) for place, ts_ns in enumerate(times))


def test_an_alert_of_the_same_name_takes_the_place_of_the_first_and_a_canceled_one_never_fires() -> None:
    stepped = SteppedClock()
    fired: list[str] = []
    clock = a_clock(stepped)
    clock.alert_at("close", 5, lambda _event: fired.append("first"))
    clock.alert_at("close", 3, lambda _event: fired.append("second"))
    clock.alert_at("end", 4, lambda _event: fired.append("end"))
    clock.cancel("end")
    clock.cancel("end")
    fire_all(stepped)
    assert fired == ["second"]


def test_two_desks_may_use_one_name() -> None:
    stepped = SteppedClock()
    fired: list[str] = []
    for name in ("market", "execution"):
        a_clock(stepped, name).alert_at("close", 5, lambda _event, name=name: fired.append(name))
    fire_all(stepped)
    assert fired == ["market", "execution"]


def test_an_alert_may_set_the_next_one_and_one_of_the_past_fires_now() -> None:
    stepped = SteppedClock()
    fired: list[int] = []
    clock = a_clock(stepped)

    def again(_event: object) -> None:
        fired.append(stepped.timestamp_ns())
        if len(fired) < 3:
            clock.alert_at("again", 1, again)

    clock.alert_at("again", 7, again)
    fire_all(stepped)
    assert fired == [7, 7, 7]


def test_time_does_not_run_backwards_and_passes_no_alert() -> None:
    stepped = SteppedClock()
    stepped.move_to(10)
    with pytest.raises(ValueError, match="from 10 to 9"):
        stepped.move_to(9)
    a_clock(stepped).alert_at("close", 12, lambda _event: None)
    stepped.move_to(12)  # data of the alert's own time comes before it
    with pytest.raises(ValueError, match="next alert 12"):
        stepped.move_to(13)


def test_an_order_event_has_the_time_of_the_steps_or_the_stamp_of_the_engine() -> None:
    class Event:
        ts_event = 99

    stepped = SteppedClock()
    stepped.move_to(10)
    assert a_clock(stepped).time_of(Event()) == 10
    component: Any = stepped
    assert MarketTime().clock(component, Line("desk", Component(), Failures())).time_of(Event()) == 99

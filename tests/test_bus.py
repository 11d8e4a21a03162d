"""Messages arrive in order of priority, and the first failing callback fails the firm once."""

import pytest

from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback


class Log:
    def __init__(self):
        self.errors = []

    def error(self, text):
        self.errors.append(text)


class Component:
    """A component whose topics deliver as the engine's do: synchronously, higher priority first."""

    def __init__(self):
        self.log = Log()
        self.handlers = []

    def publish_message(self, topic, message):
        for heard, _, handler in sorted(self.handlers, key=lambda entry: -entry[1]):
            if heard == topic:
                handler(message)

    def subscribe_topic(self, topic, handler, priority=0):
        self.handlers.append((topic, priority, handler))


class Desk:
    def __init__(self, failures):
        self.component = Component()
        self.line = Line("desk", self.component, failures)
        self.heard = []

    @callback
    def on_bar(self, bar):
        if bar == "bad":
            raise ValueError("no such bar")
        self.heard.append(bar)


@pytest.fixture
def desk():
    return Desk(Failures())


def test_a_callback_that_raises_is_recorded_with_component_round_and_traceback(desk):
    desk.line.failures.round = 7
    desk.on_bar("bad")
    failure = desk.line.failures.first
    assert (failure.component, failure.round, failure.error) == ("desk", 7, "ValueError: no such bar")
    assert "in on_bar" in failure.traceback
    assert desk.component.log.errors == ["desk: ValueError: no such bar"]


def test_after_a_failure_every_callback_of_the_firm_is_a_return(desk):
    other = Desk(desk.line.failures)
    desk.on_bar("bad")
    desk.on_bar("good")
    other.on_bar("good")
    other.line.guard(other.heard.append)("timer")
    assert desk.heard == other.heard == []


def test_only_the_first_failure_is_kept(desk):
    desk.line.fail(ValueError("first"))
    desk.line.fail(ValueError("second"))
    assert desk.line.failures.first.error == "ValueError: first"


def test_a_failing_topic_handler_fails_the_firm_and_not_its_publisher(desk):
    def handler(_message):
        raise RuntimeError("deaf")

    desk.line.subscribe(Topic.SIGNAL, handler, Priority.DESK)
    desk.line.guard(lambda: desk.line.publish(Topic.SIGNAL, "hello"))()
    assert desk.line.failures.first.error == "RuntimeError: deaf"


def test_an_interrupt_fails_the_firm_like_an_error(desk):
    def handler():
        raise KeyboardInterrupt

    desk.line.guard(handler)()
    assert desk.line.failures.first.error == "KeyboardInterrupt: "


def test_a_callback_ends_where_its_message_led_to_a_failure(desk):
    sent = []

    def handler(_message):
        raise RuntimeError("cannot record")

    def speak():
        desk.line.publish(Topic.GATE_RESULT, "may I?")
        sent.append("order")

    desk.line.subscribe(Topic.GATE_RESULT, handler, Priority.RECORDS)
    desk.line.guard(speak)()
    assert sent == []
    assert desk.line.failures.first.error == "RuntimeError: cannot record"


def test_the_round_is_heard_in_the_order_of_the_flow():
    agents = [Priority.signal_agent(place) for place in range(500)]
    order = [Priority.RECORDS, Priority.COMMAND, Priority.EXECUTION_MARKS, Priority.CIO_OPENS, Priority.DESK, *agents]
    assert [*order, Priority.CIO_DECIDES] == sorted({*order, Priority.CIO_DECIDES}, reverse=True)
    assert max(order) < 2**32  # the engine takes an unsigned 32-bit number

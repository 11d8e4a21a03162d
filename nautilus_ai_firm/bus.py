"""How a message travels from desk to desk, and how a failing callback fails the run.

The engine logs an exception of a Python callback and goes on. So every callback of every desk runs through a
`Line`: the first exception is recorded with component, round and traceback, stops the engine at that event, and
turns every later callback of the firm into a return.
"""

import traceback
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, Protocol

from nautilus_ai_firm.messages import Failure


class Topic(StrEnum):
    """One topic per hand-over."""

    SNAPSHOT = "firm.market.snapshot"
    LATE_BAR = "firm.market.late_bar"
    SIGNAL = "firm.signals.event"
    DECISION = "firm.cio.decision"
    RISK_ALERT = "firm.risk.alert"
    RISK_REPORT = "firm.risk.report"
    RISKED = "firm.risk.decision"
    CLEARED = "firm.compliance.decision"
    RISK_COMMAND = "firm.risk.command"
    CONNECTION = "firm.host.connection"
    SESSION_END = "firm.host.session_end"
    EXECUTION_TICK = "firm.execution.tick"
    CANCEL_PARENT = "firm.execution.cancel_parent"
    CHILD_INTENT = "firm.execution.child_intent"
    PARENT_DONE = "firm.execution.parent_done"
    GATE_RESULT = "firm.execution.gate_result"
    ORDER_RECORD = "firm.execution.order_record"
    PARENT_RECORD = "firm.execution.parent_record"
    IMPACT = "firm.execution.impact"
    EXECUTION_REPORT = "firm.execution.report"


class Priority:
    """Who hears a topic first; the engine calls higher numbers first and equal ones in random order."""

    RECORDS = 1_000_000  # written down before it is acted on
    REPORTS = 990_000  # told after it was written down, and before anyone acts on it
    HISTORY = 950_000  # what the desks have to know before the firm may trade
    COMMAND = 900_000
    RESUMPTION = 890_000  # after execution knows that orders can leave
    RISK_HEARS = 850_000  # what others ordered, after execution obeyed
    EXECUTION_MARKS = 800_001
    CIO_OPENS = 800_000
    RISK_LEARNS = 799_000
    ALGORITHMS = 760_000  # what the market traded, before anyone decides
    STOPS = 750_000  # after execution took the marks, and before anyone decides
    DESK = 700_000
    SIGNALS = 600_000
    CIO_DECIDES = 1  # after every signal agent had its turn

    @staticmethod
    def signal_agent(place: int) -> int:
        """Priority of the signal agent at this place in the configuration: distinct, and below the desks'."""
        return Priority.SIGNALS - place


class Failures:
    """Shared by all desks of one firm: the first failure, and the round that the firm is in."""

    __slots__ = ("first", "round")

    def __init__(self) -> None:
        self.first: Failure | None = None
        self.round = 0

    def record(self, component: str, error: BaseException) -> None:
        """Keep the first failure; later ones follow from it."""
        if self.first is None:
            text = "".join(traceback.format_exception(error))
            self.first = Failure(
                component=component, round=self.round, error=f"{type(error).__name__}: {error}", traceback=text
            )


class StoppedError(Exception):
    """Ends a callback whose message led to a failure elsewhere: nobody acts on what could not be recorded."""


class Component(Protocol):
    """What a line needs of a Nautilus actor, strategy or execution algorithm."""

    @property
    def log(self) -> Any: ...

    def publish_message(self, topic: str, message: object) -> None: ...

    def subscribe_topic(self, topic: str, handler: Callable[[Any], None], priority: int = 0) -> None: ...


class Line:
    """One desk's connection to the others.

    Parameters
    ----------
    name : str
        The desk, as failures name it.
    component : Component
        The Nautilus component that the desk is.
    failures : Failures
        Shared by the firm.

    """

    __slots__ = ("_component", "failures", "name")

    def __init__(self, name: str, component: Component, failures: Failures) -> None:
        self.name = name
        self.failures = failures
        self._component = component

    def publish(self, topic: Topic, message: object) -> None:
        """Hand a message to all subscribers of the topic, synchronously and depth first.

        Raises
        ------
        StoppedError
            One of them failed; the callback that published ends here.

        """
        self._component.publish_message(topic, message)
        if self.failures.first is not None:
            raise StoppedError

    def subscribe(self, topic: Topic, handler: Callable[[Any], None], priority: int) -> None:
        """Call `handler` with every message of the topic."""
        self._component.subscribe_topic(topic, self.guard(handler), priority)

    def guard[**P](self, handler: Callable[P, None]) -> Callable[P, None]:
        """Wrap a topic handler or timer callback so that its exception fails the run."""

        @wraps(handler)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            if self.failures.first is not None:
                return
            try:
                handler(*args, **kwargs)
            except StoppedError:
                return
            except BaseException as error:  # noqa: BLE001 - the engine would swallow an interrupt too
                self.fail(error)

        return run

    def fail(self, error: BaseException) -> None:
        """Record a failure and stop the engine at this event."""
        self.failures.record(self.name, error)
        self._component.log.error(f"{self.name}: {type(error).__name__}: {error}")


class Seated(Protocol):
    """A desk with its line."""

    @property
    def line(self) -> Line: ...


def callback[S: Seated, **P](method: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Run an engine callback of a desk (`on_bar`, `on_trade`, ...) through the desk's line."""

    @wraps(method)
    def run(self: S, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.line.failures.first is not None:
            return
        try:
            method(self, *args, **kwargs)
        except StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 - the engine would swallow an interrupt too
            self.line.fail(error)

    return run

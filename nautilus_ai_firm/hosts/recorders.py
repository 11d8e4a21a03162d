"""One message -> several recorders, in a fixed order."""

from collections.abc import Callable
from typing import Any

from nautilus_ai_firm.agents.records import Recorder

METHODS = (
    "snapshot",
    "late_bar",
    "signal",
    "decision",
    "risked",
    "cleared",
    "command",
    "gate_result",
    "order",
    "parent",
)


class Recorders:
    """Hands every message to each recorder.

    Parameters
    ----------
    recorders : Recorder
        In the order in which they hear; a session's journal comes first.

    """

    def __init__(self, *recorders: Recorder) -> None:
        for name in METHODS:
            setattr(self, name, _each([getattr(recorder, name) for recorder in recorders]))

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        """Refuse what is no message."""
        raise AttributeError(f"a recorder has no {name}")


def _each(handlers: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def hand(message: Any) -> None:
        for handler in handlers:
            handler(message)

    return hand

"""What tells one execution algorithm from another: the id of its orders, and how it makes a schedule; used by 6."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.models.execution.schedules import Schedule, Window
from nautilus_ai_firm.models.execution.session_volume import SessionVolume
from nautilus_ai_firm.settings import Algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A parent for which a schedule is asked.

    Attributes
    ----------
    parent_id : str
        Its id.
    place : int
        The instrument's place in the universe.
    window : Window
        Quantity and time.
    told : mapping of str to str
        What came with the order, by name.
    settings : Algorithm
        The configuration.
    volume : SessionVolume, optional
        What the market traded, where the algorithm follows it.

    """

    parent_id: str
    place: int
    window: Window
    told: Mapping[str, str]
    settings: Algorithm
    volume: SessionVolume | None


def no_volume(_universe: Universe, _settings: Algorithm) -> SessionVolume | None:
    """Add nothing up: the schedule is one of time alone."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduling:
    """An execution algorithm.

    Attributes
    ----------
    name : str
        Id of its orders.
    turn : int
        Place among the algorithms: no two hear a message at one priority.
    schedule : callable
        Makes the schedule of a parent.
    volume : callable
        Makes what adds up the market's volume, for schedules that follow it.

    """

    name: str
    turn: int
    schedule: Callable[[Asked], Schedule]
    volume: Callable[[Universe, Algorithm], SessionVolume | None] = no_volume

"""When how much of a parent order is due: one file for each algorithm, all of them functions of time and volume."""

from typing import Protocol

from nautilus_ai_firm.models.execution.schedules.front_loaded import FrontLoaded
from nautilus_ai_firm.models.execution.schedules.participation import Participation
from nautilus_ai_firm.models.execution.schedules.randomised import Randomised
from nautilus_ai_firm.models.execution.schedules.time_weighted import TimeWeighted
from nautilus_ai_firm.models.execution.schedules.volume_weighted import VolumeWeighted
from nautilus_ai_firm.models.execution.schedules.window import Traded, Window

__all__ = [
    "FrontLoaded",
    "Participation",
    "Randomised",
    "Schedule",
    "TimeWeighted",
    "Traded",
    "VolumeWeighted",
    "Window",
]


class Schedule(Protocol):
    """How much of a parent should have been sent by a moment."""

    def due(self, now_ns: int, traded: Traded) -> int:
        """Return the cumulative quantity in whole lots, from what the market is known to have traded."""
        ...

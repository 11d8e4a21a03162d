"""TWAP: equal slices, one at the start of each interval."""

from dataclasses import dataclass

from nautilus_ai_firm.models.execution.schedules.window import Traded, Window
from nautilus_ai_firm.models.execution.slicing import due_quantity


@dataclass(frozen=True, slots=True)
class TimeWeighted:
    """With m of n slices due, m / n of all lots."""

    window: Window

    def due(self, now_ns: int, traded: Traded) -> int:  # noqa: ARG002 - volume is none of its business
        """Return the cumulative quantity, whole lots: 0 before the start, all of it in the last interval."""
        at = self.window
        return due_quantity(at.total, at.lot, at.start_ns, at.end_ns, at.interval_ns, now_ns)

"""What is known of every search that is over, a sweep or a walk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_ai_firm.research.sweeps.page import section, table
from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.research.sweeps.wording import value_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A search that is over.

    Attributes
    ----------
    plan : SweepPlan
        What was asked.
    folder : Path
        Where its tables are.
    resumed : int
        Trials that an earlier process had done.
    workers : int
        Processes.
    wall_seconds : float
        How long this process took.
    result_sha256 : str
        What the trials, and tests if there are any, showed.

    """

    plan: SweepPlan
    folder: Path
    resumed: int
    workers: int
    wall_seconds: float
    result_sha256: str

    def effort(self) -> dict[str, Any]:
        """Return what its `summary.json` says of the work."""
        return {"workers": self.workers, "wall_seconds": round(self.wall_seconds, 3)}


def identity_section(over: Finished) -> str:
    """Write, in HTML, what ran, by the checksums that name it."""
    loaded = over.plan.loaded
    rows = [
        ("firm", loaded.base.source),
        ("config_sha256", loaded.base.sha256),
        ("catalog_sha256", over.plan.catalog_sha256),
        ("result_sha256", over.result_sha256),
        *((f"fixed {path}", value_text(value)) for path, value in loaded.sweep.fixed.items()),
    ]
    return section("What ran", table(("", ""), rows))

"""A walk that is over: what each window chose, how the choice did, and all tests in one line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_ai_firm.research.sweeps.plan import SweepPlan
from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.research.sweeps.stitching import Stitched
from nautilus_ai_firm.research.sweeps.windows import Dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """One window that is over.

    Attributes
    ----------
    dates : Dates
        When it was.
    tried : list of Tried
        Every trial of its training.
    chosen : Tried or None
        The best of them; None where none has a score: the firm stayed out of the market.
    test : Tried or None
        The choice on the days after.

    """

    dates: Dates
    tried: list[Tried]
    chosen: Tried | None
    test: Tried | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedForward:
    """A walk that is over.

    Attributes
    ----------
    plan : SweepPlan
        What was asked.
    folder : Path
        Where its tables are.
    windows : list of Walked
        In time.
    stitched : Stitched
        All tests in one line.
    resumed : int
        Trials that an earlier process had done.
    workers : int
        Processes.
    wall_seconds : float
        How long this process took.
    result_sha256 : str
        What the trials and tests showed.

    """

    plan: SweepPlan
    folder: Path
    windows: list[Walked]
    stitched: Stitched
    resumed: int
    workers: int
    wall_seconds: float
    result_sha256: str

    def summary(self) -> dict[str, Any]:
        """Return what its `summary.json` says beside what was asked."""
        return {
            "windows": [
                {
                    "train": [one.dates.train_start.isoformat(), one.dates.train_end.isoformat()],
                    "test": [one.dates.test_start.isoformat(), one.dates.test_end.isoformat()],
                    "chosen": None if one.chosen is None else dict(one.chosen.parameters),
                    "test_figures": None if one.test is None else one.test.outcome.figures,
                }
                for one in self.windows
            ],
            "trials": sum(len(one.tried) for one in self.windows),
            "failed": sum(bool(tried.outcome.error) for one in self.windows for tried in one.tried),
            "out_of_sample": self.stitched.figures,
            "buy_and_hold": self.stitched.benchmark_figures,
            "workers": self.workers,
            "wall_seconds": round(self.wall_seconds, 3),
        }

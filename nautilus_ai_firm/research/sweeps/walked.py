"""A walk that is over: what each window chose, how the choice did, and all tests in one line."""

from dataclasses import dataclass
from typing import Any

from nautilus_ai_firm.research.sweeps.finished import Finished
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
class WalkedForward(Finished):
    """A walk that is over.

    Attributes
    ----------
    windows : list of Walked
        In time.
    stitched : Stitched
        All tests in one line.

    """

    windows: list[Walked]
    stitched: Stitched

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
            **self.effort(),
        }

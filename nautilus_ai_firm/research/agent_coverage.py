"""The signals of a run -> how much each agent said: how many views, their share of what it could say, their size."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCoverage:
    """How much one agent said.

    Attributes
    ----------
    agent : str
        Its name.
    cells : int
        Instruments times rounds: the most that it could say.
    views : int
        Scores that are not NaN.
    rounds_with_view : int
        Rounds in which it had a view of any instrument.
    mean_size : float
        Mean absolute score of its views; NaN where it has none.

    """

    agent: str
    cells: int
    views: int
    rounds_with_view: int
    mean_size: float

    @property
    def coverage(self) -> float:
        """Share of the cells with a view, a fraction."""
        return self.views / self.cells


def agent_coverage(signals: pd.DataFrame) -> tuple[AgentCoverage, ...]:
    """Measure every agent of a run, in the order in which they first spoke, which is that of the configuration.

    Parameters
    ----------
    signals : DataFrame
        Table `signals` of a run: a row for each agent, instrument and round, with `ts`, `agent` and `score`.

    """
    return tuple(_coverage(str(agent), own) for agent, own in signals.groupby("agent", sort=False))


def _coverage(agent: str, own: pd.DataFrame) -> AgentCoverage:
    scores = own["score"].to_numpy(dtype=np.float64)
    viewed = np.isfinite(scores)
    return AgentCoverage(
        agent=agent,
        cells=len(scores),
        views=int(viewed.sum()),
        rounds_with_view=len(np.unique(own["ts"].to_numpy()[viewed])),
        mean_size=float(np.abs(scores[viewed]).mean()) if viewed.any() else float("nan"),
    )

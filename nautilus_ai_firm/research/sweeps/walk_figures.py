"""A finished walk -> the rows that its report and its text both print: windows, choices and how they held."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nautilus_ai_firm.research.performance_words import PERFORMANCE, figure_text
from nautilus_ai_firm.research.sweeps.panel import SearchPanel, search_panel
from nautilus_ai_firm.research.sweeps.walked import Walked, WalkedForward
from nautilus_ai_firm.research.sweeps.wording import value_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How much the choices of one parameter moved.

    Attributes
    ----------
    path : str
        The parameter.
    chosen : list of str
        Its value in each window; a dash where nothing was chosen.
    most_chosen : str
        The value chosen most often.
    share : float
        How often, a fraction of the windows.
    changes : int
        Windows whose choice is another than the one before.

    """

    path: str
    chosen: list[str]
    most_chosen: str
    share: float
    changes: int


def stability(windows: Sequence[Walked], paths: Sequence[str]) -> list[Stability]:
    """Follow each parameter through the windows."""
    found: list[Stability] = []
    for path in paths:
        chosen = ["-" if one.chosen is None else value_text(one.chosen.parameters[path]) for one in windows]
        (most, count), *_ = Counter(chosen).most_common()
        changes = sum(before != after for before, after in pairwise(chosen))
        found.append(Stability(path=path, chosen=chosen, most_chosen=most, share=count / len(chosen), changes=changes))
    return found


def efficiency(windows: Sequence[Walked]) -> float | None:
    """Return the mean Sharpe ratio of the tests over that of the trainings that chose them (after Pardo 2008).

    None where the trainings have none above 0.
    """
    pairs = [
        (trained, tested)
        for one in windows
        if one.chosen is not None
        and one.test is not None
        and (trained := one.chosen.outcome.score("sharpe")) is not None
        and (tested := one.test.outcome.score("sharpe")) is not None
    ]
    if not pairs:
        return None
    trained, tested = np.mean(pairs, axis=0).tolist()
    return tested / trained if trained > 0 else None


def panels(walk: WalkedForward) -> list[SearchPanel | str]:
    """Judge the search of every window."""
    sweep, costs = walk.plan.loaded.sweep, walk.plan.loaded.base.firm.costs
    return [search_panel(one.tried, costs.cash_rate_per_year, sweep.seed) for one in walk.windows]


def window_rows(walk: WalkedForward, judged: Sequence[SearchPanel | str]) -> list[list[str]]:
    """Write a row a window: days, what was chosen, and what it made before and after."""
    rows: list[list[str]] = []
    for place, (one, panel) in enumerate(zip(walk.windows, judged, strict=True)):
        made = walk.stitched.returns[walk.stitched.windows == place]
        verdict = None if isinstance(panel, str) else panel.verdict
        overfitting = None if verdict is None else verdict.overfitting
        chosen = () if one.chosen is None else one.chosen.parameters.values()
        rows.append(
            [
                str(place + 1),
                f"{one.dates.train_start} to {one.dates.train_end}",
                f"{one.dates.test_start} to {one.dates.test_end}",
                ", ".join(map(value_text, chosen)) or "none: stayed out",
                figure_text(None if one.chosen is None else one.chosen.outcome.score("sharpe"), "{:.2f}"),
                figure_text(None if one.test is None else one.test.outcome.score("sharpe"), "{:.2f}"),
                f"{float(np.prod(1.0 + made)) - 1.0:.1%}",
                figure_text(None if one.test is None else one.test.outcome.figures["max_drawdown"], "{:.1%}"),
                figure_text(None if one.test is None else one.test.outcome.figures["fills"], "{:,.0f}"),
                figure_text(None if verdict is None else verdict.deflated.probability, "{:.0%}"),
                figure_text(None if overfitting is None else overfitting.probability, "{:.0%}"),
            ]
        )
    return rows


WINDOW_HEADER = (
    "window",
    "train",
    "test",
    "chosen",
    "train Sharpe",
    "test Sharpe",
    "test return",
    "test drawdown",
    "fills",
    "deflated",
    "overfitting",
)
WINDOW_NUMBERS = (0, 4, 5, 6, 7, 8, 9, 10)
WINDOW_DATES = (1, 2, 3)


def result_rows(walk: WalkedForward) -> list[tuple[str, str, str]]:
    """Write the figures out of sample beside those of buying and holding."""
    ours, theirs = walk.stitched.figures, walk.stitched.benchmark_figures
    return [
        (label, figure_text(ours.get(name), form), figure_text(theirs.get(name), form))
        for name, (label, form) in PERFORMANCE.items()
    ]

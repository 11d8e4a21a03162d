"""The space of a sweep -> the values of each trial, whoever runs the trials and how many run at once."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from nautilus_ai_firm.research.sweeps.tpe import TpeProposals
from nautilus_ai_firm.settings.sweep import Dimension, Sweep

type Parameters = Mapping[str, Any]


class Proposals(Protocol):
    """Proposes trials in batches, and hears what came of a batch before the next one."""

    def ask(self) -> list[Parameters]:
        """Return the values of the next trials; none when there are no more."""
        ...

    def tell(self, scores: Sequence[float | None]) -> None:
        """Hear the scores of the last batch, in its order; None for a trial that failed."""
        ...


class Listed:
    """Trials that are known from the start: one batch.

    Parameters
    ----------
    trials : sequence of mapping
        Values by dotted path.

    """

    def __init__(self, trials: Sequence[Parameters]) -> None:
        self._trials = list(trials)

    def ask(self) -> list[Parameters]:
        """Return all of them, once."""
        batch, self._trials = self._trials, []
        return batch

    def tell(self, scores: Sequence[float | None]) -> None:
        """Hear them: nothing follows from it."""


def proposals(sweep: Sweep) -> Proposals:
    """Make what a sweep proposes; two of the same sweep propose the same.

    Raises
    ------
    ConfigError
        The sampler needs a package that is not installed.

    """
    if sweep.sampler == "grid":
        return Listed(grid(sweep.space))
    count = sweep.trials or 0
    if sweep.sampler == "random":
        return Listed([draw(sweep.space, sweep.seed, number) for number in range(count)])
    return TpeProposals(sweep.space, sweep.seed, count, sweep.batch)


def number_of_trials(sweep: Sweep) -> int:
    """Count the trials of a sweep."""
    return sweep.trials or math.prod(len(one.steps or ()) for one in sweep.space.values())


def grid(space: Mapping[str, Dimension]) -> list[Parameters]:
    """Return every combination, the last dimension fastest."""
    steps = [dimension.steps or () for dimension in space.values()]
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*steps)]


def draw(space: Mapping[str, Dimension], seed: int, number: int) -> Parameters:
    """Draw the values of one trial, which depend on the seed and on its number alone."""
    generator = np.random.default_rng([seed, number])
    return {path: _drawn(dimension, generator) for path, dimension in space.items()}


def _drawn(dimension: Dimension, generator: np.random.Generator) -> Any:
    if dimension.steps is not None:
        return dimension.steps[int(generator.integers(len(dimension.steps)))]
    low, high = float(dimension.low or 0.0), float(dimension.high or 0.0)
    if dimension.log:
        return math.exp(generator.uniform(math.log(low), math.log(high)))
    return float(generator.uniform(low, high))

"""The space of a sweep -> trials proposed by a tree-structured Parzen estimator (Bergstra et al. 2011), by Optuna."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.sweep import Dimension


class TpeProposals:
    """Asks for batches of a fixed size, so that the trials are the same however many run at once.

    Parameters
    ----------
    space : mapping of str to Dimension
        What may be tried, by dotted path.
    seed : int
        Of the sampler.
    count : int
        Trials in all.
    batch : int
        Trials that are asked for together: none of them knows the others' scores.

    Raises
    ------
    ConfigError
        Optuna is not installed.

    """

    def __init__(self, space: Mapping[str, Dimension], seed: int, count: int, batch: int) -> None:
        try:
            self._optuna = importlib.import_module("optuna")
        except ImportError:
            raise ConfigError(
                'sampler = "tpe" needs optuna (install it with: pip install "nautilus_ai_firm[research]")'
            ) from None
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        sampler = self._optuna.samplers.TPESampler(seed=seed)
        self._study = self._optuna.create_study(direction="maximize", sampler=sampler)
        self._space, self._left, self._batch = space, count, batch
        self._asked: list[Any] = []

    def ask(self) -> list[Mapping[str, Any]]:
        """Return the values of the next trials; none when there are no more."""
        size = min(self._batch, self._left)
        self._left -= size
        self._asked = [self._study.ask() for _ in range(size)]
        return [
            {path: _suggested(trial, path, dimension) for path, dimension in self._space.items()}
            for trial in self._asked
        ]

    def tell(self, scores: Sequence[float | None]) -> None:
        """Hear the scores of the last batch, in its order; None for a trial that failed."""
        for trial, score in zip(self._asked, scores, strict=True):
            if score is None:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(trial, score)


def _suggested(trial: Any, path: str, dimension: Dimension) -> Any:
    """Numbers have an order that the estimator may use; other values are told apart alone, by their places."""
    steps = dimension.steps
    if steps is None:
        return trial.suggest_float(path, dimension.low, dimension.high, log=dimension.log)
    if not _is_ordered(steps):
        return steps[trial.suggest_categorical(path, list(range(len(steps))))]
    return steps[trial.suggest_int(path, 0, len(steps) - 1)]


def _is_ordered(steps: Sequence[Any]) -> bool:
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in steps):
        return False
    return list(steps) == sorted(steps)

"""How far a sweep is, on a terminal: done, rate, time left and the best so far."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from nautilus_ai_firm.research.command_line import progress_bar
from nautilus_ai_firm.research.sweeps.trial import Outcome

type Hear = Callable[[str, Outcome], None]


@contextmanager
def shown(what: str, total: int, done: int, objective: str) -> Generator[Hear]:
    """Show a bar on a terminal, and nothing anywhere else; it is gone when done.

    Parameters
    ----------
    what : str
        What runs.
    total, done : int
        Trials in all, and those that were done before.
    objective : str
        The figure of which the best is shown.

    """
    with progress_bar("trials") as bar:
        task = bar.add_task(what, total=total, completed=done)
        best: float | None = None

        def hear(_phase: str, outcome: Outcome) -> None:
            nonlocal best
            score = outcome.score(objective)
            if score is not None and (best is None or score > best):
                best = score
                bar.update(task, description=f"{what}, best {objective} {score:.3f}")
            bar.advance(task)

        yield hear

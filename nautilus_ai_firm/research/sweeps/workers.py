"""Trials -> their outcomes, in this process or in several fresh ones; no outcome depends on which."""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Protocol

from nautilus_ai_firm.research.sweeps.trial import Outcome, Trial
from nautilus_ai_firm.research.sweeps.work import work
from nautilus_ai_firm.runs.errors import RunError


class Work(Protocol):
    """Who runs trials."""

    def __call__(self, trials: Iterable[Trial]) -> Iterator[tuple[int, Outcome]]:
        """Run trials, and give place and outcome of each when it is there, in any order."""
        ...


@contextmanager
def workers(count: int) -> Generator[Work]:
    """Keep workers at hand while the block runs; what they have not begun when it ends is dropped.

    Parameters
    ----------
    count : int
        How many processes; with 1 trials run in this one. Processes are spawned: an engine that was forked is no
        engine.

    """
    if count == 1:
        try:
            yield lambda trials: enumerate(map(work, trials))
        finally:
            gc.unfreeze()
        return
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield lambda trials: _spread(pool, trials)
    finally:
        pool.shutdown(cancel_futures=True)


def _spread(pool: ProcessPoolExecutor, trials: Iterable[Trial]) -> Iterator[tuple[int, Outcome]]:
    try:
        futures: dict[Future[Outcome], int] = {pool.submit(work, trial): place for place, trial in enumerate(trials)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise RunError(
            "a worker died, perhaps of too little memory; what is done is kept: run the same command again"
        ) from None


def _begin() -> None:
    """Leave interrupts to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)

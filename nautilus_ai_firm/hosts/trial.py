"""A prepared study -> its figures alone: the same firm in the same engine as a backtest, and nothing on the disk."""

import time
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nautilus_ai_firm.hosts.backtest import BacktestError, failure_line
from nautilus_ai_firm.hosts.backtest_engine import played
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.runs.money import Traded, money_figures
from nautilus_ai_firm.runs.performance import daily_returns
from nautilus_ai_firm.runs.trial_recorder import TrialRecorder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialRun:
    """What one trial showed.

    Attributes
    ----------
    figures : dict of str to float or None
        Those of `summary.json`, by their names there; None where one is not defined.
    ends_ns : ndarray of shape (n_days,)
        Last round of each day (UTC), nanoseconds UTC.
    returns : ndarray of shape (n_days,)
        Simple return of each day, a fraction.
    gross_at_end : float
        Size of the positions at the last close, a fraction of equity.
    result_sha256 : str
        That of the backtest's run folder.
    engine_seconds : float
        How long the engine with the firm in it took.

    """

    figures: dict[str, float | None]
    ends_ns: NDArray[np.int64]
    returns: NDArray[np.float64]
    gross_at_end: float
    result_sha256: str
    engine_seconds: float


def run_trial(stage: Stage) -> TrialRun:
    """Run what is prepared and keep its figures.

    Raises
    ------
    BacktestError
        A component raised, or the run ended before its last round.

    """
    recorder = TrialRecorder(stage.universe.names)
    began = time.perf_counter()
    with threadpool_limits(1), played(stage, recorder) as over:
        if over.failure is not None:
            raise BacktestError(failure_line(over.failure))
        engine_seconds = time.perf_counter() - began
    ts, equity = recorder.equity()
    start = float(stage.firm.venue.starting_balance)
    charges = stage.charges
    traded = Traded.of(recorder.notional, chain.from_iterable(charges.fills.values()), charges.financing)
    first_ns, last_ns = int(stage.rounds_ns[0]), int(stage.rounds_ns[-1])
    returns = daily_returns(ts, equity, start)
    return TrialRun(
        figures=money_figures(ts, equity, start, traded, first_ns, last_ns) | {"fills": float(recorder.fills)},
        ends_ns=np.array(list(returns), np.int64),
        returns=np.array(list(returns.values()), np.float64),
        gross_at_end=recorder.gross,
        result_sha256=recorder.results.sha256(),
        engine_seconds=engine_seconds,
    )

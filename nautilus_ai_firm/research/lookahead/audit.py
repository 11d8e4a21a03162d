"""A firm and its market -> whether any part of it knew the future, and which was the first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nautilus_ai_firm.data.altered_catalog import AlteredCatalog, Future
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.utc_days import day_of
from nautilus_ai_firm.hosts.backtest import BacktestError, failure_line
from nautilus_ai_firm.hosts.backtest_engine import played
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.research.lookahead.fills import first_early_fill
from nautilus_ai_firm.research.lookahead.findings import Leak, Method, first_leak
from nautilus_ai_firm.research.lookahead.stamps import first_early_stamp
from nautilus_ai_firm.research.lookahead.tape import DESKS, Line, Tape
from nautilus_ai_firm.settings import Loaded

DAYS_AFTER = 10  # that a run with another future goes on: past the longest weekend
FEWEST_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One comparison.

    Attributes
    ----------
    method : Method
        How.
    at_ns : int or None
        The last moment that both have in common, nanoseconds UTC; None where the whole run was looked at.
    rounds, signals, decisions, fills : int
        How much was compared.
    leak : Leak or None
        What came out.

    """

    method: Method
    at_ns: int | None
    rounds: int
    signals: int
    decisions: int
    fills: int
    leak: Leak | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """All comparisons of an audit.

    Attributes
    ----------
    rounds_ns : ndarray of shape (n_rounds,)
        Rounds of the run, nanoseconds UTC.
    compared : tuple of Compared
        In the order of the table.

    """

    rounds_ns: NDArray[np.int64]
    compared: tuple[Compared, ...]

    @property
    def first_leak(self) -> Leak | None:
        """The leak that was used first: by time, then by the flow of the firm."""
        order = {desk: place for place, desk in enumerate(("catalog", *DESKS))}
        leaks = [one.leak for one in self.compared if one.leak is not None]
        return min(leaks, key=lambda leak: (leak.ts_ns, order[leak.desk]), default=None)


def audit_lookahead(
    loaded: Loaded,
    catalog: Path,
    *,
    start: date | None = None,
    end: date | None = None,
    dates: int = 5,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Audited:
    """Run a firm, run it again with the future cut off and with another future, and compare the pasts.

    Signals, decisions, orders and fills up to the moment must be the same to the bit. The moments are closes of rounds,
    one drawn from each of as many equal stretches of the run. What no future can show is looked at beside: fills at
    prices from before their decision, and bars that are stamped too early.

    Parameters
    ----------
    loaded : Loaded
        The firm.
    catalog : Path
        Its market data; nothing is written to it.
    start, end : date, optional
        Window of the run; the configuration's, or all that the catalog holds.
    dates : int
        Moments, at least 1; fewer where the run is shorter.
    seed : int
        Of the moments and of the other futures.
    on_progress : callable, optional
        Called with runs done and runs in all.

    Raises
    ------
    ConfigError, CatalogError
        As `prepare`; or the run is too short to be cut.
    BacktestError
        The firm fails without any change of the future.

    """
    study = Study(loaded=loaded, catalog=catalog, start=start, end=end)
    market = Catalog(catalog)
    stage = prepare(study, market)
    moments = _moments(stage, market, dates, seed)
    runs = 1 + 2 * len(moments)
    tape = _lived(stage, must_end=True)
    early = first_early_fill(tape.fills, tape.decided_ns, market, loaded.firm.market.bar, tape.committed_ns)
    compared = [
        _looked_at(Method.FILLS, tape, early),
        _looked_at(Method.STAMPS, tape, _stamps(stage, market)),
    ]
    for number, at_ns in enumerate(moments):
        past = tape.lines(at_ns)
        for place, method in enumerate((Method.TRUNCATION, Method.PERTURBATION)):
            if on_progress is not None:
                on_progress(1 + 2 * number + place, runs)
            future = Future(after_ns=at_ns, seed=None if method is Method.TRUNCATION else seed)
            again = prepare(replace(study, end=_end(at_ns, stage)), AlteredCatalog(catalog, future))
            other = _lived(again, must_end=False).lines(at_ns)
            leak = first_leak(method, past, other, f"the future after {utc(at_ns)} {_WORDS[method]}")
            compared.append(_counted(method, at_ns, past, leak))
    return Audited(rounds_ns=stage.rounds_ns, compared=tuple(compared))


_WORDS = {Method.TRUNCATION: "was cut off", Method.PERTURBATION: "was another"}


def _lived(stage: Stage, *, must_end: bool) -> Tape:
    tape = Tape(stage.firm.market.inputs)
    with threadpool_limits(1), played(stage, tape) as over:
        if over.failure is not None and must_end:
            raise BacktestError(failure_line(over.failure))
        return tape  # a firm that fails in another future has said what it said before


def _moments(stage: Stage, market: Catalog, dates: int, seed: int) -> list[int]:
    firm, rounds_ns = stage.firm, stage.rounds_ns
    begun_ns = max(int(market.close_times([name], int(rounds_ns[0]), stage.end_ns)[0]) for name in bar_names(firm))
    eligible = rounds_ns[(rounds_ns >= begun_ns)][:-1]
    if len(eligible) < FEWEST_ROUNDS:
        raise CatalogError(
            f"{market.path}: {len(eligible)} rounds from {utc(begun_ns)}, when all of the universe trades, to the last "
            f"one (allowed: at least {FEWEST_ROUNDS})"
        )
    generator = np.random.default_rng(seed)
    stretches = np.array_split(eligible, min(dates, len(eligible)))
    return [int(stretch[generator.integers(len(stretch))]) for stretch in stretches]


def _end(at_ns: int, stage: Stage) -> date:
    last, after = (day_of(ts) for ts in (stage.end_ns, at_ns))
    return min(last, after + timedelta(days=DAYS_AFTER))


def _stamps(stage: Stage, market: Catalog) -> Leak | None:
    names = dict.fromkeys([*bar_names(stage.firm), *input_names(stage.firm)])
    return first_early_stamp(market, names, stage.firm.market.bar, stage.rounds_ns)


def _looked_at(method: Method, tape: Tape, leak: Leak | None) -> Compared:
    return _counted(method, None, tape.lines(np.iinfo(np.int64).max), leak)


def _counted(method: Method, at_ns: int | None, past: list[Line], leak: Leak | None) -> Compared:
    of = {desk: [line for line in past if line.desk == place] for place, desk in enumerate(DESKS)}
    return Compared(
        method=method,
        at_ns=at_ns,
        rounds=len({line.round for line in of["market"]}),
        signals=len(of["signals"]),
        decisions=len(of["cio"]),
        fills=len(of["venue"]),
        leak=leak,
    )

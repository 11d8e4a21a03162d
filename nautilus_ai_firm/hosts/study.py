"""What a backtest is asked to run, and everything that it needs, checked before anything runs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.market import Feed
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.quotes import NOTHING, Beside
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.utc_days import day_ns
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch, KillSwitch, SimulatedKillSwitch
from nautilus_ai_firm.hosts.market_source import MarketSource
from nautilus_ai_firm.hosts.raw_series import raw_series_caveats
from nautilus_ai_firm.hosts.universe import bar_names, input_names, universe_of
from nautilus_ai_firm.hosts.venue import Charges
from nautilus_ai_firm.hosts.watching import Watching, watching_of, with_watched
from nautilus_ai_firm.messages import Connection, RiskCommand
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk
from nautilus_ai_firm.settings import Firm, Loaded

type Arrange = Callable[[list[Any]], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What to run.

    Attributes
    ----------
    loaded : Loaded
        Settings.
    catalog : Path
        Catalog folder.
    start, end : date, optional
        First and last day (UTC); the configuration's, or all that the catalog holds.
    out : Path, optional
        The run's folder; the next free number under `runs/`.
    cuts : sequence of int, optional
        Nanoseconds UTC after which to cut the stream; by default a cut every few thousand bars. Results do not
        depend on it.
    arrange : callable, optional
        Rearranges each list of data before the engine gets it. Results do not depend on it.
    on_progress : callable, optional
        Called with rounds done and rounds in all.
    journal : bool
        Whether the run also keeps the journal that a session keeps.

    """

    loaded: Loaded
    catalog: Path
    start: date | None = None
    end: date | None = None
    out: Path | None = None
    cuts: Sequence[int] | None = None
    arrange: Arrange | None = None
    on_progress: Callable[[int, int], None] | None = None
    journal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that one run needs, checked before anything runs.

    Attributes
    ----------
    catalog : MarketSource
        Where market data come from.
    rounds_ns : ndarray of shape (n_rounds,)
        Closes of the rounds, nanoseconds UTC.
    end_ns : int
        The run goes on until 1 ns after this time, nanoseconds UTC.
    said : tuple of Connection and RiskCommand
        What the host of a session told the firm, where that is run again: when it could trade and when not, and what
        persons commanded between rounds.
    watching : Watching
        What is given beside bars and inputs.
    carried : CarriedRisk
        What the risk desk remembers of sessions before; a simulation begins anew.

    """

    study: Study
    catalog: MarketSource
    universe: Universe
    rounds_ns: NDArray[np.int64]
    end_ns: int
    sessions: Sessions
    charges: Charges
    kill_switch: KillSwitch
    feed: Feed
    watching: Watching = field(default_factory=Watching)
    caveats: tuple[str, ...] = ()
    said: tuple[Connection | RiskCommand, ...] = ()
    carried: CarriedRisk = FRESH
    started: float = field(default_factory=time.perf_counter)

    @property
    def firm(self) -> Firm:
        """The settings."""
        return self.study.loaded.firm


def prepare(study: Study, opened: Catalog | None = None) -> Stage:
    """Check settings against the catalog and make what the run needs.

    Parameters
    ----------
    study : Study
        What to run.
    opened : Catalog, optional
        The study's catalog, where it is open already and serves many runs.

    Raises
    ------
    ConfigError, CatalogError
        As `universe_of`; there is no data in the window; or a raw series crosses a corporate action in it.

    """
    firm, catalog = study.loaded.firm, opened or Catalog(study.catalog)
    universe = universe_of(firm, catalog, study.loaded.source)
    start, end = study.start or firm.market.start, study.end or firm.market.end
    first_ns = 0 if start is None else day_ns(start)
    last_ns = np.iinfo(np.int64).max if end is None else day_ns(end) + DAY_NS - 1
    rounds_ns = catalog.close_times(bar_names(firm), first_ns, int(last_ns))
    begin_ns, since_ns = _begin_of_history(firm, catalog, int(rounds_ns[0]))
    watching = watching_of(firm, catalog, study.loaded.source, since_ns, int(rounds_ns[-1]))
    universe = with_watched(universe, firm, catalog.instruments(watching.contracts), watching.spots)
    feed = _feed(firm, catalog, watching.beside, since_ns, begin_ns, int(rounds_ns[0]))
    sessions = Sessions.between(firm.market.calendar, begin_ns, int(rounds_ns[-1]))
    first, last = sessions.dates[np.searchsorted(sessions.closes_ns, [begin_ns, rounds_ns[-1]])]
    return Stage(
        study=study,
        catalog=catalog,
        universe=universe,
        rounds_ns=rounds_ns,
        end_ns=int(rounds_ns[-1]),
        sessions=sessions,
        charges=charges_of(firm, universe),
        kill_switch=SimulatedKillSwitch(FileKillSwitch(study.loaded.kill_switch_path)),
        feed=feed,
        watching=watching,
        caveats=raw_series_caveats(
            map(catalog.record, bar_names(firm)),
            first,
            last,
            study.loaded.source,
            lambda name: catalog.bar_columns(name, begin_ns, int(rounds_ns[-1])),
        ),
    )


def charges_of(firm: Firm, universe: Universe) -> Charges:
    """Make the charges of a run's venue."""
    return Charges(
        firm.costs,
        universe.instrument_ids,
        Decimal(repr(firm.venue.starting_balance)),
        firm.execution.volume_span,
        universe.currency,
    )


def feed_before(firm: Firm, catalog: Catalog, first_ns: int, beside: Beside = NOTHING) -> tuple[Feed, int]:
    """Collect what the desks learn from before a first round, and the close of the first round of that."""
    begin_ns, since_ns = _begin_of_history(firm, catalog, first_ns)
    return _feed(firm, catalog, beside, since_ns, begin_ns, first_ns), begin_ns


def _begin_of_history(firm: Firm, catalog: Catalog, first_ns: int) -> tuple[int, int]:
    """Close of the first round that the desks learn from, or of the first round, and when its data begin."""
    closes = catalog.closes_before(bar_names(firm), first_ns, firm.market.warm_up_rounds)
    begin_ns = int(closes[0]) if len(closes) else first_ns
    return begin_ns, catalog.last_close_before(bar_names(firm), begin_ns) + 1


def _feed(firm: Firm, catalog: Catalog, beside: Beside, since_ns: int, begin_ns: int, first_ns: int) -> Feed:
    """Collect what the desks learn from before the first round: of events all that were ever announced."""
    names, inputs = bar_names(firm), input_names(firm)
    history: list[Any] = catalog.notices_before(beside.events, since_ns)
    if begin_ns < first_ns:
        window = catalog.window(names, inputs, since_ns, catalog.last_close_before(names, first_ns), beside)
        history += [*window.bars, *window.observations]
    history.sort(key=lambda data: data.ts_init)
    known = zip(firm.market.inputs, catalog.initial_inputs(inputs, begin_ns), strict=True)
    return Feed(initial_inputs={name: float(value) for name, value in known if np.isfinite(value)}, history=history)

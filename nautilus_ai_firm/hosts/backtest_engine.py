"""The firm in a fresh backtest engine, and the window of a study streamed into it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol

import numpy as np
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.model import AccountType, InstrumentId, Money, OmsType, Venue
from nautilus_trader.risk import RiskEngineConfig

from nautilus_ai_firm.agents.records import Recorder
from nautilus_ai_firm.agents.signals import Measure, unmeasured
from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.firm import seat
from nautilus_ai_firm.hosts.closing_auction import closing_ticks
from nautilus_ai_firm.hosts.engine_limits import engine_limits
from nautilus_ai_firm.hosts.garbage import collect_new
from nautilus_ai_firm.hosts.journalling import Journalling
from nautilus_ai_firm.hosts.recorded_connections import RecordedConnections
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.hosts.venue import FillCharges, OvernightFinancing
from nautilus_ai_firm.messages import Failure

BARS_PER_CHUNK = 20_000
MOST_ROUNDS_PER_CHUNK = 100  # so that progress shows


class CountingRecorder(Recorder, Protocol):
    """A recorder that knows how far the firm came."""

    rounds: int
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An engine after its last round.

    Attributes
    ----------
    engine : BacktestEngine
        The engine, to be asked for its reports while it is open.
    bars : int
        Bars that the firm was given.
    failure : Failure or None
        The first failure of a desk, or rounds that are missing.

    """

    engine: BacktestEngine
    bars: int
    failure: Failure | None


@contextmanager
def played(
    stage: Stage, recorder: CountingRecorder, *, journalling: Journalling | None = None, measure: Measure = unmeasured
) -> Generator[Played]:
    """Seat the firm in a fresh engine and stream the window into it; the engine is dropped when the block ends.

    Parameters
    ----------
    stage : Stage
        What runs.
    recorder : CountingRecorder
        Who hears the firm, through the journal where there is one.
    journalling : Journalling, optional
        The journal of the run.
    measure : Measure, optional
        What times the agents.

    """
    engine = _engine(stage)
    try:
        failures = Failures()
        seat(
            engine,
            stage.firm,
            universe=stage.universe,
            sessions=stage.sessions,
            feed=stage.feed,
            recorder=recorder if journalling is None else journalling.recorder,
            kill_switch=stage.kill_switch if journalling is None else journalling.kill_switch,
            failures=failures,
            measure=measure,
            carried=stage.carried,
        )
        if stage.said:
            engine.add_actor(RecordedConnections(stage.said, failures))
        stage.charges.failures = failures
        stage.charges.learn(stage.feed.history)
        bars = _feed(engine, stage, failures, journalling)
        failure = failures.first or _missing_rounds(stage, min(recorder.rounds, recorder.decisions))
        yield Played(engine=engine, bars=bars, failure=failure)
    finally:
        engine.dispose()


def _engine(stage: Stage) -> BacktestEngine:
    firm, universe = stage.firm, stage.universe
    engine = BacktestEngine(
        BacktestEngineConfig(
            shutdown_on_error=True,
            run_analysis=False,
            logging=LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF),
            risk_engine=RiskEngineConfig(**asdict(engine_limits(firm, universe.bar_minutes))),
        )
    )
    _add_venue(engine, universe.venue, stage, Decimal(repr(firm.venue.starting_balance)))
    inputs = [InstrumentId.from_str(name) for name in universe.input_bar_types]
    for venue in sorted({str(instrument_id.venue) for instrument_id in inputs} - {str(universe.venue)}):
        _add_venue(engine, Venue(venue), stage, Decimal(1))  # an account nobody uses: the engine insists on one
    names = dict.fromkeys([*bar_names(firm), *map(str, universe.input_bar_types.values())])
    for instrument in stage.catalog.instruments(names):
        engine.add_instrument(instrument)
    return engine


def _add_venue(engine: BacktestEngine, venue: Venue, stage: Stage, balance: Decimal) -> None:
    own = venue == stage.universe.venue
    engine.add_venue(
        venue=venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money.from_decimal(balance, stage.universe.currency)],
        base_currency=stage.universe.currency,
        default_leverage=Decimal(repr(stage.firm.venue.leverage)),
        fee_model=FillCharges(stage.charges),
        modules=[OvernightFinancing(stage.charges)] if own else None,
        reject_stop_orders=False,  # a stop that is through already goes off at once, as it does at the broker
    )


def _feed(engine: BacktestEngine, stage: Stage, failures: Failures, journalling: Journalling | None = None) -> int:
    """Stream the window into the engine, chunk by chunk, and return the number of bars."""
    end_ns = stage.end_ns
    names, inputs = bar_names(stage.firm), input_names(stage.firm)
    begin_ns = stage.catalog.last_close_before(names, int(stage.rounds_ns[0])) + 1
    bars, has_begun = 0, False
    for cut_ns in [*_cuts(stage), end_ns]:  # never inside a timestamp
        window = stage.catalog.window(names, inputs, begin_ns, cut_ns, stage.watching.beside)
        closing = closing_ticks(stage, window.bars, window.opening_ticks)
        kinds = (window.bars, window.opening_ticks, closing, window.observations, window.quotes)
        given = [data for data in kinds if data]
        if stage.study.arrange is not None:
            given = [stage.study.arrange(data) for data in given]
        for data in given:
            engine.add_data(data)
        if journalling is not None:
            journalling.recorder.feed(chain.from_iterable(given))
        bars += len(window.bars)
        begin_ns = cut_ns + 1
        if given:
            start_ns, has_begun = None if has_begun else _said_before(stage, given), True
            try:
                engine.run(start=start_ns, end=end_ns + 1, streaming=True)
            except RuntimeError as error:  # the engine's own: what a desk raises never gets here
                failures.record("engine", error)
            engine.clear_data()
        collect_new()
        if failures.first is not None:
            return bars
        if stage.study.on_progress is not None:
            done = int(np.searchsorted(stage.rounds_ns, cut_ns, side="right"))
            stage.study.on_progress(done, len(stage.rounds_ns))
    engine.end()
    return bars


def _said_before(stage: Stage, given: Sequence[Sequence[Any]]) -> int | None:
    """Return when the engine has to begin to hear what was said before the first data; None where nothing was.

    What is due before the engine begins it would say after the first data.
    """
    first_said_ns = min((said.ts_event for said in stage.said), default=None)
    return None if first_said_ns is None else min(first_said_ns, *(data[0].ts_init for data in given)) - 1


def _cuts(stage: Stage) -> list[int]:
    if stage.study.cuts is not None:
        return sorted({cut for cut in stage.study.cuts if cut < stage.end_ns})
    series = len(bar_names(stage.firm)) + len(stage.universe.input_bar_types)
    step = max(1, min(BARS_PER_CHUNK // series, MOST_ROUNDS_PER_CHUNK))
    return [int(close) for close in stage.rounds_ns[step - 1 : -1 : step]]


def _missing_rounds(stage: Stage, rounds: int) -> Failure | None:
    if rounds == len(stage.rounds_ns):
        return None
    error = (
        f"stopped after {rounds} of {len(stage.rounds_ns)} rounds, though no desk failed: interrupted, or engine error"
    )
    return Failure(component="engine", round=rounds, error=error, traceback="")

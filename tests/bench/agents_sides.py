"""What the bench of the ten agents compares: the engine alone, the deciding desks, the firm, and its orders alone.

All of them read the same catalog as they run, and get the same bars, opening ticks, quotes and events.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Self

import nautilus_trader.analysis  # noqa: F401 - the report of a run imports it, and imports are no part of a run
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, DataActorConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    ActorId,
    Bar,
    BarType,
    Currency,
    CustomData,
    InstrumentId,
    Money,
    OmsType,
    TradeTick,
    Venue,
)
from nautilus_trader.risk import RiskEngineConfig
from threadpoolctl import threadpool_limits

from nautilus_ai_firm.agents.book import Book
from nautilus_ai_firm.bus import Failures, Priority, Topic
from nautilus_ai_firm.data.best_quote import BEST_QUOTE_TYPE
from nautilus_ai_firm.data.notice import notice_type
from nautilus_ai_firm.firm import seat_deciding
from nautilus_ai_firm.hosts import backtest_engine
from nautilus_ai_firm.hosts.backtest import run_stage
from nautilus_ai_firm.hosts.engine_limits import engine_limits
from nautilus_ai_firm.hosts.garbage import collected_by_chunk
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from tests.bench.agents_market import VENUE, ten_agents
from tests.bench.agents_orders import Sender, Steps, steps_of


class Listener(DataActor):
    """Hears all that the desks of the firm hear of the market, and does nothing."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("LISTENER-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, bar_types: list[BarType], instrument_ids: list[InstrumentId]) -> None:
        self._bar_types, self._instrument_ids = bar_types, instrument_ids

    def on_start(self) -> None:
        for bar_type in self._bar_types:
            self.subscribe_bars(bar_type)
        for instrument_id in self._instrument_ids:
            self.subscribe_trades(instrument_id)
        for data_type in (BEST_QUOTE_TYPE, notice_type("event")):
            self.subscribe_data(data_type)

    def on_bar(self, bar: Bar) -> None:
        pass

    def on_trade(self, trade: TradeTick) -> None:
        pass

    def on_data(self, data: CustomData) -> None:
        pass


class Counter(DataActor):
    """Counts what the CIO decides."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("COUNTER-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self) -> None:
        self.decisions = 0

    def on_start(self) -> None:
        self.subscribe_topic(Topic.DECISION, self._count, Priority.DESK)

    def _count(self, decision: object) -> None:  # noqa: ARG002 - of every kind alike
        self.decisions += 1


def engine_alone(catalog: Path, run: Path) -> dict[str, float]:  # noqa: ARG001 - every side is called alike
    """Measure the engine with an actor that does nothing."""
    return _measured(lambda: _engine(prepare(Study(loaded=ten_agents(), catalog=catalog)), None))


def engine_with_orders(catalog: Path, run: Path) -> dict[str, float]:
    """Measure the engine with that actor and every order, change and cancel of a run of the firm, without costs."""
    steps = steps_of(run)
    return _measured(lambda: _engine(prepare(Study(loaded=ten_agents(), catalog=catalog)), steps))


def deciding(catalog: Path, run: Path) -> dict[str, float]:  # noqa: ARG001 - every side is called alike
    """Measure the market desk, the ten agents and the CIO, in the firm's own host: nobody hears what is decided."""
    return _measured(lambda: _deciding(prepare(Study(loaded=ten_agents(), catalog=catalog))))


def whole_firm(catalog: Path, run: Path) -> dict[str, float]:
    """Measure the whole firm, its records included."""
    return _measured(lambda: _firm(catalog, run))


def _measured(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    facts = work()
    return facts | {"cpu_s": time.process_time() - began_cpu, "wall_s": time.perf_counter() - began}


def _firm(catalog: Path, run: Path) -> dict[str, float]:
    summary = run_stage(prepare(Study(loaded=ten_agents(), catalog=catalog, out=run))).summary
    return {"fills": summary["fills"], "orders": summary["orders"], "rounds": summary["rounds"]}


def _deciding(stage: Stage) -> dict[str, float]:
    counter, failures = Counter(), Failures()
    with threadpool_limits(1), collected_by_chunk():
        engine = backtest_engine._engine(stage)
        book = Book(stage.universe, WorkingLedger(len(stage.universe.instrument_ids)))
        seat_deciding(engine, stage.firm, book=book, sessions=stage.sessions, feed=stage.feed, failures=failures)
        engine.add_actor(counter)
        stage.charges.failures = failures
        backtest_engine._feed(engine, stage, failures)
        engine.dispose()
    assert failures.first is None
    assert counter.decisions == len(stage.rounds_ns)
    return {"fills": 0, "orders": 0, "rounds": counter.decisions}


def _engine(stage: Stage, steps: Steps | None) -> dict[str, float]:
    names = bar_names(stage.firm)
    limits = RiskEngineConfig(**asdict(engine_limits(stage.firm, stage.universe.bar_minutes)))
    silent = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
    engine = BacktestEngine(BacktestEngineConfig(run_analysis=False, logging=silent, risk_engine=limits))
    for venue in (VENUE, "X"):
        money = [Money(stage.firm.venue.starting_balance, Currency.from_str("USD"))]
        engine.add_venue(
            Venue(venue),
            OmsType.NETTING,
            AccountType.MARGIN,
            money,
            default_leverage=Decimal(repr(stage.firm.venue.leverage)),
            fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
            reject_stop_orders=False,
        )
    series = [*names, *map(str, stage.universe.input_bar_types.values())]
    for instrument in stage.catalog.instruments(series):
        engine.add_instrument(instrument)
    engine.add_actor(Listener([BarType.from_str(name) for name in series], list(stage.universe.instrument_ids)))
    sender = None if steps is None else Sender(steps)
    if sender is not None:
        engine.add_strategy(sender)
    with collected_by_chunk():  # as of the firm
        window = stage.catalog.window(names, series[len(names) :], 0, stage.end_ns, stage.watching.beside)
        for data in (window.bars, window.opening_ticks, window.observations, window.quotes):
            if data:
                engine.add_data(data)
        engine.run(end=stage.end_ns + 1)
    assert sender is None or steps is None or sender.filled == steps.fills, (sender.filled, steps.fills)
    return {"fills": 0 if sender is None else sender.filled, "orders": 0, "rounds": len(stage.rounds_ns)}

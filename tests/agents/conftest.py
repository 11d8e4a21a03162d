"""A bench for one desk: an engine with a few days of two stocks, and a probe that speaks to the desk and hears it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Book
from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.hosts import backtest_engine
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.messages import DecisionEvent, MarketSnapshot, RiskedDecision
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from tests.firm_runs import settings, synthetic_market

SYMBOLS = ("A", "B")
DAYS = 5


class Probe(DataActor):
    """Publishes messages when the second round is closed, in order, and keeps what it hears."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("PROBE-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self, speech: Sequence[tuple[Topic, Any]], hears: Iterable[Topic], at_ns: int, failures: Failures
    ) -> None:
        self.line = Line("probe", self, failures)
        self.heard: list[tuple[Topic, Any]] = []
        self._speech, self._hears, self._at_ns = speech, list(hears), at_ns

    @callback
    def on_start(self) -> None:
        for place, topic in enumerate(self._hears):
            self.line.subscribe(topic, partial(self._hear, topic), 500 + place)
        if self._speech:
            self.clock.set_time_alert_ns("speak", self._at_ns, self.line.guard(self._speak))

    def _hear(self, topic: Topic, message: Any) -> None:
        self.heard.append((topic, message))

    def _speak(self, _event: object) -> None:
        for topic, message in self._speech:
            self.line.publish(topic, message)


@dataclass(slots=True)
class Bench:
    """The bench and what its last session heard."""

    stage: Stage
    failures: Failures = field(default_factory=Failures)
    heard: list[tuple[Topic, Any]] = field(default_factory=list)

    @property
    def close_ns(self) -> int:
        """Close of the second round: the venue knows a volatility from then on."""
        return int(self.stage.rounds_ns[1])

    def sit(
        self,
        desks: Callable[[Book, WorkingLedger, Failures], Iterable[Any]],
        speech: Sequence[tuple[Topic, Any]] = (),
        hears: Iterable[Topic] = (),
    ) -> list[Any]:
        """Seat the desks and the probe, run the days, and return the messages that the probe heard."""
        engine = backtest_engine._engine(self.stage)
        try:
            ledger = WorkingLedger(len(SYMBOLS))
            for desk in desks(Book(self.stage.universe, ledger), ledger, self.failures):
                if isinstance(desk, Strategy):
                    engine.add_strategy(desk)
                elif hasattr(desk, "spawn_market"):
                    engine.add_exec_algorithm(desk)
                else:
                    engine.add_actor(desk)
            probe = Probe(speech, hears, self.close_ns + 2, self.failures)
            engine.add_actor(probe)
            self.stage.charges.failures = self.failures
            backtest_engine._feed(engine, self.stage, self.failures)
            self.heard = probe.heard
            return [message for _, message in probe.heard]
        finally:
            engine.dispose()

    def snapshot(self, round_: int = 1, **changes: Any) -> MarketSnapshot:
        """A snapshot of two fresh stocks at 100 and 50."""
        close = np.array([100.0, 50.0])
        values: dict[str, Any] = {
            "round": round_,
            "ts_event": self.close_ns,
            **dict.fromkeys(("open", "high", "low", "close"), close),
            "volume": np.array([1e6, 1e6]),
            "fresh": np.array([True, True]),
            "inputs": np.zeros(3),
            "inputs_fresh": np.ones(3, dtype=np.bool_),
        }
        return MarketSnapshot(**(values | changes))

    def decision(self, weights: Sequence[float], round_: int = 1, **changes: Any) -> DecisionEvent:
        """A decision from no position, at the second round's close, for the next open."""

        execution_ns = int(self.stage.sessions.execution_time_ns(self.close_ns))
        values: dict[str, Any] = {
            "round": round_,
            "ts_event": self.close_ns,
            "decision_id": f"R{round_:06d}",
            "execution_ts": np.full(2, execution_ns, dtype=np.int64),
            "equity": Decimal("1000000.00"),
            "balance": Decimal("1000000.00"),
            "positions": np.zeros(2, dtype=np.int64),
            "current": np.zeros(2),
            "close": np.array([100.0, 50.0]),
            "fresh": np.array([True, True]),
            "weights": np.array(weights),
            "agents": (),
            "contributions": np.zeros((0, 2)),
        }
        return DecisionEvent(**(values | changes))

    def risked(self, weights: Sequence[float], **changes: Any) -> RiskedDecision:
        return RiskedDecision(
            decision=self.decision(weights, **changes), drawdown=0.0, weights=np.array(weights), breaches=()
        )


@pytest.fixture(scope="session")
def bench_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(SYMBOLS, DAYS).write(tmp_path_factory.mktemp("bench") / "catalog")


@pytest.fixture
def new_bench(bench_catalog: Path, tmp_path: Path) -> Callable[..., Bench]:
    def make(changes: dict[str, Any] | None = None, **study: Any) -> Bench:
        loaded = settings(SYMBOLS, changes)
        return Bench(prepare(Study(loaded=loaded, catalog=bench_catalog, out=tmp_path / "run", **study)))

    return make


@pytest.fixture
def bench(new_bench: Callable[..., Bench]) -> Bench:
    return new_bench()

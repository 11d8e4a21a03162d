"""2. SignalEvents -> DecisionEvent: the one desk that decides, once a round."""

from typing import Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.book import Book
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.messages import (
    Absence,
    DecisionEvent,
    Floats,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    PyramidPlan,
    SignalEvent,
)
from nautilus_ai_firm.models.cio.combination import combine
from nautilus_ai_firm.models.cio.decay import decayed
from nautilus_ai_firm.models.cio.volatility_target import weights as volatility_target_weights
from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.settings import Cio, SignalAgent


class CioDesk(DataActor):
    """Collects the round's signals and decides when every agent has had its turn, over agents in sorted order.

    The barrier waits for nobody: who has not spoken by then is absent. An agent that may miss rounds counts with its
    last signal, decayed, up to an age; any other one that is absent fails the run.
    """

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("CIO-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        settings: Cio,
        agents: tuple[SignalAgent, ...],
        book: Book,
        sessions: Sessions,
        failures: Failures,
        pyramid: Pyramid | None = None,
    ) -> None:
        self.line = Line("cio", self, failures)
        self._settings = settings
        self._agents = {agent.name: agent for agent in sorted(agents, key=lambda agent: agent.name)}
        self._book = book
        self._sessions = sessions
        n = len(book.universe.instrument_ids)
        self._volatility = EwmaVolatility(settings.volatility_span, n)
        self._correlation = EwmaCorrelation(settings.correlation_span, n)
        self._pyramid = pyramid  # absent: what is decided is held at once
        self._signals: dict[str, SignalEvent] = {}  # the newest of each agent

    @callback
    def on_start(self) -> None:
        """Hear the snapshot before the agents, their signals, and the snapshot again after them."""
        self.line.subscribe(Topic.SNAPSHOT, self._open_barrier, Priority.CIO_OPENS)
        self.line.subscribe(Topic.SIGNAL, self._hear, Priority.DESK)
        self.line.subscribe(Topic.SNAPSHOT, self._decide, Priority.CIO_DECIDES)
        if self._pyramid is not None:
            self.line.subscribe(Topic.ORDER_RECORD, self._hear_exit, Priority.CIO_OPENS)

    def _open_barrier(self, snapshot: MarketSnapshot) -> None:
        self._bar_volatility = self._volatility.update(snapshot.close, snapshot.fresh)
        self._correlations = self._correlation.update(snapshot.close, snapshot.fresh)
        if self._pyramid is not None:
            self._pyramid.observe(snapshot)

    def _hear(self, signal: SignalEvent) -> None:
        last = self._signals.get(signal.agent)
        if last is None or signal.round >= last.round:
            self._signals[signal.agent] = signal

    def _hear_exit(self, record: OrderRecord) -> None:
        if record.kind is OrderEventKind.FILLED and record.layer is not None and self._pyramid is not None:
            place = self._book.universe.names.index(record.instrument_id)
            self._pyramid.exited(place, record.layer, int(record.quantity))

    def _views(self, snapshot: MarketSnapshot) -> tuple[dict[str, tuple[Floats, Floats]], tuple[Absence, ...]]:
        # Score and confidence of every agent that counts, and who is absent, both in sorted order.
        views: dict[str, tuple[Floats, Floats]] = {}
        absences: list[Absence] = []
        for name, agent in self._agents.items():
            signal = self._signals.get(name)
            age = None if signal is None else snapshot.round - signal.round
            if signal is not None and age == 0:
                views[name] = signal.score, signal.confidence
                continue
            if agent.half_life_rounds is None or agent.max_age_rounds is None:
                raise RuntimeError(f"{name} said nothing about round {snapshot.round}, and may_miss is false")
            if signal is None or age is None or age > agent.max_age_rounds:
                absences.append(Absence(agent=name, last_round=None))
                continue
            score = decayed(signal.score, age, agent.half_life_rounds)
            views[name] = np.where(snapshot.fresh, score, np.nan), signal.confidence  # as of every agent: no view
            absences.append(Absence(agent=name, last_round=signal.round))
        return views, tuple(absences)

    def _decide(self, snapshot: MarketSnapshot) -> None:
        if snapshot.is_history:
            return
        universe, settings = self._book.universe, self._settings
        n = len(universe.instrument_ids)
        holdings = self._book.holdings(self.cache, snapshot.close)
        price = np.where(np.isnan(snapshot.close), 0.0, snapshot.close)
        current = holdings.projected * price / float(holdings.equity)
        views, absences = self._views(snapshot)
        agents = tuple(views)
        scores = np.array([score for score, _ in views.values()]).reshape(len(agents), n)
        confidences = np.array([confidence for _, confidence in views.values()]).reshape(len(agents), n)
        combined, parts = combine(scores, confidences, np.array([self._agents[name].weight for name in agents]))
        decided = volatility_target_weights(
            combined,
            self._bar_volatility * np.sqrt(universe.bars_per_year),
            self._correlations,
            settings.target_volatility_per_year,
            settings.max_diversification_multiplier,
        )
        plans: tuple[PyramidPlan, ...] = ()
        if self._pyramid is not None:
            decided, plans = self._pyramid.decide(
                snapshot,
                decided,
                current,
                holdings.positions,
                self._book.entry_prices(self.cache),
                float(holdings.equity),
            )
        scale = np.divide(decided, combined, out=np.zeros(n), where=np.isfinite(decided) & (combined != 0))
        execution_ts = np.full(n, self._sessions.execution_time_ns(snapshot.ts_event), dtype=np.int64)
        self.line.publish(
            Topic.DECISION,
            DecisionEvent(
                round=snapshot.round,
                ts_event=snapshot.ts_event,
                decision_id=f"R{snapshot.round:06d}",
                execution_ts=execution_ts,
                equity=holdings.equity,
                balance=holdings.balance,
                positions=holdings.positions,
                current=current,
                close=price,
                fresh=snapshot.fresh,
                weights=np.where(np.isnan(decided), current, decided),
                agents=agents,
                contributions=np.where(np.isnan(parts), 0.0, parts * scale),
                absences=absences,
                plans=plans,
            ),
        )

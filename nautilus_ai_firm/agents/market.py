"""0. Bars and custom data -> one MarketSnapshot a round; the only subscriber to both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId, Bar, CustomData

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.watched import Watcher
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.observation import OBSERVATION_TYPE
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.messages import Connection, LateBar
from nautilus_ai_firm.models.market.open_round import OpenRound

CLOSE = "close-round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What the host knows of its market data.

    Attributes
    ----------
    initial_inputs : dict of str to float
        Last value of each input before all data, where there is one.
    history : sequence
        Bars and custom data before the first round, by time of arrival: the desks learn from them and nobody decides.
    grace_ns : int
        How long a round waits for instruments that have not reported; 0 where all data of a time arrives together.

    """

    initial_inputs: dict[str, float] = field(default_factory=dict)
    history: Sequence[Any] = ()
    grace_ns: int = 0


class MarketDesk(DataActor):
    """Closes a round when every series has reported or the grace is over, 1 ns after the bars' close at the earliest.

    A bar that comes after its round is recorded, and the round stays as it was.
    """

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("MARKET-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self, universe: Universe, sessions: Sessions, feed: Feed, time: MarketTime, failures: Failures
    ) -> None:
        self.line = Line("market", self, failures)
        self._universe = universe
        self._sessions = sessions
        self._time = time
        self._feed = feed
        self._place = {bar_type: place for place, bar_type in enumerate(universe.bar_types)}
        self._input_place = {name: place for place, name in enumerate(universe.inputs)}
        self._input_bars = {bar_type: self._input_place[name] for name, bar_type in universe.input_bar_types.items()}
        known = {self._input_place[name]: value for name, value in feed.initial_inputs.items()}
        awaited = frozenset(self._input_bars.values())
        self._watcher = Watcher(universe)
        self._open = OpenRound(
            len(universe.instrument_ids), len(universe.inputs), known, awaited, self._watcher.watched
        )
        self._history = list(feed.history)
        closes = {data.ts_event for data in self._history if isinstance(data, Bar) and data.bar_type in self._place}
        self._round = -len(closes)  # rounds of the history end with 0
        self._closing_ns = 0
        self._closed_ns = 0
        self._early: list[Any] = []  # inputs that came after the close, while their round was still waiting

    @callback
    def on_start(self) -> None:
        """Subscribe to the decision bars, to the inputs and to what is watched beside them."""
        self._clock = self._time.clock(self.clock, self.line)
        for bar_type in (*self._universe.bar_types, *self._universe.input_bar_types.values()):
            self.subscribe_bars(bar_type)
        if len(self._universe.inputs) > len(self._universe.input_bar_types):
            self.subscribe_data(OBSERVATION_TYPE)
        for data_type in self._watcher.data_types:
            self.subscribe_data(data_type)
        self.line.subscribe(Topic.CONNECTION, self._hear, Priority.HISTORY)

    def _hear(self, connection: Connection) -> None:
        """Let every desk know the history before the firm may trade."""
        if connection.trusted and self._history:
            self._learn()

    @callback
    def on_bar(self, bar: Bar) -> None:
        """Store the bar; the first one of a time schedules the close of its round."""
        if self._history:
            self._learn()
        if bar.bar_type in self._input_bars:
            self._take_input(bar)
        elif bar.ts_event <= self._closed_ns:
            self._record_late(bar)
        else:
            self._open_until(bar.ts_event)
            self._store(bar)
        self._close_if_complete()

    @callback
    def on_data(self, data: CustomData) -> None:
        """Store a macro observation, an event or a quote at its publication."""
        if self._history:
            self._learn()
        if not self._watcher.store(data.data):
            self._take_input(data)

    def _learn(self) -> None:
        """Play the history before the first data: now every desk hears."""
        history, self._history = self._history, []
        for data in history:
            if self._waits and data.ts_init > self._closing_ns:
                self._close_round(None)
            if isinstance(data, Bar) and data.bar_type in self._place:
                self._closing_ns = data.ts_event
            self._store(data)
        self._close_round(None)

    def _open_until(self, close_ns: int) -> None:
        if close_ns == self._closing_ns:
            return
        if self._waits:  # the next bar is there before the grace is over
            self._close_round(None)
        self._closing_ns = close_ns
        self._clock.alert_at(CLOSE, close_ns + 1 + self._feed.grace_ns, self._close_round)

    def _close_if_complete(self) -> None:
        if not (self._feed.grace_ns and self._waits and self._open.is_full):
            return
        if self._clock.now_ns() > self._closing_ns:
            self._close_round(None)
        else:
            self._clock.alert_at(CLOSE, self._closing_ns + 1, self._close_round)

    @property
    def _waits(self) -> bool:
        return self._closing_ns > self._closed_ns

    def _take_input(self, data: Any) -> None:
        known_ns = data.ts_event if isinstance(data, Bar) else data.ts_init
        if self._waits and known_ns > self._closing_ns:
            self._early.append(data)
        else:
            self._store(data)

    def _store(self, data: Any) -> None:
        if not isinstance(data, Bar):
            observation = data.data
            if self._watcher.store(observation):
                return
            if (place := self._input_place.get(observation.series)) is not None:
                self._open.store_input(place, observation.value, observation.ts_event)
        elif (place := self._input_bars.get(data.bar_type)) is not None:
            self._open.store_input(place, nearest_float(data.close), data.ts_event)
        else:
            self._open.store_bar(
                self._place[data.bar_type],
                (
                    nearest_float(data.open),
                    nearest_float(data.high),
                    nearest_float(data.low),
                    nearest_float(data.close),
                    nearest_float(data.volume),
                ),
            )

    def _close_round(self, _event: object) -> None:
        if not self._waits:
            return
        self._round += 1
        self.line.failures.round = self._round
        self._closed_ns = self._closing_ns
        session = self._sessions.span_of(self._closing_ns)
        snapshot = self._open.close(self._round, self._closing_ns, session)
        early, self._early = self._early, []
        for data in early:
            self._store(data)
        self.line.publish(Topic.SNAPSHOT, snapshot)

    def _record_late(self, bar: Bar) -> None:
        self.line.publish(
            Topic.LATE_BAR,
            LateBar(
                ts_event=bar.ts_event,
                ts_init=bar.ts_init,
                round=self._round,
                instrument_id=self._universe.names[self._place[bar.bar_type]],
                close=bar.close.as_decimal(),
            ),
        )

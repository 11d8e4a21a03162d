"""0. Bars and custom data -> one MarketSnapshot a round; the only subscriber to decision bars."""

from typing import Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId, Bar, CustomData

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.clock import MarketClock
from nautilus_ai_firm.data.observation import OBSERVATION_TYPE
from nautilus_ai_firm.messages import MarketSnapshot

CLOSE = "close-round"


class MarketDesk(DataActor):
    """Closes a round 1 ns after the decision bars' close, when all data of that time has arrived."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("MARKET-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, universe: Universe, initial_inputs: dict[str, float], failures: Failures) -> None:
        self.line = Line("market", self, failures)
        self._universe = universe
        self._place = {bar_type: place for place, bar_type in enumerate(universe.bar_types)}
        self._input_place = {name: place for place, name in enumerate(universe.inputs)}
        self._input_bars = {bar_type: self._input_place[name] for name, bar_type in universe.input_bar_types.items()}
        n = len(universe.instrument_ids)
        self._bars = np.full((5, n), np.nan)  # open, high, low, close, volume
        self._fresh = np.zeros(n, dtype=np.bool_)
        self._inputs = np.array([initial_inputs.get(name, np.nan) for name in universe.inputs])
        self._inputs_fresh = np.isfinite(self._inputs)
        self._input_ts = [0] * len(universe.inputs)
        self._round = 0
        self._closing_ns = 0

    @callback
    def on_start(self) -> None:
        """Subscribe to the decision bars and to the inputs."""
        self._clock = MarketClock(self.clock, self.line)
        for bar_type in (*self._universe.bar_types, *self._universe.input_bar_types.values()):
            self.subscribe_bars(bar_type)
        if len(self._universe.inputs) > len(self._universe.input_bar_types):
            self.subscribe_data(OBSERVATION_TYPE)

    @callback
    def on_bar(self, bar: Bar) -> None:
        """Store the bar; the first one of a time schedules the close of its round."""
        if (place := self._input_bars.get(bar.bar_type)) is not None:
            self._store_input(place, nearest_float(bar.close), bar.ts_event)
            return
        place = self._place[bar.bar_type]
        self._bars[:, place] = [nearest_float(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)]
        self._fresh[place] = True
        if bar.ts_event > self._closing_ns:
            self._closing_ns = bar.ts_event
            self._clock.alert_at(CLOSE, bar.ts_event + 1, self._close_round)

    @callback
    def on_data(self, data: CustomData) -> None:
        """Store a macro observation at its publication."""
        observation = data.data
        if (place := self._input_place.get(observation.series)) is not None:
            self._store_input(place, observation.value, observation.ts_event)

    def _store_input(self, place: int, value: float, ts_event: int) -> None:
        if ts_event < self._input_ts[place]:
            return  # figures published together may arrive in any order: the latest period counts
        self._input_ts[place] = ts_event
        self._inputs[place] = value
        self._inputs_fresh[place] = True

    def _close_round(self, _event: object) -> None:
        self._round += 1
        self.line.failures.round = self._round
        stale = ~self._fresh
        self._bars[:3, stale] = self._bars[3, stale]
        self._bars[4, stale] = np.where(np.isnan(self._bars[3, stale]), np.nan, 0.0)
        open_, high, low, close, volume = self._bars.copy()
        snapshot = MarketSnapshot(
            round=self._round,
            ts_event=self._closing_ns,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            fresh=self._fresh.copy(),
            inputs=self._inputs.copy(),
            inputs_fresh=self._inputs_fresh.copy(),
        )
        self._fresh[:] = False
        self._inputs_fresh[:] = False
        self.line.publish(Topic.SNAPSHOT, snapshot)

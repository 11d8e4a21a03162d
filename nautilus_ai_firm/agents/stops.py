"""3. Positions, plans, fills -> levels: orders SET_STOP and SET_TAKE_PROFIT when one changes, and FLATTEN at need."""

from math import isfinite
from typing import Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.book import Universe, open_entries
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.messages import (
    DecisionEvent,
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    RiskAction,
    RiskCommand,
)
from nautilus_ai_firm.models.estimators.average_true_range import AverageTrueRange
from nautilus_ai_firm.models.execution.net_entry import net_entry
from nautilus_ai_firm.models.risk.layer_stops import LayerExit, LayerStops
from nautilus_ai_firm.models.risk.stop_levels import StopCause, StopLevels, StopRules
from nautilus_ai_firm.models.risk.take_profits import TakeProfitRules, TakeProfits
from nautilus_ai_firm.settings import Stops

SENDER = "stops"
LAYER, TAKE_PROFIT = "layer stop", "take profit"
"""Causes of levels that come with a plan, and of those that take a profit."""


class StopDesk(DataActor):
    """Watches every position, whoever opened it: after each fill, and at the close of each round."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("STOPS-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, settings: Stops, universe: Universe, failures: Failures) -> None:
        self.line = Line("stops", self, failures)
        rules = StopRules(
            initial_atr=settings.initial_atr,
            initial_fraction=settings.initial_fraction,
            trailing_atr=settings.trailing_atr,
            break_even_gain=settings.break_even_gain,
            max_rounds=settings.max_rounds,
        )
        n = len(universe.names)
        takes = TakeProfitRules(atr=settings.take_profit_atr, fraction=settings.take_profit_fraction)
        self._levels = StopLevels(rules, n)
        self._takes = TakeProfits(takes, n)
        self._layers = LayerStops()
        self._true_range = AverageTrueRange(settings.atr_rounds, n)
        self._places = {name: place for place, name in enumerate(universe.names)}
        self._order_ids = universe.order_ids
        self._held = {instrument_id: place for place, instrument_id in enumerate(universe.order_ids)}
        self._goes_with_entries = universe.route is not None  # at a broker, who holds a stop until its entry is filled
        self._sequence = 0

    @callback
    def on_start(self) -> None:
        """Hear the market, what is planned, and what fills."""
        self.line.subscribe(Topic.SNAPSHOT, self._mark, Priority.STOPS)
        self.line.subscribe(Topic.DECISION, self._plan, Priority.STOPS)
        self.line.subscribe(Topic.ORDER_RECORD, self._hear, Priority.DESK)
        if self._goes_with_entries:
            self.line.subscribe(Topic.GATE_RESULT, self._offer, Priority.DESK)

    def _mark(self, snapshot: MarketSnapshot) -> None:
        atr = self._true_range.update(snapshot.high, snapshot.low, snapshot.close, snapshot.fresh)
        if snapshot.is_history:
            return
        positions, prices = self._positions()
        changed, exits = self._levels.update(positions, prices, snapshot.close, snapshot.fresh, atr)
        for place in np.flatnonzero(changed).tolist():
            self._set(place, snapshot.ts_event)
        for place in np.flatnonzero(self._takes.update(positions, prices, atr)).tolist():
            self._take(snapshot.ts_event, place, float(self._takes.level[place]))
        for place, cause in exits:
            self._command(snapshot.ts_event, RiskAction.FLATTEN, cause, place, None)

    def _plan(self, decision: DecisionEvent) -> None:
        for plan in decision.plans:
            news = self._layers.plan(plan, int(decision.positions[plan.place]))
            self._set_layers(plan.place, news, decision.ts_event)

    def _hear(self, record: OrderRecord) -> None:
        if record.kind is not OrderEventKind.FILLED:
            return
        place = self._places[record.instrument_id]
        position, price = self._position(place)
        if self._levels.fill(place, position, price):
            self._set(place, record.ts_event)
        if self._takes.fill(place, position, price):
            self._take(record.ts_event, place, float(self._takes.level[place]))
        exited = None if record.layer is None else (record.layer, int(record.quantity))
        self._set_layers(place, self._layers.fill(place, position, exited), record.ts_event)

    def _set_layers(self, place: int, exits: list[LayerExit], ts_event: int) -> None:
        for one in exits:
            self._command(ts_event, RiskAction.SET_STOP, LAYER, place, one.stop, one)
            if one.take_profit is not None:
                self._command(ts_event, RiskAction.SET_TAKE_PROFIT, TAKE_PROFIT, place, one.take_profit, one)

    def _offer(self, passed: GateResult) -> None:
        """Say where the stop of an entry will be, when the entry is about to leave."""
        if passed.breach is not None or passed.is_stop:
            return
        place = self._places[passed.instrument_id]
        side = 1 if passed.quantity > 0 else -1
        level, take = (one.offer(place, side, passed.price) for one in (self._levels, self._takes))
        if self._position(place)[0] or not isfinite(level):
            return
        self._command(passed.ts_event, RiskAction.SET_STOP, StopCause.INITIAL, place, level)
        if isfinite(take):
            self._take(passed.ts_event, place, take)

    def _position(self, place: int) -> tuple[int, float]:
        """Return the filled quantity of one instrument, signed, and its average entry price; NaN where none is open."""
        parts = self.cache.positions_open(instrument_id=self._order_ids[place])
        return net_entry((round(part.signed_qty), part.avg_px_open) for part in parts)

    def _positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return filled quantities, signed, and the average entry prices of what is open, by place."""
        return open_entries(self.cache.positions_open(), self._held)

    def _set(self, place: int, ts_event: int) -> None:
        level = float(self._levels.level[place])
        self._command(ts_event, RiskAction.SET_STOP, self._levels.cause(place), place, level)

    def _take(self, ts_event: int, place: int, price: float) -> None:
        self._command(ts_event, RiskAction.SET_TAKE_PROFIT, TAKE_PROFIT, place, price)

    def _command(
        self,
        ts_event: int,
        action: RiskAction,
        cause: str,
        place: int,
        price: float | None,
        of: LayerExit | None = None,
    ) -> None:
        self._sequence += 1
        command = RiskCommand(
            sequence=self._sequence,
            ts_event=ts_event,
            action=action,
            cause=str(cause),
            who=SENDER,
            place=place,
            price=price,
            sender=SENDER,
            layer=None if of is None else of.layer,
            quantity=None if of is None else of.quantity,
        )
        self.line.publish(Topic.RISK_COMMAND, command)

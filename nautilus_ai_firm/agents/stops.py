"""3. Positions and fills -> stop levels: orders SET_STOP when one changes, and FLATTEN where no stop can help."""

from math import isfinite, nan
from typing import Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.messages import GateResult, MarketSnapshot, OrderEventKind, OrderRecord, RiskAction, RiskCommand
from nautilus_ai_firm.models.estimators.average_true_range import AverageTrueRange
from nautilus_ai_firm.models.risk.stop_levels import StopCause, StopLevels, StopRules
from nautilus_ai_firm.settings import Stops

SENDER = "stops"


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
        self._levels = StopLevels(rules, n)
        self._true_range = AverageTrueRange(settings.atr_rounds, n)
        self._places = {name: place for place, name in enumerate(universe.names)}
        self._order_ids = universe.order_ids
        self._held = {instrument_id: place for place, instrument_id in enumerate(universe.order_ids)}
        self._goes_with_entries = universe.route is not None  # at a broker, who holds a stop until its entry is filled
        self._sequence = 0

    @callback
    def on_start(self) -> None:
        """Hear the market, and what fills."""
        self.line.subscribe(Topic.SNAPSHOT, self._mark, Priority.STOPS)
        self.line.subscribe(Topic.ORDER_RECORD, self._hear, Priority.DESK)
        if self._goes_with_entries:
            self.line.subscribe(Topic.GATE_RESULT, self._offer, Priority.DESK)

    def _mark(self, snapshot: MarketSnapshot) -> None:
        atr = self._true_range.update(snapshot.high, snapshot.low, snapshot.close, snapshot.fresh)
        if snapshot.is_history:
            return
        changed, exits = self._levels.update(*self._positions(), snapshot.close, snapshot.fresh, atr)
        for place in np.flatnonzero(changed).tolist():
            self._set(place, snapshot.ts_event)
        for place, cause in exits:
            self._command(snapshot.ts_event, RiskAction.FLATTEN, cause, place, None)

    def _hear(self, record: OrderRecord) -> None:
        if record.kind is not OrderEventKind.FILLED:
            return
        place = self._places[record.instrument_id]
        if self._levels.fill(place, *self._position(place)):
            self._set(place, record.ts_event)

    def _offer(self, passed: GateResult) -> None:
        """Say where the stop of an entry will be, when the entry is about to leave."""
        if passed.breach is not None or passed.is_stop:
            return
        place = self._places[passed.instrument_id]
        level = self._levels.offer(place, 1 if passed.quantity > 0 else -1, passed.price)
        if not self._position(place)[0] and isfinite(level):
            self._command(passed.ts_event, RiskAction.SET_STOP, StopCause.INITIAL, place, level)

    def _position(self, place: int) -> tuple[int, float]:
        """Return the filled quantity of one instrument, signed, and its average entry price; NaN where none is open."""
        quantity, cost = 0, 0.0
        for position in self.cache.positions_open(instrument_id=self._order_ids[place]):
            part = round(position.signed_qty)
            quantity += part
            cost += part * position.avg_px_open
        return quantity, cost / quantity if quantity else nan

    def _positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return filled quantities, signed, and the average entry prices of what is open, by place."""
        quantities, costs = np.zeros(len(self._places), dtype=np.int64), np.zeros(len(self._places))
        for position in self.cache.positions_open():
            place = self._held.get(position.instrument_id)
            if place is not None:
                quantity = round(position.signed_qty)
                quantities[place] += quantity
                costs[place] += quantity * position.avg_px_open
        return quantities, np.divide(costs, quantities, out=np.full(len(costs), np.nan), where=quantities != 0)

    def _set(self, place: int, ts_event: int) -> None:
        level = float(self._levels.level[place])
        self._command(ts_event, RiskAction.SET_STOP, self._levels.cause(place), place, level)

    def _command(self, ts_event: int, action: RiskAction, cause: str, place: int, price: float | None) -> None:
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
        )
        self.line.publish(Topic.RISK_COMMAND, command)

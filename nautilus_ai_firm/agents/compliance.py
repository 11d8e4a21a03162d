"""4. RiskedDecision -> ClearedDecision: restricted list, market hours, maximum order value and volume."""

from typing import Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.messages import ClearedDecision, RiskedDecision
from nautilus_ai_firm.models.compliance.restrictions import apply_restrictions
from nautilus_ai_firm.settings import Compliance, Gate, Market


class ComplianceDesk(DataActor):
    """Shrinks or refuses what may not be traded; never adds."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("COMPLIANCE-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        settings: Compliance,
        gate: Gate,
        market: Market,
        universe: Universe,
        sessions: Sessions,
        failures: Failures,
    ) -> None:
        self.line = Line("compliance", self, failures)
        self._may_reduce = settings.restricted_may_reduce
        self._names = universe.names
        self._restricted = np.array([name in settings.restricted for name in universe.names])
        # the price may move by the collar before the order goes out, and the gate measures it then
        room = 1.0 + (gate.max_collar or 0.0)
        self._max_value = _array([instrument.max_order_value for instrument in market.universe]) / room
        self._max_volume = _array([instrument.max_order_volume for instrument in market.universe])
        self._lot_sizes = universe.lot_sizes.astype(np.float64)
        self._sessions = sessions

    @callback
    def on_start(self) -> None:
        """Hear the risk desk."""
        self.line.subscribe(Topic.RISKED, self._review, Priority.DESK)

    def _review(self, risked: RiskedDecision) -> None:
        decision = risked.decision
        weights, breaches = apply_restrictions(
            current=decision.current,
            weights=risked.weights,
            equity=float(decision.equity),
            price=decision.close,
            restricted=self._restricted,
            market_open=self._sessions.is_open(decision.execution_ts),
            max_order_value=self._max_value,
            max_order_volume=self._max_volume,
            instrument_ids=self._names,
            restricted_may_reduce=self._may_reduce,
            lot_size=self._lot_sizes,
        )
        self.line.publish(Topic.CLEARED, ClearedDecision(risked=risked, weights=weights, breaches=breaches))


def _array(limits: list[float | None] | list[int | None]) -> np.ndarray:
    return np.array([np.nan if limit is None else float(limit) for limit in limits])

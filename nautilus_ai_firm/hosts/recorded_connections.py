"""What the host of a session told the firm -> the same, where the session runs again over its market data.

It is told when it could trade and when not, and what persons commanded between rounds.
"""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.messages import Connection, RiskCommand


class RecordedConnections(DataActor):
    """Says at its time what was said then."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the actor's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("CONNECTIONS-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, said: Sequence[Connection | RiskCommand], failures: Failures) -> None:
        self.line = Line("connections", self, failures)
        self._said = sorted(said, key=lambda one: one.ts_event)

    @callback
    def on_start(self) -> None:
        """Schedule everything."""
        clock = MarketTime().clock(self.clock, self.line)
        for ts_ns, together in groupby(self._said, key=lambda one: one.ts_event):
            clock.alert_at(f"said:{ts_ns}", ts_ns, partial(self._say, tuple(together)))

    def _say(self, together: tuple[Connection | RiskCommand, ...], _event: Any) -> None:
        for one in together:
            self.line.publish(Topic.CONNECTION if isinstance(one, Connection) else Topic.RISK_COMMAND, one)

"""When a session could trade, and when not -> the same, where it runs again over its market data."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.messages import Connection


class RecordedConnections(DataActor):
    """Says at its time what was said then."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the actor's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("CONNECTIONS-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, connections: Sequence[Connection], failures: Failures) -> None:
        self.line = Line("connections", self, failures)
        self._connections = connections

    @callback
    def on_start(self) -> None:
        """Schedule everything."""
        clock = MarketTime().clock(self.clock, self.line)
        for number, connection in enumerate(self._connections):
            clock.alert_at(f"connection:{number}", connection.ts_event, partial(self._say, connection))

    def _say(self, connection: Connection, _event: Any) -> None:
        self.line.publish(Topic.CONNECTION, connection)

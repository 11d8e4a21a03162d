"""The host's one seat in the firm: sees when the firm is idle, and says when the session ends."""

import asyncio
from typing import Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId, CustomData, DataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass

from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.messages import RiskCommand, SessionEnd


@customdataclass
class Knock:
    """Goes through the node's queue behind everything that the firm still has to do."""

    number: int = 0


register_custom_data_class(Knock)

KNOCK_TYPE = DataType(Knock.__name__)


class Doorman(DataActor):
    """Answers a knock: the node serves orders and their events before data, so nothing is under way any more."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the actor's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("DOORMAN-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, failures: Failures) -> None:
        self.line = Line("doorman", self, failures)
        self._waiting: asyncio.Future[None] | None = None
        self._knocks = 0

    @callback
    def on_start(self) -> None:
        """Listen for knocks."""
        self.subscribe_data(KNOCK_TYPE)

    def on_data(self, data: CustomData) -> None:  # noqa: ARG002 - any knock counts, and not through the line: a failed firm is idle too
        """Answer."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def knock(self) -> tuple[CustomData, asyncio.Future[None]]:
        """Make a knock to send with the market data, and what is done when it was answered."""
        self._knocks += 1
        self._waiting = asyncio.get_running_loop().create_future()
        return CustomData(KNOCK_TYPE, Knock(0, 0, self._knocks)), self._waiting  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first

    def command(self, message: RiskCommand) -> None:
        """Hand the firm a command of its host."""
        self.line.guard(self.line.publish)(Topic.RISK_COMMAND, message)

    def end_session(self, message: SessionEnd) -> None:
        """Tell the firm that the session ends."""
        self.line.guard(self.line.publish)(Topic.SESSION_END, message)

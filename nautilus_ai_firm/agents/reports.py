"""What every desk tells -> messages to whoever watches the execution: listens after the records, orders nothing."""

from collections.abc import Callable
from typing import Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.messages import DecisionEvent, MarketSnapshot
from nautilus_ai_firm.messages.execution_reports import ExecutionReport
from nautilus_ai_firm.models.execution.order_reports import Told
from nautilus_ai_firm.models.execution.reporter import Reporter


class ReportsDesk(DataActor):
    """Publishes reports of what was recorded, with the time and the round of the fact."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("REPORTS-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, reporter: Reporter, failures: Failures) -> None:
        self.line = Line("reports", self, failures)
        self._reporter = reporter

    @callback
    def on_start(self) -> None:
        """Hear what there can be something to tell of."""
        reporter, orders = self._reporter, self._reporter.orders
        for topic, handler in (
            (Topic.SNAPSHOT, self._after_history(orders.snapshot)),
            (Topic.DECISION, self._after_history(reporter.decision)),
            (Topic.IMPACT, reporter.impact),
            (Topic.GATE_RESULT, orders.gate_result),
            (Topic.ORDER_RECORD, orders.order),
            (Topic.PARENT_RECORD, orders.parent),
            (Topic.RISK_COMMAND, reporter.command),
            (Topic.RISK_ALERT, reporter.risk_alert),
        ):
            self.line.subscribe(topic, self._telling(handler), Priority.REPORTS)

    def _telling[M](self, handler: Callable[[M], Told]) -> Callable[[M], None]:
        def tell(message: M) -> None:
            for told in handler(message):
                ts_event: int = getattr(message, "ts_event")  # noqa: B009 - every message of these topics has one
                report = ExecutionReport(ts_event=ts_event, round=self._reporter.orders.round, message=told)
                self.line.publish(Topic.EXECUTION_REPORT, report)

        return tell

    @staticmethod
    def _after_history[M: (MarketSnapshot, DecisionEvent)](handler: Callable[[M], Told]) -> Callable[[M], Told]:
        return lambda message: handler(message) if message.round > 0 else ()

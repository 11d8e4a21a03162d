"""3. DecisionEvent -> RiskedDecision: limits, losses and the kill switch; orders RiskCommands, tells alerts and use."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.gateways.kill_switch import KillSwitch
from nautilus_ai_firm.messages import Breach, DecisionEvent, RiskAction, RiskCommand, RiskedDecision
from nautilus_ai_firm.models.risk.equity_watch import Standing
from nautilus_ai_firm.models.risk.memory import RiskMemory, forget
from nautilus_ai_firm.models.risk.review import RiskReview


class RiskDesk(DataActor):
    """Shrinks or refuses; never adds. A halt latches until a named person resumes."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("RISK-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        review: RiskReview,
        sessions: Sessions,
        bar_ns: int,
        kill_switch: KillSwitch,
        failures: Failures,
        halt_allows_reducing: bool,
        was_halted: bool = False,
        remember: Callable[[RiskMemory], None] = forget,
    ) -> None:
        self.line = Line("risk", self, failures)
        self._models = review
        self._sessions = sessions
        self._bar_ns = bar_ns
        self._kill_switch = kill_switch
        self._halt_allows_reducing = halt_allows_reducing
        self._was_halted = was_halted  # before a restart; what the switch says now decides whether a person resumed
        self._remember = remember
        self._halted = False
        self._told = False  # whether execution was told to halt, by whom ever
        self._flattened = False
        self._sequence = 0

    @callback
    def on_start(self) -> None:
        """Hear the market before anyone decides, and the CIO."""
        self.line.subscribe(Topic.SNAPSHOT, self._models.learn, Priority.RISK_LEARNS)
        self.line.subscribe(Topic.DECISION, self._review, Priority.DESK)
        self.line.subscribe(Topic.RISK_COMMAND, self._hear, Priority.RISK_HEARS)

    def _review(self, decision: DecisionEvent) -> None:
        standing = self._models.watch(decision)
        self._obey_kill_switch(decision, self._cause_to_halt(decision, standing))
        self._flatten_once(decision, standing)
        self._remember(self._models.memory(decision, halted=self._halted))  # before anyone acts on the round
        reviewed = self._models.review(
            decision,
            standing,
            overnight=self._sessions.closes_within(int(decision.execution_ts.max()), self._bar_ns),
            halt=self._halt_breach(standing),
            halt_reduces=self._halt_allows_reducing,
        )
        for alert in reviewed.alerts:
            self.line.publish(Topic.RISK_ALERT, alert)
        self.line.publish(Topic.RISK_REPORT, reviewed.report)
        self.line.publish(
            Topic.RISKED,
            RiskedDecision(
                decision=decision,
                weights=reviewed.weights,
                breaches=reviewed.breaches,
                drawdown=standing.drawdown,
            ),
        )

    def _hear(self, command: RiskCommand) -> None:
        """Take note of what was ordered between rounds: it need not be said twice."""
        if command.action is RiskAction.HALT or command.action is RiskAction.RESUME:
            self._told = command.action is RiskAction.HALT

    def _cause_to_halt(self, decision: DecisionEvent, standing: Standing) -> str | None:
        if decision.equity <= 0 and not self._flattened:
            return f"equity is {decision.equity}"
        return None if self._halted or self._was_halted else standing.halt

    def _obey_kill_switch(self, decision: DecisionEvent, cause: str | None) -> None:
        ts_event = decision.ts_event
        if cause is not None:
            self._kill_switch.latch(cause, "risk", _iso(ts_event))
        state = self._kill_switch.state()
        if state.latched and not self._told:
            self._command(ts_event, RiskAction.HALT, state.cause, state.who)
            self._command(ts_event, RiskAction.CANCEL_ALL, state.cause, state.who)
        if (self._halted or self._was_halted) and not state.latched:
            self._models.resume(decision)  # a person accepted the loss
            self._flattened = False
            if self._told or self._was_halted:
                self._command(ts_event, RiskAction.RESUME, state.cause, state.who)
        self._halted, self._was_halted = state.latched, False

    def _flatten_once(self, decision: DecisionEvent, standing: Standing) -> None:
        """Order everything sold, by quantity: where equity is gone a weight means nothing, and no desk could reduce."""
        ruined = decision.equity <= 0
        if self._flattened or not (ruined or (standing.flatten and self._halted)):
            return
        self._flattened = True
        cause = f"equity is {decision.equity}" if ruined else standing.halt
        self._command(decision.ts_event, RiskAction.FLATTEN, cause or "drawdown", "risk")

    def _halt_breach(self, standing: Standing) -> Breach | None:
        if not self._halted:
            return None
        limit = next((use.limit for use in standing.uses if use.rule == "max_drawdown"), 0.0)
        return Breach(
            rule="halt", instrument_id=None, observed=standing.drawdown, limit=limit, action="no new exposure"
        )

    def _command(self, ts_event: int, action: RiskAction, cause: str, who: str) -> None:
        self._sequence += 1
        self.line.publish(
            Topic.RISK_COMMAND,
            RiskCommand(sequence=self._sequence, ts_event=ts_event, action=action, cause=cause, who=who),
        )


def _iso(ts_event: int) -> str:
    return datetime.fromtimestamp(ts_event / 1e9, UTC).isoformat()

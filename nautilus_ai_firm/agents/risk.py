"""3. DecisionEvent -> RiskedDecision: limits, the drawdown halt and the kill switch; orders RiskCommands."""

from datetime import UTC, datetime
from typing import Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.gateways.kill_switch import KillSwitch
from nautilus_ai_firm.messages import Breach, DecisionEvent, RiskAction, RiskCommand, RiskedDecision
from nautilus_ai_firm.models.risk.drawdown import Drawdown
from nautilus_ai_firm.models.risk.halt import halted
from nautilus_ai_firm.models.risk.limits import Limits, apply_limits
from nautilus_ai_firm.settings import Risk


class RiskDesk(DataActor):
    """Shrinks or refuses; never adds. A halt latches until a named person resumes."""

    def __new__(cls, *_: object) -> Self:
        """Give the engine the desk's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("RISK-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, settings: Risk, universe: Universe, kill_switch: KillSwitch, failures: Failures) -> None:
        self.line = Line("risk", self, failures)
        self._settings = settings
        self._names = universe.names
        self._limits = Limits(settings.max_position, settings.max_gross, settings.max_net)
        self._kill_switch = kill_switch
        self._drawdown = Drawdown()
        self._halted = False
        self._ruined = False
        self._sequence = 0

    @callback
    def on_start(self) -> None:
        """Hear the CIO."""
        self.line.subscribe(Topic.DECISION, self._review, Priority.DESK)

    def _review(self, decision: DecisionEvent) -> None:
        drawdown = self._drawdown.update(float(decision.equity))
        self._watch_drawdown(drawdown, decision.ts_event)
        ruined = decision.equity <= 0 and not self._ruined
        if ruined:
            self._kill_switch.latch(f"equity is {decision.equity}", "risk", _iso(decision.ts_event))
        self._obey_kill_switch(float(decision.equity), decision.ts_event)
        if ruined:  # a weight means nothing now, so no desk could reduce: execution goes by quantity
            self._ruined = True
            self._command(decision.ts_event, RiskAction.FLATTEN, f"equity is {decision.equity}", "risk")
        weights, breaches = apply_limits(decision.current, decision.weights, decision.fresh, self._limits, self._names)
        halt = self._halt_breach(drawdown)
        if halt is not None:
            weights = halted(decision.current, weights, allow_reducing=self._settings.halt_allows_reducing)
            breaches = (*breaches, halt)
        self.line.publish(
            Topic.RISKED, RiskedDecision(decision=decision, weights=weights, breaches=breaches, drawdown=drawdown)
        )

    def _watch_drawdown(self, drawdown: float, ts_event: int) -> None:
        limit = self._settings.max_drawdown
        if limit is not None and drawdown >= limit and not self._halted:
            cause = f"drawdown {drawdown:.4f} reached the limit {limit:.4f}"
            self._kill_switch.latch(cause, "risk", _iso(ts_event))

    def _obey_kill_switch(self, equity: float, ts_event: int) -> None:
        state = self._kill_switch.state()
        if state.latched and not self._halted:
            self._command(ts_event, RiskAction.HALT, state.cause, state.who)
            self._command(ts_event, RiskAction.CANCEL_ALL, state.cause, state.who)
        elif self._halted and not state.latched:
            self._drawdown = Drawdown()  # a person accepted the loss: the high-water mark starts anew
            self._drawdown.update(equity)
            self._ruined = False
            self._command(ts_event, RiskAction.RESUME, state.cause, state.who)
        self._halted = state.latched

    def _halt_breach(self, drawdown: float) -> Breach | None:
        limit = self._settings.max_drawdown
        if limit is None:
            rule, limit = "limit_missing:max_drawdown", 0.0
        elif self._halted:
            rule = "halt"
        else:
            return None
        return Breach(rule=rule, instrument_id=None, observed=drawdown, limit=limit, action="no new exposure")

    def _command(self, ts_event: int, action: RiskAction, cause: str, who: str) -> None:
        self._sequence += 1
        self.line.publish(
            Topic.RISK_COMMAND,
            RiskCommand(sequence=self._sequence, ts_event=ts_event, action=action, cause=cause, who=who),
        )


def _iso(ts_event: int) -> str:
    return datetime.fromtimestamp(ts_event / 1e9, UTC).isoformat()

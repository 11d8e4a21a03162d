"""What the firm says -> one status line a minute of market time, for the person at the console."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from nautilus_ai_firm.durations import MINUTE_NS, SECOND_NS
from nautilus_ai_firm.messages import (
    ClearedDecision,
    Connection,
    DecisionEvent,
    GateResult,
    LateBar,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    RiskAlertEvent,
    RiskCommand,
    Severity,
    SignalEvent,
)
from nautilus_ai_firm.models.execution.ledger import WorkingLedger


class StatusBoard:
    """A recorder that keeps the latest of everything, and prints it when market time has moved on.

    Parameters
    ----------
    title : str
        What every line begins with.
    agents : int
        How many agents are expected to speak in a round.
    currency : str
        Currency of the account.
    say : callable
        Prints a line.
    least_seconds : float, default 1.0
        Shortest time on the wall between two lines, so that a fast replay can be read; an alert does not wait.

    Attributes
    ----------
    ledger : WorkingLedger, optional
        What is working, once the firm is seated.

    """

    def __init__(
        self,
        title: str,
        *,
        agents: int,
        currency: str,
        say: Callable[[str], None],
        least_seconds: float = 1.0,
    ) -> None:
        self._title = title
        self._agents = agents
        self._currency = currency
        self.ledger: WorkingLedger | None = None
        self._say = say
        self._least_seconds = least_seconds
        self._round = 0
        self._heard: set[str] = set()
        self._equity: Decimal | None = None
        self._exposure = np.zeros(0)
        self._fills = 0
        self._refused = 0
        self._alerts: list[str] = []
        self._minute = -1
        self._said = -np.inf

    def show(self, now_ns: int) -> None:
        """Print the line when it is time."""
        minute, wall = now_ns // MINUTE_NS, time.monotonic()
        due = minute > self._minute and wall - self._said >= self._least_seconds
        if self._round and (due or self._alerts):
            self._minute, self._said = minute, wall
            self._say(self.line(now_ns))
            self._alerts.clear()
            self._refused = 0

    def line(self, now_ns: int) -> str:
        """Describe the firm at a market time, nanoseconds UTC."""
        at = datetime.fromtimestamp(now_ns / SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M")
        equity = "no equity yet" if self._equity is None else f"{self._equity:,.2f} {self._currency}"
        held = int(np.count_nonzero(self._exposure))
        gross, net = float(np.abs(self._exposure).sum()), float(self._exposure.sum())
        working = 0 if self.ledger is None else int(np.count_nonzero(self.ledger.working()))
        alerts = [*self._alerts, *([f"{self._refused} refusals"] if self._refused else [])]
        return (
            f"{self._title} {at} UTC | equity {equity} | {held} positions, gross {gross:.0%}, net {net:+.0%} | "
            f"{working} working | round {self._round:,}, agents {len(self._heard)}/{self._agents} | "
            f"{self._fills:,} fills | {'; '.join(alerts) or 'no alerts'}"
        )

    def alert(self, text: str) -> None:
        """Say something with the next line, which does not wait."""
        self._alerts.append(text)

    def snapshot(self, message: MarketSnapshot) -> None:
        """Take note of a closed round."""
        self._round = message.round
        self._heard.clear()
        if stale := int((~message.fresh).sum()):
            self.alert(f"{stale} stale instruments")

    def late_bar(self, message: LateBar) -> None:
        """Alert to a late bar."""
        self.alert(f"late bar of {message.instrument_id}")

    def signal(self, message: SignalEvent) -> None:
        """Count who spoke about this round."""
        if message.round == self._round:
            self._heard.add(message.agent)

    def decision(self, message: DecisionEvent) -> None:
        """Keep equity and exposure."""
        self._equity = message.equity
        self._exposure = message.positions * message.close / float(message.equity)

    def risked(self, message: Any) -> None:
        """Count what risk refused."""
        self._refused += len(message.breaches)

    def cleared(self, message: ClearedDecision) -> None:
        """Count what compliance refused."""
        self._refused += len(message.breaches)

    def command(self, message: RiskCommand) -> None:
        """Alert to what risk orders."""
        self.alert(f"{message.action.upper()} by {message.who}: {message.cause}")

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Alert to a limit that is broken; a warning is for the records."""
        if message.severity is not Severity.WARNING:
            subject = "" if message.subject is None else f" of {message.subject}"
            text = f"{message.rule}{subject} {message.value:.4g}, limit {message.limit:.4g}: {message.action}"
            self.alert(text)

    def risk_report(self, message: Any) -> None:
        """Do nothing: the run folder has it."""

    def gate_result(self, message: GateResult) -> None:
        """Count what the gate refused."""
        self._refused += message.breach is not None

    def order(self, message: OrderRecord) -> None:
        """Count fills; a rejected order is an alert."""
        self._fills += message.kind is OrderEventKind.FILLED
        if message.kind in {OrderEventKind.DENIED, OrderEventKind.REJECTED}:
            self.alert(f"{message.instrument_id} {message.kind}: {message.reason}")

    def parent(self, message: Any) -> None:
        """Do nothing: the ledger knows what works."""

    def connection(self, message: Connection) -> None:
        """Alert to a market that orders cannot reach and to its return; what concerns one instrument says so itself."""
        since = f" after {message.without_s:.1f} s" if message.without_s else ""
        goes_on = f", {len(message.resumed)} orders go on" if message.resumed else ""
        self.alert(f"{message.cause}{since}{goes_on}" if message.trusted else f"{message.cause}, no new orders")

    def impact(self, message: Any) -> None:
        """Do nothing: the run folder has it."""

    def execution_report(self, message: Any) -> None:
        """Do nothing: what is told to the world was told here by its own record."""

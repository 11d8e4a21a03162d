"""Messages of a firm -> one short line each, so that two lives can be compared up to a moment."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from nautilus_ai_firm.messages import (
    ClearedDecision,
    Connection,
    DecisionEvent,
    ExecutionReport,
    GateResult,
    ImpactRecord,
    LateBar,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    RiskAlertEvent,
    RiskCommand,
    RiskedDecision,
    RiskReport,
    SignalEvent,
)

DESKS = ("market", "signals", "cio", "risk", "compliance", "execution", "venue")
"""In the order of the flow: of what differs at one time, the first is where it came from."""


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One thing that was said.

    Attributes
    ----------
    ts_ns : int
        When, nanoseconds UTC.
    desk : int
        Place in `DESKS`.
    who : str
        Agent, input, field of the snapshot, or order that it is about.
    round : int
        The round that it is about.
    digest : str
        Of all that was said.

    """

    ts_ns: int
    desk: int
    who: str
    round: int
    digest: str


class Tape:
    """A recorder that keeps a digest of every message, and the fills.

    Parameters
    ----------
    inputs : tuple of str
        Names of what is looked at, in the order of the snapshots.

    Attributes
    ----------
    rounds, decisions : int
        How many there were.
    fills : list of OrderRecord
        In order of arrival.
    decided_ns : dict of str to int
        When each decision was taken, nanoseconds UTC, by its id.
    committed_ns : dict of str to int
        When each order for a closing auction was committed, nanoseconds UTC, by its id.

    """

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.rounds = 0
        self.decisions = 0
        self.fills: list[OrderRecord] = []
        self.decided_ns: dict[str, int] = {}
        self.committed_ns: dict[str, int] = {}
        self._inputs = inputs
        self._lines: list[Line] = []

    def lines(self, until_ns: int) -> list[Line]:
        """Return what was said up to a moment, in order of time, desk and speaker."""
        return sorted(line for line in self._lines if line.ts_ns <= until_ns)

    def snapshot(self, message: MarketSnapshot) -> None:
        """Keep each field of the market, and each input, by itself."""
        self.rounds += 1
        for name in ("open", "high", "low", "close", "volume", "fresh", "quotes", "events", "chains"):
            value = getattr(message, name)
            if value is not None:
                self._keep("market", name, message.ts_event, message.round, value)
        for name, *value in zip(self._inputs, message.inputs, message.inputs_fresh, strict=True):
            self._keep("market", f"input {name}", message.ts_event, message.round, *value)

    def late_bar(self, message: LateBar) -> None:
        """Keep it as a word of the market desk."""
        self._keep("market", f"late bar of {message.instrument_id}", message.ts_init, message.round, message)

    def signal(self, message: SignalEvent) -> None:
        """Keep a view under the name of its agent."""
        said = (message.score, message.confidence, message.quoting)
        self._keep("signals", message.agent, message.ts_event, message.round, *said)

    def decision(self, message: DecisionEvent) -> None:
        """Keep what the CIO saw and wants."""
        self.decisions += 1
        self.decided_ns[message.decision_id] = message.ts_event
        self._keep("cio", "decision", message.ts_event, message.round, message)

    def risked(self, message: RiskedDecision) -> None:
        """Keep what the risk desk left."""
        said = (message.drawdown, message.weights, message.breaches)
        self._keep("risk", "decision", message.decision.ts_event, message.decision.round, *said)

    def cleared(self, message: ClearedDecision) -> None:
        """Keep what the compliance desk left."""
        decision = message.risked.decision
        self._keep("compliance", "decision", decision.ts_event, decision.round, message.weights, message.breaches)

    def command(self, message: RiskCommand) -> None:
        """Keep an order of the risk desk."""
        self._keep("risk", f"command {message.action}", message.ts_event, self.rounds, message)

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Keep what the risk desk warned of."""
        subject = "" if message.subject is None else f" of {message.subject}"
        self._keep("risk", f"alert {message.rule}{subject}", message.ts_event, message.round, message)

    def risk_report(self, message: RiskReport) -> None:
        """Keep how far each limit is used."""
        self._keep("risk", "limits", message.ts_event, message.round, message)

    def gate_result(self, message: GateResult) -> None:
        """Keep what the gate said."""
        if message.is_auction and message.breach is None:
            self.committed_ns[message.client_order_id] = message.ts_event
        self._keep("execution", f"gate {message.client_order_id}", message.ts_event, message.round, message)

    def order(self, message: OrderRecord) -> None:
        """Keep an event of an order; a fill is the venue's word."""
        filled = message.kind is OrderEventKind.FILLED
        if filled:
            self.fills.append(message)
        who = f"{message.kind} {message.client_order_id} of {message.instrument_id}"
        self._keep("venue" if filled else "execution", who, message.ts_event, message.round, message)

    def parent(self, message: ParentRecord) -> None:
        """Keep what became of a parent order."""
        self._keep("execution", f"parent {message.parent_order_id}", message.ts_event, message.round, message)

    def connection(self, message: Connection) -> None:
        """Keep whether orders could reach the market."""
        self._keep("market", "connection", message.ts_event, self.rounds, message)

    def impact(self, message: ImpactRecord) -> None:
        """Keep what impact an order was thought to have."""
        self._keep("execution", f"impact {message.parent_order_id}", message.ts_event, message.round, message)

    def execution_report(self, message: ExecutionReport) -> None:
        """Let it go by: it says again what was said."""

    def _keep(self, desk: str, who: str, ts_ns: int, round_: int, *said: Any) -> None:
        digest = blake2b(digest_size=8)
        for part in _parts(said):
            digest.update(part)
        self._lines.append(Line(int(ts_ns), DESKS.index(desk), who, round_, digest.hexdigest()))


def _parts(said: Any) -> Iterable[bytes]:
    if isinstance(said, np.ndarray):
        yield said.tobytes()
    elif is_dataclass(said):
        for field in fields(said):
            yield from _parts(getattr(said, field.name))
    elif isinstance(said, tuple):
        for one in said:
            yield from _parts(one)
    else:
        yield repr(said).encode() + b"\0"

"""Messages of the firm -> the tables, lines and hashes of a run folder."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa

from nautilus_ai_firm.messages import (
    Breach,
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
from nautilus_ai_firm.models.execution.unprotected import NOTHING, UnprotectedTime
from nautilus_ai_firm.runs.audit import AuditChain
from nautilus_ai_firm.runs.contributions import Contributions
from nautilus_ai_firm.runs.decision_lines import DecisionLines
from nautilus_ai_firm.runs.equity_log import EquityLog
from nautilus_ai_firm.runs.execution_log import ExecutionLog
from nautilus_ai_firm.runs.execution_table import execution_table
from nautilus_ai_firm.runs.facts import (
    absence_fact,
    command_fact,
    decision_fact,
    event_fact,
    gate_fact,
    order_fact,
    parent_fact,
    refusal_fact,
)
from nautilus_ai_firm.runs.result_lines import ResultLines
from nautilus_ai_firm.runs.risk_table import risk_table
from nautilus_ai_firm.runs.seen_market import SeenMarket
from nautilus_ai_firm.runs.signals_table import signals_table

BUFFER_BYTES = 1 << 20
MESSAGES_FILE = "messages.jsonl"
"""What was told to the world, where a firm tells."""


class RunRecorder:
    """Keeps what the firm says.

    Parameters
    ----------
    folder : Path
        Where `audit.jsonl` and `decisions.jsonl` grow while the firm runs.
    instrument_ids : tuple of str
        The universe, in the order of the arrays.
    held : mapping of str to int, optional
        What was held before the run, signed, by instrument.

    """

    def __init__(self, folder: Path, instrument_ids: tuple[str, ...], held: Mapping[str, int] = NOTHING) -> None:
        self._names = instrument_ids
        self._folder = folder
        self._growing: list[BinaryIO] = []
        self.audit = AuditChain(self._grow("audit.jsonl"))
        self._decision_lines = DecisionLines(self._grow("decisions.jsonl"), instrument_ids)
        self._messages_file: BinaryIO | None = None
        self.market = SeenMarket()
        self.rounds = 0
        self.decisions = 0
        self.refused_decisions = 0
        self.refusals: Counter[tuple[str, str]] = Counter()  # by desk and rule
        self.orders: dict[str, dict[str, Any]] = {}  # by client order id
        self.parents: dict[str, ParentRecord] = {}
        self.fills: list[OrderRecord] = []
        self.commands: list[RiskCommand] = []
        self.alerts: Counter[str] = Counter()  # by severity
        self.unprotected = UnprotectedTime(held)
        self._execution = ExecutionLog(instrument_ids)
        self._risk: list[RiskReport] = []
        self.equity = EquityLog()
        self._signals: list[SignalEvent] = []
        self.contributions = Contributions()
        self.results = ResultLines(instrument_ids)

    def snapshot(self, message: MarketSnapshot) -> None:
        """Count the round and hash what the firm saw."""
        self.rounds += 1
        self._execution.snapshot(message)
        self.market.snapshot(message)

    def late_bar(self, message: LateBar) -> None:
        """Write down a bar that nobody used."""
        self.audit.write("late_bar", event_fact(message))

    def signal(self, message: SignalEvent) -> None:
        """Keep a signal."""
        self._signals.append(message)

    def decision(self, message: DecisionEvent) -> None:
        """Write the decision down before anyone acts on it."""
        self.decisions += 1
        self.audit.write("decision", decision_fact(message))
        for absence in message.absences:
            self.audit.write("absence", absence_fact(message, absence))

    def risked(self, message: RiskedDecision) -> None:
        """Keep the round's equity and the desk's breaches."""
        self.equity.risked(message)
        self._breaches("risk", message.decision, message.breaches)

    def cleared(self, message: ClearedDecision) -> None:
        """Keep the final weights: the line of the round, and its part of the result."""
        decision = message.risked.decision
        self._breaches("compliance", decision, message.breaches)
        if not np.array_equal(message.weights, decision.weights):
            self.refused_decisions += 1
        self.contributions.add(decision)
        self.results.cleared(message)
        self._decision_lines.cleared(message)

    def command(self, message: RiskCommand) -> None:
        """Write down what risk orders."""
        self.commands.append(message)
        self.audit.write("command", command_fact(message))

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Count and write down that a limit is nearly or wholly used."""
        self.alerts[message.severity] += 1
        self.audit.write("alert", event_fact(message))

    def risk_report(self, message: RiskReport) -> None:
        """Keep how far the limits are used."""
        self._risk.append(message)

    def gate_result(self, message: GateResult) -> None:
        """Write down what the gate said."""
        self._execution.gate_result(message)
        if message.breach is not None:
            self.refusals["gate", message.breach.rule] += 1
        self.unprotected.gate(message)
        self.audit.write("gate", gate_fact(message))

    def order(self, message: OrderRecord) -> None:
        """Write down an event of an order; fills are part of the result."""
        self._execution.order(message)
        self.audit.write("order", order_fact(message))
        self.unprotected.order(message)
        denied = message.kind is OrderEventKind.DENIED or message.kind is OrderEventKind.REJECTED
        self.orders[message.client_order_id] = {
            "decision_id": message.decision_id,
            "parent_order_id": message.parent_order_id,
            "denied": denied,
        }
        if message.kind is OrderEventKind.FILLED:
            self.fills.append(message)
            self.results.filled(message)
        elif denied:
            self.refusals["engine", (message.reason or "unknown").split(":")[0]] += 1

    def parent(self, message: ParentRecord) -> None:
        """Keep what became of a parent order."""
        self._execution.parent(message)
        self.parents[message.parent_order_id] = message
        self.audit.write("parent", parent_fact(message))

    def connection(self, message: Connection) -> None:
        """Write down that orders can reach the market again, or no more."""
        self.audit.write("connection", event_fact(message))

    def impact(self, message: ImpactRecord) -> None:
        """Write down what impact an order is thought to have."""
        self.audit.write("impact", event_fact(message))

    def execution_report(self, message: ExecutionReport) -> None:
        """Write down what the world is told, in a file of its own."""
        if self._messages_file is None:
            self._messages_file = self._grow(MESSAGES_FILE)
        line = {"ts": message.ts_event, "round": message.round, "message": message.message}
        self._messages_file.write(msgspec.json.encode(line) + b"\n")

    def signals_table(self) -> pa.Table:
        """One row for each agent, instrument and round; see `runs.signals_table`."""
        return signals_table(self._signals, self._names)

    def risk_table(self) -> pa.Table:
        """One row for each limit, subject and round; see `runs.risk_table`."""
        return risk_table(self._risk)

    def execution_table(self, fills: pa.Table) -> pa.Table:
        """One row a parent order; see `runs.execution_table`."""
        return execution_table(self._execution.parents.values(), fills)

    def order_facts(self) -> dict[str, dict[str, Any]]:
        """Return decision and parent of each order, by client order id; a parent is there even when never sent."""
        facts = {
            order_id: {
                "decision_id": parent.decision_id,
                "parent_order_id": order_id,
                "parent_quantity": parent.quantity,
                "parent_filled_quantity": parent.filled_quantity,
            }
            for order_id, parent in self.parents.items()
        }
        for order_id, order in self.orders.items():
            facts[order_id] = facts.get(order["parent_order_id"], {}) | {
                "decision_id": order["decision_id"],
                "parent_order_id": order["parent_order_id"],
            }
        return facts

    def flush(self) -> None:
        """Bring the growing files to disk, so that they can be hashed."""
        for file in self._growing:
            file.flush()

    def close(self) -> None:
        """Close the growing files."""
        for file in self._growing:
            file.close()

    def _grow(self, name: str) -> BinaryIO:
        file = (self._folder / name).open("wb", buffering=BUFFER_BYTES)
        self._growing.append(file)
        return file

    def _breaches(self, desk: str, decision: DecisionEvent, breaches: tuple[Breach, ...]) -> None:
        for breach in breaches:
            self.refusals[desk, breach.rule] += 1
            self.audit.write("refusal", refusal_fact(decision, desk, breach))

"""Messages of the firm -> the tables, lines and hashes of a run folder."""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import cache
from itertools import accumulate
from operator import attrgetter
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
    Floats,
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
from nautilus_ai_firm.models.execution.unprotected import UnprotectedTime
from nautilus_ai_firm.runs.audit import AuditChain
from nautilus_ai_firm.runs.charges import MONEY, TIME, FinancingEntry
from nautilus_ai_firm.runs.execution_log import ExecutionLog
from nautilus_ai_firm.runs.execution_table import execution_table
from nautilus_ai_firm.runs.facts import command_fact, gate_fact, order_fact, parent_fact
from nautilus_ai_firm.runs.result_lines import ResultLines
from nautilus_ai_firm.runs.risk_table import risk_table

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

    """

    def __init__(self, folder: Path, instrument_ids: tuple[str, ...]) -> None:
        self._names = instrument_ids
        self._audit_file = (folder / "audit.jsonl").open("wb", buffering=BUFFER_BYTES)
        self._decisions_file = (folder / "decisions.jsonl").open("wb", buffering=BUFFER_BYTES)
        self._messages_path = folder / MESSAGES_FILE
        self._messages_file: BinaryIO | None = None
        self.audit = AuditChain(self._audit_file)
        self.market_sha256 = hashlib.sha256()
        self.rounds = 0
        self.decisions = 0
        self.refused_decisions = 0
        self.refusals: Counter[tuple[str, str]] = Counter()  # by desk and rule
        self.orders: dict[str, dict[str, Any]] = {}  # by client order id
        self.parents: dict[str, ParentRecord] = {}
        self.fills: list[OrderRecord] = []
        self.commands: list[RiskCommand] = []
        self.alerts: Counter[str] = Counter()  # by severity
        self.unprotected = UnprotectedTime()
        self._execution = ExecutionLog(instrument_ids)
        self._risk: list[RiskReport] = []
        self._equity: dict[str, list[Any]] = defaultdict(list)
        self._signals: list[SignalEvent] = []
        self._contributions: dict[str, np.ndarray] = {}
        self._results = ResultLines(instrument_ids)
        self._last_targets: Floats = np.empty(0)

    def snapshot(self, message: MarketSnapshot) -> None:
        """Count the round and hash what the firm saw."""
        self.rounds += 1
        self._execution.snapshot(message)
        self.market_sha256.update(message.ts_event.to_bytes(8))
        for array in (message.open, message.high, message.low, message.close, message.volume, message.inputs):
            self.market_sha256.update(array.tobytes())
        for part in (message.quotes, message.events, *message.chains):
            for one in () if part is None else fields(part):
                value = getattr(part, one.name)
                self.market_sha256.update(value.encode() if isinstance(value, str) else np.asarray(value).tobytes())

    def late_bar(self, message: LateBar) -> None:
        """Write down a bar that nobody used."""
        self.audit.write("late_bar", {"ts": message.ts_event, **_fields(message, "ts_event")})

    def signal(self, message: SignalEvent) -> None:
        """Keep a signal."""
        self._signals.append(message)

    def decision(self, message: DecisionEvent) -> None:
        """Write the decision down before anyone acts on it."""
        self.decisions += 1
        self.audit.write(
            "decision",
            {
                "ts": message.ts_event,
                "round": message.round,
                "decision_id": message.decision_id,
                "equity": str(message.equity),
                "current": message.current.tolist(),
                "weights": message.weights.tolist(),
                "agents": message.agents,
                **({"plans": message.plans} if message.plans else {}),
            },
        )
        for absence in message.absences:
            self.audit.write("absence", {"ts": message.ts_event, "round": message.round, **_fields(absence)})

    def risked(self, message: RiskedDecision) -> None:
        """Keep the round's equity and the desk's breaches."""
        decision = message.decision
        exposure = decision.positions * decision.close / float(decision.equity)
        row = {
            "ts": decision.ts_event,
            "round": decision.round,
            "equity": decision.equity,
            "cash": decision.balance,
            "gross": float(np.abs(exposure).sum()),
            "net": float(exposure.sum()),
            "drawdown": message.drawdown,
        }
        for name, value in row.items():
            self._equity[name].append(value)
        self._breaches("risk", decision, message.breaches)

    def cleared(self, message: ClearedDecision) -> None:
        """Keep the final weights: the line of the round, and its part of the result."""
        risked, decision = message.risked, message.risked.decision
        self._breaches("compliance", decision, message.breaches)
        breaches = (*risked.breaches, *message.breaches)
        if not np.array_equal(message.weights, decision.weights):
            self.refused_decisions += 1
        for agent, part in zip(decision.agents, decision.contributions, strict=True):
            self._contributions[agent] = self._contributions.get(agent, 0.0) + np.abs(part)
        self._results.cleared(message)
        if breaches or message.weights.tobytes() != self._last_targets.tobytes():
            self._decisions_file.write(self._decision_line(message, breaches) + b"\n")
        self._last_targets = message.weights

    def command(self, message: RiskCommand) -> None:
        """Write down what risk orders."""
        self.commands.append(message)
        self.audit.write("command", command_fact(message))

    def risk_alert(self, message: RiskAlertEvent) -> None:
        """Count and write down that a limit is nearly or wholly used."""
        self.alerts[message.severity] += 1
        self.audit.write("alert", {"ts": message.ts_event, **_fields(message, "ts_event")})

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
            self._results.filled(message)
        elif denied:
            self.refusals["engine", (message.reason or "unknown").split(":")[0]] += 1

    def parent(self, message: ParentRecord) -> None:
        """Keep what became of a parent order."""
        self._execution.parent(message)
        self.parents[message.parent_order_id] = message
        self.audit.write("parent", parent_fact(message))

    def connection(self, message: Connection) -> None:
        """Write down that orders can reach the market again, or no more."""
        self.audit.write("connection", {"ts": message.ts_event, **_fields(message, "ts_event")})

    def impact(self, message: ImpactRecord) -> None:
        """Write down what impact an order is thought to have."""
        self.audit.write("impact", {"ts": message.ts_event, **_fields(message, "ts_event")})

    def execution_report(self, message: ExecutionReport) -> None:
        """Write down what the world is told, in a file of its own."""
        if self._messages_file is None:
            self._messages_file = self._messages_path.open("wb", buffering=BUFFER_BYTES)
        line = {"ts": message.ts_event, "round": message.round, "message": message.message}
        self._messages_file.write(msgspec.json.encode(line) + b"\n")

    def result_sha256(self) -> str:
        """Hash decisions and fills, see `ResultLines.sha256`."""
        return self._results.sha256()

    def equity_table(self, financing: Sequence[FinancingEntry]) -> pa.Table:
        """One row a round; equity, cash and financing booked so far in account currency, the rest as fractions."""
        schema = pa.schema(
            [
                ("ts", TIME),
                ("round", pa.int64()),
                ("equity", MONEY),
                ("cash", MONEY),
                ("gross", pa.float64()),
                ("net", pa.float64()),
                ("drawdown", pa.float64()),
                ("financing", MONEY),
            ]
        )
        columns: dict[str, list[Any]] = {name: self._equity[name] for name in schema.names}
        booked = list(accumulate((entry.amount for entry in financing), initial=Decimal(0)))
        times = [entry.ts for entry in financing]
        columns["financing"] = [booked[bisect_right(times, ts)] for ts in columns["ts"]]
        return pa.table(columns, schema=schema)

    def signals_table(self) -> pa.Table:
        """One row for each agent, instrument and round."""
        n, said = len(self._names), np.arange(len(self._signals))
        return pa.table(
            {
                "ts": pa.array(np.repeat(np.array([one.ts_event for one in self._signals], np.int64), n), TIME),
                "agent": pa.array([one.agent for one in self._signals], pa.string()).take(said.repeat(n)),
                "instrument_id": pa.array(self._names, pa.string()).take(np.tile(np.arange(n), len(said))),
                "score": _joined([signal.score for signal in self._signals]),
                "confidence": _joined([signal.confidence for signal in self._signals]),
            }
        )

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

    def contributions(self) -> dict[str, float]:
        """Return each agent's share of the sum of absolute contributions to decided weights."""
        sums = {agent: float(part.sum()) for agent, part in sorted(self._contributions.items())}
        total = sum(sums.values())
        return {agent: value / total if total else 0.0 for agent, value in sums.items()}

    def flush(self) -> None:
        """Bring the growing files to disk, so that they can be hashed."""
        self._audit_file.flush()
        self._decisions_file.flush()
        if self._messages_file is not None:
            self._messages_file.flush()

    def close(self) -> None:
        """Close the growing files."""
        self._audit_file.close()
        self._decisions_file.close()
        if self._messages_file is not None:
            self._messages_file.close()

    def _breaches(self, desk: str, decision: DecisionEvent, breaches: tuple[Breach, ...]) -> None:
        for breach in breaches:
            self.refusals[desk, breach.rule] += 1
            self.audit.write(
                "refusal",
                {"ts": decision.ts_event, "decision_id": decision.decision_id, "desk": desk, "breach": breach},
            )

    def _decision_line(self, message: ClearedDecision, breaches: tuple[Breach, ...]) -> bytes:
        risked, decision = message.risked, message.risked.decision
        return msgspec.json.encode(
            {
                "ts": decision.ts_event,
                "round": decision.round,
                "decision_id": decision.decision_id,
                "execution_ts": decision.execution_ts.tolist(),
                "equity": str(decision.equity),
                "instrument_ids": self._names,
                "current": decision.current.tolist(),
                "cio": decision.weights.tolist(),
                "risk": risked.weights.tolist(),
                "compliance": message.weights.tolist(),
                "contributions": dict(zip(decision.agents, decision.contributions.tolist(), strict=True)),
                "breaches": breaches,
            }
        )


def _fields(message: object, *without: str) -> dict[str, Any]:
    names, values_of = _named(type(message), without)
    return dict(zip(names, values_of(message), strict=True))


@cache
def _named(kind: type[Any], without: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    # The fields of a kind of message, and what reads them all; every kind has two or more.
    names = tuple(one.name for one in fields(kind) if one.name not in without)
    return names, attrgetter(*names)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0)

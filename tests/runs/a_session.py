"""A small session of one round, for tests of its journal."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
from nautilus_trader.model import Bar, BarType, InstrumentId, Price, Quantity, QuoteTick

from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.messages import (
    Breach,
    ClearedDecision,
    Connection,
    DecisionEvent,
    Failure,
    GateResult,
    LateBar,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    RiskAction,
    RiskAlertEvent,
    RiskCommand,
    RiskedDecision,
    RiskReport,
    Severity,
    SignalEvent,
    StressResult,
)
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.session_facts import Host, Start

START = Start(
    run_id="paper-0001",
    host=Host.SANDBOX,
    config="",
    config_sha256="0" * 64,
    config_source="configs/paper.toml",
    catalog="catalog",
    catalog_sha256="1" * 64,
    series={"A.US-1-DAY-LAST-EXTERNAL": "2" * 64},
    instruments=(),
    initial_inputs={"wti": 90.5},
    grace_ns=0,
    first_round_ns=1_000,
    versions={"nautilus_trader": "2.0.0rc7"},
    speed=None,
    warm_up_rounds=5,
    caveats=(),
)
BREACH = Breach(rule="halt", instrument_id="A.US", observed=1.0, limit=0.0, action="refused")
LATCHED = KillSwitchState(latched=True, cause="a test", who="tester", time="")
COSTS = FillCosts(fee=Decimal("1.5"), half_spread_cost=Decimal("0.1"), impact_cost=Decimal("0.00000001"))


def bar(ts: int, close: str = "10.50") -> Bar:
    """A bar of one instrument."""
    price = Price.from_str(close)
    bar_type = BarType.from_str("A.US-1-DAY-LAST-EXTERNAL")
    return Bar(bar_type, price, price, price, price, Quantity.from_int(100), ts, ts)


def quote(ts: int) -> QuoteTick:
    """A quote of one instrument."""
    bid, ask, size = Price.from_str("10.49"), Price.from_str("10.51"), Quantity.from_int(5)
    return QuoteTick(InstrumentId.from_str("A.US"), bid, ask, size, size, ts, ts)


def snapshot(number: int) -> MarketSnapshot:
    """What the firm sees in a round."""
    one = np.ones(1)
    return MarketSnapshot(
        round=number, ts_event=1_000 * number, open=one, high=one, low=one, close=one, volume=one,
        fresh=np.ones(1, dtype=np.bool_), inputs=one, inputs_fresh=np.ones(1, dtype=np.bool_),
    )  # fmt: skip


def signal(number: int) -> SignalEvent:
    """An agent's view in a round."""
    return SignalEvent(round=number, ts_event=1_000 * number, agent="a", score=np.ones(1), confidence=np.ones(1))


def cleared(number: int) -> ClearedDecision:
    """What was decided in a round, with the messages that it carries."""
    decision = DecisionEvent(
        round=number,
        ts_event=1_000 * number,
        decision_id=f"R{number:06d}",
        execution_ts=np.array([1_000 * number + 500]),
        equity=Decimal("1000.00"),
        balance=Decimal("1000.00"),
        positions=np.array([0]),
        current=np.zeros(1),
        close=np.ones(1),
        fresh=np.ones(1, dtype=np.bool_),
        weights=np.full(1, 0.5),
        agents=("a",),
        contributions=np.full((1, 1), 0.5),
    )
    risked = RiskedDecision(decision=decision, drawdown=0.0, weights=np.full(1, 0.4), breaches=(BREACH,))
    return ClearedDecision(risked=risked, weights=np.full(1, 0.4), breaches=())


def gate(number: int, breach: Breach | None = None) -> GateResult:
    """What the gate said of the order of a round."""
    return GateResult(
        ts_event=1_000 * number + 500, round=number, decision_id=f"R{number:06d}", instrument_id="A.US",
        client_order_id=f"R{number:06d}-A.US", side="BUY", quantity=400, price=1.0, breach=breach,
    )  # fmt: skip


def order(number: int, kind: OrderEventKind) -> OrderRecord:
    """An event of the order of a round."""
    filled = kind is OrderEventKind.FILLED
    return OrderRecord(
        kind=kind,
        ts_event=1_000 * number + 500,
        round=number,
        decision_id=f"R{number:06d}",
        instrument_id="A.US",
        client_order_id=f"R{number:06d}-A.US",
        parent_order_id=f"R{number:06d}-A.US",
        exec_algorithm=None,
        side="BUY",
        quantity=Decimal(400 if filled else 0),
        price=Decimal("1.0000") if filled else None,
        commission=Decimal("1.60") if filled else None,
        currency="USD" if filled else None,
    )


def parent(number: int) -> ParentRecord:
    """What became of the order of a round."""
    return ParentRecord(
        ts_event=1_000 * number + 500, round=number, decision_id=f"R{number:06d}", instrument_id="A.US",
        parent_order_id=f"R{number:06d}-A.US", exec_algorithm=None, side="BUY", quantity=400, filled_quantity=400,
        state="filled",
    )  # fmt: skip


COMMAND = RiskCommand(sequence=1, ts_event=1_000, action=RiskAction.HALT, cause="a test", who="tester")
ALERT = RiskAlertEvent(
    round=1, ts_event=1_000, rule="max_gross", subject=None, value=0.9, limit=1.0, use=0.9, action="none",
    severity=Severity.WARNING,
)  # fmt: skip
REPORT = RiskReport(
    round=1, ts_event=1_000, rules=("max_gross",), subjects=("",), value=np.array([0.9]), limit=np.array([1.0]),
    stress=StressResult(scenarios=("fall",), losses=np.array([0.1])),
)  # fmt: skip
FINANCING = FinancingEntry(
    ts=2_000, nights=1, cash=Decimal("598.40"), short_market_value=Decimal(0), amount=Decimal("0.02")
)
FAILURE = Failure(component="risk", round=2, error="ValueError: no", traceback="Traceback\n  line")


def one_of_each() -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every record that a session can have, in an order in which they can be written: method and arguments."""
    decided = cleared(1)
    yield "start", (START,)
    yield "history", ([bar(1), bar(2)],)
    yield "market", (bar(1_000),)
    yield "snapshot", (snapshot(1),)
    yield "signal", (signal(1),)
    yield "kill_switch", (OPEN,)
    yield "kill_switch", (LATCHED,)
    yield "command", (COMMAND,)
    yield "decision", (decided.risked.decision,)
    yield "risk_alert", (ALERT,)
    yield "risk_report", (REPORT,)
    yield "risked", (decided.risked,)
    yield "cleared", (decided,)
    yield "market", (quote(1_500),)
    yield "gate_result", (gate(1, BREACH),)
    yield "gate_result", (gate(1),)
    yield "order", (order(1, OrderEventKind.SUBMITTED),)
    yield "fill_costs", ("R000001-A.US", COSTS)
    yield "order", (order(1, OrderEventKind.FILLED),)
    yield "parent", (parent(1),)
    yield "connection", (Connection(ts_event=940, trusted=False, cause="planted"),)
    yield "financing", (FINANCING,)
    yield "late_bar", (LateBar(ts_event=900, ts_init=950, round=1, instrument_id="A.US", close=Decimal("10.50")),)
    yield "failure", (FAILURE,)
    yield "end", ("failed", 1)

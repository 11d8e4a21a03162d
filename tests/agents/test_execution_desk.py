"""Cleared decisions in, orders out: each at its own instrument's first event at or after its execution time."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.book import Route
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.messages import ClearedDecision, Connection, GateResult, RiskAction, RiskCommand
from tests.agents.conftest import Bench

HEARD = [Topic.ORDER_RECORD, Topic.GATE_RESULT, Topic.PARENT_RECORD]


def execute(bench: Bench, speech: Sequence[tuple[Topic, Any]]) -> dict[Topic, list[Any]]:
    firm, universe, sessions = bench.stage.firm, bench.stage.universe, bench.stage.sessions

    def desks(book: Any, ledger: Any, failures: Any) -> list[Any]:
        gate = OrderGate(firm.execution.gate, firm.market, universe, halt_allows_reducing=True)
        return [
            MarketDesk(universe, sessions, Feed(), MarketTime(), failures),
            ExecutionDesk(firm.execution, book, ledger, gate, sessions, MarketTime(), failures),
        ]

    bench.sit(desks, speech, HEARD)
    assert bench.failures.first is None
    return {topic: [message for heard, message in bench.heard if heard is topic] for topic in HEARD}


def cleared(bench: Bench, weights: Sequence[float], **changes: Any) -> tuple[Topic, ClearedDecision]:
    catalog = Catalog(bench.stage.study.catalog)
    closes = [catalog.bar_columns(str(name)).close[1] for name in bench.stage.universe.bar_types]
    risked = bench.risked(weights, close=np.array(closes), **changes)
    return Topic.CLEARED, ClearedDecision(risked=risked, weights=np.array(weights), breaches=())


def command(action: RiskAction, bench: Bench, sequence: int = 1) -> tuple[Topic, RiskCommand]:
    return Topic.RISK_COMMAND, RiskCommand(
        sequence=sequence, ts_event=bench.close_ns, action=action, cause="a test", who="tester"
    )


def kinds(records: Sequence[Any]) -> list[tuple[str, str]]:
    return [(record.instrument_id, str(record.kind)) for record in records]


def test_a_target_becomes_one_order_at_the_next_open_and_is_filled_at_its_price(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, 0.0])])
    columns = Catalog(bench.stage.study.catalog).bar_columns(str(bench.stage.universe.bar_types[0]))
    assert kinds(heard[Topic.ORDER_RECORD]) == [("A.US", "submitted"), ("A.US", "filled")]
    fill = heard[Topic.ORDER_RECORD][-1]
    assert fill.ts_event == columns.ts_open_ns[2] + 1_000
    assert float(fill.price) == columns.open[2]
    assert fill.quantity == int(0.05 * 1_000_000 / columns.close[1])
    assert (fill.client_order_id, fill.decision_id, fill.side) == ("R000001-A.US", "R000001", "BUY")
    (parent,) = heard[Topic.PARENT_RECORD]
    assert (parent.state, parent.quantity, parent.filled_quantity) == ("filled", fill.quantity, fill.quantity)


def test_every_order_is_asked_about_before_it_is_sent(bench: Bench) -> None:
    execute(bench, [cleared(bench, [0.05, -0.05])])
    topics = [topic for topic, message in bench.heard if getattr(message, "instrument_id", "") == "B.US"]
    assert topics == [Topic.GATE_RESULT, Topic.ORDER_RECORD, Topic.ORDER_RECORD, Topic.PARENT_RECORD]


def test_an_order_for_a_later_time_is_dropped_at_the_next_round_and_never_sent_early(bench: Bench) -> None:
    later = Catalog(bench.stage.study.catalog).bar_columns(str(bench.stage.universe.bar_types[0])).ts_open_ns[3]
    times = np.full(2, later, dtype=np.int64)
    heard = execute(bench, [cleared(bench, [0.05, 0.0], execution_ts=times)])
    assert heard[Topic.ORDER_RECORD] == []
    (parent,) = heard[Topic.PARENT_RECORD]
    assert parent.state == "dropped: no trade before the next round"


def test_a_weight_that_is_held_is_no_order(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, -0.05], current=np.array([0.05, -0.05]))])
    assert [heard[topic] for topic in HEARD] == [[], [], []]


def test_cancel_all_drops_what_is_held(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, -0.05]), command(RiskAction.CANCEL_ALL, bench)])
    assert heard[Topic.ORDER_RECORD] == []
    assert [parent.state for parent in heard[Topic.PARENT_RECORD]] == ["dropped: cancel_all"] * 2


def test_a_halt_refuses_what_is_held_at_its_open(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, -0.05]), command(RiskAction.HALT, bench)])
    assert heard[Topic.ORDER_RECORD] == []
    assert [gate.breach.rule for gate in heard[Topic.GATE_RESULT]] == ["halt", "halt"]
    assert [parent.state for parent in heard[Topic.PARENT_RECORD]] == ["refused"] * 2


def connected(bench: Bench, *barred: str) -> tuple[Topic, Connection]:
    return Topic.CONNECTION, Connection(ts_event=bench.close_ns, trusted=True, cause="a test", barred=barred)


def test_an_instrument_whose_market_data_are_not_fresh_takes_no_new_risk_and_the_others_do(bench: Bench) -> None:
    heard = execute(bench, [connected(bench, "B.US"), cleared(bench, [0.05, -0.05])])
    assert kinds(heard[Topic.ORDER_RECORD]) == [("A.US", "submitted"), ("A.US", "filled")]
    refused = [gate for gate in heard[Topic.GATE_RESULT] if gate.breach is not None]
    assert [(gate.instrument_id, gate.breach.rule) for gate in refused] == [("B.US", "market_data_not_fresh")]


def test_with_fresh_market_data_it_takes_new_risk_again(bench: Bench) -> None:
    speech = [connected(bench, "A.US", "B.US"), connected(bench), cleared(bench, [0.05, 0.0])]
    assert kinds(execute(bench, speech)[Topic.ORDER_RECORD])[-1] == ("A.US", "filled")


@pytest.mark.parametrize(("quantity", "passes"), [(-40, True), (-100, True), (-101, False), (1, False)])
def test_without_fresh_market_data_what_reduces_a_position_passes_and_no_more(
    bench: Bench, quantity: int, *, passes: bool
) -> None:
    firm, universe = bench.stage.firm, bench.stage.universe
    gate = OrderGate(firm.execution.gate, firm.market, universe, halt_allows_reducing=True)
    gate.mark(np.array([100.0, 50.0]))
    order = GateResult(
        ts_event=bench.close_ns, round=1, decision_id="R000001", client_order_id="P", instrument_id="A.US",
        side="BUY" if quantity > 0 else "SELL", quantity=quantity, price=100.0, breach=None,
    )  # fmt: skip
    said: list[GateResult] = []
    line: Any = SimpleNamespace(publish=lambda _topic, message: said.append(message))
    assert gate.check(line, order, 0, lambda: 100)  # the control
    gate.barred = frozenset({"A.US"})
    assert gate.check(line, order, 0, lambda: 100) == passes
    assert (said[-1].breach is None) == passes


def test_resume_lifts_a_halt(bench: Bench) -> None:
    speech = [command(RiskAction.HALT, bench), command(RiskAction.RESUME, bench, 2), cleared(bench, [0.05, 0.0])]
    assert kinds(execute(bench, speech)[Topic.ORDER_RECORD])[-1] == ("A.US", "filled")


def test_flatten_without_a_position_orders_nothing(bench: Bench) -> None:
    heard = execute(bench, [cleared(bench, [0.05, -0.05]), command(RiskAction.FLATTEN, bench)])
    assert heard[Topic.ORDER_RECORD] == []


@pytest.mark.parametrize(("weights", "expected"), [([0.0, 0.0], []), ([1e-9, 0.0], [])])
def test_less_than_one_unit_is_no_order(bench: Bench, weights: list[float], expected: list[Any]) -> None:
    assert execute(bench, [cleared(bench, weights)])[Topic.ORDER_RECORD] == expected


def routed(bench: Bench, *, auctions: bool) -> None:
    """Let orders leave as they do for a broker, to the engine's own venue."""
    route = Route(order_ids=bench.stage.universe.instrument_ids, client_id=None, order_tag="T-", auctions=auctions)
    bench.stage = replace(bench.stage, universe=replace(bench.stage.universe, route=route))


def test_a_decision_for_the_next_open_goes_out_at_once_where_there_is_an_auction(bench: Bench) -> None:
    routed(bench, auctions=True)
    heard = execute(bench, [cleared(bench, [0.05, 0.0])])
    submitted = heard[Topic.ORDER_RECORD][0]
    assert (str(submitted.kind), submitted.ts_event) == ("submitted", bench.close_ns + 2)
    (gate,) = heard[Topic.GATE_RESULT]
    catalog = Catalog(bench.stage.study.catalog)
    assert gate.price == catalog.bar_columns(str(bench.stage.universe.bar_types[0])).close[1]


def test_without_an_auction_it_waits_for_the_open(bench: Bench) -> None:
    routed(bench, auctions=False)
    heard = execute(bench, [cleared(bench, [0.05, 0.0])])
    assert heard[Topic.ORDER_RECORD][0].ts_event > bench.close_ns + 2


def test_the_order_ids_of_a_session_begin_with_its_tag(bench: Bench) -> None:
    routed(bench, auctions=False)
    heard = execute(bench, [cleared(bench, [0.05, 0.0])])
    assert {record.client_order_id for record in heard[Topic.ORDER_RECORD]} == {"T-R000001-A.US"}


def test_what_is_held_is_dropped_when_the_market_cannot_be_reached(bench: Bench) -> None:
    gone = Connection(ts_event=bench.close_ns, trusted=False, cause="planted")
    heard = execute(bench, [cleared(bench, [0.05, -0.05]), (Topic.CONNECTION, gone)])
    assert heard[Topic.ORDER_RECORD] == []
    assert [parent.state for parent in heard[Topic.PARENT_RECORD]] == ["dropped: planted"] * 2


def test_no_order_passes_the_gate_until_the_market_can_be_reached_again(bench: Bench) -> None:
    gone = Connection(ts_event=bench.close_ns, trusted=False, cause="planted")
    back = replace(gone, trusted=True)
    heard = execute(bench, [(Topic.CONNECTION, gone), cleared(bench, [0.05, -0.05])])
    assert heard[Topic.ORDER_RECORD] == []
    assert [gate.breach.rule for gate in heard[Topic.GATE_RESULT]] == ["no_connection"] * 2
    heard = execute(bench, [(Topic.CONNECTION, gone), (Topic.CONNECTION, back), cleared(bench, [0.05, -0.05])])
    assert len(heard[Topic.ORDER_RECORD]) == 4

"""What is told to the world: fact in, message out, and the JSON of each in the agreed shape."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from nautilus_ai_firm.messages import (
    DecisionEvent,
    GateResult,
    ImpactRecord,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    PyramidLayer,
    PyramidPlan,
    RiskAction,
    RiskAlertEvent,
    RiskCommand,
    Severity,
)
from nautilus_ai_firm.messages.execution_reports import ExecutionMessage
from nautilus_ai_firm.models.execution.report_wording import nearest_layer
from nautilus_ai_firm.models.execution.reporter import Reporter

NAMES = ("A.US", "B.US")
NS = 1_000_000_000


def snapshot(round_: int = 1, close: float = 100.0) -> MarketSnapshot:
    closes = np.array([close, 1.0])
    return MarketSnapshot(
        round=round_, ts_event=NS * round_, open=closes, high=closes, low=closes, close=closes, volume=closes,
        fresh=np.ones(2, dtype=np.bool_), inputs=np.ones(0), inputs_fresh=np.ones(0, dtype=np.bool_),
    )  # fmt: skip


def gate(quantity: int, price: float, order_id: str = "R000001-A.US", **changes: Any) -> GateResult:
    fields: dict[str, Any] = {
        "ts_event": NS, "round": 1, "decision_id": order_id[:7], "instrument_id": "A.US", "client_order_id": order_id,
        "side": "BUY" if quantity > 0 else "SELL", "quantity": quantity, "price": price, "breach": None,
    }  # fmt: skip
    return GateResult(**fields | changes)


def fill(quantity: int, price: str, parent_id: str = "R000001-A.US", **changes: Any) -> OrderRecord:
    fields: dict[str, Any] = {
        "kind": OrderEventKind.FILLED, "ts_event": 1762785000 * NS, "round": 1, "decision_id": parent_id[:7],
        "instrument_id": "A.US", "client_order_id": parent_id, "parent_order_id": parent_id, "exec_algorithm": None,
        "side": "BUY", "quantity": Decimal(quantity), "price": Decimal(price),
    }  # fmt: skip
    return OrderRecord(**fields | changes)


def over(quantity: int, filled: int, state: str, parent_id: str = "R000001-A.US") -> ParentRecord:
    return ParentRecord(
        ts_event=1762785000 * NS, round=1, decision_id=parent_id[:7], instrument_id="A.US", parent_order_id=parent_id,
        exec_algorithm=None, side="BUY", quantity=quantity, filled_quantity=filled, state=state,
    )  # fmt: skip


def command(action: RiskAction, **changes: Any) -> RiskCommand:
    fields: dict[str, Any] = {"sequence": 1, "ts_event": NS, "action": action, "cause": "why", "who": "Ann"}
    return RiskCommand(**fields | changes)


def said(told: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(msgspec.json.encode(message)) for message in told]


def test_a_fill_in_part_and_the_rest_of_it() -> None:
    """Buys 100 of 1,000 at 101 and 900 at 102; released at 100.5, decided at 100: 101.9 on average."""
    reporter = Reporter(NAMES)
    reporter.orders.snapshot(snapshot())
    assert reporter.orders.gate_result(gate(1000, 100.5)) == ()
    (first,) = said(reporter.orders.order(fill(100, "101")))
    assert first["agent"] == "ExecutionAgent"
    assert first["message_type"] == "execution_update"
    content = first["content"]
    assert content | {"execution_quality": None} == {
        "order_id": "R000001-A.US", "symbol": "A.US", "side": "BUY", "quantity": 1000, "executed_quantity": 100,
        "average_price": 101.0, "status": "PARTIAL_FILL", "execution_quality": None, "estimated_completion": None,
    }  # fmt: skip
    assert content["execution_quality"]["slippage_bps"] == pytest.approx((101 / 100.5 - 1) * 1e4)
    (last,) = said(reporter.orders.order(fill(900, "102")))
    assert (last["content"]["status"], last["content"]["average_price"]) == ("FILLED", pytest.approx(101.9))
    assert last["content"]["estimated_completion"] == "2025-11-10T14:30:00Z"
    assert last["performance_metrics"] == {
        "target_completion": None, "cost_savings": None, "benchmark_comparison": None
    }  # fmt: skip
    assert reporter.orders.parent(over(1000, 1000, "filled")) == ()


@pytest.mark.parametrize(("price", "word"), [("101", "average"), ("100.5", "above_average"), ("102", "below_average")])
def test_an_order_is_compared_with_those_that_ended_before(price: str, word: str) -> None:
    reporter = Reporter(NAMES)
    for number, at in ((1, "101"), (2, price)):
        name = f"R00000{number}-A.US"
        reporter.orders.snapshot(snapshot())
        reporter.orders.gate_result(gate(10, 100.0, name))
        (told,) = said(reporter.orders.order(fill(10, at, name)))
        reporter.orders.parent(over(10, 10, "filled", name))
    assert told["performance_metrics"]["benchmark_comparison"] == word


def test_slices_are_told_as_what_they_are_part_of() -> None:
    reporter = Reporter(NAMES)
    reporter.orders.snapshot(snapshot())
    reporter.orders.gate_result(gate(20, 100.0))
    reporter.orders.gate_result(gate(10, 100.0, "R000001-A.US-E1", decision_id="R000001"))
    (told,) = said(reporter.orders.order(fill(10, "100", client_order_id="R000001-A.US-E1")))
    assert (told["content"]["order_id"], told["content"]["quantity"]) == ("R000001-A.US", 20)
    (end,) = said(reporter.orders.parent(over(20, 10, "canceled")))
    assert (end["content"]["status"], end["content"]["executed_quantity"]) == ("CANCELED", 10)


def test_an_exit_that_is_told_to_be_over_before_its_last_fill_is_told_whole() -> None:
    reporter, stop = Reporter(NAMES), "S000001-A.US"
    reporter.orders.gate_result(gate(-20, 95.0, stop, is_stop=True))
    (first,) = said(reporter.orders.order(fill(5, "95", stop, side="SELL")))
    assert reporter.orders.parent(over(20, 20, "filled: initial stop", stop)) == ()
    (last,) = said(reporter.orders.order(fill(15, "94", stop, side="SELL")))
    assert [one["content"]["status"] for one in (first, last)] == ["PARTIAL_FILL", "FILLED"]
    assert (last["content"]["executed_quantity"], last["content"]["average_price"]) == (20, 94.25)
    assert reporter.orders.order(fill(1, "94", stop, side="SELL")) == ()


def test_an_order_that_never_left_ends_without_a_price() -> None:
    (told,) = said(Reporter(NAMES).orders.parent(over(20, 0, "dropped: the run ended")))
    assert (told["content"]["status"], told["content"]["average_price"]) == ("DROPPED", None)
    assert told["content"]["execution_quality"] == {
        "slippage_bps": None, "market_impact_bps": None, "timing_score": None
    }  # fmt: skip


def test_a_stop_level_and_the_one_before_it() -> None:
    reporter = Reporter(NAMES)
    levels = [("initial stop", 90.0), ("trailing stop", 95.0), ("initial stop", 80.0)]
    told = [
        said(reporter.command(command(RiskAction.SET_STOP, place=0, price=price, cause=cause, sender="stops")))[0]
        for cause, price in levels
    ]
    assert told[1] == {
        "message_type": "position_stop_loss_update",
        "agent": "ExecutionAgent",
        "content": {
            "symbol": "A.US", "layer": None, "stop_loss": 95.0, "previous_stop_loss": 90.0, "quantity": None,
            "reason": "trailing stop",
        },
    }  # fmt: skip
    assert [one["content"]["previous_stop_loss"] for one in told] == [None, 90.0, None]


def test_layers_have_stops_of_their_own_until_they_are_over() -> None:
    reporter = Reporter(NAMES)

    def layered(layer: int, price: float, quantity: int) -> Any:
        return reporter.command(command(RiskAction.SET_STOP, place=0, price=price, layer=layer, quantity=quantity))

    assert said(layered(1, 90.0, 100))[0]["content"]["previous_stop_loss"] is None
    assert said(layered(2, 92.0, 50))[0]["content"] | {"reason": ""} == {
        "symbol": "A.US", "layer": 2, "stop_loss": 92.0, "previous_stop_loss": None, "quantity": 50, "reason": ""
    }  # fmt: skip
    assert said(layered(1, 91.0, 100))[0]["content"]["previous_stop_loss"] == 90.0
    assert layered(1, 91.0, 0) == ()
    assert said(layered(1, 85.0, 10))[0]["content"]["previous_stop_loss"] is None


def test_a_take_profit_is_told_with_its_layer() -> None:
    reporter = Reporter(NAMES)
    take = "T000001-A.US"
    for layer, price in ((1, 110.0), (2, 120.0)):
        assert reporter.command(command(RiskAction.SET_TAKE_PROFIT, place=0, price=price, layer=layer)) == ()
    reporter.orders.gate_result(gate(-10, 119.99, take, is_stop=True))
    update, taken = said(reporter.orders.order(fill(4, "119.99", take, side="SELL")))
    assert (update["message_type"], update["content"]["status"]) == ("execution_update", "PARTIAL_FILL")
    assert update["performance_metrics"]["benchmark_comparison"] is None
    assert taken == {
        "message_type": "take_profit_execution",
        "agent": "ExecutionAgent",
        "content": {
            "symbol": "A.US", "order_id": take, "layer": 2, "side": "SELL", "quantity": 10, "executed_quantity": 4,
            "price": 119.99, "target_price": 119.99,
        },
    }  # fmt: skip


def test_the_layer_of_a_limit_is_the_nearest_or_none() -> None:
    assert nearest_layer(10.0, {}) is None
    assert nearest_layer(10.0, {None: 10.0}) is None
    assert nearest_layer(10.0, {1: 9.0, 2: 11.0}) is None
    assert nearest_layer(10.1, {1: 9.0, 2: 11.0}) == 2


def alert(severity: Severity) -> RiskAlertEvent:
    return RiskAlertEvent(
        round=1, ts_event=1, rule="max_gross", subject=None, value=1.6, limit=1.5, use=1.6 / 1.5, action="cut",
        severity=severity,
    )  # fmt: skip


def test_a_broken_limit_is_told_and_a_warning_is_not() -> None:
    assert Reporter(NAMES).risk_alert(alert(Severity.WARNING)) == ()
    (told,) = said(Reporter(NAMES).risk_alert(alert(Severity.CRITICAL)))
    assert told["message_type"] == "risk_threshold_breach"
    assert told["content"] == {
        "rule": "max_gross", "subject": None, "value": 1.6, "limit": 1.5, "use": 1.6 / 1.5, "severity": "critical",
        "action": "cut",
    }  # fmt: skip


def test_a_number_that_json_does_not_know_is_null() -> None:
    (told,) = said(Reporter(NAMES).risk_alert(replace(alert(Severity.BREACH), value=float("inf"), use=float("nan"))))
    assert (told["content"]["value"], told["content"]["use"]) == (None, None)
    (plan,) = said(Reporter(NAMES).decision(decided(replace(PLAN, close=float("nan")))))
    assert plan["content"]["position_status"]["current_price"] is None
    assert plan["content"]["layer_details"][0]["position_size"] is None
    for message in (told, plan):
        msgspec.convert(message, ExecutionMessage)


@pytest.mark.parametrize(
    ("changes", "symbol"), [({}, None), ({"place": 1}, "B.US"), ({"sender": "host"}, None)], ids=["all", "one", "host"]
)
def test_a_command_to_close_positions_is_an_emergency(changes: dict[str, Any], symbol: str | None) -> None:
    (told,) = said(Reporter(NAMES).command(command(RiskAction.FLATTEN, **changes)))
    assert told["message_type"] == "emergency_liquidation_trigger"
    sender = changes.get("sender", "risk")
    assert told["content"] == {"symbol": symbol, "cause": "why", "who": "Ann", "sender": sender}


def test_a_halt_is_one_where_it_closes_positions_and_an_exit_of_the_stop_desk_is_none() -> None:
    halt = command(RiskAction.HALT)
    assert Reporter(NAMES).command(halt) == ()
    assert len(Reporter(NAMES, halt_flattens=True).command(halt)) == 1
    assert Reporter(NAMES).command(command(RiskAction.FLATTEN, place=0, sender="stops")) == ()


PLAN = PyramidPlan(
    plan_id="P000001-0",
    place=0,
    instrument_id="A.US",
    side=1,
    layers=(
        PyramidLayer(number=1, weight=0.05, quantity=50, entry_price=90.0, stop=85.0, take_profit=None),
        PyramidLayer(number=2, weight=0.03, quantity=0, entry_price=None, stop=92.0, take_profit=None),
    ),
    unlocked=2,
    total_layers=4,
    intended_weight=0.2,
    weight=0.08,
    average_entry_price=90.0,
    close=100.0,
    next_trigger=103.5,
    volume_confirms=True,
    floor_price=90.0,
    cause="unlocked: profit",
)


def decided(*plans: PyramidPlan) -> DecisionEvent:
    two = np.zeros(2)
    return DecisionEvent(
        round=1, ts_event=NS, decision_id="R000001", execution_ts=np.zeros(2, np.int64), equity=Decimal(100_000),
        balance=Decimal(100_000), positions=np.zeros(2, np.int64), current=two, close=two,
        fresh=np.ones(2, dtype=np.bool_), weights=two, agents=(), contributions=np.zeros((0, 2)), plans=plans,
    )  # fmt: skip


def test_a_plan_of_layers_by_hand() -> None:
    (told,) = said(Reporter(NAMES, volatility_adjusted=False).decision(decided(PLAN)))
    content = told["content"]
    assert (content["symbol"], content["strategy_id"]) == ("A.US", "P000001-0")
    assert (content["current_layer"], content["total_layers"]) == (2, 4)
    assert content["position_status"] == {
        "total_exposure": 0.2, "current_exposure": 0.05, "average_entry_price": 90.0, "current_price": 100.0,
        "unrealized_pnl_pct": pytest.approx(1 / 9),
    }  # fmt: skip
    assert content["layer_details"] == [
        {"layer_number": 1, "entry_price": 90.0, "position_size": 0.05, "stop_loss": 85.0},
        {"layer_number": 2, "entry_price": None, "position_size": 0.0, "stop_loss": 92.0},
    ]
    assert content["next_trigger"] == {"price_target": 103.5, "volume_confirmation": True, "time_window": None}
    assert told["risk_metrics"] == {
        "max_drawdown_protection": pytest.approx(0.0025), "volatility_adjusted": False, "correlation_impact": None
    }  # fmt: skip


def test_a_short_plan_is_the_mirror_of_a_long_one() -> None:
    first = PLAN.layers[0]
    short = replace(
        PLAN, side=-1, intended_weight=-0.2, close=81.0, layers=(replace(first, quantity=-50, stop=95.0),)
    )  # fmt: skip
    (told,) = said(Reporter(NAMES).decision(decided(short)))
    status = told["content"]["position_status"]
    assert (status["total_exposure"], status["current_exposure"]) == (-0.2, pytest.approx(-0.0405))
    assert status["unrealized_pnl_pct"] == pytest.approx(0.1)
    assert told["risk_metrics"]["max_drawdown_protection"] == pytest.approx(0.0025)


def test_a_plan_is_told_when_it_changes_and_not_with_every_price() -> None:
    reporter = Reporter(NAMES)
    assert len(reporter.decision(decided(PLAN))) == 1
    assert reporter.decision(decided(replace(PLAN, close=101.0, next_trigger=104.0))) == ()
    higher = replace(PLAN, layers=(replace(PLAN.layers[0], stop=88.0), PLAN.layers[1]))
    assert len(reporter.decision(decided(higher))) == 1
    assert len(reporter.decision(decided(replace(higher, ended=True, layers=())))) == 1
    assert len(reporter.decision(decided(higher))) == 1  # of which nothing was known any more


def test_a_filled_layer_without_a_stop_has_no_known_loss() -> None:
    bare = replace(PLAN, layers=(replace(PLAN.layers[0], stop=None),))
    (told,) = said(Reporter(NAMES).decision(decided(bare)))
    assert told["risk_metrics"]["max_drawdown_protection"] is None


def test_an_estimate_of_impact_in_its_parts() -> None:
    record = ImpactRecord(
        round=1, ts_event=NS, decision_id="R000001", instrument_id="A.US", parent_order_id="R000001-A.US",
        quantity=-10_000, average_daily_volume=5e7, volatility_per_day=0.25 / 252**0.5, volume_bps=5.2, depth_bps=3.1,
        volatility_bps=7.8, time_of_day_bps=2.4, exec_algorithm="VWAP", window_minutes=45.0, largest_order=2500,
    )  # fmt: skip
    assert record.total_bps == pytest.approx(18.5)
    (told,) = said(Reporter(NAMES).impact(record))
    assert told["content"] == {
        "symbol": "A.US",
        "trade_size": 10_000,
        "market_conditions": {
            "avg_daily_volume": 5e7, "current_volatility": pytest.approx(0.25), "liquidity_score": None
        },
        "impact_models": {
            "volume_based_impact_bps": 5.2, "liquidity_depth_impact_bps": 3.1, "volatility_adjusted_impact_bps": 7.8,
            "time_of_day_impact_bps": 2.4,
        },
        "recommended_execution": {
            "max_single_order_size": 2500, "execution_window_minutes": 45.0, "venue_diversification": False,
            "algorithm_recommendation": "VWAP",
        },
    }  # fmt: skip
    assert told["confidence_score"] is None

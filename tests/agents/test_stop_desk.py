"""Plans, fills and closes in, commands with levels out: for a position and for each layer of it."""

from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.agents.obedience import Safety
from nautilus_ai_firm.agents.stops import StopDesk
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.messages import ClearedDecision, PyramidLayer, PyramidPlan, RiskAction, RiskCommand
from nautilus_ai_firm.settings import Stops
from tests.agents.conftest import Bench

HEARD = [Topic.RISK_COMMAND, Topic.ORDER_RECORD]
WIDE = Stops(initial_fraction=0.5, take_profit_fraction=0.4)


def layer(number: int, stop: float, take: float | None = None) -> PyramidLayer:
    return PyramidLayer(number=number, weight=0.05, quantity=0, entry_price=None, stop=stop, take_profit=take)


def plan(*layers: PyramidLayer) -> PyramidPlan:
    return PyramidPlan(
        plan_id="P000001-0", place=0, instrument_id="A.US", side=1, layers=layers, unlocked=1, total_layers=4,
        intended_weight=0.2, weight=0.05, average_entry_price=None, close=100.0, next_trigger=None,
        volume_confirms=False, floor_price=None, cause="a test",
    )  # fmt: skip


def commands(bench: Bench, stops: Stops, *plans: PyramidPlan) -> list[RiskCommand]:
    """Decide on 5 % of the first stock with these plans, and return what the stop desk orders."""
    firm, universe, sessions = bench.stage.firm, bench.stage.universe, bench.stage.sessions

    def desks(book: Any, ledger: Any, failures: Any) -> list[Any]:
        gate = OrderGate(firm.execution.gate, firm.market, universe, halt_allows_reducing=True)
        safety = Safety(stops=stops)
        return [
            MarketDesk(universe, sessions, Feed(), MarketTime(), failures),
            StopDesk(stops, universe, failures),
            ExecutionDesk(firm.execution, book, ledger, gate, sessions, MarketTime(), failures, safety),
        ]

    closes = [Catalog(bench.stage.study.catalog).bar_columns(str(name)).close[1] for name in universe.bar_types]
    risked = bench.risked([0.05, 0.0], close=np.array(closes), plans=plans)
    cleared = ClearedDecision(risked=risked, weights=np.array([0.05, 0.0]), breaches=())
    bench.sit(desks, [(Topic.DECISION, risked.decision), (Topic.CLEARED, cleared)], HEARD)
    assert bench.failures.first is None
    return [message for topic, message in bench.heard if topic is Topic.RISK_COMMAND]


def test_a_fill_sets_stop_and_take_profit_of_the_position_from_its_price(bench: Bench) -> None:
    said = commands(bench, WIDE)
    fill = next(message for _, message in bench.heard if getattr(message, "kind", None) == "filled")
    assert [(one.action, one.layer, one.quantity) for one in said] == [
        (RiskAction.SET_STOP, None, None), (RiskAction.SET_TAKE_PROFIT, None, None),
    ]  # fmt: skip
    assert [one.price for one in said] == pytest.approx([float(fill.price) * 0.5, float(fill.price) * 1.4])
    assert {one.cause for one in said} == {"initial stop", "take profit"}


def test_the_fill_of_a_planned_layer_sets_its_stop_and_its_take_profit_with_its_quantity(bench: Bench) -> None:
    said = [one for one in commands(bench, WIDE, plan(layer(1, 60.0, 150.0))) if one.layer is not None]
    fills = [message for _, message in bench.heard if getattr(message, "kind", None) == "filled"]
    quantity = int(fills[0].quantity)
    assert [(one.action, one.layer, one.quantity, one.price) for one in said] == [
        (RiskAction.SET_STOP, 1, quantity, 60.0),
        (RiskAction.SET_TAKE_PROFIT, 1, quantity, 150.0),
    ]
    accepted = {one.client_order_id for _, one in bench.heard if getattr(one, "kind", None) == "accepted"}
    assert {"S000001-A.US", "T000001-A.US"} <= accepted


def test_without_a_plan_no_command_names_a_layer_and_without_the_setting_none_takes_a_profit(bench: Bench) -> None:
    said = commands(bench, Stops(initial_fraction=0.5))
    assert {one.action for one in said} == {RiskAction.SET_STOP}
    assert {one.layer for one in said} == {None}

"""Plans of layers -> their exits, told when they are new."""

from typing import Any

import pytest

from nautilus_ai_firm.messages import PyramidLayer, PyramidPlan
from nautilus_ai_firm.models.risk.layer_stops import LayerExit, LayerStops


def layer(number: int, quantity: int, stop: float | None, take: float | None = None) -> PyramidLayer:
    return PyramidLayer(
        number=number, weight=0.1, quantity=quantity, entry_price=100.0 if quantity else None, stop=stop,
        take_profit=take,
    )  # fmt: skip


def plan(*layers: PyramidLayer, side: int = 1, **more: Any) -> PyramidPlan:
    fields: dict[str, Any] = {
        "plan_id": "P000001-0", "place": 0, "instrument_id": "A.US", "side": side, "layers": layers,
        "unlocked": len(layers), "total_layers": 4, "intended_weight": 0.4, "weight": 0.1, "average_entry_price": 100.0,
        "close": 101.0, "next_trigger": None, "volume_confirms": False, "floor_price": None, "cause": "a test",
    }  # fmt: skip
    return PyramidPlan(**(fields | more))


def said(exits: list[LayerExit]) -> list[tuple[int, int, float, float | None]]:
    return [(one.layer, one.quantity, one.stop, one.take_profit) for one in exits]


@pytest.mark.parametrize("side", [1, -1])
def test_each_filled_layer_has_its_stop_and_one_that_is_on_the_way_from_its_fill_on(side: int) -> None:
    stops = LayerStops()
    planned = plan(layer(1, side * 50, 95.0), layer(2, 0, 97.0, 110.0), side=side)
    assert said(stops.plan(planned, side * 50)) == [(1, 50, 95.0, None)]
    assert said(stops.fill(0, side * 70)) == [(2, 20, 97.0, 110.0)]
    assert said(stops.fill(0, side * 80)) == [(2, 30, 97.0, 110.0)]
    assert said(stops.fill(0, side * 80)) == []


def test_the_first_layer_has_its_stop_with_the_fill_that_opens_the_position() -> None:
    stops = LayerStops()
    assert stops.plan(plan(layer(1, 0, 95.0)), 0) == []
    assert said(stops.fill(0, 40)) == [(1, 40, 95.0, None)]


def test_a_trailed_stop_is_told_anew_and_a_layer_that_is_over_has_no_quantity() -> None:
    stops = LayerStops()
    stops.plan(plan(layer(1, 50, 95.0), layer(2, 30, 97.0)), 80)
    trailed = plan(layer(1, 50, 98.0), layer(2, 30, 97.0))
    assert said(stops.plan(trailed, 80)) == [(1, 50, 98.0, None)]
    assert said(stops.plan(plan(layer(1, 50, 98.0)), 50)) == [(2, 0, 97.0, None)]


def test_a_plan_that_is_over_or_of_another_side_has_no_exits() -> None:
    stops = LayerStops()
    stops.plan(plan(layer(1, 50, 95.0)), 50)
    assert stops.fill(0, 0) == []
    assert stops.plan(plan(layer(1, 50, 95.0), side=-1), 50) == []
    assert stops.plan(plan(layer(1, 50, 95.0), ended=True), 50) == []
    assert stops.fill(1, 50) == []


@pytest.mark.parametrize("side", [1, -1])
def test_what_the_exit_of_a_layer_closes_is_that_layers_and_the_others_keep_their_levels(side: int) -> None:
    stops = LayerStops()
    layers = layer(1, side * 50, 95.0, 110.0), layer(2, side * 30, 97.0, 115.0), layer(3, side * 20, 98.0, 120.0)
    stops.plan(plan(*layers, side=side), side * 100)
    assert said(stops.fill(0, side * 80, (1, 20))) == [(1, 30, 95.0, 110.0)]
    assert said(stops.fill(0, side * 50, (1, 30))) == [(1, 0, 95.0, None)]
    assert said(stops.fill(0, side * 40)) == [(3, 10, 98.0, 120.0)]  # a closing order: the newest gives way
    assert said(stops.fill(0, side * 10, (2, 30))) == [(2, 0, 97.0, None)]
    assert said(stops.plan(plan(layer(3, side * 10, 99.0, 120.0), side=side), side * 10)) == [(3, 10, 99.0, 120.0)]


def test_the_control_without_the_layer_the_newest_would_give_way() -> None:
    stops = LayerStops()
    stops.plan(plan(layer(1, 50, 95.0, 110.0), layer(2, 50, 97.0, 115.0)), 100)
    assert said(stops.fill(0, 50)) == [(2, 0, 97.0, None)]


def test_a_layer_without_a_stop_level_is_left_to_the_stop_of_the_position() -> None:
    assert LayerStops().plan(plan(layer(1, 50, None)), 50) == []

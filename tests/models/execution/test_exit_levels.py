"""Levels of layers: what each covers, and that a stop never loosens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels, Wanted, allocate

LONG, SHORT = 1, -1


def plan(levels: ExitLevels, quantity: int) -> dict[int, tuple[int, float | None, float | None]]:
    return {one.layer: (one.quantity, one.trigger, one.take) for one in levels.wanted(0, quantity)}


def layered(side: int = LONG) -> ExitLevels:
    levels = ExitLevels(1)
    levels.set_stop(0, 1, side, 100.0 - side * 5, "layer stop", 50)
    levels.set_stop(0, 2, side, 100.0 - side * 3, "layer stop", 30)
    return levels


@pytest.mark.parametrize(
    ("quantity", "layers", "has_base", "shares"),
    [
        (100, [], True, ([], 100)),
        (100, [], False, ([], 0)),
        (100, [50, 30], True, ([50, 30], 20)),
        (100, [50, 30], False, ([50, 50], 0)),
        (60, [50, 30], True, ([50, 10], 0)),
        (40, [50, 30], False, ([40, 0], 0)),
        (0, [50, 30], False, ([0, 0], 0)),
    ],
)
def test_the_newest_layer_gives_way_first(quantity, layers, has_base, shares):
    assert allocate(quantity, layers, has_base=has_base) == shares


@given(st.integers(0, 500), st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_layers_cover_a_quantity_exactly(quantity, layers, has_base):
    shares, rest = allocate(quantity, layers, has_base=has_base)
    assert min([*shares, rest]) >= 0
    assert sum(shares) + rest == (quantity if layers or has_base else 0)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_stop_of_a_layer_only_tightens_and_its_quantity_follows(side):
    levels = layered(side)
    levels.set_stop(0, 2, side, 100.0 - side * 4, "layer stop", 35)
    assert plan(levels, 85)[2] == (35, 100.0 - side * 3, None)
    levels.set_stop(0, 2, side, 100.0 - side * 2, "layer stop", 35)
    assert plan(levels, 85)[2] == (35, 100.0 - side * 2, None)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_the_stop_of_the_position_holds_for_its_layers_and_its_take_profit_where_they_have_none(side):
    levels = layered(side)
    levels.set_stop(0, BASE, side, 100.0 - side * 4, "initial stop", None)
    levels.set_take(0, BASE, side, 100.0 + side * 9, None)
    levels.set_take(0, 2, side, 100.0 + side * 6, None)
    assert plan(levels, 100) == {
        1: (50, 100.0 - side * 4, 100.0 + side * 9),
        2: (30, 100.0 - side * 3, 100.0 + side * 6),
        BASE: (20, 100.0 - side * 4, 100.0 + side * 9),
    }


def test_what_an_exit_fills_is_taken_from_its_layer():
    levels = layered()
    levels.filled(0, 1, 20)
    assert plan(levels, 60) == {1: (30, 95.0, None), 2: (30, 97.0, None)}
    levels.filled(0, 1, 40)
    assert plan(levels, 30) == {1: (0, 95.0, None), 2: (30, 97.0, None)}


def test_a_layer_of_no_quantity_is_over_and_a_turned_position_begins_anew():
    levels = layered()
    levels.set_stop(0, 2, LONG, 97.0, "layer stop", 0)
    assert levels.wanted(0, 50) == [Wanted(layer=1, quantity=50, trigger=95.0, take=None)]
    levels.keep(0, SHORT)
    assert levels.wanted(0, 50) == []
    levels.set_stop(0, BASE, SHORT, 110.0, "initial stop", None)
    levels.keep(0, SHORT)
    assert plan(levels, 50) == {BASE: (50, 110.0, None)}


def test_without_a_stop_of_the_position_the_newest_layer_covers_the_rest():
    levels = layered()
    levels.set_take(0, BASE, LONG, 110.0, None)
    assert plan(levels, 100) == {1: (50, 95.0, 110.0), 2: (50, 97.0, 110.0), BASE: (0, None, 110.0)}

"""Stops and take profits of layered positions in the engine: in parts, in one bar, beside orders that close."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from nautilus_trader.model import ContingencyType, Quantity, TradeTick

from nautilus_ai_firm.agents import exit_lists
from nautilus_ai_firm.messages import (
    GateResult,
    MarketSnapshot,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    RiskAction,
    RiskCommand,
)
from tests.firm_runs import Played, flat_minutes, play, settings, write_bars

MONDAY = datetime(2024, 1, 8)  # noqa: DTZ001 - a day, not a moment
WHOLE = {"above_participation": 1.0, "duration_minutes": 5, "interval_minutes": 1}
LIMITS: dict[str, Any] = {
    "market.bar": "1-MINUTE",
    "execution.twap": WHOLE,
    "market.universe.max_order_value": 1e9,
    "execution.no_trade_band": 0.0,
    "execution.gate.max_messages": 10_000,
    "execution.gate.max_collar": 1.0,
}
BRACKET = {"initial_fraction": 0.03, "take_profit_fraction": 0.03, "cool_down_rounds": 0}
BARS = 12


def sized(size: int) -> Any:
    """Give every opening tick a size."""

    def arrange(data: list[Any]) -> list[Any]:
        return [
            TradeTick(one.instrument_id, one.price, Quantity(size, 0), one.aggressor_side, one.trade_id, one.ts_event,
                      one.ts_init)
            if isinstance(one, TradeTick)
            else one
            for one in data
        ]  # fmt: skip

    return arrange


def command(
    action: RiskAction,
    snapshot: Any,
    price: float | None = None,
    layer: int | None = None,
    quantity: int | None = None,
) -> RiskCommand:
    return RiskCommand(
        sequence=snapshot.round, ts_event=snapshot.ts_event, action=action, cause="a test", who="tester", place=0,
        price=price, layer=layer, quantity=quantity, sender="script",
    )  # fmt: skip


def traded(
    folder: Path,
    prices: Sequence[tuple[float, float, float, float]],
    plan: Any,
    stops: dict[str, Any],
    *,
    volume: float = 1e6,
    tick: int = 1_000_000,
    **changes: Any,
) -> Played:
    """Play a plan on minute bars of these opens, highs, lows and closes."""
    columns = flat_minutes(MONDAY, 1, volume=volume).take(slice(0, len(prices)))
    o, h, low, c = (np.array(values) for values in zip(*prices, strict=True))
    catalog = write_bars(folder / "catalog", {"A": replace(columns, open=o, high=h, low=low, close=c)})
    loaded = settings(["A"], LIMITS | {"risk.stops": stops} | changes, macro=False)
    played = play(loaded, catalog, folder / "run", plan, arrange=sized(tick))
    assert played.failures.first is None
    assert len(played.seen) == len(prices)
    return played


def is_exit(record: Any) -> bool:
    return record.client_order_id[0] in "ST"


def steps(played: Played) -> list[tuple[OrderRecord, int, int]]:
    """Every fill with the position before and after it."""
    path = [0, *played.path()]
    return list(zip(played.fills(), path[:-1], path[1:], strict=True))


def assert_exits_only_reduce(played: Played) -> None:
    for fill, before, after in steps(played):
        if is_exit(fill):
            assert abs(after) < abs(before)
            assert before * after >= 0


def assert_covered(played: Played) -> None:
    """From the records: when a round closes, stops of all that no order closes rest, and never of more."""
    projected = {seen.round: int(seen.holdings.projected[0]) for seen in played.seen}
    stops: dict[str, int] = {}
    held = 0
    for message in played.tape.messages:
        if isinstance(message, GateResult) and message.client_order_id[0] == "S":
            stops[message.client_order_id] = abs(message.quantity)
        elif isinstance(message, OrderRecord):
            name, quantity = message.client_order_id, int(message.quantity)
            if message.kind is OrderEventKind.FILLED:
                held += quantity if message.side == "BUY" else -quantity
            if name not in stops:
                continue
            if message.kind is OrderEventKind.FILLED:
                stops[name] -= quantity
            elif message.kind is OrderEventKind.UPDATED:
                stops[name] = quantity
            elif message.kind in {OrderEventKind.CANCELED, OrderEventKind.REJECTED}:
                del stops[name]
        elif isinstance(message, MarketSnapshot):
            closing = min(max(0, -int(np.sign(held)) * (projected[message.round] - held)), abs(held))
            assert abs(held) - closing <= sum(stops.values()) <= abs(held)


def once(target: int, *commands: Any, at: int = 2, then: int = 3) -> Any:
    """Trade to a target after round `at`, and give commands after round `then`."""

    def plan(snapshot: Any, _holdings: Any) -> Sequence[Any] | None:
        if snapshot.round == at:
            return [target]
        if snapshot.round == then:
            return [command(action, snapshot, *more) for action, *more in commands] or None
        return None

    return plan


FLAT = (100.0, 100.0, 100.0, 100.0)
BOTH = (100.0, 104.0, 96.0, 100.0)
"""A bar through stop and take profit of a position that was opened at 100."""


@pytest.mark.parametrize("volume", [1e6, 400, 160, 104])
@pytest.mark.parametrize("target", [100, -100])
def test_a_bar_through_both_closes_a_position_once_whatever_of_each_fills(
    tmp_path: Path, target: int, volume: float
) -> None:
    played = traded(tmp_path, [FLAT, FLAT, FLAT, BOTH, FLAT, FLAT], once(target), BRACKET, volume=volume)
    assert_exits_only_reduce(played)
    assert_covered(played)
    assert played.positions == [0]
    kinds = Counter(fill.client_order_id[0] for fill in played.fills())
    if target > 0:  # the high comes first
        assert kinds["T"] == 1
        assert kinds["S"] == (0 if volume >= 400 else 2)
    else:
        assert kinds["T"] == 0
        assert kinds["S"] in {1, 2}


def test_without_the_link_both_fill_and_turn_the_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    honest = exit_lists.exit_list

    def unlinked(*given: Any) -> list[Any]:
        orders = honest(*given)
        assert {one.contingency_type for one in orders} == {ContingencyType.OUO}
        desk, (stop, take), order_id, prices, ts_init = given
        return [
            make(exit_lists.list_terms(desk, one, order_id, "L", ts_init), price)
            for make, one, price in zip(
                (exit_lists.stop_in_list, exit_lists.take_in_list), (stop, take), prices, strict=True
            )
        ]

    monkeypatch.setattr("nautilus_ai_firm.agents.exit_orders.exit_list", unlinked)
    played = traded(tmp_path, [FLAT, FLAT, FLAT, BOTH, FLAT], once(100), BRACKET)
    assert min(after for _, _, after in steps(played)) == -100


def test_what_a_take_profit_leaves_has_a_stop_of_its_size_and_a_take_profit_again(tmp_path: Path) -> None:
    rising = (100.0, 103.5, 100.0, 102.0)
    calm = (102.0, 102.0, 102.0, 102.0)
    played = traded(tmp_path, [FLAT, FLAT, FLAT, rising, calm, rising, calm], once(100), BRACKET, volume=160)
    taken = [(fill.quantity, fill.price) for fill in played.fills() if fill.client_order_id[0] == "T"]
    assert [int(quantity) for quantity, _ in taken] == [40, 40]
    assert {float(price) for _, price in taken} == {103.0}
    assert_covered(played)
    kept = {one.parent_order_id[0]: one.quantity for one in played.tape.of(ParentRecord) if "kept" in one.state}
    assert kept == {"S": 20, "T": 20}


LAYERS = [
    (RiskAction.SET_STOP, 98.0, 1, 50),
    (RiskAction.SET_TAKE_PROFIT, 104.0, 1, None),
    (RiskAction.SET_STOP, 99.0, 2, 30),
    (RiskAction.SET_TAKE_PROFIT, 102.0, 2, None),
    (RiskAction.SET_STOP, 99.5, 3, 20),
]
WIDE = {"initial_fraction": 0.5, "cool_down_rounds": 0}


def layered(folder: Path, *bars: Any, **more: Any) -> tuple[Played, list[tuple[int, float]]]:
    """Hold 100 in three layers, and return what the exits filled."""
    played = traded(folder, [FLAT, FLAT, FLAT, FLAT, *bars], once(100, *LAYERS), WIDE, **more)
    assert_exits_only_reduce(played)
    assert_covered(played)
    return played, [(int(one.quantity), float(one.price or 0)) for one in played.fills() if is_exit(one)]


def test_each_layer_has_a_stop_and_they_go_off_one_by_one(tmp_path: Path) -> None:
    lower = [(100.0, 100.0, low, 100.0) for low in (99.4, 98.9, 97.9)]
    played, exits = layered(tmp_path, FLAT, *lower)
    assert exits == [(20, 99.5), (30, 99.0), (50, 98.0)]
    assert played.positions == [0]


def test_layers_take_their_profits_one_by_one_and_the_rest_keeps_its_stops(tmp_path: Path) -> None:
    played, exits = layered(tmp_path, FLAT, (100.0, 102.0, 100.0, 101.0), (101.0, 101.0, 99.4, 100.0))
    assert exits == [(30, 102.0), (20, 99.5)]
    assert played.positions == [50]


def test_a_closing_order_takes_the_newest_layers_first(tmp_path: Path) -> None:
    def plan(snapshot: Any, holdings: Any) -> Sequence[Any] | None:
        return [60] if snapshot.round == 5 else once(100, *LAYERS)(snapshot, holdings)

    played = traded(tmp_path, [FLAT] * 8, plan, WIDE)
    kept = {one.quantity for one in played.tape.of(ParentRecord) if "kept" in one.state and "S" in one.parent_order_id}
    assert kept == {50, 10}
    assert_covered(played)
    assert played.positions == [60]


def test_a_layer_never_stands_behind_the_stop_of_its_position_and_never_loosens(tmp_path: Path) -> None:
    loose = [(RiskAction.SET_STOP, 90.0, 1, 50), (RiskAction.SET_STOP, 98.0, 2, 50), (RiskAction.SET_STOP, 97.5, 2, 50)]
    stops = {"initial_fraction": 0.03, "cool_down_rounds": 0}
    played = traded(tmp_path, [FLAT] * 5 + [(100.0, 100.0, 96.0, 100.0)], once(100, *loose), stops)
    assert [(int(one.quantity), float(one.price or 0)) for one in played.fills() if is_exit(one)] == [
        (50, 98.0), (50, 97.0),
    ]  # fmt: skip


@pytest.mark.parametrize("tick", [7, 1_000_000])
def test_after_flatten_no_exit_is_left(tmp_path: Path, tick: int) -> None:
    def plan(snapshot: Any, holdings: Any) -> Sequence[Any] | None:
        return (
            [command(RiskAction.FLATTEN, snapshot)] if snapshot.round == 5 else once(100, *LAYERS)(snapshot, holdings)
        )

    played = traded(tmp_path, [FLAT] * 9, plan, BRACKET, tick=tick)
    assert played.positions == played.working == [0]
    assert not [one for one in played.tape.of(ParentRecord) if "kept" in one.state]
    assert played.path()[-1] == 0
    assert min(played.path()) == 0


def test_watched_exits_close_layers_at_the_tick_that_reaches_them(tmp_path: Path) -> None:
    bars = [(102.5, 102.5, 102.5, 102.5), (98.5, 98.5, 98.5, 98.5)]
    played = traded(tmp_path, [FLAT] * 5 + bars, once(100, *LAYERS), WIDE | {"working": "watched"})
    exits = [(one.client_order_id[0], int(one.quantity), float(one.price or 0)) for one in played.fills()[1:]]
    assert exits == [("T", 30, 102.5), ("S", 20, 98.5)]
    assert played.positions == [50]
    assert_exits_only_reduce(played)


POINTS = st.integers(-5, 5).map(lambda point: 100.0 + point)
QUANTITIES = st.integers(1, 8).map(lambda lots: 25 * lots)
MOVES = st.one_of(
    st.none(),
    st.integers(-6, 6).map(lambda lots: [lots * 30]),
    st.tuples(st.sampled_from([RiskAction.SET_STOP, RiskAction.SET_TAKE_PROFIT]), st.integers(1, 3), QUANTITIES),
    st.just([RiskAction.FLATTEN]),
)


@pytest.mark.parametrize("working", ["venue", "watched"])
@given(
    st.lists(st.tuples(POINTS, POINTS, POINTS, POINTS), min_size=BARS, max_size=BARS),
    st.lists(MOVES, min_size=BARS, max_size=BARS),
    st.sampled_from([40, 160, 2_000]),
    st.sampled_from([7, 45, 1_000_000]),
    st.booleans(),
)
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_exit_turns_a_position_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory,
    working: str,
    points: Any,
    moves: list[Any],
    volume: float,
    tick: int,
    slices: bool,
) -> None:
    def plan(snapshot: Any, holdings: Any) -> Sequence[Any] | None:
        move = moves[snapshot.round - 1] if snapshot.round > 1 else None
        if not isinstance(move, tuple):
            return move
        side = int(np.sign(holdings.positions[0]))
        action, layer, quantity = move
        away = -side if action is RiskAction.SET_STOP else side
        price = float(snapshot.close[0]) + away * (1 + layer)
        return [command(action, snapshot, price, layer, quantity)]

    prices = [(o, max(o, a, b, c), min(o, a, b, c), c) for o, a, b, c in points]
    changes = {"execution.twap": WHOLE | {"above_participation": 0.01}} if slices else {}
    stops, folder = BRACKET | {"working": working}, tmp_path_factory.mktemp("exits")
    played = traded(folder, prices, plan, stops, volume=volume, tick=tick, **changes)
    assert_exits_only_reduce(played)
    if working == "venue":
        assert_covered(played)
    by_order: defaultdict[str, int] = defaultdict(int)
    for fill in played.fills():
        by_order[fill.client_order_id] += int(fill.quantity)
    for parent in played.tape.of(ParentRecord):
        if parent.parent_order_id[0] in "ST":
            assert by_order[parent.parent_order_id] == parent.filled_quantity <= parent.quantity

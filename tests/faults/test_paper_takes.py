"""Take profits that rest at the broker beside stops that are there already: sliced entries, stops that move, layers."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.runs.folder import open_run
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote
from tests.faults.test_paper_faults import PaperRun, assert_well, their_cash_is_ours, their_positions
from tests.faults.test_paper_stops import exits_of, path_of, price_of
from tests.firm_runs import audit, fills
from tests.paper_runs import STOCKS, SYMBOLS, Tape, paper_desk

pytestmark = pytest.mark.slow  # it waits for whole minutes

D, CENT = Decimal, Decimal("0.01")
LEVELS = {"initial_fraction": 0.03, "take_profit_fraction": 0.03, "cool_down_rounds": 100}
SLICED: dict[str, Any] = {
    "risk.stops": LEVELS,
    "execution.twap": {"above_participation": 1e-6, "duration_minutes": 2, "interval_minutes": 1},
    "execution.no_trade_band": 0.95,
}
MOVING: dict[str, Any] = {
    "risk.stops": LEVELS | {"trailing_atr": 8.0},
    "execution.no_trade_band": 0.95,
}
LAYERED: dict[str, Any] = {
    "execution.pyramid": {
        "confirm": "profit",
        "profit_thresholds": [0.001, 0.002, 0.003],
        "max_layers": 2,
        "stop_atr": 20.0,
        "take_profit": [0.03, 0.03],
        "break_even": False,
    },
    "risk.stops": LEVELS,
}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        yield served


def rest(gateway: Gateway, symbol: str) -> list[dict[str, Order]]:
    """The stop and the take profit of each group that rests, by kind of order, the oldest group first."""
    found: dict[str, dict[str, Order]] = {}
    for order in gateway.orders:
        if order.is_open and order.stock.symbol == symbol and order.message.orderType != "MKT":
            found.setdefault(order.message.ocaGroup or str(order.order_id), {})[order.message.orderType] = order
    return list(found.values())


def cover(gateway: Gateway, symbol: str, quantity: int, groups: int = 1) -> bool:
    """Whether so many stops, each with a take profit of its size in its group, cover a quantity."""
    pairs = rest(gateway, symbol)
    sizes = [{int(order.remaining) for order in pair.values()} for pair in pairs]
    whole = all(set(pair) == {"STP", "LMT"} for pair in pairs) and all(len(one) == 1 for one in sizes)
    return whole and len(pairs) == groups and sum(one.pop() for one in sizes) == abs(quantity)


def covered(gateway: Gateway, seconds: float, groups: int = 1, also: Callable[[str], bool] = lambda _: True) -> str:
    """Wait for a share that is held and wholly covered."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for symbol, held in their_positions(gateway).items():
            if held and cover(gateway, symbol, held, groups) and also(symbol):
                return symbol
        time.sleep(0.05)
    told = {symbol: [(k, o.remaining) for p in rest(gateway, symbol) for k, o in p.items()] for symbol in SYMBOLS}
    raise AssertionError(f"held {their_positions(gateway)}, resting {told}")


def hit_both(gateway: Gateway, symbol: str) -> None:
    """Let one group fill at its take profit in part, and at the same moment at its stop."""
    held = their_positions(gateway)[symbol]
    pair = rest(gateway, symbol)[0]
    gateway.faults.fill_limits.append(D(int(pair["LMT"].remaining) // 3))
    take, stop = price_of(pair["LMT"]), price_of(pair["STP"])
    bid, ask = (take, take + CENT) if held > 0 else (take - CENT, take)
    gateway.play(Quote(symbol, bid, ask), Quote(symbol, stop, stop))
    time.sleep(2)


def assert_closed_once(gateway: Gateway, symbol: str) -> None:
    path = path_of(gateway, symbol)
    top = max(range(len(path)), key=lambda place: abs(path[place]))
    assert all(abs(after) < abs(before) for before, after in pairwise(path[top:]))
    assert all(one * path[top] >= 0 for one in path)
    assert path[-1] == 0
    assert rest(gateway, symbol) == []


def assert_both_close_once(gateway: Gateway, tape: Tape, symbol: str) -> None:
    """Hit stop and take profit while the market stands still."""
    tape.pauses_when = lambda: True
    time.sleep(1)
    hit_both(gateway, symbol)
    assert_closed_once(gateway, symbol)
    tape.pauses_when = lambda: False


def assert_booked(gateway: Gateway, run: PaperRun) -> None:
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)
    assert open_run(run.out).summary["unprotected"]["max_ms"] <= 250


def test_a_sliced_entry_has_its_take_profit_beside_its_stop_after_each_fill(gateway: Gateway, tmp_path: Path) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, SLICED)
    with Tape(gateway) as tape:
        run = PaperRun(desk, tmp_path / "run", 4)
        symbol = covered(gateway, 200)
        first = their_positions(gateway)[symbol]
        pair = rest(gateway, symbol)[0]
        grown = covered(
            gateway, 100, also=lambda one: one == symbol and abs(their_positions(gateway)[one]) > abs(first)
        )
        assert rest(gateway, grown) == [pair]  # the same two, changed in place
        assert_both_close_once(gateway, tape, symbol)
        assert_well(run.ended())
    assert_closed_once(gateway, symbol)
    assert_booked(gateway, run)
    kinds = {row["client_order_id"].split("-")[1][0] for row in fills(open_run(run.out))}
    assert {"S", "T"} <= kinds
    entries = [fact for fact in audit(run.out, "parent") if fact["exec_algorithm"] == "TWAP"]
    assert entries
    filled = Counter[str]()
    for row in fills(open_run(run.out)):
        filled[row["parent_order_id"]] += int(row["quantity"])
    for one in entries:  # what is sent is no more than what was decided
        assert filled[one["parent_order_id"]] == one["filled_quantity"] <= one["quantity"]


def test_a_take_profit_stays_beside_a_stop_that_moves(gateway: Gateway, tmp_path: Path) -> None:
    """The broker does not change those that left with the entry: they are replaced once, and from then on changed."""
    desk = paper_desk(tmp_path / "desk", gateway, MOVING)
    with Tape(gateway) as tape:
        run = PaperRun(desk, tmp_path / "run", 5)
        symbol = covered(gateway, 200)
        side = 1 if their_positions(gateway)[symbol] > 0 else -1
        level = price_of(rest(gateway, symbol)[0]["LMT"])

        def moved(since: Decimal) -> Callable[[str], bool]:
            def is_tighter(one: str) -> bool:
                stop = exits_of(gateway, one).get("STP")
                return one == symbol and stop is not None and side * (price_of(stop) - since) > 0

            return is_tighter

        def climb() -> dict[str, Order]:
            since = price_of(exits_of(gateway, symbol)["STP"])
            tape.move(symbol, side * D("0.50"))
            covered(gateway, 130, also=moved(since))
            return exits_of(gateway, symbol)

        climb()
        second = climb()
        third = climb()
        assert second == third  # the same orders
        assert price_of(third["LMT"]) == level
        sent = [one.message for one in gateway.named("PlaceOrderRequest")]
        stops = [one for one in sent if one.orderId == third["STP"].order_id]
        assert len(stops) > 1
        assert {one.order.ocaGroup for one in stops} == {third["STP"].message.ocaGroup}  # stated again, and no other
        assert_both_close_once(gateway, tape, symbol)
        assert_well(run.ended())
    assert_booked(gateway, run)


def test_a_change_that_the_broker_refuses_without_ending_the_order_is_made_by_another_order(
    gateway: Gateway, tmp_path: Path
) -> None:
    """The two go, and two of the new size come in their place."""
    desk = paper_desk(tmp_path / "desk", gateway, SLICED)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        symbol = covered(gateway, 200)
        first = their_positions(gateway)[symbol]
        pair = rest(gateway, symbol)[0]
        gateway.faults.refused_changes.add(pair["STP"].order_id)
        covered(gateway, 130, also=lambda one: one == symbol and abs(their_positions(gateway)[one]) > abs(first))
        assert not pair["STP"].is_open
        assert_well(run.ended())
    assert run.net() == their_positions(gateway)


def test_each_layer_has_a_stop_and_a_take_profit_in_a_group_of_its_own(gateway: Gateway, tmp_path: Path) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, LAYERED)
    with Tape(gateway) as tape:
        run = PaperRun(desk, tmp_path / "run", 5)
        symbol = covered(gateway, 200)
        side = 1 if their_positions(gateway)[symbol] > 0 else -1
        tape.move(symbol, side * D("0.60"))
        covered(gateway, 200, groups=2, also=lambda one: one == symbol)
        tape.pauses_when = lambda: True
        time.sleep(1)
        names = [{order.message.ocaGroup for order in pair.values()} for pair in rest(gateway, symbol)]
        assert [len(one) for one in names] == [1, 1]
        assert names[0] != names[1]
        hit_both(gateway, symbol)
        path = path_of(gateway, symbol)
        assert all(one * side >= 0 for one in path)
        tape.pauses_when = lambda: False
        assert_well(run.ended())
    assert all(one * side >= 0 for one in path_of(gateway, symbol))
    assert_booked(gateway, run)

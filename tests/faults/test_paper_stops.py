"""Stops at the broker: they leave with their entries, follow the position, and never turn it."""

import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.folder import open_run
from tests.faults.gateway.orders import Order, price_field
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Quote
from tests.faults.test_paper_faults import PaperRun, assert_well, their_cash_is_ours, their_positions
from tests.firm_runs import audit, fills
from tests.paper_runs import STOCKS, SYMBOLS, Tape, paper_desk

pytestmark = pytest.mark.slow  # it waits for whole minutes

STOPS = {"risk.stops": {"initial_atr": 30.0, "trailing_atr": 30.0}}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        yield served


def resting(gateway: Gateway) -> dict[str, int]:
    """What the stops at the broker would sell, by symbol; bought back counts negative."""
    found: dict[str, int] = dict.fromkeys(SYMBOLS, 0)
    for order in gateway.orders:
        if order.is_open:
            assert order.message.orderType == "STP"
            found[order.stock.symbol] += int(order.remaining) * (1 if order.message.action == "SELL" else -1)
    return found


def triggers(orders: Iterable[Order]) -> dict[str, tuple[int, float]]:
    """Side of the position that a stop protects and its trigger, by symbol, of the first stop of each."""
    found: dict[str, tuple[int, float]] = {}
    for order in orders:
        if order.message.orderType == "STP":
            side = 1 if order.message.action == "SELL" else -1
            found.setdefault(order.stock.symbol, (side, float(order.message.auxPrice)))
    return found


def stop_fills(run: PaperRun) -> list[str]:
    return [row["client_order_id"] for row in fills(open_run(run.out)) if "-S" in row["client_order_id"]]


def test_a_stop_leaves_with_its_entry_follows_the_position_and_outlives_its_session(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, STOPS)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 2)
        assert_well(run.ended())
        held = their_positions(gateway)
        assert any(held.values())
        assert run.net() == resting(gateway) == held
        their_cash_is_ours(gateway, run)
        entries = {order.order_id: order for order in gateway.orders if order.message.orderType == "MKT"}
        for symbol in SYMBOLS:
            stop = next(one for one in gateway.orders if (one.message.orderType, one.stock.symbol) == ("STP", symbol))
            entry = entries[stop.message.parentId]
            assert entry.stock.symbol == symbol
            assert {entry.message.action, stop.message.action} == {"BUY", "SELL"}
        assert stop_fills(run) == []
        assert "kept: the run ended" in {fact["state"] for fact in audit(run.out, "parent")}

        first = {order.order_id for order in gateway.orders}
        left = triggers(order for order in gateway.orders if order.is_open)
        again = PaperRun(desk, tmp_path / "again", 2)
        assert_well(again.ended())
        held = their_positions(gateway)
        assert resting(gateway) == held
        assert any(order.is_open for order in gateway.orders)
        assert not any(order.is_open for order in gateway.orders if order.order_id in first)
        assert stop_fills(again) == []
        assert open_run(again.out).summary["unprotected"]["uncovered_fills"] == 0
        taken = triggers(order for order in gateway.orders if order.order_id not in first)
        same = [name for name, (side, _) in left.items() if name in taken and taken[name][0] == side]
        assert same  # no stop is looser than the one of the session before
        assert all(left[name][0] * (taken[name][1] - left[name][1]) >= 0 for name in same)


BRACKET = {"risk.stops": {"initial_fraction": 0.02, "take_profit_fraction": 0.02, "cool_down_rounds": 100}}


def groups(gateway: Gateway) -> dict[str, list[tuple[str, int]]]:
    """Kinds of order in each group at the broker, and the kind of the group."""
    found: dict[str, list[tuple[str, int]]] = {}
    for order in gateway.orders:
        if order.message.ocaGroup:
            found.setdefault(order.message.ocaGroup, []).append((order.message.orderType, order.message.ocaType))
    return found


def path_of(gateway: Gateway, symbol: str) -> list[int]:
    """Position of a share after each fill at the broker."""
    path = [0]
    for fill in gateway.fills:
        if fill.order.stock.symbol == symbol:
            shares = int(Decimal(fill.details.execution.shares))
            path.append(path[-1] + (shares if fill.order.buys else -shares))
    return path


def test_take_profit_and_stop_leave_with_their_entry_as_a_group_and_close_it_once(
    gateway: Gateway, tmp_path: Path
) -> None:
    """The one is filled in part, then the other is hit: what is left is closed, and no more."""
    desk = paper_desk(tmp_path / "desk", gateway, BRACKET)
    with Tape(gateway) as tape:
        run = PaperRun(desk, tmp_path / "run", 2)
        run.orders_sent(3)
        tape.pauses_when = lambda: True
        time.sleep(2)
        held = their_positions(gateway)
        symbol = next(one for one in SYMBOLS if held[one])
        exits = {one.message.orderType: one for one in gateway.orders if one.is_open and one.stock.symbol == symbol}
        assert set(exits) == {"STP", "LMT"}
        assert {int(one.remaining) for one in exits.values()} == {abs(held[symbol])}
        assert {len(kinds) for kinds in groups(gateway).values()} == {2}
        assert {kind for kinds in groups(gateway).values() for kind in kinds} == {("STP", 2), ("LMT", 2)}
        gateway.faults.fill_limits.append(Decimal(abs(held[symbol]) // 3))
        take, stop = (
            price_field(exits[kind].message, name) for kind, name in (("LMT", "lmtPrice"), ("STP", "auxPrice"))
        )
        assert take is not None
        assert stop is not None
        cent = Decimal("0.01")
        gateway.play(Quote(symbol, take - (0 if held[symbol] > 0 else cent), take + (cent if held[symbol] > 0 else 0)))
        gateway.play(Quote(symbol, stop, stop))
        time.sleep(2)
        assert their_positions(gateway)[symbol] == 0
        tape.pauses_when = lambda: False
        assert_well(run.ended())
    path = path_of(gateway, symbol)
    assert len(path) >= 4
    assert all(abs(after) < abs(before) for before, after in pairwise(path[1:]))
    assert path[-1] == 0
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)
    kinds = {row["client_order_id"].split("-")[1][0] for row in fills(open_run(run.out))}
    assert kinds == {"R", "S", "T"}
    covered = open_run(run.out).summary["unprotected"]
    assert covered["attached_fills"] > 0
    assert covered["max_ms"] <= 250


def test_exits_that_left_with_an_entry_outlast_the_quotes_before_its_fill(gateway: Gateway, tmp_path: Path) -> None:
    gateway.faults.delays_s["PlaceOrderRequest"] = 1.0  # four quotes of each share
    desk = paper_desk(tmp_path / "desk", gateway, BRACKET)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 1)
        assert_well(run.ended())
    held = their_positions(gateway)
    assert any(held.values())
    for symbol in (symbol for symbol in SYMBOLS if held[symbol]):
        exits = exits_of(gateway, symbol)
        assert set(exits) == {"STP", "LMT"}
        assert {int(one.remaining) for one in exits.values()} == {abs(held[symbol])}
    assert open_run(run.out).summary["unprotected"]["uncovered_fills"] == 0


def exits_of(gateway: Gateway, symbol: str) -> dict[str, Order]:
    """The stop and the take profit that rest, by kind of order."""
    return {one.message.orderType: one for one in gateway.orders if one.is_open and one.stock.symbol == symbol}


def price_of(order: Order) -> Decimal:
    found = price_field(order.message, "lmtPrice" if order.message.orderType == "LMT" else "auxPrice")
    assert found is not None
    return found


@pytest.mark.parametrize("dies", [False, True], ids=["ended", "killed"])
def test_a_resting_take_profit_of_an_earlier_session_is_taken_over_with_its_stop_and_closes_once(
    gateway: Gateway, tmp_path: Path, *, dies: bool
) -> None:
    """The broker's two orders go, and two of this session come in their place, again as a group."""
    desk = paper_desk(tmp_path / "desk", gateway, BRACKET | {"execution.no_trade_band": 0.95})
    with Tape(gateway, step=Decimal(0)) as tape:
        run = PaperRun(desk, tmp_path / "run", 1)
        run.orders_sent(3)
        time.sleep(2)
        if dies:
            run.dies()
        else:
            assert_well(run.ended())
        gateway.wait_alone()
        held = their_positions(gateway)
        symbol = max(SYMBOLS, key=lambda one: abs(held[one]))
        left = exits_of(gateway, symbol)
        assert set(left) == {"STP", "LMT"}
        assert {int(one.remaining) for one in left.values()} == {abs(held[symbol])}
        level, side = price_of(left["LMT"]), 1 if held[symbol] > 0 else -1

        again = PaperRun(desk, tmp_path / "again", 3)
        deadline = time.monotonic() + 200
        while any(one.is_open for one in left.values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2)
        assert their_positions(gateway)[symbol] == held[symbol]
        taken = exits_of(gateway, symbol)
        assert set(taken) == {"STP", "LMT"}
        assert not any(one.is_open for one in left.values())
        assert side * (price_of(taken["STP"]) - price_of(left["STP"])) >= 0  # no looser than before
        assert price_of(taken["LMT"]) == level
        assert {int(one.remaining) for one in taken.values()} == {abs(held[symbol])}
        assert len({one.message.ocaGroup for one in taken.values()}) == 1
        tape.pauses_when = lambda: True
        time.sleep(0.5)
        gateway.play(Quote(symbol, level, level, 5_000, 5_000))
        time.sleep(1)
        assert their_positions(gateway)[symbol] == 0
        assert exits_of(gateway, symbol) == {}
        assert_well(again.ended())
    assert their_positions(gateway)[symbol] == 0
    closing = [row["client_order_id"] for row in fills(open_run(again.out)) if row["instrument_id"] == f"{symbol}.US"]
    assert [name.split("-")[1][0] for name in closing] == ["T"]

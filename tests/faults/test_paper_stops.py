"""Stops at the broker: they leave with their entries, follow the position, and never turn it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.folder import open_run
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
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
        taken = triggers(order for order in gateway.orders if order.order_id not in first)
        same = [name for name, (side, _) in left.items() if name in taken and taken[name][0] == side]
        assert same  # no stop is looser than the one of the session before
        assert all(left[name][0] * (taken[name][1] - left[name][1]) >= 0 for name in same)

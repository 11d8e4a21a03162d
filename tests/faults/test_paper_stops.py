"""Stops at the broker: they leave with their entries, follow the position, and never turn it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.folder import open_run
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


def test_a_stop_leaves_with_its_entry_follows_the_position_and_stays_when_the_session_ends(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, STOPS)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        ended = run.ended()
    assert_well(ended)
    held = their_positions(gateway)
    assert run.net() == held
    their_cash_is_ours(gateway, run)
    stops = [order for order in gateway.orders if order.message.orderType == "STP"]
    entries = {order.order_id: order for order in gateway.orders if order.message.orderType == "MKT"}
    first = {symbol: next(one for one in stops if one.stock.symbol == symbol) for symbol in SYMBOLS}
    for symbol, stop in first.items():
        entry = entries[stop.message.parentId]
        assert entry.stock.symbol == symbol
        assert {entry.message.action, stop.message.action} == {"BUY", "SELL"}
    resting = dict.fromkeys(SYMBOLS, 0)
    for stop in stops:
        if stop.is_open:
            resting[stop.stock.symbol] += int(stop.remaining) * (1 if stop.message.action == "SELL" else -1)
    assert resting == held
    assert any(held.values())
    assert [row for row in fills(open_run(run.out)) if "-S" in row["client_order_id"]] == []
    states = {fact["state"] for fact in audit(run.out, "parent")}
    assert "kept: the run ended" in states

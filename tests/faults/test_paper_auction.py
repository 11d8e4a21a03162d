"""A session at the broker over a close: what is left goes there as market on close, and fills in the auction."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import exchange_calendars
import pytest

from nautilus_ai_firm.runs.folder import open_run
from tests import paper_runs
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Trade
from tests.faults.test_paper_faults import PaperRun, assert_well, their_cash_is_ours, their_positions
from tests.firm_runs import audit, fills
from tests.paper_runs import FIRST, LATEST_SECOND, STOCKS, D, Tape, paper_desk, write_history

pytestmark = pytest.mark.slow  # it waits for whole minutes

CALENDAR = "DAYS"
CHANGES: dict[str, Any] = {
    "market.calendar": CALENDAR,
    "execution.twap": {"above_participation": 1e-6, "duration_minutes": 4, "interval_minutes": 1},
    "execution.algorithm": {"name": "twap", "at_end": "auction", "closing_cutoff_minutes": 1},
}
A_CLOSE = """
import exchange_calendars
import numpy as np
from dataclasses import replace
from nautilus_ai_firm.data.sessions import Sessions
exchange_calendars.register_calendar_alias("{calendar}", "24/7")
honest = Sessions.between
def between(calendar, start_ns, end_ns):
    found = honest(calendar, start_ns, end_ns)
    place = int(np.searchsorted(found.closes_ns, {close_ns}))
    return replace(
        found,
        dates=np.insert(found.dates, place, found.dates[place]),
        opens_ns=np.insert(found.opens_ns, place + 1, {close_ns}),
        closes_ns=np.insert(found.closes_ns, place, {close_ns}),
    )
Sessions.between = between
"""
"""An exchange that never closes, but once, and opens again at that moment."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    exchange_calendars.register_calendar_alias(CALENDAR, "24/7")
    with Gateway(STOCKS) as served:
        yield served
    exchange_calendars.deregister_calendar(CALENDAR)


def test_what_is_left_at_the_cut_off_rests_at_the_broker_until_the_auction_fills_it(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_runs, "write_history", partial(write_history, calendar=CALENDAR))
    desk = paper_desk(tmp_path / "desk", gateway, CHANGES)
    minutes = 4 + (time.time() % 60 > LATEST_SECOND)
    close_s = (int(time.time()) // 60 + 1 + minutes) * 60
    planted = A_CLOSE.format(calendar=CALENDAR, close_ns=close_s * 1_000_000_000)
    prices = {symbol: price + D("0.37") for symbol, price in FIRST.items()}
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", minutes + 1, planted)
        time.sleep(close_s - 30 - time.time())
        waiting = [order for order in gateway.orders if order.message.orderType == "MOC"]
        assert len(waiting) > 0
        assert all(order.is_open and not order.filled for order in waiting)
        time.sleep(close_s + 3 - time.time())
        gateway.play(*(Trade(symbol, price, 5_000, int(time.time()), closing=True) for symbol, price in prices.items()))
        ended = run.ended()
    assert_well(ended)
    committed = {fact["client_order_id"]: fact for fact in audit(run.out, "gate") if fact.get("is_auction")}
    assert {fact["breach"] for fact in committed.values()} == {None}
    assert {close_s - 60 - fact["ts"] // 1_000_000_000 for fact in committed.values()} == {0}
    rows = {row["client_order_id"]: row for row in fills(open_run(run.out)) if row["client_order_id"] in committed}
    assert len(rows) == len(committed) == len(waiting)
    for order_id, row in rows.items():
        assert (row["quantity"], row["price"]) == (
            abs(committed[order_id]["quantity"]), prices[row["instrument_id"].removesuffix(".US")],
        )  # fmt: skip
    states = {fact["parent_order_id"]: fact["state"] for fact in audit(run.out, "parent")}
    assert {states[row["parent_order_id"]] for row in rows.values()} == {"filled"}
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)

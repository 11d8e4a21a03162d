"""A session at the broker is killed while its orders work; the next takes them back and goes on from what is held."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.hosts.replay import replay
from nautilus_ai_firm.messages import Interrupted
from nautilus_ai_firm.messages.orders import CONTINUED
from nautilus_ai_firm.runs.causes import Cause
from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.runs.session_reading import read_session
from tests.faults.gateway.orders import Order, price_field
from tests.faults.gateway.server import Gateway
from tests.faults.test_paper_faults import PaperRun, assert_well, their_positions
from tests.faults.test_paper_stops import STOPS, resting
from tests.firm_runs import audit, fills
from tests.paper_runs import STOCKS, SYMBOLS, PaperDesk, Tape, paper_desk

pytestmark = pytest.mark.slow  # it waits for whole minutes

D = Decimal
LONGEST_S = 200
SOME = 10  # shares of a child that are worth a test
YOUNG_S = 5  # of the 24 for which nobody meets it
RESTING = {
    "execution.twap": {"above_participation": 1e-6, "duration_minutes": 3, "interval_minutes": 1},
    "execution.algorithm": {"name": "twap", "limit": {"peg": 0.0, "offset_bps": 200.0, "cross_share": 0.6}},
}
"""Children that nobody meets for 24 seconds of a minute, and that cross the spread then."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        yield served


def children(gateway: Gateway) -> list[Order]:
    """The limit orders that work."""
    return [order for order in gateway.orders if order.is_open and order.message.orderType == "LMT"]


def just_sent(gateway: Gateway) -> list[Order]:
    """Those that will not cross the spread for a while, and are worth a test."""
    since_ns = time.time_ns() - YOUNG_S * 1_000_000_000
    young = {one.message.orderId for one in gateway.named("PlaceOrderRequest") if one.time_ns > since_ns}
    return [order for order in children(gateway) if order.order_id in young and order.remaining > SOME]


def killed_in_a_parent(desk: PaperDesk, gateway: Gateway, out: Path) -> list[Order]:
    """Let a session trade, kill it while children of parents rest, and return these."""
    run = PaperRun(desk, out, 9)
    while_true_for(lambda: not (gateway.fills and just_sent(gateway)))
    run.dies()
    gateway.wait_alone()
    assert gateway.fills
    assert any(order.remaining > SOME for order in children(gateway))
    return children(gateway)


def tag_of(out: Path) -> str:
    return read_session(out).start.order_tag


def signed(row: Mapping[str, Any]) -> int:
    return int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)


def continued(out: Path) -> Counter[str]:
    """What orders that went on traded, by symbol."""
    traded: Counter[str] = Counter()
    for row in fills(open_run(out)):
        if row["decision_id"].startswith(CONTINUED):
            traded[row["instrument_id"].removesuffix(".US")] += signed(row)
    return traded


def assert_goes_on(gateway: Gateway, again: PaperRun, left: list[Order]) -> None:
    """Nothing of the session before works, and the one after decided on what was held and traded no more than that."""
    assert all(order.status in {"Cancelled", "Filled"} for order in left)
    tags = {order.message.orderRef[:13] for order in gateway.orders if order.is_open}
    assert tags <= {tag_of(again.out)}
    traded: Counter[str] = Counter()
    for fill in gateway.fills:
        traded[fill.order.stock.symbol] += int(D(fill.details.execution.shares)) * (1 if fill.order.buys else -1)
    held = their_positions(gateway)
    assert held == {symbol: traded[symbol] for symbol in SYMBOLS}
    before = {symbol: held[symbol] - again.net()[symbol] for symbol in SYMBOLS}
    first = read_session(again.out).of("decision")[0]
    went_on = continued(again.out)
    assert [before[symbol] + went_on[symbol] for symbol in SYMBOLS] == first.positions.tolist()
    filled: Counter[str] = Counter()
    for row in fills(open_run(again.out)):
        filled[row["parent_order_id"]] += int(row["quantity"])
    parents = {fact["parent_order_id"]: fact for fact in audit(again.out, "parent")}
    assert sum(filled.values()) > 0
    assert all(quantity <= abs(parents[parent]["quantity"]) for parent, quantity in filled.items())
    assert again.connections()[1] == (True, "trading: connected")
    assert not any("differ" in cause for _, cause in again.connections())


def assert_parents_go_on(*outs: Path) -> None:
    """What goes on is what was left of parents before, and all together is what they were for."""
    asked: dict[str, int] = {}
    filled: Counter[str] = Counter()
    resumed: list[tuple[str, Interrupted]] = []
    for out in outs:
        session = read_session(out)
        asked |= {one.client_order_id: one.quantity for one in session.of("gate_result")}
        for row in fills(open_run(out)):
            filled[row["parent_order_id"]] += signed(row)
        resumed += [(session.start.order_tag, one) for said in session.of("connection") for one in said.resumed]
    assert resumed
    for tag, rest in resumed:
        then, now = rest.parent_order_id, f"{tag}{CONTINUED}000001-{rest.instrument_id}"
        assert asked[now] == rest.quantity
        whole = asked.get(then, rest.quantity)  # what still waited for its market had not been asked about
        assert 0 < rest.quantity / whole <= 1
        assert abs(filled[then] + filled[now]) <= abs(whole)


def test_children_of_a_killed_session_are_taken_back_and_their_parents_go_on_until_the_next_decision(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, RESTING)
    with Tape(gateway):
        left = killed_in_a_parent(desk, gateway, tmp_path / "run")
        known = {order.order_id for order in gateway.orders}
        before = their_positions(gateway)
        again = PaperRun(desk, tmp_path / "again", 2)
        ended = again.ended()
    assert_well(ended)
    assert_goes_on(gateway, again, left)
    assert_parents_go_on(tmp_path / "run", again.out)
    assert "orders go on" in ended.out
    assert "unfinished: " in ended.out
    taken = read_session(again.out).start.taken_back
    assert [one.client_order_id for one in taken] == sorted(order.message.orderRef for order in left)
    assert [fact["client_order_id"] for fact in audit(again.out, "taken_back")] == [
        one.client_order_id for one in taken
    ]
    lines = [line for line in ended.out.splitlines() if line.startswith("taken back: ")]
    assert len(lines) == len(left)
    assert len({line.index("canceled") for line in lines}) == 1
    sent = [one.time_ns for one in gateway.named("PlaceOrderRequest") if one.message.orderId not in known]
    canceled = [one.time_ns for one in gateway.named("CancelOrderRequest") if one.message.orderId in numbers(left)]
    assert len(canceled) == len(left)
    assert max(canceled) < min(sent)
    assert their_positions(gateway) != before  # the firm traded on
    found = replay(again.out).comparison
    brokers = {Cause.FILL_PRICE, Cause.FILL_SIZE, Cause.FILL, Cause.COMMISSION, Cause.LATENCY, Cause.STATE}
    steps = [one for one in found.differences if one.cause is Cause.MARKET_DATA]
    assert all(re.search(r" gate \S+-E\d+ price: ", str(one)) for one in steps)  # its limits are in the broker's cents
    assert {difference.cause for difference in found.differences} - {Cause.MARKET_DATA} <= brokers


def test_a_child_that_fills_on_the_way_of_its_cancel_is_held_and_not_bought_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    """It fills in part while nobody is there, and again before the cancel is answered."""
    desk = paper_desk(tmp_path / "desk", gateway, RESTING)
    with Tape(gateway):
        left = killed_in_a_parent(desk, gateway, tmp_path / "run")
        child = next(order for order in left if order.remaining > SOME)
        left_before = child.remaining
        price = price_field(child.message, "lmtPrice")
        assert price is not None
        gateway.fill(child, D(2), price)
        gateway.faults.delays_s["CancelOrderRequest"] = 1.0
        known = len(gateway.named("CancelOrderRequest"))
        again = PaperRun(desk, tmp_path / "again", 2)
        gateway.wait_until(lambda: child.order_id in canceled(gateway, known), "the child's cancel", 60)
        gateway.fill(child, D(3), price)
        gateway.faults.delays_s.clear()
        assert_well(again.ended())
    assert_goes_on(gateway, again, left)
    assert (child.remaining, child.status) == (left_before - 5, "Cancelled")
    taken = {one.client_order_id: one for one in read_session(again.out).start.taken_back}[child.message.orderRef]
    assert (taken.filled_meanwhile, taken.quantity_left) == (D(3), child.remaining)


def canceled(gateway: Gateway, known: int) -> set[int]:
    return {one.message.orderId for one in gateway.named("CancelOrderRequest")[known:]}


def test_stops_of_a_killed_session_stay_while_its_children_go_and_are_then_taken_over(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, RESTING | STOPS)
    with Tape(gateway):
        left = killed_in_a_parent(desk, gateway, tmp_path / "run")
        stops = [order for order in gateway.orders if order.is_open and order.message.orderType == "STP"]
        assert stops
        again = PaperRun(desk, tmp_path / "again", 2)
        gateway.wait_for("RealTimeBarsRequest", 2 * len(SYMBOLS), 60)  # its first round is still to come
        assert not any(order.is_open for order in left)
        assert all(order.is_open for order in stops)
        assert_well(again.ended())
    assert_goes_on(gateway, again, left)
    assert not any(order.is_open for order in stops)
    assert resting(gateway) == their_positions(gateway)
    taken = {one.client_order_id for one in read_session(again.out).start.taken_back}
    assert taken == {order.message.orderRef for order in left}


LOSES_ITS_NODE = """
from pathlib import Path
from nautilus_ai_firm.hosts.broker_connection import BrokerConnection, NodeLostError
honest = BrokerConnection.look
def look(self):
    honest(self)
    if Path(FLAG).exists():
        Path(FLAG).unlink()
        raise NodeLostError("planted")
BrokerConnection.look = look
"""


def test_a_session_that_lost_its_node_takes_its_own_children_back_and_trades_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, RESTING)
    flag = tmp_path / "lost"
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 4, planted=f"FLAG = {str(flag)!r}\n{LOSES_ITS_NODE}")
        while_true_for(lambda: not just_sent(gateway))
        flag.touch()
        while_true_for(flag.exists)
        left = children(gateway)
        assert_well(run.ended())
    assert left
    assert all(order.status in {"Cancelled", "Filled"} for order in left)
    again = tmp_path / "run-2"
    taken = {one.client_order_id for one in read_session(again).start.taken_back}
    assert taken <= {order.message.orderRef for order in left}
    assert taken
    assert tag_of(again) != tag_of(run.out)
    assert (open_run(run.out).summary["ended"], open_run(again).summary["ended"]) == ("failed", "minutes")
    assert open_run(again).summary["fills"] > 0
    held: Counter[str] = Counter()
    for out in (run.out, again):
        for row in fills(open_run(out)):
            held[row["instrument_id"].removesuffix(".US")] += signed(row)
    assert {symbol: held[symbol] for symbol in SYMBOLS} == their_positions(gateway)
    assert not any(order.is_open for order in gateway.orders)


def test_parents_that_a_lost_connection_interrupted_go_on_when_it_is_back(gateway: Gateway, tmp_path: Path) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, RESTING)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        while_true_for(lambda: not just_sent(gateway))
        gateway.refuse()
        time.sleep(1)
        gateway.accept()
        ended = run.ended()
    assert_well(ended)
    assert "orders go on" in ended.out
    assert_parents_go_on(run.out)
    assert run.net() == their_positions(gateway)
    assert not any(order.is_open for order in gateway.orders)


def while_true_for(true: Callable[[], bool]) -> None:
    """Wait until something is true no more, or too long."""
    deadline = time.monotonic() + LONGEST_S
    while true() and time.monotonic() < deadline:
        time.sleep(0.05)


def numbers(orders: list[Order]) -> set[int]:
    return {order.order_id for order in orders}

"""What goes wrong at the broker, and what the firm does about it: each in a paper session of its own."""

import json
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.faults.gateway.books import commission_of
from tests.faults.gateway.server import Gateway
from tests.firm_runs import audit, fills
from tests.live_runs import Ended, end_of, kill
from tests.paper_runs import (
    ACCOUNT,
    STOCKS,
    SYMBOLS,
    PaperDesk,
    Tape,
    history,
    minutes_for,
    paper_desk,
    write_history,
)

pytestmark = pytest.mark.slow  # each waits for whole minutes

D = Decimal


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        yield served


@pytest.fixture
def desk(tmp_path: Path, gateway: Gateway) -> PaperDesk:
    return paper_desk(tmp_path / "desk", gateway)


DEAF = """
from nautilus_ai_firm.hosts.broker_connection import BrokerConnection, NodeLostError
lost = []
honest = BrokerConnection.look
def look(self):
    honest(self)
    if self._trusted and not lost:
        lost.append(self)
        raise NodeLostError("planted")
BrokerConnection.look = look
"""


class PaperRun:
    """A session that runs while the test does something to its gateway."""

    def __init__(self, desk: PaperDesk, out: Path, rounds: int, planted: str = "") -> None:
        self.out = out
        self._gateway = desk.gateway
        self._process: subprocess.Popen[str] = desk.begin(
            "--run", "--minutes", str(minutes_for(rounds)), "--out", str(out), planted=planted
        )

    def hears_the_market(self) -> None:
        self._gateway.wait_for("RealTimeBarsRequest", len(SYMBOLS), 60)
        time.sleep(3)  # the watch has read the account, and quotes came

    def orders_sent(self, count: int = 1) -> None:
        self._gateway.wait_for("PlaceOrderRequest", count, 180)

    def ended(self) -> Ended:
        return end_of(self._process)

    def dies(self) -> None:
        """End as by a power cut: nothing is canceled, and the run folder is made of its journal."""
        kill(self._process)
        seal_session(self.out)

    def connections(self) -> list[tuple[bool, str]]:
        return [(fact["trusted"], fact["cause"]) for fact in audit(self.out, "connection")]

    def net(self) -> dict[str, int]:
        net: dict[str, int] = dict.fromkeys(SYMBOLS, 0)
        for row in fills(open_run(self.out)):
            net[row["instrument_id"].removesuffix(".US")] += int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        return net


def assert_well(ended: Ended) -> None:
    """It ended well; the engine puts what it calls an error on stderr, whatever it is told."""
    assert ended.status == 0
    assert all("[ERROR] FIRM-001." in line for line in ended.errors)


def their_positions(gateway: Gateway) -> dict[str, int]:
    held = gateway.books[ACCOUNT].positions
    return {symbol: int(held[symbol].shares) if symbol in held else 0 for symbol in SYMBOLS}


def their_cash_is_ours(gateway: Gateway, run: PaperRun) -> None:
    cash = D(1_000_000)
    for row in fills(open_run(run.out)):
        cash -= (row["quantity"] if row["side"] == "BUY" else -row["quantity"]) * row["price"] + row["commission"]
    assert cash == gateway.books[ACCOUNT].cash


def test_a_fill_while_the_gateway_was_away_is_found_and_the_firm_trades_again(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.faults.fill_limits.extend([D(1), D(1)])
    with Tape(gateway) as tape:
        tape.pauses_when = lambda: bool(gateway.named("PlaceOrderRequest"))  # what is left of the orders stays open
        run = PaperRun(desk, tmp_path / "run", 3)
        run.orders_sent()
        time.sleep(1)
        gateway.refuse()
        waiting = [order for order in gateway.orders if order.remaining]
        assert waiting
        for order in waiting:
            gateway.fill(order, order.remaining, D("99.50"))
        time.sleep(2)
        gateway.accept()
        tape.pauses_when = lambda: False
        ended = run.ended()
    assert_well(ended)
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)
    away, back = run.connections()[2:4]
    assert (away[0], back) == (False, (True, "trading: the gateway is back"))
    assert "went away" in away[1]
    seconds = [fact["without_s"] for fact in audit(run.out, "connection")][3]
    assert 2 < seconds < 30
    assert f"trading: the gateway is back after {seconds:.1f} s" in ended.out
    assert len(gateway.named("PlaceOrderRequest")) > len(waiting)
    verify_run(run.out)


def test_books_that_differ_after_a_return_keep_the_firm_from_new_risk(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    raw = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(raw.replace("agree_seconds = 30.0", "agree_seconds = 1.0"), encoding="utf-8")
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 2)
        run.hears_the_market()
        gateway.refuse()
        gateway.books[ACCOUNT].cash -= D(1_234)
        gateway.accept()
        ended = run.ended()
    assert ended.status == 0
    assert run.connections()[-1] == (
        False, "the books differ, cash: 1,000,000.00 counted here, 998,766.00 at the broker",
    )  # fmt: skip
    assert gateway.orders == []
    assert not open_run(run.out).summary["fills"]


@pytest.mark.parametrize(("code", "renewed"), [(1101, True), (1102, False)])
def test_no_order_goes_out_while_the_gateway_has_lost_the_broker(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path, code: int, *, renewed: bool
) -> None:
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        run.hears_the_market()
        gateway.say(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
        time.sleep(65)
        assert gateway.orders == []
        gateway.say(code, "Connectivity between IBKR and Trader Workstation has been restored.")
        ended = run.ended()
    assert_well(ended)
    assert run.connections()[2][1] == "the gateway lost the broker (1100)"
    assert run.connections()[3][0]
    assert f"({code})" in run.connections()[3][1]
    assert (len(gateway.named("RealTimeBarsRequest")) == 2 * len(SYMBOLS)) == renewed
    assert open_run(run.out).summary["fills"] > 0
    assert run.net() == their_positions(gateway)


def test_a_rejection_is_an_alert_and_a_fill_in_parts_is_paid_for_once(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.reject_next("Order rejected - reason:planted")
    gateway.faults.fill_limits.extend([D(30), D(50)])
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 2)
        ended = run.ended()
    assert_well(ended)
    assert "rejected: Order rejected - reason:planted" in ended.out
    rejected = [fact for fact in audit(run.out, "order") if fact["event"] == "rejected"]
    assert len(rejected) == 1
    rows = fills(open_run(run.out))
    assert [row["quantity"] for row in rows if row["quantity"] in {30, 50}] == [30, 50]
    in_parts = next(row["client_order_id"] for row in rows if row["quantity"] == 30)
    parts = [row for row in rows if row["client_order_id"] == in_parts]
    assert len(parts) > 1  # the part of 50 may be that of another order, which came in between
    shares = sum((D(row["quantity"]) for row in parts), D(0))
    value = sum((D(row["quantity"]) * D(row["price"]) for row in parts), D(0))
    assert sum(row["commission"] for row in parts) == commission_of(shares, value)
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)
    summary: dict[str, Any] = json.loads((run.out / "summary.json").read_text(encoding="utf-8"))
    assert summary["refusals"]


def test_an_account_that_is_managed_no_more_ends_the_session(desk: PaperDesk, gateway: Gateway, tmp_path: Path) -> None:
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        run.hears_the_market()
        gateway.refuse()
        gateway.accounts = ("DU7654321",)
        gateway.accept()
        ended = run.ended()
    assert ended.status == 1
    assert "does not manage the account DU…567 any more" in ended.errors[-1]
    assert gateway.orders == []


def test_a_node_that_is_lost_is_built_again_and_trades_in_a_run_folder_of_its_own(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3, DEAF)
        ended = run.ended()
    assert_well(ended)
    assert "session lost: NodeLostError: planted; again now" in ended.out
    assert "trading again after " in ended.out
    first, second = open_run(run.out), open_run(run.out.with_name("run-2"))
    assert (first.summary["ended"], first.summary["failure"]["error"]) == ("failed", "NodeLostError: planted")
    assert (second.summary["ended"], second.summary["failure"]) == ("minutes", None)
    assert second.summary["fills"] == len(gateway.orders) > 0


REFUSED = "Historical Market Data Service error message:Trading TWS session is connected from a different IP address"
PACED = "Historical Market Data Service error message:Pacing violation"


def test_without_fresh_history_the_session_goes_on_from_the_catalog_and_takes_no_new_risk_in_the_instrument(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.fail_next("HistoricalDataRequest", 162, REFUSED)  # the first that is asked for is AAPL.US
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 2)
        ended = run.ended()
    assert_well(ended)
    assert "AAPL.US-1-MINUTE-LAST-EXTERNAL: CACHED, the catalog's bars up to " in ended.out
    (told,) = {cause for _, cause in run.connections() if "CACHED" in cause}
    assert "0.5 h old; no new risk until fresh bars agree with them" in told
    facts = audit(run.out, "connection")
    assert [fact["barred"] for fact in facts if fact["trusted"]] == [["AAPL.US"]]
    summary = json.loads((run.out / "summary.json").read_text(encoding="utf-8"))
    assert told in summary["not_modelled"]
    refused = [fact for fact in audit(run.out, "gate") if fact["breach"]]
    assert {(fact["instrument_id"], fact["breach"]["rule"]) for fact in refused} == {
        ("AAPL.US", "market_data_not_fresh")
    }
    assert {order.stock.symbol for order in gateway.orders} == {"IBM"}
    assert run.net() == their_positions(gateway)
    verify_run(run.out)


def test_without_fresh_history_and_with_a_hole_in_the_catalog_it_is_a_clear_refusal_after_three_tries(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    days = {symbol: one.take(slice(0, -3_000)) for symbol, one in history(count=4_000).items()}
    write_history(desk.folder / "old", days)  # ends two days ago
    for _ in range(3):
        gateway.fail_next("HistoricalDataRequest", 162, PACED)
    with Tape(gateway):
        ended = desk.run(
            "--run", "--minutes", "1", "--out", str(tmp_path / "run"), "--catalog", str(desk.folder / "old")
        )
    assert ended.status == 2
    assert "3 times over: error 162, " in ended.errors[-1]
    assert "the catalog's own bars do not do: AAPL.US-1-MINUTE-LAST-EXTERNAL: " in ended.errors[-1]
    assert not (tmp_path / "run").exists()


def test_market_data_that_the_account_may_not_see_are_asked_for_three_times_and_then_there_is_no_new_risk(
    desk: PaperDesk, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.faults.withheld.add("AAPL")
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        ended = run.ended()
    assert ended.status == 0
    barred = [cause for _, cause in run.connections() if cause.startswith("AAPL.US: no new risk")]
    assert sorted(barred) == [
        "AAPL.US: no new risk, no five-second bars came in 3 tries", "AAPL.US: no new risk, no quotes came in 3 tries",
    ]  # fmt: skip
    asked = [one.message.contract.symbol for one in gateway.named("MarketDataRequest")]
    assert (asked.count("AAPL"), asked.count("IBM")) == (3, 1)
    assert {order.stock.symbol for order in gateway.orders} == {"IBM"}

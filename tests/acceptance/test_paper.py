"""A paper session as its user starts it, at the gateway of the tests: fills and commissions in the run folder."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.hosts.replay import Replayed, replay
from nautilus_ai_firm.runs.causes import Cause
from nautilus_ai_firm.runs.folder import Run, open_run
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.faults.gateway.server import Gateway
from tests.firm_runs import audit, fills
from tests.live_runs import RUN_FILES, Ended
from tests.paper_runs import ACCOUNT, STOCKS, Tape, minutes_for, paper_desk

D = Decimal
WHOLE = pytest.mark.slow  # it waits for a whole minute of the market


class Paper:
    """A session that has ended, and the gateway's own books."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "run"
        with Gateway(STOCKS) as gateway:
            desk = paper_desk(folder / "desk", gateway)
            with Tape(gateway):
                self.ended: Ended = desk.run("--run", "--minutes", str(minutes_for(1)), "--out", str(self.out))
            self.books = gateway.books[ACCOUNT]
            self.orders = gateway.orders
            self.requests = [one.name for one in gateway.received]
            gateway.wait_alone()

    @property
    def run(self) -> Run:
        return open_run(self.out)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return Paper(tmp_path_factory.mktemp("paper"))


def test_a_session_connects_reads_the_account_is_trusted_and_ends_before_its_first_round(tmp_path: Path) -> None:
    with Gateway(STOCKS) as gateway:
        desk = paper_desk(tmp_path / "desk", gateway)
        with Tape(gateway):
            ended = desk.run("--run", "--minutes", "0.1", "--out", str(tmp_path / "run"))
        gateway.wait_alone()
        assert gateway.orders == []
    assert (ended.status, ended.errors) == (0, [])
    assert "PAPER: orders go to a paper account" in ended.out
    assert "20 in common differ by at most 0.0 bps" in ended.out
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["host"], summary["ended"], summary["fills"]) == ("ib", "minutes", 0)
    assert [fact["trusted"] for fact in audit(tmp_path / "run", "connection")] == [False, True]


@WHOLE
def test_it_ends_well_and_leaves_a_whole_run_folder(paper: Paper) -> None:
    assert (paper.ended.status, paper.ended.errors) == (0, [])
    assert paper.ended.out.startswith("+---")
    assert "PAPER: orders go to a paper account" in paper.ended.out
    assert {path.name for path in paper.out.iterdir()} == RUN_FILES - {"benchmark.parquet"}
    summary = paper.run.summary
    assert (summary["host"], summary["ended"], summary["failure"]) == ("ib", "minutes", None)
    assert summary["rounds"] >= 1
    assert summary["fills"] == len(paper.orders) > 1
    assert "audit chain" in verify_run(paper.out)


@WHOLE
def test_every_fill_is_that_of_the_broker_with_its_commission(paper: Paper) -> None:
    rows = fills(paper.run)
    assert len(rows) > 1
    assert all(row["commission"] >= 1 and row["fee"] == row["commission"] for row in rows)
    assert all(row["half_spread_cost"] == row["impact_cost"] == 0 for row in rows)
    ours = {row["client_order_id"]: (row["side"], row["quantity"], row["price"]) for row in rows}
    theirs = {
        order.message.orderRef: (order.message.action, order.filled, order.average_price) for order in paper.orders
    }
    assert ours == theirs


@WHOLE
def test_position_and_cash_are_the_brokers(paper: Paper) -> None:
    positions: Counter[str] = Counter()
    cash = D(1_000_000)
    for row in fills(paper.run):
        signed = row["quantity"] if row["side"] == "BUY" else -row["quantity"]
        positions[row["instrument_id"].removesuffix(".US")] += int(signed)
        cash -= signed * row["price"] + row["commission"]
    assert {symbol: shares for symbol, shares in positions.items() if shares} == {
        symbol: int(position.shares) for symbol, position in paper.books.positions.items() if position.shares
    }
    assert cash == paper.books.cash


@WHOLE
def test_no_order_left_before_quotes_were_subscribed_and_the_account_was_read(paper: Paper) -> None:
    before = paper.requests[: paper.requests.index("PlaceOrderRequest")]
    assert before.count("MarketDataRequest") == len(STOCKS)
    assert before.count("AccountSummaryRequest") >= 2  # by the watch, and by the node
    trusted = [fact["trusted"] for fact in audit(paper.out, "connection")]
    assert trusted == [False, True]


@WHOLE
def test_the_order_ids_of_two_sessions_differ(paper: Paper) -> None:
    (tag,) = {row["client_order_id"].split("-R")[0] for row in fills(paper.run)}
    assert len(tag) == len("yymmddhhmmss")
    assert read_session(paper.out).start.order_tag == f"{tag}-"


@WHOLE
def test_the_journal_has_the_account_shortened_alone(paper: Paper) -> None:
    assert ACCOUNT not in (paper.out / "journal" / "session.jsonl").read_text(encoding="utf-8")
    assert ACCOUNT not in paper.ended.out


@pytest.fixture(scope="module")
def again(paper: Paper) -> Replayed:
    return replay(paper.out)


@WHOLE
def test_a_replay_finds_the_brokers_part_alone(again: Replayed) -> None:
    found = again.comparison
    assert found.rounds >= 1
    assert found.orders > 1
    brokers = {Cause.FILL_PRICE, Cause.FILL_SIZE, Cause.FILL, Cause.COMMISSION, Cause.LATENCY, Cause.STATE}
    assert {difference.cause for difference in found.differences} <= brokers
    first = [one for one in found.differences if one.round == 1]
    assert Cause.STATE not in {one.cause for one in first}  # nothing had been traded yet


@WHOLE
def test_signals_come_again_to_the_bit(paper: Paper, again: Replayed) -> None:
    assert not [one for one in again.comparison.differences if one.cause in {Cause.MARKET_DATA, Cause.SIGNAL}]
    assert len(paper.run.table("signals").dropna()) > 0


@WHOLE
def test_the_summary_can_be_read_by_anyone(paper: Paper) -> None:
    summary: dict[str, Any] = json.loads((paper.out / "summary.json").read_text(encoding="utf-8"))
    assert summary["starting_equity"] == 1_000_000.0

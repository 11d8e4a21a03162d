"""Children that rest inside the spread at the broker: they fill within their parents, and none is left."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.folder import open_run
from tests.faults.gateway.server import Gateway
from tests.faults.test_paper_faults import PaperRun, assert_well, their_cash_is_ours, their_positions
from tests.firm_runs import audit, fills
from tests.paper_runs import STOCKS, Tape, paper_desk

pytestmark = pytest.mark.slow  # it waits for whole minutes

RESTING = {
    "execution.twap": {"above_participation": 1e-6, "duration_minutes": 3, "interval_minutes": 1},
    "execution.algorithm": {"name": "twap", "limit": {"peg": 0.0, "offset_bps": 1.0, "cross_share": 0.5}},
}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(STOCKS) as served:
        yield served


def test_limit_children_at_the_broker_fill_within_their_parents_and_none_is_left(
    gateway: Gateway, tmp_path: Path
) -> None:
    desk = paper_desk(tmp_path / "desk", gateway, RESTING)
    with Tape(gateway):
        run = PaperRun(desk, tmp_path / "run", 3)
        assert_well(run.ended())
    kinds = Counter(order.message.orderType for order in gateway.orders)
    assert kinds["LMT"] > 0
    assert not any(order.is_open for order in gateway.orders)
    assert any(their_positions(gateway).values())
    assert run.net() == their_positions(gateway)
    their_cash_is_ours(gateway, run)
    parents = {fact["parent_order_id"]: fact for fact in audit(run.out, "parent")}
    filled: Counter[str] = Counter()
    for row in fills(open_run(run.out)):
        filled[row["parent_order_id"]] += int(row["quantity"])
    assert filled
    for parent_id, quantity in filled.items():
        assert quantity == parents[parent_id]["filled_quantity"] <= abs(parents[parent_id]["quantity"])
    assert {fact["event"] for fact in audit(run.out, "order")} & {"updated", "canceled"}  # they moved with the market

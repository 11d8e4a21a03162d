"""Every fill happens on the market after the decision that it is joined to, and costs what it is said to."""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.runs.folder import Run
from tests.acceptance.conftest import Studied
from tests.acceptance.recomputed_books import CENT
from tests.firm_runs import fills, market_events, run, settings


@pytest.mark.parametrize("name", ["daily", "hours", "minutes"])
def test_every_fill_happens_at_a_market_event_of_its_instrument(name: str, request: pytest.FixtureRequest) -> None:
    study: Studied = request.getfixturevalue(name)
    bar = study.loaded.firm.market.bar
    assert_on_market(study.run, study.catalog, bar)


def assert_on_market(result: Run, catalog: Path, bar: str) -> None:
    rows = fills(result)
    names = sorted({row["instrument_id"] for row in rows})
    series = {name: Catalog(catalog).bar_columns(bar_type_id(name, bar)) for name in names}
    events = market_events(catalog, [bar_type_id(name, bar) for name in names])
    decided = dict(zip(result.table("equity")["round"], result.table("equity")["ts"], strict=True))
    sessions = Sessions.between("XNYS", rows[0]["ts"], rows[-1]["ts"])
    for row in rows:
        assert (row["instrument_id"], row["ts"], row["price"]) in events
        assert row["ts"] > decided[row["round"]].value
        assert row["ts"] not in series[row["instrument_id"]].ts_close_ns
        assert sessions.is_open(row["ts"])


def test_a_planted_fill_at_the_deciding_close_is_found(
    daily: Studied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nautilus_ai_firm.agents.execution import ExecutionDesk  # noqa: PLC0415 - the class that is spoilt

    honest = ExecutionDesk._let_wait

    def let_wait(desk: Any, parent: Any, ts_event: int) -> None:
        honest(desk, parent, ts_event)
        desk._release(parent, ts_event, float(desk._close[parent.place]))

    monkeypatch.setattr(ExecutionDesk, "_let_wait", let_wait)
    planted = run(daily.loaded, daily.catalog, tmp_path / "run")
    assert planted.summary["fills"] > 0
    with pytest.raises(AssertionError):
        assert_on_market(planted, daily.catalog, "1-DAY")


@pytest.mark.parametrize("name", ["daily", "minutes"])
def test_every_fill_joins_to_a_decision_and_children_sum_to_their_parent(
    name: str, request: pytest.FixtureRequest
) -> None:
    study: Studied = request.getfixturevalue(name)
    rows, orders = fills(study.run), study.run.table("orders")
    decided = {(row["round"], f"R{row['round']:06d}") for row in study.run.table("equity").to_dict("records")}
    assert {(row["round"], row["decision_id"]) for row in rows} <= decided
    filled: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        filled[row["parent_order_id"]] += int(row["quantity"])
    rows_of_orders: list[dict[str, Any]] = orders.to_dict("records")
    parents = {row["parent_order_id"]: int(row["parent_filled_quantity"]) for row in rows_of_orders}
    assert {parent: quantity for parent, quantity in parents.items() if quantity} == dict(filled)
    assert set(orders["client_order_id"]) >= {row["client_order_id"] for row in rows}
    assert set(orders["decision_id"]) >= {row["decision_id"] for row in rows}


def test_doubling_the_half_spread_doubles_it_on_the_first_fills_of_a_run(daily: Studied, tmp_path: Path) -> None:
    doubled = run(settings(changes={"costs.half_spread_bps": 4.0}), daily.catalog, tmp_path / "run")
    first = fills(daily.run)[0]["round"]
    ours, theirs = (
        {
            row["instrument_id"]: (
                row["quantity"],
                row["price"],
                row["fee"],
                row["impact_cost"],
                row["half_spread_cost"],
            )
            for row in fills(result)
            if row["round"] == first
        }
        for result in (daily.run, doubled)
    )
    assert ours
    assert theirs == {name: (*same, 2 * cost) for name, (*same, cost) in ours.items()}


def test_commissions_are_the_exact_parts_rounded_once(costly: Studied) -> None:
    for row in fills(costly.run):
        exact = row["fee"] + row["half_spread_cost"] + row["impact_cost"]
        assert row["commission"] == exact.quantize(CENT, ROUND_HALF_EVEN)

"""Sessions in the sandbox with other algorithms and with children that rest: a backtest repeats them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.runs.folder import Run
from tests.firm_runs import Market, audit, fills, synthetic_market
from tests.live_runs import SLICED, assert_replays, assert_sealed, books, desk, minute_market

TABLES: dict[str, dict[str, Any]] = {
    "vwap": {"name": "vwap", "curve_bin_minutes": 10, "max_child": 2_000},
    "pov, resting": {"name": "pov", "participation": 0.2, "limit": {"offset_bps": 1.0}, "at_end": "cross"},
    "almgren_chriss, resting": {
        "name": "almgren_chriss", "risk_aversion": 1e-5, "spread_bps": 2.0, "limit": {"offset_bps": 1.0},
    },
}  # fmt: skip


def around_a_close() -> Market:
    """Minute bars from two hours before a close to an hour after the next opening."""
    market = synthetic_market(["A", "B"], 2, "1-MINUTE")
    return replace(market, bars={symbol: columns.take(slice(270, 450)) for symbol, columns in market.bars.items()})


@pytest.mark.parametrize(
    "limit",
    [pytest.param(None, id="market"), pytest.param({"offset_bps": 1.0}, id="resting", marks=pytest.mark.slow)],
)
def test_a_session_and_its_backtest_trade_in_the_closing_auction_at_the_closing_price(
    limit: dict[str, Any] | None, tmp_path: Path
) -> None:
    algorithm = {"name": "twap", "at_end": "auction"} | ({} if limit is None else {"limit": limit})
    changes = SLICED | {"execution.algorithm": algorithm, "risk.stops": {"initial_fraction": 0.05}}
    changes["execution.twap"] = {"above_participation": 0.001, "duration_minutes": 30, "interval_minutes": 1}
    market = around_a_close()
    place = desk(tmp_path / "desk", market, changes, bar="1-MINUTE", macro=False)
    tested = place.backtest(tmp_path / "backtest")
    close_ns = int(market.bars["A"].ts_close_ns[119])
    closes = {f"{symbol}.US": round(float(bars.close[119]), 4) for symbol, bars in market.bars.items()}
    gates = [fact for fact in audit(tested.folder, "gate") if fact.get("is_auction")]
    committed = {fact["client_order_id"]: fact for fact in gates if fact["breach"] is None}
    assert {fact["ts"] for fact in committed.values()} == {close_ns - 15 * MINUTE_NS}
    auctioned = [row for row in fills(tested) if row["client_order_id"] in committed]
    assert len(auctioned) > 0
    for row in auctioned:
        assert (row["ts"], float(row["price"])) == (close_ns, closes[row["instrument_id"]])
        assert row["quantity"] == abs(committed[row["client_order_id"]]["quantity"])
    assert_measured(tested, {row["parent_order_id"] for row in auctioned}, close_ns)
    ended = place.run(tmp_path / "run")
    assert (ended.status, ended.errors) == (0, [])
    sealed = assert_sealed(tmp_path / "run", "normal")
    assert books(sealed) == books(tested)
    assert_replays(tmp_path / "run")


def assert_measured(tested: Run, parent_ids: set[str], close_ns: int) -> None:
    """Rows of execution quality have the fills of the auction, and the bars up to the one that ends with it."""
    rows = tested.table("execution").set_index("parent_order_id").loc[sorted(parent_ids)]
    every = fills(tested)
    for parent_id, row in rows.iterrows():
        own = [
            (Decimal(one["quantity"]), Decimal(one["price"])) for one in every if one["parent_order_id"] == parent_id
        ]
        assert row["filled_quantity"] == sum(quantity for quantity, _ in own)
        assert float(row["average_price"]) == pytest.approx(
            float(sum(quantity * price for quantity, price in own) / sum(quantity for quantity, _ in own))
        )
        assert (row["state"], row["done_ts"].value) == ("filled", close_ns)
        assert row["bars"] == -(-(close_ns - row["release_ts"].value) // MINUTE_NS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_session_trades_as_its_backtest_and_its_replay_is_empty(name: str, tmp_path: Path) -> None:
    changes = SLICED | {"execution.algorithm": TABLES[name]}
    place = desk(tmp_path / "desk", minute_market(["A", "B"], 120), changes, bar="1-MINUTE", macro=False)
    out = tmp_path / "run"
    ended = place.run(out)
    assert (ended.status, ended.errors) == (0, [])
    sealed = assert_sealed(out, "normal")
    tested = place.backtest(tmp_path / "backtest")
    assert books(sealed) == books(tested)
    algorithms = set(sealed.table("fills")["exec_algorithm"].dropna())
    assert algorithms == {TABLES[name]["name"].upper()}
    assert_replays(out)

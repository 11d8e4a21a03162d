"""What a run leaves behind: every file and column that the plan promises, from one step to the next."""

import hashlib
import json
import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nautilus_ai_firm.messages import Events, OptionChain, OrderEventKind, OrderRecord, Quotes
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry, fills_table, financing_table
from nautilus_ai_firm.runs.folder import (
    TABLES,
    Run,
    RunError,
    new_folder,
    open_run,
    publish,
    report_table,
    temporary_folder,
)
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.settings import decode
from tests.firm_runs import decisions, run, settings
from tests.runs.a_session import snapshot

FILES = {f"{name}.parquet" for name in TABLES} | {
    "audit.jsonl",
    "config.toml",
    "decisions.jsonl",
    "manifest.json",
    "summary.json",
}
SUMMARY = [
    "run_id",
    "engine_version",
    "config_sha256",
    "catalog_sha256",
    "start",
    "end",
    "bars",
    "rounds",
    "decisions",
    "refused_decisions",
    "orders",
    "denied_orders",
    "fills",
    "starting_equity",
    "ending_equity",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "turnover",
    "fees",
    "slippage_bps",
    "wall_seconds",
    "bars_per_second",
    "peak_rss_mb",
    "result_sha256",
]
FILLS = [
    "ts",
    "instrument_id",
    "side",
    "quantity",
    "price",
    "commission",
    "currency",
    "client_order_id",
    "parent_order_id",
    "exec_algorithm",
    "decision_id",
]


def test_every_file_is_there_and_nothing_else(recorded: Run) -> None:
    assert {path.name for path in recorded.folder.iterdir()} == FILES


def test_the_summary_has_every_figure(recorded: Run) -> None:
    assert set(recorded.summary) >= set(SUMMARY)
    assert all(recorded.summary[name] is not None for name in SUMMARY)


def test_the_summary_agrees_with_the_tables(recorded: Run) -> None:
    summary, equity, fills = recorded.summary, recorded.table("equity"), recorded.table("fills")
    assert summary["fills"] == len(fills)
    assert summary["orders"] == len(recorded.table("orders"))
    assert summary["rounds"] == summary["decisions"] == len(equity) == 80
    assert summary["ending_equity"] == float(equity["equity"].to_list()[-1])
    assert summary["fees"] == pytest.approx(float(sum(fills["fee"].to_list())), rel=1e-12)
    notional = sum(q * p for q, p in zip(fills["quantity"].to_list(), fills["price"].to_list(), strict=True))
    costs = sum(fills["half_spread_cost"].to_list() + fills["impact_cost"].to_list())
    assert summary["slippage_bps"] == pytest.approx(float(costs / notional * 10_000), rel=1e-12)
    assert summary["max_drawdown"] == pytest.approx(max(equity["drawdown"].to_list()), abs=1e-9)
    assert sum(summary["contributions"].values()) == pytest.approx(1.0)


def test_the_tables_have_every_column(recorded: Run) -> None:
    assert set(recorded.table("fills")) >= set(FILLS)
    assert set(recorded.table("equity")) >= {"ts", "equity", "cash", "gross", "net", "drawdown"}
    assert set(recorded.table("signals")) == {"ts", "agent", "instrument_id", "score", "confidence"}
    assert {"decision_id", "parent_filled_quantity"} <= set(recorded.table("orders"))
    assert "decision_id" in recorded.table("positions")


def test_signals_have_a_row_for_each_agent_instrument_and_round(recorded: Run) -> None:
    signals = recorded.table("signals")
    assert len(signals) == 80 * 3 * 2
    assert sorted(set(signals["agent"])) == ["macro", "mean_reversion", "momentum"]
    scores = signals["score"].dropna()
    assert scores.between(-1, 1).all()
    assert signals["confidence"].dropna().between(0, 1).all()


def test_decisions_have_weights_of_every_desk_and_contributions_that_add_up(recorded: Run) -> None:
    for line in decisions(recorded.folder):
        parts = np.array(list(line["contributions"].values()))
        decided = np.array(line["cio"])
        viewed = parts.any(axis=0)
        np.testing.assert_allclose(parts.sum(axis=0)[viewed], decided[viewed], rtol=1e-12, atol=1e-15)


def test_the_configuration_of_the_run_is_the_one_that_ran(recorded: Run) -> None:
    content = (recorded.folder / "config.toml").read_bytes()
    assert hashlib.sha256(content).hexdigest() == recorded.summary["config_sha256"]
    assert decode(tomllib.loads(content.decode()), "run").firm == settings(["A", "B"]).firm


def test_the_manifest_names_versions_and_inputs(recorded: Run) -> None:
    manifest = json.loads((recorded.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["packages"]["nautilus_trader"] == "2.0.0rc7"
    assert manifest["catalog_sha256"] == recorded.summary["catalog_sha256"]
    assert len(manifest["inputs"]) == 5


def test_the_hash_changes_with_a_decision_and_with_a_fill(recorded: Run, catalog: Path, tmp_path: Path) -> None:
    hashes = {recorded.summary["result_sha256"]}
    for number, changes in enumerate(({"cio.target_volatility_per_year": 0.151}, {"costs.half_spread_bps": 2.5})):
        hashes.add(run(settings(["A", "B"], changes), catalog, tmp_path / str(number)).summary["result_sha256"])
    assert len(hashes) == 3


def test_the_hash_does_not_know_the_name_of_the_run(recorded: Run, catalog: Path, tmp_path: Path) -> None:
    other = run(settings(["A", "B"]), catalog, tmp_path / "another" / "name")
    assert other.summary["run_id"] == "name"
    assert other.summary["result_sha256"] == recorded.summary["result_sha256"]


def test_a_run_never_overwrites_another(recorded: Run, catalog: Path) -> None:
    before = {path.name: path.read_bytes() for path in recorded.folder.iterdir()}
    with pytest.raises(RunError, match="a run never overwrites another one"):
        run(settings(["A", "B"]), catalog, recorded.folder)
    assert {path.name: path.read_bytes() for path in recorded.folder.iterdir()} == before


def test_an_empty_folder_may_be_given(catalog: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert run(settings(["A", "B"]), catalog, tmp_path / "run").summary["rounds"] == 80


def test_folders_are_numbered_from_the_highest_one(tmp_path: Path) -> None:
    assert new_folder(None, "demo", tmp_path).name == "demo-0001"
    for name in ("demo-0003", "demo-0001", "other-0009", "demo-x"):
        (tmp_path / name).mkdir()
    assert new_folder(None, "demo", tmp_path).name == "demo-0004"


def test_a_run_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    temporary = temporary_folder(tmp_path / "run")
    assert temporary.name.startswith(".run.")
    (temporary / "file").touch()
    publish(temporary, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("missing", ["summary.json", "fills.parquet"])
def test_an_incomplete_folder_is_no_run(recorded: Run, tmp_path: Path, missing: str) -> None:
    for path in recorded.folder.iterdir():
        if path.name != missing:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RunError, match=missing):
        open_run(tmp_path)


def test_a_summary_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"summary.json: cannot be read"):
        open_run(tmp_path)


def filled(order_id: str, ts: int, quantity: int) -> OrderRecord:
    return OrderRecord(
        kind=OrderEventKind.FILLED,
        ts_event=ts,
        round=1,
        decision_id="R000001",
        instrument_id="A.US",
        client_order_id=order_id,
        parent_order_id="P",
        exec_algorithm=None,
        side="BUY",
        quantity=Decimal(quantity),
        price=Decimal("10.5"),
        commission=Decimal("1.00"),
        currency="USD",
    )


def test_partial_fills_of_one_order_get_their_own_costs_in_order_of_arrival() -> None:
    costs = [
        FillCosts(fee=Decimal(n), half_spread_cost=Decimal("0.1"), impact_cost=Decimal("0.000000012345"))
        for n in (1, 2)
    ]
    table = fills_table([filled("O", 5, 30), filled("O", 5, 70)], {"O": costs}).to_pylist()
    assert [(row["quantity"], row["fee"]) for row in table] == [(30, 1), (70, 2)]
    assert table[0]["impact_cost"] == Decimal("0.000000012345")


def test_fills_are_sorted_by_time_instrument_and_order() -> None:
    parts = FillCosts(fee=Decimal(1), half_spread_cost=Decimal(0), impact_cost=Decimal(0))
    records = [filled("Z", 9, 1), filled("B", 5, 1), filled("A", 5, 1)]
    table = fills_table(records, {name: [parts] for name in "ZBA"}).to_pylist()
    assert [row["client_order_id"] for row in table] == ["A", "B", "Z"]


def test_tables_of_a_run_without_trades_are_empty_and_typed() -> None:
    assert fills_table([], {}).num_rows == financing_table([]).num_rows == report_table(None).num_rows == 0
    assert fills_table([], {}).schema.field("quantity").type == pa.decimal128(38, 12)


def test_financing_keeps_every_booking() -> None:
    entry = FinancingEntry(ts=7, nights=3, cash=Decimal("-1.5"), short_market_value=Decimal(0), amount=Decimal("-0.01"))
    (row,) = financing_table([entry]).to_pylist()
    assert (row["ts"].value, row["nights"], row["amount"]) == (7, 3, Decimal("-0.01"))


def test_the_hash_of_what_the_firm_saw_covers_quotes_events_and_chains(tmp_path):
    """And without them it is what it was before there were any."""
    plain = snapshot(1)
    one = np.ones(1)
    parts = {
        "quotes": Quotes(bid=one, ask=one, bid_size=one, ask_size=one, fresh=one > 0),
        "events": Events(last_ns=one[:, None].astype(np.int64), next_ns=one[:, None].astype(np.int64)),
        "chains": (OptionChain(underlying="A", spot=1.0, strike=one, expiry_ns=one.astype(np.int64), is_call=one > 0,
                               bid=one, ask=one),),
    }  # fmt: skip
    other_spot = replace(parts["chains"][0], spot=2.0)
    hashes = [
        seen_sha256(tmp_path, replace(plain, **changes))
        for changes in ({}, *({name: part} for name, part in parts.items()), {"chains": (other_spot,)})
    ]
    assert len(set(hashes)) == 5
    arrays = (plain.open, plain.high, plain.low, plain.close, plain.volume, plain.inputs)
    told = plain.ts_event.to_bytes(8) + b"".join(array.tobytes() for array in arrays)
    assert hashes[0] == hashlib.sha256(told).hexdigest()


def seen_sha256(folder, message):
    recorder = RunRecorder(folder, ("A.US",))
    recorder.snapshot(message)
    recorder.close()
    return recorder.market.sha256()

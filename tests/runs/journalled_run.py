"""A backtest that keeps a journal: minute bars, slices, a halt and its end; and what two runs must have in common."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.testing import assert_frame_equal

from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.runs.folder import JOURNAL, TABLES, Run
from tests.acceptance.conftest import SLICED
from tests.firm_runs import run, settings, synthetic_market

ROUNDS, HALTED, RESUMED = 200, 100, 130
"""Rounds in all, and those after which a person throws the kill switch, and opens it again."""
TIMINGS = {"wall_seconds", "bars_per_second", "peak_rss_mb", "signal_us_per_round", "audit_head"}
UNRECORDED = {
    "orders": [
        "trader_id", "strategy_id", "account_id", "venue_order_id", "last_trade_id", "position_id", "liquidity_side",
        "exec_algorithm_params",
    ],
    "positions": ["position_id", "trader_id", "strategy_id", "account_id", "venue_order_ids", "trade_ids"],
}  # fmt: skip
"""Columns of the engine's reports that only the engine knows."""


def halted_minutes(folder: Path, **study: Any) -> Run:
    """Run two stocks over minute bars, sliced, with a halt in the middle."""
    market = synthetic_market(["A", "B"], 1, "1-MINUTE")
    closes = market.closes()
    catalog = market.cut(int(closes[ROUNDS - 1])).write(folder / "catalog", "1-MINUTE")
    switch = folder / "kill_switch.json"

    def progress(done: int, _all: int) -> None:
        if done == HALTED:
            FileKillSwitch(switch).latch("thrown", "person", "")
        elif done == RESUMED:
            FileKillSwitch(switch).resume("all clear", "person", "")

    return run(
        settings(["A", "B"], SLICED | {"risk.kill_switch_file": str(switch)}, macro=False),
        catalog,
        folder / "run",
        cuts=[int(closes[HALTED - 1]), int(closes[RESUMED - 1])],
        on_progress=progress,
        **study,
    )


def journal_of(result: Run, folder: Path) -> Path:
    """Make a run folder that has the journal of a run and nothing else."""
    (folder / JOURNAL).parent.mkdir(parents=True)
    shutil.copy(result.folder / JOURNAL, folder / JOURNAL)
    return folder


def assert_same_records(ours: Run, theirs: Run) -> None:
    """Compare everything that two runs leave behind, but how long they took and what only the engine knows."""
    assert {name: value for name, value in ours.summary.items() if name not in TIMINGS} == {
        name: value for name, value in theirs.summary.items() if name not in TIMINGS
    }
    for name in TABLES:
        assert_frame_equal(known(theirs, name), known(ours, name), check_exact=True, obj=name)
    for name in ("decisions.jsonl", "config.toml", "manifest.json"):
        assert (ours.folder / name).read_bytes() == (theirs.folder / name).read_bytes(), name
    ours_said, theirs_said = ((one.folder / "audit.jsonl").read_bytes().splitlines() for one in (ours, theirs))
    assert ours_said[:-1] == theirs_said[:-1], "the chain up to its seal, which anchors the engine's own columns"
    seen = [json.loads(said[-1])["anchors"]["market_data"] for said in (ours_said, theirs_said)]
    assert seen[0] == seen[1], "the market data seen"


def known(result: Run, name: str) -> pd.DataFrame:
    """Read a table without the columns that only the engine knows; a missing value is a missing value."""
    table = result.table(name).drop(columns=UNRECORDED.get(name, []), errors="ignore")
    missing = [column for column in table if bool(table[column].isna().all())]  # whose type says nothing
    return table.astype(dict.fromkeys(missing, "object"))

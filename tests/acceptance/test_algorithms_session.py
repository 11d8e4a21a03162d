"""Sessions in the sandbox with other algorithms and with children that rest: a backtest repeats them."""

from pathlib import Path
from typing import Any

import pytest

from tests.live_runs import SLICED, assert_replays, assert_sealed, books, desk, minute_market

TABLES: dict[str, dict[str, Any]] = {
    "vwap": {"name": "vwap", "curve_bin_minutes": 10, "max_child": 2_000},
    "pov, resting": {"name": "pov", "participation": 0.2, "limit": {"offset_bps": 1.0}, "at_end": "cross"},
    "almgren_chriss, resting": {
        "name": "almgren_chriss", "risk_aversion": 1e-5, "spread_bps": 2.0, "limit": {"offset_bps": 1.0},
    },
}  # fmt: skip


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

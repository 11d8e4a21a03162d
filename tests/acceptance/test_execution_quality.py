"""Execution quality and messages of sessions: a sandbox says what a backtest says, also killed and resumed."""

import time
from pathlib import Path

import pytest

from nautilus_ai_firm.models.execution.quality import PARTS
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.recorder import MESSAGES_FILE
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.live_runs import (
    SLICED,
    Desk,
    assert_replays,
    assert_sealed,
    desk,
    kill,
    minute_market,
    rounds_of,
    wait_until,
)

ROUNDS = 120
CHANGES = SLICED | {
    "risk.stops": {"initial_fraction": 0.001, "working": "venue"},
    "execution.messages": True,
    "execution.impact": {"coefficient": 1.0},
}


@pytest.fixture
def telling(tmp_path: Path) -> Desk:
    return desk(tmp_path / "desk", minute_market(["A", "B"], ROUNDS), CHANGES, bar="1-MINUTE", macro=False)


def said(result: Run) -> tuple[list[dict[str, object]], list[bytes]]:
    """Rows of parent orders, and messages; of two of one time either may come first, as the venue's events do."""
    rows = result.table("execution").astype(object)
    return rows.where(rows.notna(), None).to_dict("records"), sorted(
        (result.folder / MESSAGES_FILE).read_bytes().splitlines()
    )


def test_a_session_measures_and_tells_what_a_backtest_does(telling: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    ended = telling.run(out, "--venue", "sandbox")
    assert (ended.status, ended.errors) == (0, [])
    result = assert_sealed(out, "normal")
    rows, messages = said(result)
    assert len(rows) > 50
    assert len(messages) > 100
    assert said(telling.backtest(tmp_path / "backtest")) == (rows, messages)
    assert "audit chain" in verify_run(out)
    assert_replays(out)


@pytest.mark.slow
def test_a_session_that_was_killed_measures_and_tells_as_far_as_it_came_and_then_the_rest(
    telling: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = telling.begin(out, "--venue", "sandbox", speed=600.0)
    assert wait_until(process, lambda: rounds_of(out) > ROUNDS // 2)
    time.sleep(0.05)
    kill(process)
    whole = said(telling.backtest(tmp_path / "backtest"))
    copied = tmp_path / "killed"
    (copied / "journal").mkdir(parents=True)
    (copied / "journal" / "session.jsonl").write_bytes((out / "journal" / "session.jsonl").read_bytes())
    seal_session(copied)
    early, messages = said(assert_sealed(copied, "killed"))
    assert 10 < len(early) < len(whole[0])
    assert len(messages) > 20
    assert set(messages) < set(whole[1])
    done = {row["parent_order_id"]: row for row in whole[0]}
    kept = [row for row in early if row["done_ts"] is not None]
    for row in kept:
        assert {part: row[part] for part in PARTS} == {part: done[row["parent_order_id"]][part] for part in PARTS}
    assert len(kept) > 10
    ended = telling.resume(out)
    assert (ended.status, ended.errors) == (0, [])
    assert said(assert_sealed(out, "normal")) == whole

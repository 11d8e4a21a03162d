"""`messages.jsonl`: written where a firm tells, the same from a journal, and without effect on the run."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nautilus_ai_firm.messages.execution_reports import ExecutionMessage
from nautilus_ai_firm.runs.audit import AuditError, verify
from nautilus_ai_firm.runs.folder import Run, open_run
from nautilus_ai_firm.runs.recorder import MESSAGES_FILE
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.runs.session_reading import read_session
from tests.acceptance.conftest import SLICED
from tests.firm_runs import run, settings, synthetic_market
from tests.runs.journalled_run import assert_same_records, journal_of

CHANGES = SLICED | {
    "risk.stops": {"initial_fraction": 0.0005, "working": "venue"},
    "risk.max_position": 0.2,
    "execution.impact": {"coefficient": 0.8, "close_premium": 0.5},
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = synthetic_market(["A", "B"], 1, "1-MINUTE")
    folder = tmp_path_factory.mktemp("market")
    return made.cut(int(made.closes()[149])).write(folder / "catalog", "1-MINUTE")


@pytest.fixture(scope="module")
def telling(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    loaded = settings(["A", "B"], CHANGES | {"execution.messages": True}, macro=False)
    return run(loaded, market, tmp_path_factory.mktemp("telling") / "run", journal=True)


def lines(result: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (result.folder / MESSAGES_FILE).read_bytes().splitlines()]


def test_every_fill_every_stop_level_and_every_breach_is_told(telling: Run) -> None:
    told = [line["message"] for line in lines(telling)]
    kinds = [message["message_type"] for message in told]
    fills: Any = telling.table("fills")
    updates = [message["content"] for message in told if message["message_type"] == "execution_update"]
    filled = [one for one in updates if one["status"] in {"FILLED", "PARTIAL_FILL"}]
    assert len(filled) == len(fills) > 100
    assert kinds.count("position_stop_loss_update") == telling.summary["stop_levels"] > 20
    broken = telling.summary["alerts"]["breach"] + telling.summary["alerts"]["critical"]
    assert kinds.count("risk_threshold_breach") == broken > 0
    whole = {one["order_id"]: one["executed_quantity"] for one in updates}  # the last of each
    table: Any = telling.table("execution")
    done = table[table["filled_quantity"] > 0].set_index("parent_order_id")["filled_quantity"]
    assert {name: quantity for name, quantity in whole.items() if quantity} == done.to_dict()


def test_every_order_has_an_analysis_of_its_impact_in_parts_that_sum_to_its_estimate(telling: Run) -> None:
    told = [line["message"] for line in lines(telling) if line["message"]["message_type"] == "impact_analysis"]
    table: Any = telling.table("execution")
    decided = table[(table["origin"] == "decision") & table["estimated_impact_bps"].notna()]
    sums = sorted(sum(message["content"]["impact_models"].values()) for message in told)
    assert sums == pytest.approx(sorted(decided["estimated_impact_bps"]))
    assert len(told) > 50
    windows = {
        (message["content"]["recommended_execution"]["algorithm_recommendation"] is None)
        == (message["content"]["recommended_execution"]["execution_window_minutes"] == 0)
        for message in told
    }
    assert windows == {True}


def test_every_line_is_of_the_agreed_shape_and_in_the_order_of_rounds(telling: Run) -> None:
    said = lines(telling)
    for line in said:
        assert set(line) == {"ts", "round", "message"}
        msgspec.convert(line["message"], ExecutionMessage)
    assert [line["round"] for line in said] == sorted(line["round"] for line in said)


def test_telling_changes_nothing_and_a_silent_firm_has_no_file(telling: Run, market: Path, tmp_path: Path) -> None:
    silent = run(settings(["A", "B"], CHANGES, macro=False), market, tmp_path / "run")
    assert silent.summary["result_sha256"] == telling.summary["result_sha256"]
    assert silent.summary["audit_head"] != ""
    assert not (silent.folder / MESSAGES_FILE).exists()


def test_a_journal_alone_gives_the_same_messages(telling: Run, tmp_path: Path) -> None:
    folder = journal_of(telling, tmp_path / "session")
    seal_session(folder)
    sealed = open_run(folder)
    assert_same_records(telling, sealed)
    assert (folder / MESSAGES_FILE).read_bytes() == (telling.folder / MESSAGES_FILE).read_bytes()
    assert len(read_session(folder).of("execution_report")) == len(lines(telling))
    assert verify(folder) == verify(telling.folder)


def test_a_message_that_was_changed_afterwards_is_found(telling: Run, tmp_path: Path) -> None:
    folder = journal_of(telling, tmp_path / "session")
    seal_session(folder)
    path = folder / MESSAGES_FILE
    path.write_bytes(path.read_bytes().replace(b"BUY", b"buy", 1))
    with pytest.raises(AuditError, match=MESSAGES_FILE):
        verify(folder)

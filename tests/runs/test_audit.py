"""The audit chain of a real run: complete, in order, and broken by any change."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.audit import GENESIS, AuditError, verify
from nautilus_ai_firm.runs.folder import TABLES, Run
from tests.firm_runs import audit, fills, run, settings

KINDS = {"decision", "refusal", "gate", "order", "parent", "command", "alert", "seal"}


@pytest.fixture
def copy(recorded: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(recorded.folder, folder)
    return folder


def test_the_chain_of_a_run_holds(recorded: Run) -> None:
    lines = (recorded.folder / "audit.jsonl").read_bytes().splitlines()
    assert verify(recorded.folder) == len(lines)
    head = GENESIS
    for number, line in enumerate(lines, start=1):
        fact = json.loads(line)
        assert (fact["line"], fact["previous"]) == (number, head)
        head = hashlib.sha256(line).hexdigest()
    assert recorded.summary["audit_head"] == head


def test_every_line_says_what_kind_of_fact_it_is(recorded: Run) -> None:
    assert {fact["kind"] for fact in audit(recorded.folder)} <= KINDS


def test_every_decision_and_every_fill_is_in_the_chain(recorded: Run) -> None:
    assert [fact["round"] for fact in audit(recorded.folder, "decision")] == list(range(1, 81))
    filled = [fact for fact in audit(recorded.folder, "order") if "price" in fact]
    told = {(fact["client_order_id"], fact["ts"], fact["quantity"], fact["price"]) for fact in filled}
    rows = fills(recorded)
    assert len(filled) == len(rows) > 20
    assert {(row["client_order_id"], row["ts"]) for row in rows} == {(name, ts) for name, ts, *_ in told}


def test_what_is_known_first_is_written_first(recorded: Run) -> None:
    times = [fact["ts"] for fact in audit(recorded.folder) if "ts" in fact]
    assert times == sorted(times)


def test_the_seal_anchors_every_file_of_the_run(recorded: Run) -> None:
    (seal,) = audit(recorded.folder, "seal")
    anchored = set(seal["anchors"])
    there = {path.name for path in recorded.folder.iterdir()}
    assert anchored - {"market_data"} == there - {"audit.jsonl", "summary.json"}
    assert anchored >= {f"{name}.parquet" for name in TABLES} | {"market_data"}


def test_two_runs_of_one_study_write_the_same_chain_up_to_the_seal(
    recorded: Run, catalog: Path, tmp_path: Path
) -> None:
    again = run(settings(["A", "B"]), catalog, tmp_path / "run")
    ours, theirs = ((result.folder / "audit.jsonl").read_bytes().splitlines() for result in (recorded, again))
    assert theirs[:-1] == ours[:-1]


@pytest.mark.parametrize("name", [*(f"{table}.parquet" for table in TABLES), "decisions.jsonl", "config.toml"])
def test_a_changed_file_is_found(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(AuditError, match=rf"{name}: sha256 is"):
        verify(copy)


def change(lines: list[bytes]) -> None:
    lines[5] = lines[5].replace(b"0", b"1", 1)


def remove(lines: list[bytes]) -> None:
    del lines[5]


def swap(lines: list[bytes]) -> None:
    lines[5], lines[6] = lines[6], lines[5]


def repeat(lines: list[bytes]) -> None:
    lines.insert(5, lines[5])


def tear(lines: list[bytes]) -> None:
    lines[-2:] = [lines[-2][:20]]


def unseal(lines: list[bytes]) -> None:
    del lines[-2]


def spoil(lines: list[bytes]) -> None:
    lines[5] = b"not json"


@pytest.mark.parametrize(
    ("hurt", "message"),
    [
        (change, r"audit.jsonl:7: does not follow from the line before it"),
        (remove, r"audit.jsonl:6: expected line 6"),
        (swap, r"audit.jsonl:6: expected line 6"),
        (repeat, r"audit.jsonl:7: expected line 7"),
        (tear, r"the last line is torn"),
        (unseal, r"the chain is not sealed"),
        (spoil, r"audit.jsonl:6: not a line of JSON"),
    ],
)
def test_a_hurt_chain_is_found(copy: Path, hurt: Callable[[list[bytes]], None], message: str) -> None:
    lines = (copy / "audit.jsonl").read_bytes().split(b"\n")
    hurt(lines)
    (copy / "audit.jsonl").write_bytes(b"\n".join(lines))
    with pytest.raises(AuditError, match=message):
        verify(copy)


def test_a_chain_written_anew_from_the_start_does_not_match_the_summary(copy: Path) -> None:
    head, rewritten = GENESIS, list[bytes]()
    for line in (copy / "audit.jsonl").read_bytes().splitlines():
        fact = json.loads(line) | {"previous": head}
        if fact["kind"] == "decision" and fact["round"] == 60:
            fact["weights"] = [0.0, 0.0]
        rewritten.append(json.dumps(fact, separators=(",", ":")).encode())
        head = hashlib.sha256(rewritten[-1]).hexdigest()
    (copy / "audit.jsonl").write_bytes(b"\n".join(rewritten) + b"\n")
    with pytest.raises(AuditError, match="audit_head is"):
        verify(copy)


@pytest.mark.parametrize("name", ["audit.jsonl", "summary.json", "fills.parquet"])
def test_a_missing_file_is_found(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(AuditError, match=name):
        verify(copy)

"""Sealing: the journal alone gives the folder that the backtest itself left, whenever and however the session ended."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.research.report import report
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs import sealing
from nautilus_ai_firm.runs.audit import AuditError, verify
from nautilus_ai_firm.runs.errors import JournalError, RunError
from nautilus_ai_firm.runs.folder import JOURNAL, Run, open_run
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.runs.sealing import FILES, seal_session, sealed_line
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.firm_runs import audit, run, settings
from tests.runs.journalled_run import HALTED, RESUMED, ROUNDS, assert_same_records, halted_minutes, journal_of

PARTS = 12

type Change = Callable[[dict[str, Any]], dict[str, Any] | None]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A backtest that kept a journal."""
    return halted_minutes(tmp_path_factory.mktemp("kept"), journal=True)


@pytest.fixture
def unsealed(kept: Run, tmp_path: Path) -> Path:
    return journal_of(kept, tmp_path / "session")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewritten(folder: Path, change: Change) -> None:
    """Write a journal anew, chain and all, with every record changed or left out: what only content can tell."""
    payloads = [json.loads(payload) for payload in JournalReader(folder / JOURNAL)]
    (folder / JOURNAL).unlink()
    with Journal(folder / JOURNAL) as journal:
        for raw in map(change, payloads):
            if raw is not None:
                journal.append(json.dumps(raw, separators=(",", ":")).encode())


def test_the_journal_of_a_run_has_what_is_worth_sealing(kept: Run) -> None:
    session = read_session(kept.folder)
    assert session.complete
    assert kept.summary["orders"] > 100
    assert kept.summary["fills"] == len(session.of("fill_costs")) == len(kept.table("fills"))
    assert "TWAP" in set(kept.table("fills")["exec_algorithm"])
    assert [command.action for command in session.of("command")] == ["halt", "cancel_all", "resume"]
    assert [(read.round, read.state.latched) for read in session.of("kill_switch")] == [
        (1, False),
        (HALTED, True),  # a round closes with the data after it
        (RESUMED, False),
    ]
    assert kept.summary["bars"] == sum(type(data).__name__ == "Bar" for data in session.of("market")) == 2 * ROUNDS


def test_a_journal_alone_gives_the_run_folder(kept: Run, unsealed: Path) -> None:
    assert sealed_line(seal_session(unsealed)).endswith("records, ended normal")
    sealed = open_run(unsealed)
    assert sealed.summary["result_sha256"] == kept.summary["result_sha256"]
    assert_same_records(kept, sealed)
    assert {path.name for path in unsealed.iterdir()} == {path.name for path in kept.folder.iterdir()}
    assert verify(unsealed) == verify(kept.folder)


def test_a_run_with_daily_bars_and_inputs_gives_the_same_folder_too(catalog: Path, tmp_path: Path) -> None:
    ours = run(settings(["A", "B"]), catalog, tmp_path / "run", journal=True)
    folder = journal_of(ours, tmp_path / "session")
    seal_session(folder)
    assert_same_records(ours, open_run(folder))
    session = read_session(folder)
    assert {type(data).__name__ for data in session.of("market")} == {"Bar", "TradeTick", "CustomData"}
    times = [data.ts_init for data in session.of("market")]
    assert times == sorted(times)
    assert ours.summary["orders"] > 20
    other = journal_of(ours, tmp_path / "other")
    rewritten(other, first("financing", lambda raw: raw | {"amount": "0.01"}))
    seal_session(other)
    with pytest.raises(AssertionError):
        assert_same_records(ours, open_run(other))


def first(record: str, change: Change, **where: object) -> Change:
    """Change the first record of a kind with these values."""
    return first_that(lambda raw: raw["record"] == record and where.items() <= raw.items(), change)


def first_bar(change: Change) -> Change:
    return first_that(lambda raw: raw["record"] == "market" and raw["data"]["type"] == "Bar", change)


def first_that(suits: Callable[[dict[str, Any]], bool], change: Change) -> Change:
    done: list[bool] = []

    def apply(raw: dict[str, Any]) -> dict[str, Any] | None:
        if done or not suits(raw):
            return raw
        done.append(True)
        return change(raw)

    return apply


@pytest.mark.parametrize(
    "fault",
    [
        first("cleared", lambda raw: raw | {"weights": [raw["weights"][0] + 1e-15, raw["weights"][1]]}, round=50),
        first("order", lambda raw: raw | {"price": str(Decimal(raw["price"]) + Decimal("0.0001"))}, kind="filled"),
        first("order", lambda raw: raw | {"commission": "0.00"}, kind="filled"),
        first("fill_costs", lambda raw: raw | {"costs": raw["costs"] | {"impact_cost": "0"}}),
        first("signal", lambda raw: raw | {"score": [0.123, 0.0]}, round=60),
        first("signal", lambda _: None, round=60),
        first("parent", lambda _: None),
        first("gate_result", lambda raw: raw | {"quantity": raw["quantity"] + 1}, breach=None),
        first("snapshot", lambda raw: raw | {"close": [1.0, 1.0]}, round=70),
        first("command", lambda _: None),
        first_bar(lambda _: None),
        first("risked", lambda raw: raw | {"drawdown": raw["drawdown"] + 1e-15}, round=80),
    ],
)
def test_a_journal_that_says_something_else_gives_another_folder(kept: Run, unsealed: Path, fault: Change) -> None:
    """The negative control of the comparison above: whatever the journal loses or alters shows."""
    before = (unsealed / JOURNAL).read_bytes()
    rewritten(unsealed, fault)
    if (unsealed / JOURNAL).read_bytes() == before:
        pytest.fail("nothing was planted")
    seal_session(unsealed)
    with pytest.raises(AssertionError):
        assert_same_records(kept, open_run(unsealed))


def test_keeping_a_journal_changes_nothing_else(kept: Run, tmp_path: Path) -> None:
    without = halted_minutes(tmp_path)
    assert not (without.folder / "journal").exists()
    summary = {name: value for name, value in kept.summary.items() if name != "catalog_sha256"}
    assert without.summary["result_sha256"] == kept.summary["result_sha256"]
    assert {name for name in summary if summary[name] != without.summary[name]} <= {
        "wall_seconds", "bars_per_second", "peak_rss_mb", "signal_us_per_round", "audit_head", "config_sha256",
    }  # fmt: skip


def test_the_seal_anchors_the_journal(kept: Run, unsealed: Path) -> None:
    seal_session(unsealed)
    for folder in (kept.folder, unsealed):
        (seal,) = audit(folder, "seal")
        assert seal["anchors"][JOURNAL] == hashlib.sha256((folder / JOURNAL).read_bytes()).hexdigest()


def test_a_sealed_run_is_left_as_it_is(unsealed: Path) -> None:
    seal_session(unsealed)
    before = contents(unsealed)
    stamps = {path: path.stat().st_mtime_ns for path in unsealed.rglob("*")}
    assert sealed_line(seal_session(unsealed)) == f"{unsealed}: is sealed already, nothing was changed"
    assert contents(unsealed) == before
    assert {path: path.stat().st_mtime_ns for path in unsealed.rglob("*")} == stamps


def test_sealing_twice_gives_the_same_bytes(kept: Run, unsealed: Path, tmp_path: Path) -> None:
    seal_session(unsealed)
    again = journal_of(kept, tmp_path / "again")
    seal_session(again)
    assert contents(again) == contents(unsealed)


def test_a_session_that_is_under_way_is_not_sealed(unsealed: Path) -> None:
    before = contents(unsealed)
    with Journal(unsealed / JOURNAL), pytest.raises(JournalError, match="another process is writing it"):
        seal_session(unsealed)
    assert contents(unsealed) == before


def test_a_damaged_journal_is_not_sealed(unsealed: Path) -> None:
    content = bytearray((unsealed / JOURNAL).read_bytes())
    content[len(content) // 2] ^= 1
    (unsealed / JOURNAL).write_bytes(content)
    before = contents(unsealed)
    with pytest.raises(JournalError, match=r"session.jsonl:[0-9]+: damaged"):
        seal_session(unsealed)
    assert contents(unsealed) == before
    assert [path.name for path in unsealed.parent.iterdir()] == ["session"]


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"session.jsonl: cannot be read: No such file"):
        seal_session(tmp_path)


@pytest.mark.parametrize("step", ["order_report", "position_report", "write_results", "_add"])
def test_an_error_while_sealing_leaves_the_journal_alone(
    unsealed: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(unsealed)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    with monkeypatch.context() as planted:
        planted.setattr(sealing, step, fail)
        with pytest.raises(OSError, match="No space left"):
            seal_session(unsealed)
    assert contents(unsealed) == before
    assert [path.name for path in unsealed.parent.iterdir()] == ["session"]
    with pytest.raises(RunError, match="not sealed yet"):
        open_run(unsealed)
    seal_session(unsealed)
    assert open_run(unsealed).summary["ended"] == "normal"


KILL = """
import os, signal, sys
from pathlib import Path
from nautilus_ai_firm.runs import sealing
moves, real = int(sys.argv[2]), Path.replace
def replace(self, target):
    global moves
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    moves -= 1
    return real(self, target)
Path.replace = replace
sealing.seal_session(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("moves", [1, len(FILES) - 1])
def test_killed_while_sealing_it_is_not_sealed_and_can_be(unsealed: Path, kept: Run, moves: int) -> None:
    command = [sys.executable, "-c", KILL, str(unsealed), str(moves)]
    assert subprocess.run(command, check=False, env=os.environ).returncode == -9
    with pytest.raises(RunError, match="not sealed yet"):
        open_run(unsealed)
    assert (unsealed / JOURNAL).read_bytes() == (kept.folder / JOURNAL).read_bytes()
    seal_session(unsealed)
    verify(unsealed)
    assert_same_records(kept, open_run(unsealed))
    assert [path.name for path in unsealed.parent.iterdir()] == ["session"]


def cut(folder: Path, place: int) -> None:
    content = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(content[: place % len(content)])


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_a_session_killed_anywhere_is_sealed_as_far_as_it_came(kept: Run, unsealed: Path, part: int) -> None:
    size = (kept.folder / JOURNAL).stat().st_size
    cut(unsealed, part * size // (PARTS + 1) + part)
    session = read_session(unsealed)
    line = sealed_line(seal_session(unsealed))
    assert "ended killed" in line
    assert ("torn record" in line) == session.torn
    verify(unsealed)
    sealed = open_run(unsealed)
    rounds = len(session.of("snapshot"))
    assert (sealed.summary["ended"], sealed.summary["failure"], sealed.summary["rounds"]) == ("killed", None, rounds)
    equity, whole = sealed.table("equity"), kept.table("equity")
    assert len(equity) in {rounds, rounds - 1}
    assert equity.equals(whole.head(len(equity)))
    fills = sealed.table("fills")
    assert len(fills) == sealed.summary["fills"] == sum(order.kind == "filled" for order in session.of("order"))
    assert set(fills["client_order_id"]) <= set(kept.table("fills")["client_order_id"])
    lines = (sealed.folder / "decisions.jsonl").read_bytes().splitlines()
    assert lines == (kept.folder / "decisions.jsonl").read_bytes().splitlines()[: len(lines)]


@pytest.mark.parametrize("records", [1, 3, 40, 2_000])
def test_a_killed_session_has_a_tearsheet_and_a_report(unsealed: Path, records: int) -> None:
    lines = (unsealed / JOURNAL).read_bytes().splitlines(keepends=True)
    (unsealed / JOURNAL).write_bytes(b"".join(lines[:records]))
    seal_session(unsealed)
    sealed = open_run(unsealed)
    assert write_tearsheet(sealed).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert report(sealed).startswith("tested: 2012-01-03 to 2012-01-03, ")


def sandboxed(raw: dict[str, Any]) -> dict[str, Any]:
    return raw | {"host": "sandbox"} if raw["record"] == "start" else raw


def test_a_sandbox_says_that_nothing_was_traded(kept: Run, unsealed: Path) -> None:
    rewritten(unsealed, sandboxed)
    seal_session(unsealed)
    summary = open_run(unsealed).summary
    assert (kept.summary["host"], summary["host"]) == ("backtest", "sandbox")
    assert any("nothing was traded" in line for line in summary["not_modelled"])
    assert not any("nothing was traded" in line for line in kept.summary["not_modelled"])
    assert "nothing was traded" in write_tearsheet(open_run(unsealed)).read_text(encoding="utf-8")


def test_orders_that_were_taken_back_are_the_first_facts_of_the_chain(unsealed: Path) -> None:
    taken = {
        "client_order_id": "261121154000-R000001-A.US-E1", "instrument_id": "A.US", "side": "BUY", "quantity": "100",
        "quantity_left": "70", "filled_meanwhile": "30",
    }  # fmt: skip
    unknown = taken | {"client_order_id": "another", "quantity_left": None, "filled_meanwhile": None}
    rewritten(unsealed, first("start", lambda raw: raw | {"taken_back": [taken, unknown]}))
    seal_session(unsealed)
    assert audit(unsealed)[:2] == [{"kind": "taken_back", **one} for one in (taken, unknown)]
    assert "audit chain" in verify_run(unsealed)


def test_a_fill_without_its_costs_is_refused_in_a_simulation_and_not_at_a_broker(unsealed: Path) -> None:
    rewritten(unsealed, first("fill_costs", lambda _: None))
    with pytest.raises(RunError, match=r"a fill of R[0-9]+-\S+ at [0-9]+ without its costs"):
        seal_session(unsealed)
    assert {path.name for path in unsealed.iterdir()} == {"journal"}
    rewritten(unsealed, lambda raw: raw | {"host": "ib"} if raw["record"] == "start" else raw)
    rewritten(unsealed, lambda raw: None if raw["record"] == "fill_costs" else raw)
    seal_session(unsealed)
    fills = open_run(unsealed).table("fills")
    assert fills["fee"].tolist() == fills["commission"].tolist()
    assert set(fills["impact_cost"]) == {0}


def test_an_instrument_that_nobody_can_make_is_named(unsealed: Path) -> None:
    rewritten(unsealed, first("start", lambda raw: raw | {"instruments": [{"type": "Bet"}]}))
    with pytest.raises(RunError, match="an instrument cannot be read: KeyError"):
        seal_session(unsealed)


def test_a_run_that_fails_is_sealed_with_its_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SessionJournal.snapshot

    def fail(self: SessionJournal, message: MarketSnapshot) -> None:
        if message.round == 120:
            raise ZeroDivisionError("planted")
        real(self, message)

    with monkeypatch.context() as planted:
        planted.setattr(SessionJournal, "snapshot", fail)
        with pytest.raises(Exception, match=r"records failed in round 120: ZeroDivisionError: planted"):
            halted_minutes(tmp_path, journal=True)
    folder = tmp_path / "run.failed"
    session = read_session(folder)
    assert session.complete
    assert [len(session.of(name)) for name in ("failure", "end", "snapshot")] == [1, 1, 119]
    assert "ended failed" in sealed_line(seal_session(folder))
    verify(folder)
    summary = open_run(folder).summary
    assert (summary["ended"], summary["rounds"]) == ("failed", 119)
    assert summary["failure"]["component"] == "records"
    assert summary["failure"]["error"] == "ZeroDivisionError: planted"
    assert "planted" in summary["failure"]["traceback"]
    assert audit(folder, "failure")[0]["round"] == 120


# --- Verification ------------------------------------------------------------------------------------------------


def test_an_unsealed_session_is_verified_by_its_journal(unsealed: Path) -> None:
    n = len(read_session(unsealed).entries)
    assert verify_run(unsealed) == f"{unsealed}: unsealed; journal of {n:,} records is whole, it ended"
    content = (unsealed / JOURNAL).read_bytes()
    (unsealed / JOURNAL).write_bytes(content[:-10])
    said = verify_run(unsealed)
    assert f"journal of {n - 1:,} records is whole, it has no end; a torn record of " in said
    assert said.endswith(" bytes at its end was dropped")


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_changed_byte_of_the_journal_is_found(unsealed: Path, sealed: bool, place: float) -> None:
    if sealed:
        seal_session(unsealed)
    verify_run(unsealed)
    content = bytearray((unsealed / JOURNAL).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (unsealed / JOURNAL).write_bytes(content)
    with pytest.raises(AuditError, match=r"session.jsonl"):
        verify_run(unsealed)


@pytest.mark.parametrize("name", [*FILES, JOURNAL])
def test_a_sealed_session_misses_every_file(unsealed: Path, name: str) -> None:
    seal_session(unsealed)
    (unsealed / name).unlink()
    with pytest.raises(AuditError, match=name):
        verify_run(unsealed)


@pytest.mark.parametrize("name", [name for name in FILES if name not in {"summary.json", "audit.jsonl"}])
def test_a_changed_byte_of_a_sealed_file_is_found(unsealed: Path, name: str) -> None:
    seal_session(unsealed)
    content = bytearray((unsealed / name).read_bytes())
    content[len(content) // 2] ^= 1
    (unsealed / name).write_bytes(content)
    with pytest.raises(AuditError, match=name):
        verify_run(unsealed)


def test_a_backtest_without_a_journal_is_verified_as_ever(recorded: Run, tmp_path: Path) -> None:
    assert "is whole, and every anchored file" in verify_run(recorded.folder)
    shutil.copytree(recorded.folder, tmp_path / "run")
    (tmp_path / "run" / "audit.jsonl").unlink()
    with pytest.raises(AuditError, match=r"audit.jsonl: No such file"):
        verify_run(tmp_path / "run")


def test_market_data_is_written_before_what_follows_from_it(kept: Run) -> None:
    """Up to the time of each message, and nothing of a later time."""
    entries = read_session(kept.folder).entries
    coming = [entry.fact.ts_init for entry in entries if entry.record == "market"]
    written = 0
    for entry in entries:
        if entry.record == "market":
            written += 1
        elif entry.record in {"snapshot", "gate_result", "order", "parent"}:
            ts = entry.fact.ts_event
            assert written == len(coming) or coming[written] > ts
            assert coming[written - 1] <= ts
    assert written == len(coming) == 4 * ROUNDS

"""The `firm` command: what it prints, its exit statuses, the kill switch and the audit chain seen from outside."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from typer.testing import CliRunner, Result

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.research.report import report
from nautilus_ai_firm.runs.folder import JOURNAL, Run
from nautilus_ai_firm.settings import load
from tests.firm_runs import raw_firm, run, synthetic_market
from tests.research.lookahead import plants

SYMBOLS = ("A", "B")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalog of two stocks, 60 daily rounds."""
    return synthetic_market(SYMBOLS, 60).write(tmp_path_factory.mktemp("market"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Configuration whose kill switch lies beside it."""
    path = tmp_path / "firm.toml"
    raw = raw_firm(SYMBOLS, {"risk.kill_switch_file": str(tmp_path / "state" / "switch.json")}, macro=False)
    path.write_text(tomli_w.dumps(raw), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that is only read."""
    folder = tmp_path_factory.mktemp("runs")
    path = folder / "firm.toml"
    path.write_text(tomli_w.dumps(raw_firm(SYMBOLS, macro=False)), encoding="utf-8")
    return run(load(path), market, folder / "run")


def firm(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(result: Result, status: int) -> str:
    """The one line of an error."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def test_check_prints_the_firm_and_its_window(config: Path, market: Path) -> None:
    result = firm("check", config, "--catalog", market)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"{config}: OK"
    assert "60 rounds from 2012-01-03T21:00:00Z" in result.stdout
    assert all(len(line) <= 120 for line in result.stdout.splitlines() if "/" not in line)


def test_check_refuses_in_one_line(config: Path, market: Path, tmp_path: Path) -> None:
    assert "no such file" in refused(firm("check", tmp_path / "none.toml"), 2)
    assert "empty" in refused(firm("check", config, "--catalog", tmp_path), 2)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("max_gross = 1.5", "max_gros = 1.5"), encoding="utf-8")
    assert f"{config}: risk.max_gros is not a known key" in refused(firm("check", config, "--catalog", market), 2)
    config.write_text(text.replace("max_gross = 1.5", "max_gross = -1.5"), encoding="utf-8")
    assert f"{config}: risk.max_gross = -1.5" in refused(firm("check", config), 2)


def test_catalog_commands_are_mounted(market: Path, tmp_path: Path) -> None:
    assert "A.US-1-DAY-LAST-EXTERNAL" in firm("catalog", "list", "--catalog", market).stdout
    assert "empty" in refused(firm("catalog", "list", "--catalog", tmp_path), 2)


@pytest.mark.parametrize("command", ["kill", "resume"])
@pytest.mark.parametrize("named", [("--who", "Ann"), ("--why", "drill"), ("--who", "Ann", "--why", " ")])
def test_a_switch_is_turned_by_a_named_person_for_a_reason(command: str, named: tuple[str, ...], config: Path) -> None:
    assert firm(command, *named, "--config", config).exit_code == 2
    assert not (config.parent / "state").exists()


def test_kill_halts_a_run_loudly_and_resume_lets_it_trade(config: Path, market: Path, tmp_path: Path) -> None:
    loaded = load(config)
    killed = firm("kill", "--who", "Ann", "--why", "a drill", "--config", config)
    assert killed.exit_code == 0
    assert f"{tmp_path / 'state' / 'switch.json'}: LATCHED, no new risk (Ann at " in killed.stdout
    halted = run(loaded, market, tmp_path / "halted")
    assert halted.summary["orders"] == 0
    text = report(halted)
    assert "*** HALT, CANCEL_ALL at 2012-01-03T21:00:00Z by Ann: a drill ***" in text
    assert "*** NO ORDERS WERE SENT ***" in text

    resumed = firm("resume", "--who", "Bob", "--why", "drill over", "--config", config)
    assert resumed.exit_code == 0
    assert "open, the firm may trade (Bob at " in resumed.stdout
    trading = run(loaded, market, tmp_path / "trading")
    assert trading.summary["orders"] > 0
    assert "***" not in report(trading)


def test_kill_needs_a_firm_that_can_be_read(tmp_path: Path) -> None:
    assert "no such file" in refused(firm("kill", "--who", "A", "--why", "b", "--config", tmp_path / "none.toml"), 2)


def test_audit_lookahead_of_an_honest_firm_prints_one_table(config: Path, market: Path) -> None:
    result = firm(
        "audit", "lookahead", config, "--catalog", market, "--dates", "1", "--start", "2012-01-20", "--seed", "4"
    )
    assert result.exit_code == 0, result.output
    table = result.stdout.splitlines()
    assert table[0].startswith("tested: 2012-01-20T21:00:00Z to ")
    assert table[0].endswith("rounds, seed 4")
    assert [line.split()[0] for line in table[1:6]] == ["LOOK-AHEAD", "fills", "stamps", "truncation", "perturbation"]
    assert all(line.endswith(("in order", "same past")) for line in table[2:6])
    assert table[-1] == "no leak found"


def test_audit_lookahead_of_a_firm_that_knows_the_next_bar_exits_1(
    config: Path, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.future_bar(monkeypatch)
    result = firm("audit", "lookahead", config, "--catalog", market, "--dates", "1")
    assert result.exit_code == 1, result.output
    assert result.stdout.splitlines()[-1].startswith("LEAK: signals: momentum, in round ")
    assert result.stdout.count("LEAK in round") == 2


def test_audit_lookahead_of_what_is_not_there_is_one_line(config: Path, tmp_path: Path) -> None:
    assert "the catalog is empty" in refused(firm("audit", "lookahead", config, "--catalog", tmp_path / "none"), 2)
    assert "nothing.toml" in refused(firm("audit", "lookahead", tmp_path / "nothing.toml"), 2)


def test_audit_verify_of_a_whole_run(finished: Run) -> None:
    result = firm("audit", "verify", finished.folder)
    assert result.exit_code == 0
    assert "is whole" in result.stdout


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "audit.jsonl"
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    return apply


def _summary_head(folder: Path) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"audit_head": "0" * 64}))


def _append_to(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(b"\0")

    return apply


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (
            _lines(lambda lines: [*lines[:9], lines[9].replace(b'"round":', b'"round":9'), *lines[10:]]),
            "audit.jsonl:11",
        ),
        (_lines(lambda lines: [*lines[:9], *lines[10:]]), "audit.jsonl:10"),
        (_lines(lambda lines: [*lines[:9], lines[8], *lines[9:]]), "audit.jsonl:10"),
        (_lines(lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]]), "audit.jsonl:10"),
        (_lines(lambda lines: [*lines[:-1], lines[-1][:-20]]), "torn"),
        (_lines(lambda lines: [*lines[:9], lines[9][:-20] + b"\n", *lines[10:]]), "not a line of JSON"),
        (_lines(lambda lines: lines[:-1]), "not sealed"),
        (_lines(lambda lines: lines[:9]), "not sealed"),
        (_lines(lambda lines: lines[:0]), "not sealed"),
        (_lines(lambda lines: [*lines, lines[-1]]), "expected line"),
        (_lines(lambda lines: [*lines[:-1], lines[-1].replace(b"fills.parquet", b"fills_parquet")]), "audit_head"),
        (_summary_head, "audit_head"),
        (_append_to("fills.parquet"), "fills.parquet: sha256"),
        (_append_to("equity.parquet"), "equity.parquet: sha256"),
        (_append_to("decisions.jsonl"), "decisions.jsonl: sha256"),
        (_append_to("config.toml"), "config.toml: sha256"),
        (lambda folder: (folder / "orders.parquet").unlink(), "orders.parquet: missing"),
        (lambda folder: (folder / "audit.jsonl").unlink(), "audit.jsonl: No such file"),
        (lambda folder: (folder / "summary.json").unlink(), "summary.json"),
    ],
)
def test_audit_verify_names_what_was_touched(
    tamper: Callable[[Path], None], said: str, finished: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    assert firm("audit", "verify", folder).exit_code == 0
    tamper(folder)
    assert said in refused(firm("audit", "verify", folder), 1)


@pytest.fixture
def session(market: Path, tmp_path: Path) -> Path:
    """A run folder that has nothing but the journal of a session."""
    path = tmp_path / "firm.toml"
    path.write_text(tomli_w.dumps(raw_firm(SYMBOLS, macro=False)), encoding="utf-8")
    kept = run(load(path), market, tmp_path / "kept", journal=True)
    (tmp_path / "run" / JOURNAL).parent.mkdir(parents=True)
    shutil.copy(kept.folder / JOURNAL, tmp_path / "run" / JOURNAL)
    return tmp_path / "run"


def test_a_session_is_verified_sealed_and_drawn(session: Path) -> None:
    unsealed = firm("audit", "verify", session)
    assert (unsealed.exit_code, unsealed.stdout.count("\n")) == (0, 1)
    assert f"{session}: unsealed; journal of " in unsealed.stdout
    assert "not sealed yet (seal it with: firm seal" in refused(firm("tearsheet", session), 2)
    sealed = firm("seal", session)
    assert (sealed.exit_code, sealed.stdout.count("\n")) == (0, 1)
    assert "records, ended normal" in sealed.stdout
    assert "is sealed already" in firm("seal", session).stdout
    assert "is whole, and every anchored file" in firm("audit", "verify", session).stdout
    assert firm("tearsheet", session).exit_code == 0


@pytest.mark.parametrize("sealed", [False, True])
def test_a_changed_byte_of_a_session_is_named(session: Path, sealed: bool) -> None:
    if sealed:
        assert firm("seal", session).exit_code == 0
    path = session / JOURNAL
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert "session.jsonl" in refused(firm("audit", "verify", session), 1)
    if not sealed:
        assert "damaged" in refused(firm("seal", session), 2)


def test_a_torn_record_is_told_and_no_error(session: Path) -> None:
    path = session / JOURNAL
    path.write_bytes(path.read_bytes()[:-20])
    for command in (("audit", "verify"), ("seal",)):
        result = firm(*command, session)
        assert result.exit_code == 0
        assert "a torn record of " in result.stdout


def test_what_is_no_session_is_not_sealed(tmp_path: Path) -> None:
    assert "session.jsonl: cannot be read" in refused(firm("seal", tmp_path), 2)


def test_tearsheet_is_written_again(finished: Run, tmp_path: Path) -> None:
    result = firm("tearsheet", finished.folder)
    assert result.exit_code == 0
    assert Path(result.stdout.strip()).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "not a run folder" in refused(firm("tearsheet", tmp_path), 2)


def test_usage_errors_exit_2() -> None:
    assert firm("check").exit_code == 2
    assert firm("audit", "verfy", "x").exit_code == 2
    assert firm("no-such-command").exit_code == 2
    assert firm("--help").exit_code == 0

"""Scripts of `backtests/`: exit statuses, one line for each error of the user, and what a finished run prints."""

import contextlib
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.research.command_line import backtest, exit_status
from nautilus_ai_firm.runs.audit import AuditError
from tests.firm_runs import ROOT

COMMAND = "firm catalog demo"

type WriteFirm = Callable[..., Path]


def start(config: Path, catalog: Path, out: Path, *more: str) -> int:
    arguments = ["--config", str(config), "--catalog", str(catalog), "--out", str(out), *more]
    return backtest("Tested.", config="unused.toml", catalog_command=COMMAND, arguments=arguments)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The only line of an error, which goes to stderr alone."""
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: ")
    return said.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"risk.max_gros": 1.0}, "risk.max_gros is not a known key (did you mean max_gross?)"),
        ({"signals.agents.wieght": 1.0}, "signals.agents[0].wieght"),
        ({"execution.gate.max_colar": 0.1}, "execution.gate.max_colar"),
        ({"risk.max_drawdown": 1.5}, "risk.max_drawdown = 1.5"),
        ({"costs.half_spread_bps": -1.0}, "costs.half_spread_bps = -1.0"),
        ({"venue.leverage": 0.5}, "venue.leverage = 0.5"),
        ({"market.universe": []}, "market.universe"),
        ({"market.calendar": "XLON"}, "market.calendar is XLON"),
    ],
)
def test_a_wrong_configuration_exits_2_with_its_path(
    changes: dict[str, Any],
    said: str,
    small_market: Path,
    write_firm: WriteFirm,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, out = write_firm(changes), tmp_path / "run"
    assert start(config, small_market, out) == 2
    line = one_line(capsys)
    assert said in line
    assert str(config) in line
    assert not out.exists()


def test_what_is_not_there_exits_2(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out, empty = write_firm(), tmp_path / "run", tmp_path / "empty"
    assert start(tmp_path / "none.toml", small_market, out) == 2
    assert "none.toml: no such file" in one_line(capsys)
    assert start(config, empty, out) == 2
    assert f"make it with: {COMMAND} --catalog {empty}" in one_line(capsys)
    assert start(config, small_market, out, "--start", "1990-01-01", "--end", "1990-12-31") == 2
    assert "has no data from 1990-01-01T00:00:00Z to 1990-12-31T23:59:59Z (it holds 2012-" in one_line(capsys)
    assert start(config, small_market, out, "--start", "2012-06-01", "--end", "2012-05-01") == 2
    assert "no data" in one_line(capsys)
    assert list(tmp_path.iterdir()) == [config]


def test_an_unknown_symbol_exits_2(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    universe = [{"id": "A.US"}, {"id": "TSLA.US"}]
    assert start(write_firm({"market.universe": universe}), small_market, tmp_path / "run") == 2
    line = one_line(capsys)
    assert "unknown series TSLA.US-1-DAY" in line
    assert "A.US-1-DAY" in line


def test_a_run_is_never_overwritten(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").touch()
    assert start(write_firm(), small_market, tmp_path / "run") == 2
    assert "exists already" in one_line(capsys)


def test_a_day_that_is_none_is_a_usage_error(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        start(write_firm(), small_market, tmp_path / "run", "--start", "2012-13-01")
    assert error.value.code == 2
    assert "'2012-13-01' is not a day (allowed: YYYY-MM-DD)" in capsys.readouterr().err


def test_a_failing_model_exits_1_and_is_named(
    small_market: Path,
    write_firm: WriteFirm,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(momentum.Model, "update", fail)
    assert start(write_firm(), small_market, tmp_path / "run") == 1
    line = one_line(capsys)
    for said in ("momentum", "failed in round 1", "ZeroDivisionError", "run.failed"):
        assert said in line
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_reported_and_has_its_tearsheet(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert start(write_firm(), small_market, out, "--start", "2012-03-01", "--end", "2012-06-29") == 0
    said = capsys.readouterr()
    assert said.err == ""  # no progress where nobody looks
    assert said.out.startswith("tested: 2012-03-01 to 2012-06-29")
    assert f"tearsheet      {out / 'tearsheet.html'}" in said.out
    assert {"summary.json", "audit.jsonl", "tearsheet.html", "benchmark.parquet"} <= {p.name for p in out.iterdir()}


def test_errors_that_are_ours_keep_their_traceback() -> None:
    def fail() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        exit_status(fail)


@pytest.mark.parametrize(
    ("error", "status"), [(AuditError("x"), 1), (PermissionError(13, "denied", "file"), 1), (KeyboardInterrupt(), 130)]
)
def test_other_errors_of_the_user(error: BaseException, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise error

    assert exit_status(fail) == status
    one_line(capsys)


@pytest.mark.parametrize(
    ("script", "command"),
    [("demo", COMMAND), pytest.param("spy_hourly", "firm catalog add lean DIR", marks=pytest.mark.slow)],
)
def test_the_scripts_themselves(script: str, command: str, tmp_path: Path) -> None:
    path = ROOT / "backtests" / f"{script}.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60
    done = subprocess.run(
        [sys.executable, str(path), "--catalog", str(tmp_path), "--out", str(tmp_path / "run")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert command in done.stderr


def test_a_reader_may_leave_early() -> None:
    code = (
        "from nautilus_ai_firm.research.command_line import exit_status\n"
        "raise SystemExit(exit_status(lambda: [print('x' * 1000, flush=True) for _ in range(1000)]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def watch(terminal: int, screen: list[bytes]) -> None:
    """Read a terminal until nobody writes to it any more."""
    closed = contextlib.suppress(OSError)  # how Linux says that the other end is closed
    with os.fdopen(terminal, "rb", buffering=0) as file, closed:
        while shown := file.read(4_096):
            screen.append(shown)


def test_a_terminal_sees_progress_and_the_report_stays_clean(
    small_market: Path, write_firm: WriteFirm, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    arguments = ["--config", str(write_firm()), "--catalog", str(small_market), "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "backtests" / "demo.py"), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        screen: list[bytes] = []
        watcher = threading.Thread(target=watch, args=(ours, screen))
        watcher.start()  # a terminal that nobody reads fills up and blocks
        printed = process.stdout.read()
        watcher.join()
        seen = b"".join(screen).decode()
    assert process.returncode == 0
    assert "rounds/s" in seen
    assert "160/160" in seen
    assert b"\x1b" not in printed
    assert printed.startswith(b"tested: ")

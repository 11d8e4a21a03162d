"""Starts sessions of the sandbox as a person does, one process each, and reads what they leave behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nautilus_ai_firm.hosts.replay import replay
from nautilus_ai_firm.runs.folder import JOURNAL, TABLES, Run, open_run
from nautilus_ai_firm.runs.session_reading import Session, read_session
from nautilus_ai_firm.settings import Loaded, encode, load
from tests.firm_runs import ROOT, Market, run, settings, synthetic_market

LONGEST_SECONDS = 900
SLICED: dict[str, Any] = {
    "market.bar": "1-MINUTE",
    "execution.twap": {"above_participation": 0.02, "duration_minutes": 5, "interval_minutes": 1},
}
RUN_FILES = {
    *(f"{name}.parquet" for name in (*TABLES, "benchmark")), "summary.json", "decisions.jsonl", "audit.jsonl",
    "tearsheet.html", "config.toml", "manifest.json", "journal", "log",
}  # fmt: skip
LAUNCH = """
import sys
from nautilus_ai_firm.research.session_command import session
sys.exit(session("a planted fault", config="none", catalog_command="none", arguments=sys.argv[1:]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A session that ended, as the person at the console sees it."""

    status: int
    out: str
    errors: list[str]

    @property
    def status_lines(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("SANDBOX ")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A configuration file, its kill switch and a catalog, all in one folder."""

    folder: Path
    catalog: Path

    @property
    def config(self) -> Path:
        return self.folder / "firm.toml"

    @property
    def switch(self) -> Path:
        return self.folder / "kill_switch.json"

    @property
    def loaded(self) -> Loaded:
        return load(self.config)

    def start(self, *options: str, planted: str = "") -> "subprocess.Popen[str]":
        """Start the command of a session; `planted` is Python that spoils the firm first."""
        script = [str(ROOT / "live" / "node_paper.py")] if not planted else ["-c", planted + LAUNCH]
        command = [sys.executable, "-W", "error", *script, *options]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def begin(self, out: Path, *options: str, speed: float = 0.0, planted: str = "") -> "subprocess.Popen[str]":
        """Start a session that runs into `out`."""
        where = ["--config", str(self.config), "--catalog", str(self.catalog), "--out", str(out)]
        return self.start(*where, "--run", "--speed", str(speed), *options, planted=planted)

    def run(self, out: Path, *options: str, speed: float = 0.0, planted: str = "") -> Ended:
        """Run a session into `out`, and wait for its end."""
        return end_of(self.begin(out, *options, speed=speed, planted=planted))

    def resume(self, out: Path, *options: str) -> Ended:
        """Resume a session, and wait for its end."""
        return end_of(self.start("--resume", str(out), "--run", *options))

    def backtest(self, out: Path) -> Run:
        """Run the same firm over the same data in the backtest engine."""
        return run(self.loaded, self.catalog, out)


def desk(
    folder: Path,
    market: Market,
    changes: Mapping[str, Any] | None = None,
    *,
    bar: str = "1-DAY",
    macro: bool = True,
) -> Desk:
    """Write a catalog and a configuration that names a kill switch beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Desk(folder=folder, catalog=market.write(folder / "catalog", bar))
    write_config(made, tuple(market.bars), changes, macro=macro)
    return made


def write_config(
    made: Desk, symbols: Sequence[str], changes: Mapping[str, Any] | None = None, *, macro: bool = True
) -> None:
    """Write the configuration anew."""
    resolved = settings(symbols, {"risk.kill_switch_file": made.switch.name} | dict(changes or {}), macro=macro)
    made.config.write_bytes(encode(resolved.firm))


def minute_market(symbols: Sequence[str], rounds: int) -> Market:
    """Minute bars from the first session's opening on."""
    market = synthetic_market(symbols, rounds // 390 + 1, "1-MINUTE")
    bars = {symbol: columns.take(slice(0, rounds)) for symbol, columns in market.bars.items()}
    return replace(market, bars=bars)


def end_of(process: "subprocess.Popen[str]") -> Ended:
    """Wait until a session ends; one that hangs is ended and fails the test."""
    with process:
        try:
            out, errors = process.communicate(timeout=LONGEST_SECONDS)
        except BaseException:
            process.kill()
            raise
    return Ended(status=process.returncode, out=out, errors=errors.splitlines())


def kill(process: "subprocess.Popen[str]") -> None:
    """End a session as a power cut would, and take its pipes back."""
    with process:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def wait_until(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> bool:
    """Wait for a condition, and say whether it came before the session's end."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if process.poll() is not None:
            return condition()
        assert time.monotonic() < deadline, "a session hangs"
        time.sleep(0.001)
    return True


def said(process: "subprocess.Popen[str]", text: str) -> bool:
    """Wait until a session says a line with `text` in it, and say whether it did before its end."""
    assert process.stdout is not None
    return any(text in line for line in process.stdout)


def journal_size(out: Path) -> int:
    """Bytes in the journal, 0 where there is none yet."""
    path = out / JOURNAL
    return path.stat().st_size if path.exists() else 0


def rounds_of(out: Path) -> int:
    """Rounds that are in the journal so far; it may be under way."""
    path = out / JOURNAL
    return path.read_bytes().count(b'{"record":"snapshot"') if path.exists() else 0


def books(result: Run) -> dict[str, Any]:
    """What a session and a backtest must agree on, to the last digit."""
    return {
        "result_sha256": result.summary["result_sha256"],
        "rounds": result.summary["rounds"],
        "fills": result.table("fills").to_dict("records"),
        "equity": result.table("equity").to_dict("records"),
        "signals": result.table("signals").to_csv(index=False),  # all digits; bytes would tell one NaN from another
        "financing": result.table("financing").to_dict("records"),
        "decisions": (result.folder / "decisions.jsonl").read_bytes(),
    }


def assert_sealed(out: Path, *ended: str) -> Run:
    """The run folder is complete and its chain whole; the summary says how it ended, one of these."""
    result = open_run(out)
    assert result.summary["ended"] in ended
    assert result.summary["host"] == "sandbox"
    return result


def assert_replays(out: Path) -> None:
    """A backtest over the market data that the session saw does what it did, as far as it came."""
    compared = replay(out).comparison
    assert compared.differences == ()
    assert compared.rounds == rounds_of(out)


def assert_done_once(out: Path) -> Session:
    """No round was decided twice, no order sent or filled twice."""
    session = read_session(out)
    decided = [message.decision_id for message in session.of("decision")]
    assert len(decided) == len(set(decided))
    submitted = [one.client_order_id for one in session.of("order") if one.kind == "submitted"]
    assert len(submitted) == len(set(submitted))
    filled: dict[str, int] = {}
    ordered = {one.client_order_id: abs(one.quantity) for one in session.of("gate_result") if one.breach is None}
    for one in session.of("order"):
        if one.kind == "filled":
            filled[one.client_order_id] = filled.get(one.client_order_id, 0) + int(one.quantity)
    assert all(filled[order_id] <= ordered[order_id] for order_id in filled)
    return session

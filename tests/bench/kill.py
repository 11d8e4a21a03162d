"""How fast the kill switch acts: from the command to the last cancel, with 100 working orders; prints a table.

More than a hundred instruments, each with an order that an algorithm is slicing and a stop at the venue for what was
filled. The switch is latched in the middle; the time is that of execution's answer to HALT and CANCEL_ALL, journal
writes of a session included, and with `kill_switch_flattens` that of holding a hundred closing orders too. A fresh
process each.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.obedience import Obedience
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.gateways.kill_switch import OPEN, FileKillSwitch, KillSwitchState
from nautilus_ai_firm.hosts.session import SessionPlan, run_session
from nautilus_ai_firm.messages import RiskCommand
from tests.firm_runs import run, settings, synthetic_market
from tests.live_runs import SLICED

WORKING, ROUND, LATCHED = 110, 45, 42  # ten more than are asked for: some have no view, or are stopped out
LIMIT_MS = 50.0
ROOT = Path(__file__).resolve().parents[2]


class Watch:
    """Notes how long execution takes to obey, and what it takes back; throws the switch in a round."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0
        self.withdrawn = self._round = 0
        self._obeys = False
        _around(Obedience, "obey", self._timed)
        _around(Withdrawal, "cancel_active", self._counted)
        _around(ExecutionDesk, "_start_round", self._follow)
        _around(FileKillSwitch, "state", self._state)

    def _timed(self, obey: Any, who: Any, command: RiskCommand) -> None:
        self._obeys = command.action in {"halt", "cancel_all"}
        began, cpu = time.perf_counter(), time.process_time()
        obey(who, command)
        if self._obeys:
            self.seconds += time.perf_counter() - began
            self.cpu_seconds += time.process_time() - cpu
        self._obeys = False

    def _counted(self, cancel: Any, who: Any, place: int, ts_event: int) -> None:
        active = who._ledger.active(place)
        self.withdrawn += self._obeys and active is not None and bool(active.end_ns)
        cancel(who, place, ts_event)

    def _follow(self, start_round: Any, who: Any, snapshot: Any) -> None:
        self._round = snapshot.round
        start_round(who, snapshot)

    def _state(self, _state: Any, _who: Any) -> KillSwitchState:
        if self._round < LATCHED:
            return OPEN
        return KillSwitchState(latched=True, cause="bench", who="bench", time="")


def _around(owner: Any, name: str, do: Any) -> None:
    honest = getattr(owner, name)
    setattr(owner, name, lambda who, *args: do(honest, who, *args))


def measure(host: str, flattens: str) -> None:
    """Run one session or backtest in this process, and print what was measured."""
    symbols = [f"S{number:02d}" for number in range(WORKING)]
    changes = SLICED | {
        "risk.stops": {"initial_atr": 50.0},
        "risk.kill_switch_flattens": flattens == "flattens",
        "risk.max_gross": 2.0,
        "execution.gate.max_messages": 100_000,
        "execution.twap": {"above_participation": 1e-6, "duration_minutes": 30, "interval_minutes": 1},
    }
    market = synthetic_market(symbols, 1, "1-MINUTE")
    cut = market.cut(int(market.closes()[ROUND]))
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        catalog = cut.write(Path(folder) / "catalog", "1-MINUTE")
        loaded = settings(symbols, changes, macro=False)
        if host == "backtest":
            result = run(loaded, catalog, Path(folder) / "run")
        else:
            result = run_session(
                SessionPlan(loaded=loaded, catalog=catalog, say=lambda _line: None, out=Path(folder) / "run")
            )
        assert result.summary["fills"] > 0
    found = {"withdrawn": watch.withdrawn, "ms": watch.seconds * 1e3, "cpu_ms": watch.cpu_seconds * 1e3}
    print(json.dumps(found))  # noqa: T201 - what the bench reads


def measured(host: str, flattens: str) -> dict[str, float]:
    """Do so in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.kill", host, flattens]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    table = Table("kill switch thrown", "orders taken back", "ms", "ms of the processor", "limit, ms")
    for host in ("backtest", "sandbox"):
        for flattens in ("holds", "flattens"):
            found = measured(host, flattens)
            figures = (f"{found[name]:.1f}" for name in ("ms", "cpu_ms"))
            table.add_row(f"{host}, {flattens}", f"{found['withdrawn']:.0f}", *figures, f"{LIMIT_MS:.0f}")
    Console().print(table)


if __name__ == "__main__":
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else main()

"""Latency of a session in the sandbox: bar to decision, tick to order, and events a second; prints a table.

Three agents, 50 instruments, minute bars, every record on the disk before it is acted on. A round is decided when its
last bar is there, so the first figure starts where that bar is handed to the node and ends where the decision is
written down. An order goes out with its instrument's next tick: the second figure starts where that tick is handed to
the node and ends where the round's first order is submitted. The session is a fresh process. A second session, at the
imitation of the broker's gateway, has the way from a decision to the gateway; it waits for a whole minute.
"""

import json
import subprocess
import sys
import tempfile
import time
import tomllib
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
from nautilus_trader.model import Bar, TradeTick
from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.hosts.sandbox import Sandbox
from nautilus_ai_firm.hosts.session import SessionPlan, run_session
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.settings import decode, encode, load
from tests.bench.broker import broker_latencies

INSTRUMENTS, SESSIONS = 50, 1
AGENTS: list[dict[str, Any]] = [
    {"name": "fast", "model": "momentum", "weight": 0.4, "params": {"fast_spans": [4, 8], "volatility_span": 20}},
    {"name": "slow", "model": "momentum", "weight": 0.3, "params": {"fast_spans": [16, 32], "volatility_span": 20}},
    {
        "name": "reverting",
        "model": "mean_reversion",
        "weight": 0.3,
        "params": {"window": 30, "full_z": 2.0, "stop_z": 4.0},
    },
]
ROOT = Path(__file__).resolve().parents[2]
PERCENTILES = (50, 90, 99)


class Stopwatch:
    """Notes when events are handed over, and how long what follows from them takes, nanoseconds on the wall."""

    def __init__(self) -> None:
        self.events = 0
        self.first_ns = 0
        self.bar_to_decision: list[int] = []
        self.tick_to_order: list[int] = []
        self._handed_ns = 0
        self._bar_ns = 0
        self._awaits_order = False

    def attach(self) -> None:
        """Look over the shoulders of the sandbox, the journal and those who submit."""
        _after(Sandbox, "before", self._hand_over)
        _after(SessionJournal, "decision", self._decide)
        for owner in (ExecutionDesk, SlicingAlgorithm):
            _after(owner, "submit_order", self._submit)

    @property
    def events_per_second(self) -> float:
        """Market events a second, from the first to the last."""
        return self.events * 1e9 / (self._handed_ns - self.first_ns)

    def _hand_over(self, event: Any) -> None:
        self.events += 1
        self._handed_ns = time.perf_counter_ns()
        self.first_ns = self.first_ns or self._handed_ns
        if isinstance(event, Bar):
            self._bar_ns = self._handed_ns
        else:
            assert isinstance(event, TradeTick)

    def _decide(self, _message: Any) -> None:
        self.bar_to_decision.append(time.perf_counter_ns() - self._bar_ns)
        self._awaits_order = True

    def _submit(self, _order: Any) -> None:
        if self._awaits_order:
            self._awaits_order = False
            self.tick_to_order.append(time.perf_counter_ns() - self._handed_ns)


def _after(owner: Any, name: str, look: Any) -> None:
    """Call `look` with the last argument after a method has done its work."""
    honest = getattr(owner, name)

    @wraps(honest)
    def watched(*arguments: Any, **named: Any) -> Any:
        done = honest(*arguments, **named)
        if name == "before":
            done = list(done)  # what it yields has to be asked for before the event is on its way
        look(arguments[-1])
        return done

    setattr(owner, name, watched)


def session(folder: Path) -> dict[str, Any]:
    """Run one session and return its latencies in microseconds."""
    raw: dict[str, Any] = tomllib.loads(encode(load(ROOT / "configs" / "demo.toml").firm).decode())
    symbols = [f"S{number:02d}" for number in range(INSTRUMENTS)]
    write_synthetic(Catalog(folder / "catalog"), synthetic_bars(symbols, SESSIONS, "1-MINUTE"), "1-MINUTE", "US")
    raw["market"] = {
        "bar": "1-MINUTE",
        "calendar": "XNYS",
        "universe": [{"id": f"{name}.US", "max_order_value": 2e6, "max_order_volume": 200_000} for name in symbols],
    }
    raw["signals"]["agents"] = AGENTS
    raw["execution"]["gate"]["max_messages"] = 10_000
    raw["risk"]["kill_switch_file"] = str(folder / "kill_switch.json")
    watch = Stopwatch()
    watch.attach()
    run = run_session(
        SessionPlan(
            loaded=decode(raw, "bench"),
            catalog=folder / "catalog",
            say=lambda _line: None,
            speed=0.0,
            out=folder / "run",
        )
    )
    assert run.summary["rounds"] == len(watch.bar_to_decision)
    assert run.summary["bars"] == run.summary["rounds"] * INSTRUMENTS
    return {
        "rounds": run.summary["rounds"],
        "orders": run.summary["orders"],
        "events_per_second": watch.events_per_second,
        "bar to decision": (np.array(watch.bar_to_decision) / 1e3).tolist(),
        "tick to first order": (np.array(watch.tick_to_order) / 1e3).tolist(),
    }


def main() -> None:
    """Measure in fresh processes and print."""
    with Console(stderr=True).status("measuring"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.live", "session"], check=True, capture_output=True, text=True, cwd=ROOT
        )
        broker = broker_latencies()
    found = json.loads(done.stdout)
    table = Table(
        title=f"session, {len(AGENTS)} agents, {INSTRUMENTS} instruments, {found['rounds']:,} rounds of "
        f"minute bars, {found['orders']:,} orders: {found['events_per_second']:,.0f} events/s"
    )
    for name in ("µs on the wall", *(f"p{share}" for share in PERCENTILES), "max", "measured"):
        table.add_column(name, justify="left" if name.startswith("µs") else "right")
    rows = {name: found[name] for name in ("bar to decision", "tick to first order")}
    for name, measured in (rows | {f"broker: {name}": each for name, each in broker.items()}).items():
        values = np.array(measured)
        figures = (*np.percentile(values, PERCENTILES), values.max())
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures), f"{len(values):,}")
    ratio = np.median(broker["decision to gateway"]) / np.median(found["tick to first order"])
    table.add_row("decision to gateway over tick to first order", f"{ratio:,.1f}x")
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(json.dumps(session(Path(folder))))

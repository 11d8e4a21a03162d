"""What a round costs with everything of risk switched on, against limits on single positions, gross and net alone.

The firm of configs/demo.toml, on daily bars of so many instruments, each measurement in a fresh process and the two
sides in turn: processor time of the whole run, and of the risk review in it.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.hosts.backtest import run_stage
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.models.risk.review import RiskReview
from nautilus_ai_firm.settings import Loaded, decode, encode, load

ROOT = Path(__file__).resolve().parents[2]
SIZES, SESSIONS, TURNS, SECTORS = (4, 50, 200), 500, 3, 10
THIN = dict.fromkeys(("value_at_risk", "stress", "losses", "velocity", "correlation"), "off")
WIDE = ("max_sector", "max_turnover", "max_agent", "max_participation", "max_leverage", "max_overnight")


def firm(n: int, side: str) -> Loaded:
    """Seat the demonstration's firm on n synthetic instruments, with all of its risk or little of it."""
    raw: dict[str, Any] = tomllib.loads(encode(load(ROOT / "configs" / "demo.toml").firm).decode())
    instruments = [
        {"id": f"S{at:03d}.US", "max_order_value": 2e6, "max_order_volume": 200_000}
        | ({"sector": f"sector {at % SECTORS}"} if side == "all" else {})
        for at in range(n)
    ]
    raw["market"] = {"bar": "1-DAY", "calendar": "XNYS", "universe": instruments}
    raw["signals"]["agents"] = [agent for agent in raw["signals"]["agents"] if agent["model"] != "macro"]
    if side == "thin":
        raw["risk"] |= THIN | dict.fromkeys(WIDE, 1e9) | {"max_leverage": 2.0, "drawdown_tiers": []}
    return decode(raw, "bench")


def measure(n: int, side: str, catalog: Path) -> dict[str, float]:
    """Processor seconds of a run and of the review in it, a round."""
    spent = [0.0]

    def timed(method: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            started = time.process_time()
            try:
                return method(*given, **named)
            finally:
                spent[0] += time.process_time() - started

        return run

    for name in ("learn", "watch", "review"):
        setattr(RiskReview, name, timed(getattr(RiskReview, name)))
    with tempfile.TemporaryDirectory() as folder:
        stage = prepare(Study(loaded=firm(n, side), catalog=catalog, out=Path(folder) / "run"))
        started = time.process_time()
        run = run_stage(stage)
        seconds = time.process_time() - started
    rounds = run.summary["rounds"]
    return {"run": seconds / rounds, "review": spent[0] / rounds, "orders": run.summary["orders"]}


def fresh(n: int, side: str, catalog: Path) -> dict[str, float]:
    """Measure one side in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.risk_desk", str(n), side, str(catalog)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure all sizes and print them."""
    table = Table(title=f"risk desk, daily bars, {SESSIONS} rounds; median of {TURNS} fresh processes")
    for name in ("instruments", "thin risk, ms a round", "all risk, ms a round", "more", "of it review, thin", "all"):
        table.add_column(name, justify="right")
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("measuring"):
        for n in SIZES:
            catalog = Path(folder) / str(n)
            bars = synthetic_bars([f"S{at:03d}" for at in range(n)], SESSIONS, "1-DAY")
            write_synthetic(Catalog(catalog), bars, "1-DAY", "US")
            sides: dict[str, list[dict[str, float]]] = {"thin": [], "all": []}
            for _ in range(TURNS):
                for side, found in sides.items():
                    found.append(fresh(n, side, catalog))
            thin, everything = (
                {key: statistics.median(one[key] for one in found) for key in found[0]} for found in sides.values()
            )
            times = [1e3 * one[key] for key in ("run", "review") for one in (thin, everything)]
            table.add_row(
                f"{n:,}", f"{times[0]:.2f}", f"{times[1]:.2f}", f"{times[1] / times[0] - 1:+.0%}", f"{times[2]:.2f}",
                f"{times[3]:.2f}",
            )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))))

"""Speed of the firm against the bare engine on the same data, as ratios of medians; prints a table.

Each measurement is a fresh process and the two sides alternate, so that a machine that gets slower is slower for both.
Opening ticks are delivered on both sides and bars are counted; the firm keeps all its records.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, DataActorConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import AccountType, ActorId, Bar, BarType, Currency, Money, OmsType, Venue
from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.hosts.backtest import run_backtest
from nautilus_ai_firm.hosts.study import Study
from nautilus_ai_firm.settings import decode, encode, load

ROUNDS = {1: 2000, 10: 1000, 50: 500}  # instruments: sessions
RUNS = 5
ROOT = Path(__file__).resolve().parents[2]
FOREVER = 2**62


class Listener(DataActor):
    """Hears every bar and does nothing."""

    bar_types: tuple[BarType, ...] = ()

    def on_start(self) -> None:
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        pass


def engine_alone(catalog_path: Path) -> float:
    """Seconds of the engine with a Python subscriber that does nothing."""
    started = time.perf_counter()
    catalog = Catalog(catalog_path)
    names = catalog.names()
    engine = BacktestEngine(
        BacktestEngineConfig(run_analysis=False, logging=LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF))
    )
    dollars = Currency.from_str("USD")
    engine.add_venue(
        Venue("US"),
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(1_000_000, dollars)],
        fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )
    for instrument in catalog.instruments(names):
        engine.add_instrument(instrument)
    window = catalog.window(names, [], 0, FOREVER)
    engine.add_data(window.bars)
    engine.add_data(window.opening_ticks)
    listener = Listener(DataActorConfig(actor_id=ActorId("LISTENER-001")))
    listener.bar_types = tuple(BarType.from_str(name) for name in names)
    engine.add_actor(listener)
    engine.run()
    return time.perf_counter() - started


def whole_firm(catalog_path: Path) -> tuple[float, int]:
    """Seconds of the whole firm of configs/demo.toml without inputs, and its fills."""
    raw: dict[str, Any] = tomllib.loads(encode(load(ROOT / "configs" / "demo.toml").firm).decode())
    names = [name.partition("-")[0] for name in Catalog(catalog_path).names()]
    raw["market"] = {key: raw["market"][key] for key in ("bar", "calendar")} | {
        "inputs": [],
        "universe": [{"id": name, "max_order_value": 2e6, "max_order_volume": 200_000} for name in names],
    }
    raw["signals"]["agents"] = [agent for agent in raw["signals"]["agents"] if agent["model"] != "macro"]
    with tempfile.TemporaryDirectory() as folder:
        study = Study(loaded=decode(raw, "bench"), catalog=catalog_path, out=Path(folder) / "run")
        started = time.perf_counter()
        run = run_backtest(study)
        seconds = time.perf_counter() - started
        assert run.summary["bars"] == sum(
            Catalog(catalog_path).record(name).rows for name in Catalog(catalog_path).names()
        )
        return seconds, run.summary["fills"]


def measure(side: str, catalog_path: Path) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, __file__, side, str(catalog_path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure all sizes and print them."""
    table = Table(title=f"bars a second, median of {RUNS} alternating fresh processes")
    for name in ("instruments", "rounds", "engine, no-op on_bar", "firm, records on", "ratio", "fills"):
        table.add_column(name, justify="right")
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("measuring") as status:
        for instruments, rounds in ROUNDS.items():
            catalog_path = Path(folder) / str(instruments)
            symbols = [f"S{number:02d}" for number in range(instruments)]
            write_synthetic(Catalog(catalog_path), synthetic_bars(symbols, rounds), venue="US")
            sides: dict[str, list[dict[str, float]]] = {"engine": [], "firm": []}
            for turn in range(RUNS):
                status.update(f"{instruments} instruments, turn {turn + 1} of {RUNS}")
                for side, results in sides.items():
                    results.append(measure(side, catalog_path))
            bars = instruments * rounds
            engine, firm = (bars / statistics.median(r["seconds"] for r in results) for results in sides.values())
            fills = int(sides["firm"][0]["fills"])
            table.add_row(
                f"{instruments}", f"{rounds:,}", f"{engine:,.0f}", f"{firm:,.0f}", f"{firm / engine:.3f}", f"{fills:,}"
            )
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "engine":
        sys.stdout.write(json.dumps({"seconds": engine_alone(Path(sys.argv[2]))}))
    else:
        seconds, fills = whole_firm(Path(sys.argv[2]))
        sys.stdout.write(json.dumps({"seconds": seconds, "fills": fills}))

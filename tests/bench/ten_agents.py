"""The firm of all ten agents against the bare engine on the same data, and where its time goes, desk by desk.

Fifty instruments by the hour with quotes, two series of events, and options on one of them. Each measurement is a fresh
process and the two sides alternate. The engine alone is given bars, opening ticks, quotes and events too, and a Python
subscriber that hears the bars and does nothing. Time by desk is a run of its own, since measuring costs time.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, DataActorConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import AccountType, ActorId, Bar, BarType, Currency, Money, OmsType, Venue
from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.market import MarketDesk
from nautilus_ai_firm.bus import Line
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.manifest import Contract, Listing, Provenance
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.hosts.backtest import run_stage
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.settings import Loaded, decode

SESSIONS, INSTRUMENTS, RUNS, WANTED = 140, 50, 3, 0.30
ROOT = Path(__file__).resolve().parents[2]
VENUE = "US"
DAY_NS = 86_400_000_000_000
YEAR_NS = 365 * DAY_NS
VOLATILITY = 0.3
PROVENANCE = Provenance(
    source="seed", licence="none needed", source_sha256="0" * 64, adjustment="raw", as_of="2012-01-03"
)


def write_market(path: Path) -> None:
    """Make a catalog of everything that the ten agents look at."""
    symbols = [f"S{number:02d}" for number in range(INSTRUMENTS)]
    bars = synthetic_bars([*symbols, "INDEX"], SESSIONS, "1-HOUR")
    index, first = bars.pop("INDEX"), bars["S00"]
    catalog = Catalog(path)
    write_synthetic(catalog, bars, "1-HOUR", VENUE)
    equity = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
    looked_at = Listing(instrument_class="IndexInstrument", tradable=False, calendar="XNYS")
    generator = np.random.default_rng(1)
    with catalog.update() as update:
        update.add_bars("INDEX.X", "1-HOUR", index, looked_at, PROVENANCE)
        for symbol, own in bars.items():
            add_sides(update, f"{symbol}.{VENUE}", equity, own, own.close, generator)
        for name, contract, price in options(first):
            listing = Listing(instrument_class="OptionContract", tradable=True, calendar="XNYS", contract=contract)
            add_sides(update, name, listing, first, price, generator)
        for name, every in (("fomc", 30), ("cpi", 20)):
            times = first.ts_open_ns[0] + DAY_NS * np.arange(2, SESSIONS, every) + DAY_NS // 48
            known, n = times - 7 * DAY_NS, len(times)
            rows = DatedRows(
                ts_event_ns=times, ts_init_ns=known, text=["event"] * n, value=np.full(n, np.nan), source=["seed"] * n
            )
            update.add_notices(name, "event", rows, PROVENANCE)


def add_sides(update: Any, name: str, listing: Listing, at: BarColumns, price: Any, generator: Any) -> None:
    """Quote a price at every bar, a basis point and at least a cent wide to each side."""
    sides: tuple[tuple[PriceType, int], ...] = (("BID", -1), ("ASK", 1))
    for side, sign in sides:
        level = price + sign * np.maximum(0.01, 1e-4 * price)
        size = generator.integers(1, 50, len(level)) * 100.0
        columns = BarColumns(
            ts_open_ns=at.ts_open_ns,
            ts_close_ns=at.ts_close_ns,
            open=level,
            high=level,
            low=level,
            close=level,
            volume=size,
        )
        update.add_bars(name, "1-HOUR", columns.rounded(), listing, PROVENANCE, side)


def options(at: BarColumns) -> list[tuple[str, Contract, Any]]:
    """Calls and puts on S00, four expiries and eleven strikes around the first price, at one volatility."""
    made: list[tuple[str, Contract, Any]] = []
    n, middle = len(at.close), float(at.close[0])
    for months in (1, 2, 4, 8):
        expiry_ns = int(at.ts_close_ns[-1]) + months * 30 * DAY_NS
        expiry = np.datetime64(expiry_ns, "ns").astype("datetime64[s]")
        for strike in np.round(middle * np.linspace(0.75, 1.25, 11)):
            for letter in ("C", "P"):
                terms = Options(
                    spot=at.close,
                    strike=np.full(n, strike),
                    years=(expiry_ns - at.ts_close_ns) / YEAR_NS,
                    rate=0.02,
                    carry=np.full(n, 0.02),
                    is_call=np.full(n, letter == "C"),
                )
                contract = Contract(
                    underlying=f"S00.{VENUE}",
                    multiplier="100",
                    expiration=f"{expiry}Z",
                    asset_class="EQUITY",
                    right="call" if letter == "C" else "put",
                    strike=f"{strike:g}",
                )
                day = str(expiry)[2:10].replace("-", "")
                name = f"S00{day}{letter}{int(strike * 1000):08d}.{VENUE}"
                price = american_value(terms, np.full(n, VOLATILITY)).price
                made.append((name, contract, np.maximum(price, 0.05)))  # what is worth less has no bid
    return made


def ten_agents() -> Loaded:
    """Seat the ten of configs/firm.toml in a firm of fifty instruments."""
    raw: dict[str, Any] = tomllib.loads((ROOT / "configs" / "firm.toml").read_text(encoding="utf-8"))
    names = [f"S{number:02d}.{VENUE}" for number in range(INSTRUMENTS)]
    raw["market"] = {
        "bar": "1-HOUR",
        "calendar": "XNYS",
        "inputs": ["INDEX.X"],
        "quotes": True,
        "events": ["fomc", "cpi"],
        "chains": [{"underlying": names[0]}],
        "universe": [{"id": name, "max_order_value": 2e6, "max_order_volume": 200_000} for name in names],
    }
    changes = {
        "statistical_arbitrage": {"screen": names[:10], "window": 140},
        "index_spread": {"benchmark": names[0], "indices": names[1:]},
        "macro": {"index": "INDEX.X", "long_volatility_span": 300.0},
        "event_driven": {"kinds": ["fomc", "cpi"]},
    }
    for agent in raw["signals"]["agents"]:
        agent["params"] |= changes.get(agent["name"], {})
    return decode(raw, "bench")


class Listener(DataActor):
    """Hears every bar and does nothing."""

    bar_types: tuple[BarType, ...] = ()

    def on_start(self) -> None:
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        pass


def engine_alone(catalog_path: Path) -> dict[str, float]:
    """Seconds of the engine on all that the firm is given."""
    started = time.perf_counter()
    stage = prepare(Study(loaded=ten_agents(), catalog=catalog_path))
    names = bar_names(stage.firm)
    engine = BacktestEngine(
        BacktestEngineConfig(run_analysis=False, logging=LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF))
    )
    for venue in (VENUE, "X"):
        money = [Money(1_000_000, Currency.from_str("USD"))]
        free = MakerTakerFeeModel(Decimal(0), Decimal(0))
        engine.add_venue(Venue(venue), OmsType.NETTING, AccountType.MARGIN, money, fee_model=free)
    series = [*names, *map(str, stage.universe.input_bar_types.values())]
    for instrument in stage.catalog.instruments(series):
        engine.add_instrument(instrument)
    window = stage.catalog.window(names, series[len(names) :], 0, stage.end_ns, stage.watching.beside)
    for data in (window.bars, window.opening_ticks, window.observations, window.quotes):
        if data:
            engine.add_data(data)
    listener = Listener(DataActorConfig(actor_id=ActorId("LISTENER-001")))
    listener.bar_types = tuple(BarType.from_str(name) for name in names)
    engine.add_actor(listener)
    engine.run()
    return {"seconds": time.perf_counter() - started}


def whole_firm(catalog_path: Path) -> dict[str, float]:
    """Seconds of the whole firm, its rounds and its fills."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = run_stage(prepare(Study(loaded=ten_agents(), catalog=catalog_path, out=Path(folder) / "run")))
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "fills": run.summary["fills"], "rounds": run.summary["rounds"]}


def by_desk(catalog_path: Path) -> dict[str, float]:
    """Seconds in the callbacks of each desk, without those of the desks that it called."""
    spent: dict[str, float] = defaultdict(float)
    inner: list[float] = []

    def timed[**P](name: str, handler: Callable[P, None]) -> Callable[P, None]:
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            started = time.perf_counter()
            inner.append(0.0)
            handler(*args, **kwargs)
            seconds = time.perf_counter() - started
            spent[name] += seconds - inner.pop()
            if inner:
                inner[-1] += seconds

        return run

    guard = Line.guard
    Line.guard = lambda line, handler: timed(line.name, guard(line, handler))  # pyright: ignore[reportAttributeAccessIssue] - for the time of this process
    for desk, name, methods in (
        (MarketDesk, "market", ("on_bar", "on_data")),
        (ExecutionDesk, "execution", ("on_trade", "on_order_filled")),
    ):
        for method in methods:
            if hasattr(desk, method):
                setattr(desk, method, timed(name, getattr(desk, method)))
    firm = whole_firm(catalog_path)
    return {**spent, "engine, reading, writing": firm["seconds"] - sum(spent.values())}


def measure(side: str, catalog_path: Path) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, __file__, side, str(catalog_path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure both sides, then each desk, and print them."""
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("measuring"):
        catalog_path = Path(folder) / "catalog"
        write_market(catalog_path)
        sides: dict[str, list[dict[str, float]]] = {"engine": [], "firm": []}
        for _ in range(RUNS):
            for side, results in sides.items():
                results.append(measure(side, catalog_path))
        desks = measure("desks", catalog_path)
    rounds, fills = (int(sides["firm"][0][name]) for name in ("rounds", "fills"))
    engine, firm = (statistics.median(one["seconds"] for one in results) for results in sides.values())
    bars = rounds * INSTRUMENTS
    table = Table(title=f"ten agents, {INSTRUMENTS} instruments, {rounds:,} rounds; median of {RUNS} fresh processes")
    for name in ("engine, no-op, bars/s", "firm, records on, bars/s", "ratio", "wanted", "fills"):
        table.add_column(name, justify="right")
    table.add_row(f"{bars / engine:,.0f}", f"{bars / firm:,.0f}", f"{engine / firm:.3f}", f"{WANTED:.2f}", f"{fills:,}")
    budget = Table(title="time by desk, one run")
    for name in ("desk", "us a round", "share"):
        budget.add_column(name, justify="left" if name == "desk" else "right")
    total = sum(desks.values())
    for name, seconds in sorted(desks.items(), key=lambda row: -row[1]):
        budget.add_row(name, f"{seconds / rounds * 1e6:,.0f}", f"{seconds / total:.1%}")
    for one in (table, budget):
        Console().print(one)


if __name__ == "__main__":
    SIDES = {"engine": engine_alone, "firm": whole_firm, "desks": by_desk}
    if len(sys.argv) == 1:
        main()
    else:
        sys.stdout.write(json.dumps(SIDES[sys.argv[1]](Path(sys.argv[2]))))

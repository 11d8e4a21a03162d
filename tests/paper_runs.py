"""Starts paper sessions as a person does, one process each, at the gateway of the tests."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.durations import MINUTE_NS, SECOND_NS
from nautilus_ai_firm.settings import encode
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Bar, Quote, Stock, Trade
from tests.firm_runs import ROOT, settings
from tests.live_runs import LAUNCH, Ended, end_of

D = Decimal
CENT = D("0.01")
ACCOUNT = "DU1234567"
SYMBOLS = ("AAPL", "IBM")
STOCKS = (Stock(symbol="AAPL", con_id=265598), Stock(symbol="IBM", con_id=8314, exchange="NYSE"))
CONTRACTS = {"AAPL.US": "AAPL.NASDAQ", "IBM.US": "IBM.NYSE"}
FIRST = {"AAPL": D("100.00"), "IBM": D("140.00")}
HISTORY_MINUTES, GAP_MINUTES = 400, 30  # the catalog ends before the gateway does
LATEST_SECOND = 38  # of a minute, at which a session can start and still hear the next one whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDesk:
    """A configuration file and a catalog that ends now, in one folder, and the gateway."""

    folder: Path
    gateway: Gateway

    @property
    def config(self) -> Path:
        return self.folder / "firm.toml"

    def environment(self, **changes: str) -> dict[str, str]:
        return {"IB_PORT": str(self.gateway.port), "IB_ACCOUNT": ACCOUNT, "IB_CLIENT_ID": "7"} | changes

    def begin(
        self, *options: str, script: str = "node_paper", planted: str = "", **environment: str
    ) -> "subprocess.Popen[str]":
        """Start the command of a session."""
        program = [str(ROOT / "live" / f"{script}.py")] if not planted else ["-c", planted + LAUNCH]
        where = ["--config", str(self.config), "--catalog", str(self.folder / "catalog"), "--venue", "ib"]
        return subprocess.Popen(
            [sys.executable, "-W", "error", *program, *where, *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str, script: str = "node_paper", **environment: str) -> Ended:
        """Run a command, and wait for its end."""
        return end_of(self.begin(*options, script=script, **environment))


def paper_desk(folder: Path, gateway: Gateway, changes: Mapping[str, Any] | None = None) -> PaperDesk:
    """Write a catalog of minute bars up to the last whole minute, and a firm that trades every minute."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = history()
    write_history(folder / "catalog", {symbol: one.take(slice(0, -GAP_MINUTES)) for symbol, one in columns.items()})
    for symbol, one in columns.items():
        gateway.market.history[symbol, 60] = tape_of(one)
    resolved = settings(
        SYMBOLS,
        {
            "market.bar": "1-MINUTE",
            "market.calendar": "24/7",
            "market.warm_up_rounds": 300,
            "market.grace_ms": 3_000,
            "risk.kill_switch_file": "kill_switch.json",
            "execution.no_trade_band": 0.0,
            "live": {"ib": {"contracts": CONTRACTS, "wait_seconds": 5.0, "market_data": "live"}},
        }
        | dict(changes or {}),
        macro=False,
    )
    desk = PaperDesk(folder=folder, gateway=gateway)
    desk.config.write_bytes(encode(resolved.firm))
    return desk


def history(first: Mapping[str, Decimal] = FIRST, count: int = HISTORY_MINUTES) -> dict[str, BarColumns]:
    """Minute bars of every share up to the last whole minute, that end at the price at which the tape begins."""
    last_ns = time.time_ns() // MINUTE_NS * MINUTE_NS
    closes_ns = last_ns - np.arange(count - 1, -1, -1) * MINUTE_NS
    made: dict[str, BarColumns] = {}
    for seed, symbol in enumerate(first):
        steps = np.random.default_rng(seed).normal(0, 0.0005, count)
        close = np.round(float(first[symbol]) * np.exp(np.cumsum(steps) - steps.sum()), 2)
        open_ = np.append(close[0], close[:-1])
        made[symbol] = BarColumns(
            ts_open_ns=closes_ns - MINUTE_NS, ts_close_ns=closes_ns, open=open_, close=close,
            high=np.round(np.maximum(open_, close) + 0.01, 2), low=np.round(np.minimum(open_, close) - 0.01, 2),
            volume=np.full(count, 100_000.0),
        )  # fmt: skip
    return made


def write_history(path: Path, columns: Mapping[str, BarColumns], calendar: str = "24/7") -> None:
    """Write a catalog of these."""
    listing = Listing(instrument_class="Equity", tradable=True, calendar=calendar)
    provenance = Provenance(
        source="synthetic", licence="none needed", source_sha256="0" * 64, adjustment="raw", as_of="2026-01-01",
        actions=(),
    )  # fmt: skip
    with Catalog(path).update() as update:
        for symbol, one in columns.items():
            update.add_bars(f"{symbol}.US", "1-MINUTE", one, listing, provenance)


def tape_of(one: BarColumns) -> list[Bar]:
    """Make the gateway's bars of columns."""
    return list(map(Bar, *_bars_of(one)))


def _bars_of(one: BarColumns) -> Iterator[list[Any]]:
    yield (one.ts_open_ns // SECOND_NS).tolist()
    for prices in (one.open, one.high, one.low, one.close):
        yield [D(f"{price:.2f}") for price in prices]
    yield one.volume.astype(np.int64).tolist()


class Tape:
    """Quotes and trades of every share, four a second while it plays, the last quote standing while it pauses.

    Parameters
    ----------
    gateway : Gateway
        Where they happen.
    seed : int
        Of the walk.
    first : mapping
        Price of each share at the beginning.
    step : Decimal
        By how much a price changes where it does; 0 is a market that stands.

    """

    def __init__(
        self, gateway: Gateway, seed: int = 0, first: Mapping[str, Decimal] = FIRST, step: Decimal = CENT
    ) -> None:
        self._gateway = gateway
        self._drawn = random.Random(seed)  # noqa: S311 - a made-up market, not a secret
        self._prices = dict(first)
        self._step = step
        self._stop = threading.Event()
        self._player = threading.Thread(target=self._play, name="tape")
        self.pauses_when: Callable[[], bool] = lambda: False

    def __enter__(self) -> Self:
        self._player.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._player.join()

    def move(self, symbol: str, by: Decimal) -> None:
        """Let a share go on from another price."""
        self._prices[symbol] += by

    def _play(self) -> None:
        while not self._stop.wait(0.25):
            for symbol in self._prices:
                if self.pauses_when():
                    break
                self._prices[symbol] += self._drawn.choice((-1, 0, 1)) * self._step
                price = self._prices[symbol]
                quote = Quote(symbol, price - D("0.01"), price + D("0.01"), 5_000, 5_000)
                self._gateway.play(quote, Trade(symbol, price, self._drawn.choice((1_000, 2_000)), int(time.time())))


def minutes_for(rounds: int) -> float:
    """How long a session that starts now has to run for so many whole minutes, and ten seconds after the last."""
    late = time.time() % 60 > LATEST_SECOND
    return ((60 - time.time()) % 60 + 60 * (rounds + late) + 10) / 60

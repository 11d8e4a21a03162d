"""A market of fifty instruments by the hour in which every one of the ten agents has something to look at.

Quotes on both sides, two series of events, options on one of them, and the firm of configs/firm.toml seated on it.
"""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.manifest import Contract, Listing, Provenance
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.settings import Loaded, decode, encode, load

SESSIONS, INSTRUMENTS = 140, 50
ROOT = Path(__file__).resolve().parents[2]
VENUE = "US"
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
    raw: dict[str, Any] = tomllib.loads(encode(load(ROOT / "configs" / "firm.toml").firm).decode())
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

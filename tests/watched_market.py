"""A synthetic market with quotes, scheduled events and option chains beside its bars, known up to any moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.manifest import Contract, Listing
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.synthetic import bar_times
from nautilus_ai_firm.durations import DAY_NS, MINUTE_NS
from tests.firm_runs import PROVENANCE, VENUE, Market, known, synthetic_market

SYMBOLS = ("A", "B")
SESSIONS = 8
FIRST_EXPIRY, LAST_EXPIRY = "2012-01-09T21:00:00Z", "2012-02-17T21:00:00Z"
WATCHES: dict[str, Any] = {
    "market.bar": "1-HOUR",
    "market.quotes": True,
    "market.events": ["fomc", "earnings__A-US", "earnings__B-US"],
    "market.chains": [{"underlying": "A.US"}],
}
"""What a firm says that looks at all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedMarket(Market):
    """A market and what is watched in it."""

    sides: dict[tuple[str, str], BarColumns] = field(default_factory=dict)  # by instrument id and BID or ASK
    contracts: dict[str, Contract] = field(default_factory=dict)
    events: dict[str, DatedRows] = field(default_factory=dict)

    def cut(self, cut_ns: int) -> "WatchedMarket":
        """Only what was known at `cut_ns`."""
        market = Market.cut(self, cut_ns)
        sides = {name: known(bars, cut_ns) for name, bars in self.sides.items()}
        return replace(
            self,
            bars=market.bars,
            index=market.index,
            macro=market.macro,
            sides={name: bars for name, bars in sides.items() if len(bars)},
            events={name: published(rows, cut_ns) for name, rows in self.events.items()},
        )

    def write(self, path: Path, bar: Any = "1-HOUR") -> Path:
        """Make a catalog of it."""
        Market.write(self, path, bar)
        catalog = Catalog(path)
        with catalog.update() as update:
            for (name, side), bars in self.sides.items():
                contract = self.contracts.get(name)
                listing = Listing(
                    instrument_class="Equity" if contract is None else "OptionContract",
                    tradable=True,
                    calendar="XNYS",
                    contract=contract,
                )
                size = "1-MINUTE" if contract is None else "1-HOUR"
                price_type: PriceType = "BID" if side == "BID" else "ASK"
                update.add_bars(name, size, bars, listing, PROVENANCE, price_type)
            for name, rows in self.events.items():
                update.add_notices(name, "event", rows, PROVENANCE)
        return path


def watched_market(seed: int = 7, gaps: Mapping[str, slice] | None = None) -> WatchedMarket:
    """Two stocks, hourly, with minute quotes; options on A that expire on the fourth day and later; three series.

    Parameters
    ----------
    seed : int
        Seed of everything random.
    gaps : mapping of str to slice, optional
        By symbol, minutes of which the ask is missing.

    """
    market = synthetic_market(SYMBOLS, SESSIONS, "1-HOUR", seed, date(2012, 1, 4))
    generator = np.random.default_rng(seed)
    sides: dict[tuple[str, str], BarColumns] = {}
    minutes = bar_times(_sessions(market), "1-MINUTE")
    for symbol in SYMBOLS:
        level = float(market.bars[symbol].close[0]) * np.exp(
            np.cumsum(1e-4 * generator.standard_normal(len(minutes[0])))
        )
        for side, sign in (("BID", -1), ("ASK", 1)):
            bars = flat(*minutes, level * (1 + sign * 2e-4), generator.integers(1, 50, len(level)) * 100.0)
            keep = np.ones(len(bars), dtype=np.bool_)
            if side == "ASK" and gaps and symbol in gaps:
                keep[gaps[symbol]] = False
            sides[f"{symbol}.{VENUE}", side] = bars.take(keep)
    contracts = {
        name: contract
        for day, expiry in (("120109", FIRST_EXPIRY), ("120217", LAST_EXPIRY))
        for strike in (90, 100, 110)
        for letter, right in (("C", "call"), ("P", "put"))
        for name, contract in [_contract(day, expiry, strike, letter, right)]
    }
    hours = market.bars["A"]
    for place, (name, contract) in enumerate(contracts.items()):
        # each is quoted in most hours; the last one from the fifth session on, and without bids
        quoted = generator.random(len(hours)) > 0.2
        if place == len(contracts) - 1:
            quoted &= hours.ts_open_ns >= hours.ts_open_ns[0] + 6 * DAY_NS
        quoted &= hours.ts_close_ns <= np.datetime64(contract.expiration[:-1], "ns").astype(np.int64)
        price = 5 + generator.random(len(hours))
        for side, sign in (("BID", -1), ("ASK", 1)):
            if side == "ASK" or place < len(contracts) - 1:
                bars = flat(hours.ts_open_ns, hours.ts_close_ns, price + sign * 0.05, np.full(len(hours), 10.0))
                sides[name, side] = bars.take(quoted)
    return WatchedMarket(
        bars=market.bars,
        index=market.index,
        macro=market.macro,
        sides=sides,
        contracts=contracts,
        events=_events(hours),
    )


def flat(ts_open: np.ndarray, ts_close: np.ndarray, price: np.ndarray, volume: np.ndarray) -> BarColumns:
    """Bars that close where they opened."""
    return BarColumns(
        ts_open_ns=ts_open, ts_close_ns=ts_close, open=price, high=price, low=price, close=price, volume=volume
    ).rounded()


def rows(times: list[tuple[int, int]], text: str = "event") -> DatedRows:
    """Events by time and publication, in the order of publication."""
    ordered = sorted(times, key=lambda row: row[1])
    return DatedRows(
        ts_event_ns=np.array([event for event, _ in ordered], dtype=np.int64),
        ts_init_ns=np.array([known_ns for _, known_ns in ordered], dtype=np.int64),
        text=[f"{text} {event}" for event, _ in ordered],
        value=np.full(len(ordered), np.nan),
        source=["seed"] * len(ordered),
    )


def published(all_rows: DatedRows, cut_ns: int) -> DatedRows:
    """Events that were published by a time."""
    keep = all_rows.ts_init_ns <= cut_ns
    times = zip(all_rows.ts_event_ns[keep].tolist(), all_rows.ts_init_ns[keep].tolist(), strict=True)
    return rows(list(times))


def _sessions(market: Market) -> Sessions:
    bars = market.bars["A"]
    around = Sessions.between("XNYS", int(bars.ts_open_ns[0]), int(bars.ts_close_ns[-1]))
    inside = (around.closes_ns > bars.ts_open_ns[0]) & (around.opens_ns < bars.ts_close_ns[-1])
    return replace(
        around, dates=around.dates[inside], opens_ns=around.opens_ns[inside], closes_ns=around.closes_ns[inside]
    )


def _contract(day: str, expiry: str, strike: int, letter: str, right: Any) -> tuple[str, Contract]:
    contract = Contract(
        underlying=f"A.{VENUE}",
        multiplier="100",
        expiration=expiry,
        asset_class="EQUITY",
        right=right,
        strike=str(strike),
    )
    return f"A{day}{letter}{strike * 1000:08d}.{VENUE}", contract


def _events(hours: BarColumns) -> dict[str, DatedRows]:
    first = int(hours.ts_open_ns[0])
    day = [first + place * DAY_NS for place in range(12)]
    return {
        "fomc": rows([(day[0] - 40 * DAY_NS, day[0] - 300 * DAY_NS), (day[5] + 30 * MINUTE_NS, day[0] - 300 * DAY_NS)]),
        "earnings__A-US": rows([(day[2], day[1] + 45 * MINUTE_NS), (day[9], day[6] + MINUTE_NS)]),
        "earnings__B-US": rows([(day[1], day[0] - 9 * DAY_NS), (day[6], day[6] + 3 * 60 * MINUTE_NS)]),
    }

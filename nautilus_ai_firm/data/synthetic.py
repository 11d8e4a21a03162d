"""Turns a seed into bar series that look like a market, for tests and load; the manifest calls them synthetic."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats, Times
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS

type BarSize = Literal["1-DAY", "1-HOUR", "1-MINUTE"]
type Kind = Literal["random_walk", "trending", "mean_reverting", "jump"]

CALENDAR = "XNYS"
DEFAULT_START = date(2012, 1, 3)

_SIZE_NS = {"1-HOUR": HOUR_NS, "1-MINUTE": MINUTE_NS}
_SESSION_NS = 390 * MINUTE_NS  # a regular XNYS session
_VOLATILITY_PER_SESSION = 0.016  # about 25 % a year
_GAP_SHARE = 0.3  # part of the session's variance that falls between the bars
_VOLUME_PER_SESSION = 5_000_000.0
_TREND_SESSIONS = 60  # a trend lasts so long on average
_TREND_STRENGTH = 0.25  # of the volatility, a session
_REVERSION_SESSIONS = 5  # within which a deviation falls to 1/e
_JUMPS_PER_SESSION = 0.02
_JUMP_SIZE = 5.0  # standard deviation of a jump, in those of a session


def bar_times(sessions: Sessions, bar: BarSize) -> tuple[Times, Times]:
    """Compute starts and closes of the bars of every session, nanoseconds UTC.

    Parameters
    ----------
    sessions : Sessions
        The sessions, half days included.
    bar : {"1-DAY", "1-HOUR", "1-MINUTE"}
        Daily bars are sessions. Hourly and minute bars start on the clock's grid, cut at the open and at the close.

    """
    if bar == "1-DAY":
        return sessions.opens_ns, sessions.closes_ns
    size = _SIZE_NS[bar]
    starts = [
        np.maximum(np.arange(first // size * size, last, size), first)
        for first, last in zip(sessions.opens_ns.tolist(), sessions.closes_ns.tolist(), strict=True)
    ]
    ts_open = np.concatenate(starts).astype(np.int64)
    return ts_open, np.minimum(ts_open // size * size + size, sessions.session_close_ns(ts_open))


def synthetic_bars(
    symbols: Sequence[str],
    n_sessions: int,
    bar: BarSize = "1-DAY",
    seed: int = 0,
    start: date = DEFAULT_START,
    kind: Kind = "random_walk",
) -> dict[str, BarColumns]:
    """Correlated geometric random walks on XNYS sessions, or what departs from them, one series a symbol.

    Parameters
    ----------
    symbols : sequence of str
        Names; each symbol has its own stream, so that adding one does not change the others.
    n_sessions : int
        Number of sessions from `start`, half days included.
    bar : {"1-DAY", "1-HOUR", "1-MINUTE"}
        Size of a bar.
    seed : int
        Seed of everything random.
    start : date
        First local date.
    kind : {"random_walk", "trending", "mean_reverting", "jump"}
        Log prices without memory; with a drift of a quarter of the volatility that changes its sign every 60 sessions
        on average; pulled to where they began within 5 sessions (Ornstein and Uhlenbeck, 1930); with a jump of five
        standard deviations in one session of fifty (Merton, 1976).

    Returns
    -------
    dict of str to BarColumns
        Prices at four decimals, whole volumes.

    """
    first = np.datetime64(start, "D")
    first_ns = int(first.astype("datetime64[ns]").astype(np.int64))
    sessions = Sessions.between(CALENDAR, first_ns, first_ns + (2 * n_sessions + 14) * DAY_NS)
    begin = int(np.searchsorted(sessions.dates, first))
    chosen = slice(begin, begin + n_sessions)
    sessions = Sessions(CALENDAR, sessions.dates[chosen], sessions.opens_ns[chosen], sessions.closes_ns[chosen])
    ts_open, ts_close = bar_times(sessions, bar)
    market = np.random.default_rng(seed).standard_normal(len(ts_open))
    return {
        symbol: _walk(
            np.random.default_rng([seed, *symbol.encode()]),
            np.random.default_rng([seed, *kind.encode(), *symbol.encode()]),
            market,
            kind,
            ts_open,
            ts_close,
        )
        for symbol in symbols
    }


def write_synthetic(
    catalog: Catalog,
    bars: dict[str, BarColumns],
    bar: BarSize = "1-DAY",
    venue: str = "XNYS",
    source: str = "synthetic",
) -> dict[str, bool]:
    """Write series into a catalog as tradable equities; return their bar types in order, and whether each was new."""
    listing = Listing(instrument_class="Equity", tradable=True, calendar=CALENDAR)
    written: dict[str, bool] = {}
    with catalog.update() as update:
        for symbol, columns in bars.items():
            checksum = hashlib.sha256(columns.close.tobytes()).hexdigest()
            last = str(columns.ts_close_ns[-1:].astype("datetime64[ns]").astype("datetime64[D]")[0])
            provenance = Provenance(
                source=source,
                licence="none needed",
                source_sha256=checksum,
                adjustment="raw",
                as_of=last,
                actions=(),
            )
            name = bar_type_id(f"{symbol}.{venue}", bar)
            written[name] = update.add_bars(f"{symbol}.{venue}", bar, columns, listing, provenance)
    return written


def _walk(
    generator: np.random.Generator,
    of_kind: np.random.Generator,
    market: Floats,
    kind: Kind,
    ts_open: Times,
    ts_close: Times,
) -> BarColumns:
    n_bars = len(ts_open)
    share = (ts_close - ts_open) / _SESSION_NS
    volatility = _VOLATILITY_PER_SESSION * np.sqrt(share)
    own = generator.standard_normal((4, n_bars))
    inside = volatility * np.sqrt(1 - _GAP_SHARE) * (0.5 * market + np.sqrt(0.75) * own[0])
    gap = volatility * np.sqrt(_GAP_SHARE) * own[1]
    first = np.log(generator.uniform(20, 400))
    if kind == "trending":
        sign = np.where(np.cumsum(of_kind.random(n_bars) < share / _TREND_SESSIONS) % 2, -1.0, 1.0)
        inside = inside + sign * _TREND_STRENGTH * _VOLATILITY_PER_SESSION * share
    elif kind == "jump":
        jumped = of_kind.random(n_bars) < _JUMPS_PER_SESSION * share
        gap = gap + jumped * _JUMP_SIZE * _VOLATILITY_PER_SESSION * of_kind.standard_normal(n_bars)
    if kind == "mean_reverting":
        pull = 1 - np.exp(-share.mean() / _REVERSION_SESSIONS)
        # x(t) = (1 - pull) x(t-1) + e(t), as an exponentially weighted mean of e / pull
        level = first + pd.Series((gap + inside) / pull).ewm(alpha=pull, adjust=False).mean().to_numpy()
    else:
        level = first + np.cumsum(gap + inside)
    close, opened = np.exp(level), np.exp(level - inside)
    spread = 0.5 * volatility * np.abs(own[2:])
    return BarColumns(
        ts_open_ns=ts_open,
        ts_close_ns=ts_close,
        open=opened,
        high=np.maximum(opened, close) * np.exp(spread[0]),
        low=np.minimum(opened, close) * np.exp(-spread[1]),
        close=close,
        volume=_VOLUME_PER_SESSION * share * np.exp(0.4 * generator.standard_normal(n_bars)),
    ).rounded()

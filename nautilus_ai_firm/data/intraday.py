"""Turns daily bars into synthetic bars inside their sessions that add up to each day's prices and volume exactly."""

import hashlib
from collections.abc import Iterator
from datetime import date

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import BarRecord, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.sessions import Sessions, Times
from nautilus_ai_firm.data.synthetic import BarSize, bar_times

_FEWEST_POINTS = 2  # between open and close, so that high and low each have one
_WICK = 0.5  # of the move of a usual bar
_EDGE = 2.0  # volume of the first and the last bar, in those of the middle ones, above 1
_SESSIONS_PER_PIECE = 250


def intraday_bars(daily: BarColumns, bar: BarSize, seed: int, precision: int = 4) -> BarColumns:
    """Fill each session with bars that reproduce its day.

    Log prices go from the open to the close of the day over its high and its low, at random times and in random order,
    as Brownian bridges folded into the day's range; the volatility is the one that such a range has (Parkinson, 1980).
    Volume is high at both ends of a session.

    Parameters
    ----------
    daily : BarColumns
        Sessions, prices at `precision` decimals and whole volumes.
    bar : {"1-HOUR", "1-MINUTE"}
        Size of the bars.
    seed : int
        Seed; a session depends on it and on its own time alone.
    precision : int
        Decimals of the prices.

    Returns
    -------
    BarColumns
        In every session the first open, the highest high, the lowest low, the last close and the sum of the volume are
        the day's.

    """
    dates = daily.ts_open_ns.astype("datetime64[ns]").astype("datetime64[D]")
    starts, ends = bar_times(Sessions("", dates, daily.ts_open_ns, daily.ts_close_ns), bar)
    edges = np.append(np.searchsorted(starts, daily.ts_open_ns), len(starts))
    columns = {name: np.empty(len(starts)) for name in ("open", "high", "low", "close", "volume")}
    for day in range(len(daily)):
        span = slice(int(edges[day]), int(edges[day + 1]))
        generator = np.random.default_rng([seed, int(daily.ts_open_ns[day])])
        prices = daily.open[day], daily.high[day], daily.low[day], daily.close[day]
        filled = _prices(generator, span.stop - span.start, prices, precision)
        for name, values in zip(("open", "high", "low", "close"), filled, strict=True):
            columns[name][span] = values
        columns["volume"][span] = _volumes(generator, span.stop - span.start, int(daily.volume[day]))
    return BarColumns(ts_open_ns=starts, ts_close_ns=ends, **columns)


def write_intraday(
    catalog: Catalog,
    daily: str,
    bar: BarSize,
    seed: int,
    venue: str,
    start: date | None = None,
    n_sessions: int | None = None,
) -> tuple[str, bool]:
    """Write the series inside a daily one into the catalog, under another venue.

    Parameters
    ----------
    catalog : Catalog
        Holds the daily series, and receives the new one.
    daily : str
        Bar type of the daily series.
    bar : {"1-HOUR", "1-MINUTE"}
        Size of the bars.
    seed : int
        Seed.
    venue : str
        Venue of the new instrument: synthetic prices never stand beside real ones under one name.
    start : date, optional
        First day that is taken; all when absent.
    n_sessions : int, optional
        How many days from there; all when absent.

    Returns
    -------
    str
        Bar type of the new series.
    bool
        Whether it was written.

    Raises
    ------
    DataError
        If the series is not daily, or is the instrument's own venue.
    CatalogError
        If the catalog holds no such series.

    """
    record = catalog.record(daily)
    if not isinstance(record, BarRecord) or "-1-DAY-" not in record.bar_type:
        raise DataError(f"{daily}: not a daily series (allowed: SYMBOL.VENUE-1-DAY-LAST-EXTERNAL)")
    symbol, _, own_venue = record.instrument_id.rpartition(".")
    if venue == own_venue:
        raise DataError(f"--venue {venue} is the venue of {daily} (allowed: another one, for synthetic prices)")
    days = catalog.bar_columns(daily)
    first = 0 if start is None else int(np.searchsorted(days.ts_close_ns, np.datetime64(start, "ns").astype(np.int64)))
    days = days.take(slice(first, None if n_sessions is None else first + n_sessions))
    if not len(days):
        raise DataError(f"{daily}: no day from {start} on (it holds {record.first} to {record.last})")
    precision = record.price_precision
    instrument_id = f"{symbol}.{venue}"
    provenance = Provenance(
        source=f"synthetic (inside {daily}, seed {seed})",
        licence=record.provenance.licence,
        source_sha256=hashlib.sha256(record.sha256.encode()).hexdigest(),
        adjustment=record.provenance.adjustment,
        as_of=record.provenance.as_of,
        actions=record.provenance.actions,
    )

    def pieces() -> Iterator[BarColumns]:
        for begin in range(0, len(days), _SESSIONS_PER_PIECE):
            yield intraday_bars(days.take(slice(begin, begin + _SESSIONS_PER_PIECE)), bar, seed, precision)

    with catalog.update() as update:
        written = update.add_bar_chunks(instrument_id, bar, pieces(), record.listing, provenance)
    return bar_type_id(instrument_id, bar), written


def _prices(
    generator: np.random.Generator, n_bars: int, day: tuple[float, float, float, float], precision: int
) -> tuple[Floats, Floats, Floats, Floats]:
    opened, top, bottom, closed = day
    log_open, log_top, log_bottom, log_close = np.log(day)
    spread = float(log_top - log_bottom)
    step = spread / (2 * np.sqrt(np.log(2) * n_bars))  # volatility of a bar
    points = {0: log_open, n_bars: log_close}
    if n_bars > _FEWEST_POINTS:
        high_at, low_at = generator.choice(np.arange(1, n_bars), size=2, replace=False).tolist()
        points |= {high_at: log_top, low_at: log_bottom}
    at = sorted(points)
    noise = np.append(0.0, np.cumsum(generator.standard_normal(n_bars) * step))
    anchors = np.array([points[index] for index in at])
    path = noise + np.interp(np.arange(n_bars + 1), at, anchors - noise[at])  # a bridge between every two anchors
    if spread:
        away = np.mod(path - log_bottom, 2 * spread)
        path = log_bottom + np.minimum(away, 2 * spread - away)  # folded at the high and at the low
    prices = np.exp(path)
    for index, value in {0: opened, n_bars: closed}.items():
        prices[index] = value
    opens, closes = prices[:-1], prices[1:]
    wicks = np.exp(_WICK * step * np.abs(generator.standard_normal((2, n_bars))))
    highs, lows = np.maximum(opens, closes) * wicks[0], np.minimum(opens, closes) / wicks[1]
    highs[np.argmax(highs)], lows[np.argmin(lows)] = top, bottom
    opens, highs, lows, closes = (
        np.clip(np.round(values, precision), bottom, top) for values in (opens, highs, lows, closes)
    )
    return opens, highs, lows, closes


def _volumes(generator: np.random.Generator, n_bars: int, volume: int) -> Times:
    place = np.linspace(-1, 1, n_bars) if n_bars > 1 else np.zeros(1)
    weights = (1 + _EDGE * place**2) * np.exp(0.4 * generator.standard_normal(n_bars))
    return generator.multinomial(volume, weights / weights.sum())

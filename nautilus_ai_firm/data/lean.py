"""Turns LEAN daily and hourly US equity zips and their factor files into catalog series.

Layout and units: `equity/readme.md` of the LEAN data folder. Prices are as traded, in 1/10,000 dollar; times are New
York; a daily row carries its date, an hourly row the start of its hour.
"""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats, check_bars
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Adjustment, Listing, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.sessions import Dates, Sessions
from nautilus_ai_firm.data.writing import Update

CALENDAR = "XNYS"

type Resolution = Literal["daily", "hour"]

_BARS: dict[Resolution, str] = {"daily": "1-DAY", "hour": "1-HOUR"}
_HOUR_NS = 3_600_000_000_000
_PRICE_UNIT = 10_000  # of a dollar
_REFERENCE_TOLERANCE = 0.02  # an hourly file ends before the closing auction; another company is further away
_SPLIT_TOLERANCE = 0.01  # log price
_LONGEST_CLOSURE_NS = 8 * 24 * _HOUR_NS  # a longer hole in the file can hide any move
_LAST_FACTOR_YEAR = np.datetime64("2050-01-01", "D")  # the final row of a factor file stands for "from now on"
_COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class LeanAdded:
    """What became of a LEAN folder.

    Attributes
    ----------
    written : dict of str to bool
        Series by bar type, and whether it was written (False: the catalog held it already).
    notes : list of str
        One line for each file or stretch of rows that was left out, and why.

    """

    written: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Factors:
    """A factor file: each row holds up to and including its date.

    Attributes
    ----------
    path : Path
        The file.
    dates : ndarray of shape (n_rows,)
        Last date of each row.
    price, split : ndarray of shape (n_rows,)
        Factors for dividends and for splits.
    reference : ndarray of shape (n_rows,)
        Close as traded on the date, in dollars; 0 or 1 where the file has none.

    """

    path: Path
    dates: Dates
    price: Floats
    split: Floats
    reference: Floats


def add_lean(
    catalog: Catalog,
    folder: Path,
    symbols: Sequence[str] = (),
    adjustment: Adjustment = "total_return",
    venue: str = "USA",
) -> LeanAdded:
    """Add the daily and hourly files of a LEAN data folder, all of them or nothing.

    Parameters
    ----------
    catalog : Catalog
        Where to.
    folder : Path
        LEAN data folder, holding `equity/usa/daily`, `equity/usa/hour` and `equity/usa/factor_files`.
    symbols : sequence of str
        Tickers in any case; all that are there when empty.
    adjustment : {"total_return", "split", "raw"}
        Price times price factor times split factor; times split factor; as traded. Volume is divided by the split
        factor unless raw. A file without a factor file is left out unless raw.
    venue : str
        Venue of the instruments; the name of LEAN's market.

    Raises
    ------
    DataError
        If the folder holds no such files, a ticker has none, or a file has a bad row.

    """
    base = folder / "equity" / "usa"
    files: dict[Resolution, dict[str, Path]] = {
        resolution: {path.stem.upper(): path for path in sorted((base / resolution).glob("*.zip"))}
        for resolution in _BARS
    }
    known = sorted({ticker for paths in files.values() for ticker in paths})
    if not known:
        raise DataError(f"{base}: no daily/*.zip or hour/*.zip (expected the data folder of LEAN)")
    wanted = [symbol.upper() for symbol in symbols] or known
    for ticker in wanted:
        if ticker not in known:
            raise DataError(f"{base}: no file for {ticker} (it holds {', '.join(known)})")
    added = LeanAdded()
    with catalog.update() as update:
        for ticker in wanted:
            for resolution, paths in files.items():
                if ticker in paths:
                    _add_file(update, added, paths[ticker], ticker, resolution, adjustment, venue)
    return added


def read_factors(path: Path) -> Factors:
    """Read a factor file.

    Raises
    ------
    DataError
        Naming file and line of the first row that is none.

    """
    rows = [line.split(",") for line in path.read_text().split()]
    try:
        table = np.array([[float(cell) for cell in row[:4]] for row in rows]).reshape(-1, 4)
        dates = np.array([f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:8]}" for row in rows], dtype="datetime64[D]")
    except ValueError as error:
        raise DataError(f"{path}: {error} (allowed: date, price factor, split factor, reference price)") from error
    if not rows or (table[:, 1:3] <= 0).any() or (dates[1:] <= dates[:-1]).any():
        raise DataError(f"{path}: factors must be above 0 and dates ascending")
    return Factors(path, dates, table[:, 1], table[:, 2], table[:, 3])


def read_bars(path: Path, resolution: Resolution) -> tuple[BarColumns, Dates, int]:
    """Read the bars of one zip, as traded, stamped with session or hour and cut at the session.

    Parameters
    ----------
    path : Path
        The zip file; it holds one CSV file.
    resolution : {"daily", "hour"}
        A daily bar is its session. An hourly bar starts at the hour or at the open, and closes an hour after the hour
        or at the session's close, half days included.

    Returns
    -------
    bars : BarColumns
        Rows inside sessions.
    dates : ndarray of shape (n_bars,)
        New York date of each bar.
    left_out : int
        Rows outside of regular sessions.

    Raises
    ------
    DataError
        Naming file and line of the first bad row.

    """
    table = _read_csv(path)
    rows = np.arange(1, len(table) + 1)
    local = table["time"].to_numpy().astype("datetime64[s]")
    dates = local.astype("datetime64[D]")
    ordered = local[1:] > local[:-1]
    if not ordered.all():
        line = int(np.argmin(ordered)) + 2
        raise DataError(f"{path}:{line}: time {local[line - 1]} (allowed: after the row before, {local[line - 2]})")
    midnights = dates.astype("datetime64[ns]").astype(np.int64)
    sessions = Sessions.between(CALENDAR, int(midnights[0]), int(midnights[-1]))
    ts_open, ts_close = sessions.open_of(dates), sessions.close_of(dates)
    if resolution == "hour":
        start = table["utc"].to_numpy().astype("datetime64[ns]").astype(np.int64)
        ts_open, ts_close = np.maximum(ts_open, start), np.minimum(ts_close, start + _HOUR_NS)
    inside = (ts_open < ts_close) & (sessions.open_of(dates) > 0)
    bars = BarColumns(
        ts_open_ns=ts_open,
        ts_close_ns=ts_close,
        open=table["open"].to_numpy() / _PRICE_UNIT,
        high=table["high"].to_numpy() / _PRICE_UNIT,
        low=table["low"].to_numpy() / _PRICE_UNIT,
        close=table["close"].to_numpy() / _PRICE_UNIT,
        volume=table["volume"].to_numpy(),
    ).take(inside)
    check_bars(bars, str(path), rows[inside])
    return bars, dates[inside], int((~inside).sum())


def factors_on(factors: Factors, dates: Dates) -> tuple[Floats, Floats]:
    """Look up price and split factor of each date: those of the first row at or after it."""
    row = np.minimum(np.searchsorted(factors.dates, dates), len(factors.dates) - 1)
    return factors.price[row], factors.split[row]


def first_date_of_company(factors: Factors, dates: Dates, close: Floats) -> np.datetime64:
    """Find the date from which a ticker's prices belong to the company of its factor file.

    Tickers move between companies and a file name is the ticker alone. The reference prices of the factor file tell:
    prices count from its first date, and from the first reference that agrees after the last that does not.
    """
    at = np.searchsorted(dates, factors.dates, side="right") - 1
    seen = (at >= 0) & (dates[np.maximum(at, 0)] == factors.dates) & (factors.reference != 0) & (factors.reference != 1)
    gap = np.abs(close[np.maximum(at, 0)] / np.where(seen, factors.reference, 1.0) - 1)
    wrong = np.flatnonzero(seen & (gap > _REFERENCE_TOLERANCE))
    if not wrong.size:
        return factors.dates[0]
    after = np.flatnonzero(seen[wrong[-1] + 1 :])
    return factors.dates[int(wrong[-1] + 1 + after[0])] if after.size else _LAST_FACTOR_YEAR


def last_unknown_split(bars: BarColumns) -> int:
    """Find the first bar after the last jump that looks like a split; 0 where there is none.

    Shares that change under one ticker (GOOG on 2014-04-03, class A before and class C after) leave a price that opens
    and stays at a whole multiple or fraction of the close before, with no split in the factor file.
    """
    opened, closed = (np.log(price[1:] / bars.close[:-1]) for price in (bars.open, bars.close))
    multiple = np.log(np.rint(np.exp(np.abs(opened))))
    jump = (multiple > 0) & (np.abs(np.abs(opened) - multiple) < _SPLIT_TOLERANCE)
    stayed = np.abs(np.abs(closed) - multiple) < 3 * _SPLIT_TOLERANCE
    found = np.flatnonzero(jump & stayed & (np.diff(bars.ts_close_ns) < _LONGEST_CLOSURE_NS))
    return int(found[-1]) + 1 if found.size else 0


def _add_file(
    update: Update,
    added: LeanAdded,
    path: Path,
    ticker: str,
    resolution: Resolution,
    adjustment: Adjustment,
    venue: str,
) -> None:
    bars, dates, left_out = read_bars(path, resolution)
    name = f"{resolution}/{path.name}"
    if left_out:
        added.notes.append(f"{name}: {left_out} rows outside of {CALENDAR} sessions left out")
    checksum = hashlib.sha256(path.read_bytes())
    as_of = str(dates[-1]) if len(dates) else ""
    if adjustment != "raw":
        factor_path = path.parent.parent / "factor_files" / f"{ticker.lower()}.csv"
        if not factor_path.is_file():
            added.notes.append(f"{name}: skipped, no factor_files/{factor_path.name} (--adjustment raw takes it)")
            return
        factors = read_factors(factor_path)
        checksum.update(factor_path.read_bytes())
        known = factors.dates[factors.dates < _LAST_FACTOR_YEAR]
        as_of = str(known[-1]) if len(known) else as_of
        first = int(np.searchsorted(dates, first_date_of_company(factors, dates, bars.close)))
        price, split = factors_on(factors, dates)
        bars = bars.adjusted(split * price if adjustment == "total_return" else split, split)
        if first:
            added.notes.append(f"{name}: {first} rows left out, before its factor file speaks for this ticker")
        bars = bars.take(slice(first, None))
        jump = last_unknown_split(bars)
        if jump:
            added.notes.append(
                f"{name}: {jump} rows left out, before a split at {dates[first + jump]} not in its factor file"
            )
        bars = bars.take(slice(jump, None))
    if not len(bars):
        added.notes.append(f"{name}: skipped, no row is left")
        return
    missing = _missing_sessions(bars) if resolution == "daily" else 0
    if missing:
        added.notes.append(f"{name}: {missing} sessions without a row between its first and its last")
    provenance = Provenance(
        source=f"LEAN {name} (AlgoSeek, QuantQuote)",
        licence="as the LEAN data folder states",
        source_sha256=checksum.hexdigest(),
        adjustment=adjustment,
        as_of=as_of,
    )
    listing = Listing(instrument_class="Equity", tradable=True, calendar=CALENDAR)
    instrument_id = f"{ticker}.{venue}"
    bar = _BARS[resolution]
    added.written[bar_type_id(instrument_id, bar)] = update.add_bars(instrument_id, bar, bars, listing, provenance)


def _missing_sessions(bars: BarColumns) -> int:
    first, last = int(bars.ts_open_ns[0]), int(bars.ts_open_ns[-1])
    sessions = Sessions.between(CALENDAR, first, last)
    return int(((sessions.opens_ns >= first) & (sessions.opens_ns <= last)).sum()) - len(bars)


def _read_csv(path: Path) -> pl.DataFrame:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise DataError(f"{path}: {len(names)} files inside (allowed: 1)")
            content = archive.read(names[0])
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: {error}") from error
    try:
        text = pl.read_csv(
            io.BytesIO(content), has_header=False, new_columns=list(_COLUMNS), infer_schema=False, raise_if_empty=False
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from error
    if text.is_empty() or text.width != len(_COLUMNS):
        raise DataError(f"{path}: {text.width} columns, {text.height} rows (allowed: {', '.join(_COLUMNS)})")
    table = text.select(
        pl.col("time").str.to_datetime("%Y%m%d %H:%M", strict=False),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in _COLUMNS[1:]),
    )
    for name in _COLUMNS:
        line = table[name].is_null().arg_max()
        if line is not None and table[name][line] is None:
            raise DataError(f"{path}:{line + 1}: {name} {text[name][line]!r} (allowed: {_ALLOWED[name == 'time']})")
    return table.with_columns(
        utc=pl.col("time")
        .dt.replace_time_zone("America/New_York", ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .dt.replace_time_zone(None)
    )


_ALLOWED = {True: "YYYYMMDD HH:MM", False: "a number"}

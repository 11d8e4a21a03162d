"""Turns the zips of one LEAN series into checked rows: local times, numbers, and the file and line of each."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import Floats, Times
from nautilus_ai_firm.data.errors import DataError

type Kind = Literal["trade", "quote"]

PRICES = ("open", "high", "low", "close")

_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "trade": ("time", *PRICES, "volume"),
    "quote": (
        "time",
        *(f"bid_{name}" for name in PRICES),
        "bid_size",
        *(f"ask_{name}" for name in PRICES),
        "ask_size",
    ),
}
_MILLISECONDS_PER_DAY = 86_400_000
_DATE = re.compile(r"(\d{8})_")


@dataclass(frozen=True, slots=True, eq=False)
class LeanRows:
    """Rows of one or more zips, in the order of their files.

    Attributes
    ----------
    names : list of str
        Members, as `20131004_spy_minute_trade.csv`.
    origins : list of str
        What an error calls each member: its zip, and its name where the zip holds several.
    member : ndarray of shape (n_rows,)
        Index of the member of each row.
    line : ndarray of shape (n_rows,)
        Line of each row in its member, from 1.
    local : ndarray of shape (n_rows,), datetime64[ms]
        Times as written, in the time zone of the data.
    start_ns : ndarray of shape (n_rows,)
        The same in nanoseconds UTC; the smallest integer where the local time does not exist.
    values : dict of str to ndarray of shape (n_rows,)
        The other columns as written; NaN where a quote has no such side.

    """

    names: list[str]
    origins: list[str]
    member: NDArray[np.int64]
    line: NDArray[np.int64]
    local: NDArray[np.datetime64]
    start_ns: Times
    values: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.member)

    def spans(self) -> list[tuple[int, slice]]:
        """Members that have rows, each with its rows."""
        edges = np.flatnonzero(np.diff(self.member, prepend=-1, append=len(self.names)))
        return [(int(self.member[first]), slice(int(first), int(last))) for first, last in pairwise(edges)]


def read_rows(paths: Sequence[Path], kind: Kind, time_zone: str, *, several: bool = False) -> LeanRows:
    """Read the rows of zips, parsed in one go.

    Parameters
    ----------
    paths : sequence of Path
        The zips, in time order. A file name that begins with a date holds milliseconds since that midnight; another
        holds `YYYYMMDD HH:MM`.
    kind : {"trade", "quote"}
        Which columns a row has.
    time_zone : str
        Of the times.
    several : bool
        Whether a zip may hold several files (contracts).

    Raises
    ------
    DataError
        Naming file and line of the first row that is not of this shape or not after the row before it.

    """
    names: list[str] = []
    origins: list[str] = []
    dates: list[str] = []
    contents: list[bytes] = []
    for path in paths:
        members = _members(path, several=several)
        date = _DATE.match(path.name)
        for name, content in members:
            names.append(name)
            origins.append(f"{path}!{name}" if len(members) > 1 else str(path))
            dates.append("" if date is None else date[1])
            contents.append(content if content.endswith(b"\n") or not content else content + b"\n")
    if len(set(map(bool, dates))) > 1:
        raise DataError(f"{paths[0].parent}: files by day and files by year (allowed: one of the two)")
    counts = np.array([content.count(b"\n") for content in contents], dtype=np.int64)
    member = np.repeat(np.arange(len(names)), counts)
    line = np.arange(1, len(member) + 1) - np.repeat(np.cumsum(counts) - counts, counts)
    text = _text(b"".join(contents), origins, len(member), _COLUMNS[kind])

    def where(row: int) -> str:
        return f"{origins[member[row]]}:{line[row]}"

    if dates and dates[0]:
        midnights = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], dtype="datetime64[ms]")[member]
        milliseconds = text["time"].cast(pl.Int64, strict=False)
        wrong = milliseconds.is_null() | ~milliseconds.is_between(0, _MILLISECONDS_PER_DAY - 1)
        _refuse(text, "time", wrong, where, f"0 to {_MILLISECONDS_PER_DAY - 1}, milliseconds since midnight")
        local = midnights + milliseconds.to_numpy().astype("timedelta64[ms]")
    else:
        times = text["time"].str.to_datetime("%Y%m%d %H:%M", strict=False, time_unit="ms")
        _refuse(text, "time", times.is_null(), where, "YYYYMMDD HH:MM")
        local = times.to_numpy()
    values: dict[str, Floats] = {}
    for name in _COLUMNS[kind][1:]:
        numbers = text[name].cast(pl.Float64, strict=False)
        absent_allowed = kind == "quote"
        wrong = numbers.is_null() & text[name].is_not_null() if absent_allowed else numbers.is_null()
        _refuse(text, name, wrong, where, "a number")
        values[name] = numbers.fill_null(float("nan")).to_numpy()
    late = np.flatnonzero((np.diff(local) <= np.timedelta64(0, "ms")) & (np.diff(member) == 0))
    if late.size:
        row = int(late[0]) + 1
        seconds = local.astype("datetime64[s]")
        raise DataError(f"{where(row)}: time {seconds[row]} (allowed: after the row before, {seconds[row - 1]})")
    return LeanRows(names, origins, member, line, local, _utc_ns(local, time_zone), values)


def _members(path: Path, *, several: bool) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
            if not several and len(names) != 1:
                raise DataError(f"{path}: {len(names)} files inside (allowed: 1)")
            return [(name, archive.read(name)) for name in names]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: {error}") from error


def _text(content: bytes, origins: list[str], rows: int, columns: tuple[str, ...]) -> pl.DataFrame:
    origin = origins[0] if len(origins) == 1 else f"{origins[0]} and {len(origins) - 1} more"
    try:
        text = pl.read_csv(io.BytesIO(content), has_header=False, infer_schema=False, raise_if_empty=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{origin}: {str(error).splitlines()[0]}") from error
    if text.is_empty() or text.width != len(columns) or text.height != rows:
        raise DataError(f"{origin}: {text.width} columns, {text.height} rows (allowed: {', '.join(columns)})")
    return text.rename(dict(zip(text.columns, columns, strict=True)))


def _refuse(text: pl.DataFrame, column: str, wrong: pl.Series, where: Callable[[int], str], allowed: str) -> None:
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise DataError(f"{where(row)}: {column} {text[column][row]!r} (allowed: {allowed})")


def _utc_ns(local: NDArray[np.datetime64], time_zone: str) -> Times:
    return (
        pl.Series(local)
        .dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .dt.replace_time_zone(None)
        .to_numpy()
        .astype("datetime64[ns]")
        .astype(np.int64)
    )

"""Turns a CSV or Parquet file of dated rows (figures, events, headlines) into checked columns, each row with a source.

A row has `event_time`, `publication_time`, `source`, and `value` (macro) or `text` (events, news). Times carry their
zone: `2024-05-01T18:00:00Z` or `2024-05-01T14:00:00-04:00`. A row whose publication nobody vouches for is refused.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from nautilus_ai_firm.data.columns import Floats, Times, utc
from nautilus_ai_firm.data.errors import DataError

type Kind = Literal["macro", "event", "news"]

_TIMES = ("event_time", "publication_time")
_ISO = "%+"
_HEADER_ROWS = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedRows:
    """Rows of a file in the order of publication.

    Attributes
    ----------
    ts_event_ns, ts_init_ns : ndarray of shape (n_rows,)
        What a row is about and when it was published, nanoseconds UTC.
    text : list of str
        Events and headlines; empty strings in a macro file.
    value : ndarray of shape (n_rows,)
        Figures; NaN in the other files.
    source : list of str
        Who vouches for each row.

    """

    ts_event_ns: Times
    ts_init_ns: Times
    text: list[str]
    value: Floats
    source: list[str]

    def __len__(self) -> int:
        return len(self.text)


def read_dated_rows(path: Path, kind: Kind) -> DatedRows:
    """Read and check a file.

    Parameters
    ----------
    path : Path
        `.csv`, `.csv.gz` or `.parquet`.
    kind : {"macro", "event", "news"}
        A figure or a headline cannot be published before what it is about; an event may be announced before.

    Raises
    ------
    DataError
        Naming file, line (row, from 1, in Parquet), value and what is allowed.

    """
    wanted = "value" if kind == "macro" else "text"
    table = _read(path)
    offset = 1 if path.suffix == ".parquet" else 1 + _HEADER_ROWS
    missing = [name for name in (*_TIMES, wanted, "source") if name not in table.columns]
    if missing:
        raise DataError(f"{path}: no column {missing[0]} (it has {', '.join(table.columns)})")
    if table.is_empty():
        raise DataError(f"{path}: 0 rows (allowed: at least 1)")
    for name in ("source", wanted):
        _refuse(path, offset, table, name, table[name].fill_null("").str.strip_chars() == "", "not empty")
    times = {name: table[name].str.to_datetime(_ISO, time_unit="ns", time_zone="UTC", strict=False) for name in _TIMES}
    for name, parsed in times.items():
        _refuse(path, offset, table, name, parsed.is_null(), "a time with its zone, 2024-05-01T18:00:00Z")
    event, init = (times[name].dt.epoch("ns").to_numpy() for name in _TIMES)
    if kind != "event":
        early = pl.Series(init < event)
        _refuse(path, offset, table, "publication_time", early, "at or after the event time of its row")
    unsorted = np.append(False, init[1:] < init[:-1])
    if unsorted.any():
        row = int(np.argmax(unsorted))
        allowed = f"not before the row above, {utc(init[row - 1])}"
        _refuse(path, offset, table, "publication_time", pl.Series(unsorted), allowed)
    repeated = ~table.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    _refuse(path, offset, table, wanted, repeated, "a row once; this one repeats an earlier one")
    value = (
        table["value"].cast(pl.Float64, strict=False) if kind == "macro" else pl.repeat(np.nan, len(table), eager=True)
    )
    if kind == "macro":
        _refuse(path, offset, table, "value", ~value.is_finite().fill_null(value=False), "a finite number")
    return DatedRows(
        ts_event_ns=event,
        ts_init_ns=init,
        text=[""] * len(table) if kind == "macro" else table["text"].to_list(),
        value=value.to_numpy(),
        source=table["source"].to_list(),
    )


def _read(path: Path) -> pl.DataFrame:
    """Read every column as text, so that what cannot be understood can be shown."""
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path).with_columns(
                pl.col(pl.Datetime).dt.to_string("iso:strict"), pl.exclude(pl.Datetime).cast(pl.String)
            )
        return pl.read_csv(path, infer_schema=False, raise_if_empty=False, encoding="utf8")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())[:200]}") from error


def _refuse(path: Path, offset: int, table: pl.DataFrame, name: str, wrong: pl.Series, allowed: str) -> None:
    row = wrong.arg_max()
    if row is not None and wrong[row]:
        raise DataError(f"{path}:{row + offset}: {name} {table[name][row]!r} (allowed: {allowed})")

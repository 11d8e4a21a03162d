"""Turns a series of the catalog into one Parquet or CSV file that any other program reads, and this one again."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.durable import put_in_place
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord, MacroRecord
from nautilus_ai_firm.data.stored_series import FOREVER_NS

_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"


def export(catalog: Catalog, name: str, to: Path) -> int:
    """Write one series, file by file of the catalog, and return its rows.

    Bars have `open_time`, `close_time`, open, high, low, close, volume; figures and notices `event_time`,
    `publication_time`, `value` or `text`, and `source`. Times are UTC, numbers exactly those of the catalog.

    Parameters
    ----------
    catalog : Catalog
        From where.
    name : str
        The series.
    to : Path
        `.parquet` or `.csv`; must not exist. It appears when it is complete.

    Raises
    ------
    CatalogError
        If the series is unknown, or the file cannot be made.

    """
    catalog.record(name)
    write = _WRITERS.get(to.suffix)
    if write is None:
        raise CatalogError(f"{to}: ending {to.suffix!r} (allowed: {', '.join(_WRITERS)})")
    if to.exists():
        raise CatalogError(f"{to}: is there already (allowed: a new file)")
    pending = to.with_name(f".{to.name}.{os.getpid()}.pending")
    try:
        rows = write(_frames(catalog, name), pending)
        put_in_place(pending, to)
    except OSError as error:
        raise CatalogError(f"{to}: cannot be written: {error.strerror}") from error
    finally:
        pending.unlink(missing_ok=True)
    return rows


def _frames(catalog: Catalog, name: str) -> Iterator[pl.DataFrame]:
    record = catalog.record(name)
    if isinstance(record, BarRecord):
        for bars in catalog.bar_parts(name):
            yield pl.DataFrame(
                {
                    "open_time": _times(bars.ts_open_ns),
                    "close_time": _times(bars.ts_close_ns),
                    "open": bars.open,
                    "high": bars.high,
                    "low": bars.low,
                    "close": bars.close,
                    "volume": bars.volume.astype("int64"),
                }
            )
    elif isinstance(record, MacroRecord):
        rows = catalog.observation_columns(name)
        times = {"event_time": _times(rows.ts_event_ns), "publication_time": _times(rows.ts_init_ns)}
        yield pl.DataFrame({**times, "value": rows.value, "source": [record.provenance.source] * len(rows)})
    else:
        found = catalog.notices([name], 0, FOREVER_NS)
        yield pl.DataFrame(
            {
                "event_time": _times([one.ts_event for one in found]),
                "publication_time": _times([one.ts_init for one in found]),
                "text": [one.data.text for one in found],
                "source": [one.data.source for one in found],
            }
        )


def _times(ts_ns: Iterable[int]) -> pl.Series:
    return pl.Series(ts_ns, dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))


def _write_parquet(frames: Iterator[pl.DataFrame], path: Path) -> int:
    rows = 0
    with contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for frame in frames:
            table = frame.to_arrow()
            writer = writer or stack.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
            writer.write_table(table)
            rows += len(frame)
    return rows


def _write_csv(frames: Iterator[pl.DataFrame], path: Path) -> int:
    rows = 0
    with path.open("wb") as file:
        for frame in frames:
            frame.write_csv(file, include_header=not rows, datetime_format=_TIME)
            rows += len(frame)
    return rows


_WRITERS: dict[str, Callable[[Iterator[pl.DataFrame], Path], int]] = {".parquet": _write_parquet, ".csv": _write_csv}

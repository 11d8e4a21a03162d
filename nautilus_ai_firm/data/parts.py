"""Turns a stream of bars into files of a fixed number of rows, and a window into the files that overlap it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import numpy as np

from nautilus_ai_firm.data.arrow import bars_table, opening_ticks_table, span_of, write_parquet
from nautilus_ai_firm.data.columns import BarColumns, Times, joined
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.objects import OPENING_TICK_DELAY_NS
from nautilus_ai_firm.data.series_faults import check_bars

PART_ROWS = 32_768
"""Rows of a file: four months of minutes. A series of days or hours is one file or two, and read whole."""

BARS, TICKS = "data/bars/", "data/trades/"


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a series on disk.

    Attributes
    ----------
    bars, ticks : str
        Files under the folder of the series.
    first_ns, last_ns : int
        Start of its first bar and close of its last, nanoseconds UTC.

    """

    bars: str
    ticks: str
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class Written:
    """What a stream of bars amounted to.

    Attributes
    ----------
    rows : int
        Bars written.
    first_ns, last_ns : int
        First and last close, nanoseconds UTC.
    checksums : list
        One running SHA-256 a column, so that the result does not depend on where the stream was cut.

    """

    rows: int = 0
    first_ns: int = 0
    last_ns: int = 0
    checksums: list["hashlib._Hash"] = field(default_factory=lambda: [hashlib.sha256() for _ in fields(BarColumns)])

    def add(self, bars: BarColumns) -> Self:
        """Count one more stretch."""
        self.first_ns = self.first_ns if self.rows else int(bars.ts_close_ns[0])
        self.last_ns = int(bars.ts_close_ns[-1])
        self.rows += len(bars)
        for column, checksum in zip(fields(BarColumns), self.checksums, strict=True):
            values = getattr(bars, column.name)
            checksum.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
        return self

    def sha256(self) -> str:
        """Checksum of all columns."""
        return hashlib.sha256(b"".join(checksum.digest() for checksum in self.checksums)).hexdigest()


def write_part(folder: Path, name: str, instrument_id: str, bars: BarColumns, precision: int) -> None:
    """Write one stretch of bars and its opening ticks as the engine's catalog keeps them.

    Parameters
    ----------
    folder : Path
        Folder of the series; not yet visible to anyone.
    name, instrument_id : str
        Bar type and its instrument.
    bars : BarColumns
        Rounded and checked.
    precision : int
        Decimals of the prices.

    """
    write_parquet(bars_table(name, instrument_id, bars, precision), folder / BARS / name)
    write_parquet(opening_ticks_table(instrument_id, bars, precision), folder / TICKS / instrument_id)


def recut(chunks: Iterable[BarColumns], name: str, precision: int, rows: int = PART_ROWS) -> Iterator[BarColumns]:
    """Round and check a stream of bars, also across its cuts, and cut it anew into stretches of a fixed length.

    Parameters
    ----------
    chunks : iterable of BarColumns
        The series in time order, cut anywhere.
    name : str
        Bar type, for errors.
    precision : int
        Decimals of the prices.
    rows : int
        Length of a stretch; the last one is shorter.

    Raises
    ------
    DataError
        Naming series, row of the stream, value and what is allowed.

    """
    held: list[BarColumns] = []
    count = 0
    for chunk in _checked(chunks, name, precision):
        held.append(chunk)
        count += len(chunk)
        if count >= rows:
            bars = joined(held)
            whole = count // rows * rows
            for start in range(0, whole, rows):
                yield bars.take(slice(start, start + rows))
            held, count = [bars.take(slice(whole, None))], count - whole
    if count:
        yield joined(held)


def parts_of(record: BarRecord) -> list[Part]:
    """Find the stretches of a series, in time order, by the names of its files."""
    bars = sorted(name for name in record.files if name.startswith(BARS))
    ticks = sorted(name for name in record.files if name.startswith(TICKS))
    return [
        Part(of_bars, of_ticks, span_of(of_ticks)[0] - OPENING_TICK_DELAY_NS, span_of(of_bars)[1])
        for of_bars, of_ticks in zip(bars, ticks, strict=True)
    ]


def overlapping(parts: list[Part], start_ns: int, end_ns: int) -> slice:
    """Select the parts that may hold a bar, or an opening tick, inside a window closed at both ends."""
    firsts: Times = np.array([part.first_ns for part in parts], dtype=np.int64)
    lasts: Times = np.array([part.last_ns for part in parts], dtype=np.int64)
    return slice(int(np.searchsorted(lasts, start_ns, side="left")), int(np.searchsorted(firsts, end_ns, side="right")))


def _checked(chunks: Iterable[BarColumns], name: str, precision: int) -> Iterator[BarColumns]:
    done, after_ns = 0, None
    for chunk in chunks:
        bars = chunk.rounded(precision)
        rows = np.arange(done + 1, done + len(bars) + 1)
        check_bars(bars, name, rows, after_ns=after_ns, precision=precision)
        if len(bars):
            done, after_ns = done + len(bars), int(bars.ts_close_ns[-1])
            yield bars

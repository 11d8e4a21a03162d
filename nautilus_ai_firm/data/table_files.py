"""Turns CSV, gzip and Parquet files into chunks of rows with their lines, so that memory follows the chunk."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from nautilus_ai_firm.data.columns import Rows
from nautilus_ai_firm.data.errors import DataError

SAMPLE_ROWS = 2_000
"""Rows from which columns, times, bar size and stamp are detected."""

_BLOCK_BYTES = 16_000_000
_BATCH_ROWS = 200_000
_LONGEST_LINE = 1_000_000
_SEPARATORS = ",;\t|"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_STANDARD_COLUMNS = {
    6: ["time", "open", "high", "low", "close", "volume"],
    7: ["date", "time", "open", "high", "low", "close", "volume"],
}


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some rows of a file.

    Attributes
    ----------
    rows : DataFrame
        The rows, as text where the file is text.
    lines : ndarray of shape (n_rows,)
        Line of each row in its file, or number of the row where the file has no lines; from 1.
    bad : list of (int, str)
        Line and fault of what is no row at all.

    """

    rows: pl.DataFrame
    lines: Rows
    bad: list[tuple[int, str]] = field(default_factory=list)


class TableFile(Protocol):
    """A file that gives its columns and then its rows."""

    path: Path
    columns: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """Read the rows from the start."""
        ...


def open_table(path: Path) -> TableFile:
    """Open a file by what it holds, whatever its name.

    Raises
    ------
    DataError
        If it cannot be read, is empty, or has no columns.

    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if not magic:
        raise DataError(f"{path}: the file is empty (allowed: CSV, gzip of CSV, or Parquet)")
    return ParquetTable(path) if magic == _PARQUET else CsvTable(path, compressed=magic[:2] == _GZIP)


class ParquetTable:
    """A Parquet file.

    Raises
    ------
    DataError
        If it is damaged.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.columns = list(pq.ParquetFile(path).schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path}: {_first_line(error)}") from error

    def chunks(self) -> Iterator[Chunk]:
        """Read the rows from the start.

        Raises
        ------
        DataError
            If the file is damaged.

        """
        done = 0
        try:
            for batch in pq.ParquetFile(self.path).iter_batches(_BATCH_ROWS):
                rows = _plain_text(pl.DataFrame(pl.from_arrow(batch)))
                yield Chunk(rows, np.arange(done + 1, done + rows.height + 1))
                done += rows.height
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{self.path}: after row {done}: {_first_line(error)}") from error


class CsvTable:
    """A text file of separated columns, compressed or not.

    Raises
    ------
    DataError
        If it is no text, or its first line names no columns.

    """

    def __init__(self, path: Path, *, compressed: bool) -> None:
        self.path = path
        self._compressed = compressed
        first = next(self._blocks(4096), b"")
        if not first:
            raise DataError(f"{path}: the file is empty (allowed: CSV, gzip of CSV, or Parquet)")
        text = first.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf").rstrip(b"\r")
        if b"\0" in text:
            raise DataError(f"{path}:1: bytes that are no text (allowed: CSV in UTF-8, gzip of CSV, or Parquet)")
        if b"\r" in text:
            raise DataError(f"{path}:1: lines that end in CR alone (allowed: LF or CRLF)")
        line = text.decode(errors="replace")
        self._separator = max(_SEPARATORS, key=line.count)
        fields = [name.strip() for name in next(csv.reader([line], delimiter=self._separator), [])]
        if len(fields) < 2:  # noqa: PLR2004 - one column is no table
            raise DataError(f"{path}:1: {line[:80]!r} (allowed: columns separated by one of {_SEPARATORS!r})")
        self.has_header = not any(map(_is_number, fields))
        standard = _STANDARD_COLUMNS.get(len(fields))
        if not self.has_header and standard is None:
            raise DataError(f"{path}:1: no column names (allowed without: {', '.join(_STANDARD_COLUMNS[6])})")
        self.columns = fields if self.has_header else standard or []
        for name in self.columns:
            if self.columns.count(name) > 1:
                raise DataError(f"{path}:1: column {name!r} twice (allowed: once)")

    def chunks(self) -> Iterator[Chunk]:
        """Read the rows from the start.

        Raises
        ------
        DataError
            If the file ends before its compressed content does.

        """
        line = 1
        for number, block in enumerate(self._blocks(_BLOCK_BYTES)):
            content = block.removeprefix(b"\xef\xbb\xbf") if number == 0 else block
            if number == 0 and self.has_header:
                content = content.partition(b"\n")[2]
                line += 1
            if content:
                yield self._parse(content, line)
                line += content.count(b"\n")

    def _blocks(self, size: int) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as raw:
                stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if self._compressed else raw
                rest = b""
                while data := stream.read(size):
                    data = rest + data
                    cut = data.rfind(b"\n") + 1
                    rest = data[cut:]
                    if len(rest) > _LONGEST_LINE:
                        raise DataError(f"{self.path}: a line of more than {_LONGEST_LINE:,} bytes")
                    if cut:
                        yield data[:cut]
                if rest:
                    yield rest + b"\n"
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self.path}: cannot be read to its end: {_first_line(error)}") from error

    def _parse(self, content: bytes, first_line: int) -> Chunk:
        count = content.count(b"\n")
        try:
            rows = pl.read_csv(
                io.BytesIO(content),
                has_header=False,
                schema=dict.fromkeys(self.columns, pl.String),
                separator=self._separator,
                quote_char='"' if b'"' in content else None,
            )
        except pl.exceptions.PolarsError:
            return self._parse_by_line(content, first_line)
        if rows.height != count:
            return self._parse_by_line(content, first_line)
        return _without_blank_lines(Chunk(rows, np.arange(first_line, first_line + count)))

    def _parse_by_line(self, content: bytes, first_line: int) -> Chunk:
        """Find the lines that are no rows; slow, and only for a block that has one."""
        good: list[list[str]] = []
        lines: list[int] = []
        bad: list[tuple[int, str]] = []
        for number, line in enumerate(content.splitlines(), first_line):
            try:
                fields = next(csv.reader([line.decode()], delimiter=self._separator, strict=True), [])
            except (UnicodeDecodeError, csv.Error) as error:
                bad.append((number, f"{_first_line(error)} (allowed: text in UTF-8, quotes closed on their line)"))
                continue
            if len(fields) > len(self.columns):
                bad.append((number, f"{len(fields)} fields (allowed: {len(self.columns)}, {', '.join(self.columns)})"))
                continue
            good.append([*fields, *[""] * (len(self.columns) - len(fields))])
            lines.append(number)
        rows = pl.DataFrame(good, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        rows = rows.select(pl.all().replace("", None))
        return _without_blank_lines(Chunk(rows, np.array(lines, dtype=np.int64), bad))


def _plain_text(rows: pl.DataFrame) -> pl.DataFrame:
    coded = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Categorical | pl.Enum)]
    return rows.with_columns(pl.col(coded).cast(pl.String)) if coded else rows


def _without_blank_lines(chunk: Chunk) -> Chunk:
    blank = chunk.rows.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    return chunk if not blank.any() else Chunk(chunk.rows.filter(~blank), chunk.lines[~blank], chunk.bad)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)

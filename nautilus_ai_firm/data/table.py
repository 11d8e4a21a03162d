"""Turns tables of bars (CSV, gzip, Parquet) into a catalog series, chunk by chunk, after showing how they are read."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.checks import BarChecker
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.detection import Stated, detect_layout
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Listing, Provenance, file_sha256
from nautilus_ai_firm.data.names import check_instrument
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.table_bars import TableBars, decimals
from nautilus_ai_firm.data.table_columns import find_columns, refuse_types
from nautilus_ai_firm.data.table_files import SAMPLE_ROWS, TableFile, open_table
from nautilus_ai_firm.data.table_outline import outline
from nautilus_ai_firm.data.table_request import TableRequest

BAD_ROWS = "bad_rows"
"""Folder, inside the catalog, of the lists of rows that were left out."""

_SOURCES_NAMED = 3
_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAdded:
    """What became of a table.

    Attributes
    ----------
    name : str
        The series.
    written : bool
        Whether it was written; the catalog held exactly this otherwise.
    notes : list of str
        What was left out or looks odd, one line each.
    n_bad : int
        Bad rows left out.
    bad_rows : Path, optional
        Where they are listed.

    """

    name: str
    written: bool
    notes: list[str]
    n_bad: int
    bad_rows: Path | None


def add_table(
    catalog: Catalog, paths: Sequence[Path], request: TableRequest, show: Callable[[str], None]
) -> TableAdded:
    """Add the bars of one instrument from one or more files, in their order.

    Parameters
    ----------
    catalog : Catalog
        Where to.
    paths : sequence of Path
        The files, each after the other in time.
    request : TableRequest
        What is asked.
    show : callable
        Receives the lines that say how the table is read, before anything is written.

    Raises
    ------
    DataError
        Naming file, line, value and what is allowed. Nothing is written then.
    CatalogError
        If the catalog holds the series from another source or on another basis.

    """
    request.refuse_unusable()
    tables = [open_table(path) for path in paths]
    sample = _sample(tables[0])
    symbol = request.symbol or _symbol(sample, tables[0], request.stated)
    check_instrument(symbol, request.venue)
    instrument_id = f"{symbol}.{request.venue}"
    defined = None if request.definitions is None else request.definitions.listing(instrument_id)
    calendar, why_calendar = request.calendar_of(defined)
    layout = detect_layout(sample, request.stated, calendar, str(paths[0]))
    listing = defined or Listing(
        instrument_class="Equity",
        tradable=True,
        calendar=calendar,
        price_increment=f"{Decimal(1).scaleb(-decimals(sample, layout)):f}",
    )
    name = bar_type_id(instrument_id, layout.bar, request.price_type)
    stream = _Stream(
        tables,
        TableBars(layout, calendar, symbol, listing.price_precision),
        BarChecker(str(paths[0]), request.skip_bad, listing.price_precision),
    )
    told = {"file": _source(paths).removeprefix("table "), "series": name, "calendar": f"{calendar} ({why_calendar})"}
    for line in outline(request, layout, listing, defined=defined is not None, **told):
        show(line)

    def provenance() -> Provenance:
        return Provenance(
            source=request.source or _source(paths),
            licence=request.licence or "not stated",
            source_sha256=_sha256(paths),
            adjustment=request.adjustment,
            as_of=request.as_of or stream.last_date,
            actions=() if request.no_actions else None,
            actions_stated=request.no_actions,
        )

    with catalog.update() as update:
        written = update.add_bar_chunks(
            instrument_id, layout.bar, stream.bars(), listing, provenance, request.price_type
        )
    return TableAdded(
        name=name,
        written=written,
        notes=[*stream.reader.notes(), *stream.checker.warnings],
        n_bad=stream.checker.n_bad,
        bad_rows=_list_bad(catalog, name, stream.checker),
    )


@dataclass(slots=True)
class _Stream:
    """Checked bars of files that follow each other."""

    tables: list[TableFile]
    reader: TableBars
    checker: BarChecker
    last_date: str = ""

    def bars(self) -> Iterator[BarColumns]:
        found = False
        for table in self.tables:
            missing = [name for name in self.reader.layout.columns.used() if name not in table.columns]
            if missing:
                raise DataError(f"{table.path}:1: no column {missing[0]!r} (it has {', '.join(table.columns)})")
            self.checker.origin = str(table.path)
            for chunk in table.chunks():
                refuse_types(chunk.rows, self.reader.layout.columns, str(table.path))
                bars, lines = self.reader.read(chunk)
                for line, text in self.reader.bad:
                    self.checker.add_bad(line, text)
                checked = self.checker.check(bars, lines)
                if len(checked):
                    found = True
                    self.last_date = str(checked.ts_close_ns[-1].astype("datetime64[ns]").astype("datetime64[D]"))
                    yield checked
        self.checker.finish()
        if not found:
            raise DataError(
                f"{self.tables[0].path}: no bar is left of {self.reader.outside:,} rows outside of "
                f"{self.reader.calendar} sessions and {self.reader.others:,} of other symbols (allowed: at least 1 bar)"
            )


def _sample(table: TableFile) -> pl.DataFrame:
    for chunk in table.chunks():
        if chunk.rows.height:
            return chunk.rows.head(SAMPLE_ROWS)
        if chunk.bad:
            raise DataError(f"{table.path}:{chunk.bad[0][0]}: {chunk.bad[0][1]}")
    raise DataError(f"{table.path}: 0 rows (allowed: at least 1)")


def _symbol(sample: pl.DataFrame, table: TableFile, stated: Stated) -> str:
    column = find_columns(table.columns, stated.columns, str(table.path)).symbol
    if column is None:
        return _stem(table.path).upper()
    symbols = sample[column].cast(pl.String).str.strip_chars().drop_nulls().unique().sort().to_list()
    if len(symbols) != 1:
        raise DataError(f"{table.path}: {len(symbols)} symbols in column {column!r} (allowed: --symbol says which)")
    return symbols[0].upper()


def _stem(path: Path) -> str:
    """Name of a file without what says its kind: `BRK.B` of `BRK.B.csv.gz`."""
    name = Path(path.name)
    while name.suffix.lower() in _SUFFIXES:
        name = name.with_suffix("")
    return name.name


def _source(paths: Sequence[Path]) -> str:
    names = [path.name for path in paths]
    more = f" and {len(names) - _SOURCES_NAMED} more" if len(names) > _SOURCES_NAMED else ""
    return f"table {', '.join(names[:_SOURCES_NAMED])}{more}"


def _sha256(paths: Sequence[Path]) -> str:
    digests = [file_sha256(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _list_bad(catalog: Catalog, name: str, checker: BarChecker) -> Path | None:
    if not checker.n_bad:
        return None
    path = catalog.path / BAD_ROWS / f"{name}.txt"
    path.parent.mkdir(exist_ok=True)
    unlisted = checker.n_bad - len(checker.bad)
    path.write_text("\n".join([*checker.bad, *([f"and {unlisted:,} more"] if unlisted else [])]) + "\n")
    return path

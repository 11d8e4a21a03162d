"""Turns `firm catalog add events|news|macro FILE` into series of the catalog."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.catalog_commands import DEFAULT_CATALOG, CatalogPath
from nautilus_ai_firm.data.columns import ObservationColumns
from nautilus_ai_firm.data.dated_rows import DatedRows, read_dated_rows
from nautilus_ai_firm.data.listing import report
from nautilus_ai_firm.data.manifest import Provenance, file_sha256
from nautilus_ai_firm.data.notice import Content

_SHOWN_SOURCES = 3

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet, one row each, with its source.")]
Name = Annotated[str, typer.Option("--name", help="Name of the series; that of the file when absent.")]
Licence = Annotated[str, typer.Option(help="What allows the use of the data.")]


def events(
    file: File, catalog: CatalogPath = DEFAULT_CATALOG, name: Name = "", licence: Licence = "as the file's owner states"
) -> None:
    """Add scheduled events: columns event_time, publication_time, text, source."""
    _add_notices(catalog, file, name, "event", licence)


def news(
    file: File, catalog: CatalogPath = DEFAULT_CATALOG, name: Name = "", licence: Licence = "as the file's owner states"
) -> None:
    """Add headlines: columns event_time, publication_time, text, source."""
    _add_notices(catalog, file, name, "news", licence)


def macro(
    file: File,
    unit: Annotated[str, typer.Option(help="What the figures are counted in.")],
    catalog: CatalogPath = DEFAULT_CATALOG,
    name: Name = "",
    calendar: Annotated[str, typer.Option(help="Exchange whose days the publications follow.")] = "XNYS",
    licence: Licence = "as the file's owner states",
) -> None:
    """Add a macro series: columns event_time, publication_time, value, source."""
    rows = read_dated_rows(file, "macro")
    columns = ObservationColumns(
        ts_event_ns=rows.ts_event_ns, ts_init_ns=rows.ts_init_ns, value=rows.value, source=np.array(rows.source)
    )
    target, series = Catalog(catalog), name or file.name.partition(".")[0]
    with target.update() as update:
        written = update.add_observations(series, unit, calendar, columns, _provenance(file, rows, licence))
    report(target, {series: written})


def _add_notices(catalog: Path, file: Path, name: str, content: Content, licence: str) -> None:
    rows = read_dated_rows(file, content)
    target, series = Catalog(catalog), name or file.name.partition(".")[0]
    with target.update() as update:
        written = update.add_notices(series, content, rows, _provenance(file, rows, licence))
    report(target, {series: written})


def _provenance(file: Path, rows: DatedRows, licence: str) -> Provenance:
    sources = sorted(set(rows.source))
    more = "" if len(sources) <= _SHOWN_SOURCES else f" and {len(sources) - _SHOWN_SOURCES} more"
    return Provenance(
        source=f"{file.name} ({', '.join(sources[:_SHOWN_SOURCES])}{more})",
        licence=licence,
        source_sha256=file_sha256(file),
        adjustment="raw",
        as_of=str(np.datetime64(int(rows.ts_init_ns[-1]), "ns").astype("datetime64[D]")),
    )

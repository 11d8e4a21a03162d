"""Turns `firm catalog list|check|compare|remove|export` into calls of the data room, and their answers into lines."""

from pathlib import Path
from typing import Annotated

import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.compare import compare
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.export import export
from nautilus_ai_firm.data.inspection import inspect
from nautilus_ai_firm.data.listing import list_lines

CatalogPath = Annotated[Path, typer.Option("--catalog", help="Folder of the catalog.", show_default=True)]
DEFAULT_CATALOG = Path("catalog")
Series = Annotated[str, typer.Argument(metavar="SERIES", help="Name of a series, as `list` shows it.")]


def list_series(catalog: CatalogPath = DEFAULT_CATALOG) -> None:
    """List the series of a catalog."""
    target = _filled(catalog)
    list_lines(target, ((name, "") for name in target.names()))


def check_series(
    series: Annotated[str, typer.Argument(metavar="[SERIES]", help="All when absent.")] = "",
    catalog: CatalogPath = DEFAULT_CATALOG,
) -> None:
    """Verify checksums and list missing sessions, overlaps that disagree, breaks at splits, outliers, stale runs."""
    target = _filled(catalog)
    names = [target.record(series).name] if series else target.names()
    findings = 0
    for finding in inspect(target, names):
        typer.echo(finding)
        findings += 1
    typer.echo(f"{catalog}: {len(names):,} series checked, {findings:,} findings")


def compare_series(
    first: Annotated[str, typer.Argument(metavar="A", help="Name of a bar series.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Name of another.")],
    catalog: CatalogPath = DEFAULT_CATALOG,
) -> None:
    """Say how well two sources agree where both have bars; below 95 % of returns it warns."""
    for line in compare(_filled(catalog), first, second).lines():
        typer.echo(line)


def remove_series(series: Series, catalog: CatalogPath = DEFAULT_CATALOG) -> None:
    """Take a series and its files out of the catalog."""
    target = _filled(catalog)
    with target.update() as update:
        removed = update.remove(series)
    typer.echo(f"{catalog}: removed {removed.name}, {removed.rows:,} rows; {len(target.names()):,} series are left")


def export_series(
    series: Series,
    to: Annotated[Path, typer.Option("--to", help="New file, .parquet or .csv.")],
    catalog: CatalogPath = DEFAULT_CATALOG,
) -> None:
    """Write a series into one file."""
    rows = export(_filled(catalog), series, to)
    typer.echo(f"{to}: {rows:,} rows of {series}")


def _filled(path: Path) -> Catalog:
    catalog = Catalog(path)
    if not catalog.names():
        raise CatalogError(f"{path}: the catalog is empty (try: firm catalog demo)")
    return catalog

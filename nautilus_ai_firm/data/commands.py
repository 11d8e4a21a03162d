"""Turns `firm catalog ...` into calls of the data room, and what was written into a table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.demo import load_sources, write_demo
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.data.manifest import Adjustment, BarRecord

app = typer.Typer(help="Market data: build and read the catalog.", no_args_is_help=True)
add = typer.Typer(help="Add series from files of another system.", no_args_is_help=True)
app.add_typer(add, name="add")

CatalogPath = Annotated[Path, typer.Option("--catalog", help="Folder of the catalog.", show_default=True)]
DEFAULT_CATALOG = Path("catalog")


@app.command()
def demo(catalog: CatalogPath = DEFAULT_CATALOG) -> None:
    """Build a catalog of real prices, 2004-08 to 2013-03, from packages that pip installs."""
    target = Catalog(catalog)
    written = write_demo(target, load_sources())
    _report(target, written)


@add.command("lean")
def lean(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="LEAN data folder: holds equity/usa/daily and hour.")],
    catalog: CatalogPath = DEFAULT_CATALOG,
    symbols: Annotated[str, typer.Option(help="Only these, SPY,AAPL; all when absent.")] = "",
    adjustment: Annotated[Adjustment, typer.Option(help="Basis of the prices.")] = "total_return",
    venue: Annotated[str, typer.Option(help="Venue of the instruments.")] = "USA",
) -> None:
    """Add LEAN daily and hourly US equities with their factor files."""
    target = Catalog(catalog)
    chosen = [symbol.strip() for symbol in symbols.split(",") if symbol.strip()]
    added = add_lean(target, folder, symbols=chosen, adjustment=adjustment, venue=venue)
    _report(target, added.written)
    for note in added.notes:
        typer.echo(note)


@app.command("list")
def list_series(catalog: CatalogPath = DEFAULT_CATALOG) -> None:
    """List the series of a catalog."""
    target = Catalog(catalog)
    if not target.names():
        raise CatalogError(f"{catalog}: the catalog is empty (try: firm catalog demo)")
    _table(target, ((name, "") for name in target.names()))


def _report(catalog: Catalog, written: dict[str, bool]) -> None:
    _table(catalog, ((name, "written" if new else "nothing new") for name, new in written.items()))
    typer.echo(f"{catalog.path}: {len(catalog.names())} series, sha256 {catalog.sha256()[:16]}")


def _table(catalog: Catalog, states: Iterable[tuple[str, str]]) -> None:
    rows = [("series", "rows", "first", "last", "basis", "use", "")]
    for name, state in states:
        record = catalog.record(name)
        use = "tradable" if isinstance(record, BarRecord) and record.listing.tradable else "input"
        basis = record.provenance.adjustment
        rows.append((name, f"{record.rows:,}", record.first[:10], record.last[:10], basis, use, state))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.rjust(width) if at == 1 else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())

"""Turns `firm catalog ...` into calls of the data room, and what was written into a table."""

import typer

from nautilus_ai_firm.data.add_commands import lean, synth, table
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.catalog_commands import (
    DEFAULT_CATALOG,
    CatalogPath,
    check_series,
    compare_series,
    export_series,
    list_series,
    remove_series,
)
from nautilus_ai_firm.data.dated_commands import events, macro, news
from nautilus_ai_firm.data.demo import load_sources, write_demo
from nautilus_ai_firm.data.listing import report

app = typer.Typer(help="Market data: build and read the catalog.", no_args_is_help=True)
add = typer.Typer(help="Add series from files of another system.", no_args_is_help=True)
app.add_typer(add, name="add")
for _name, _command in {
    "list": list_series,
    "check": check_series,
    "compare": compare_series,
    "remove": remove_series,
    "export": export_series,
    "synth": synth,
}.items():
    app.command(_name)(_command)
for _name, _command in {"lean": lean, "table": table, "events": events, "news": news, "macro": macro}.items():
    add.command(_name)(_command)


@app.command()
def demo(catalog: CatalogPath = DEFAULT_CATALOG) -> None:
    """Build a catalog of real prices, 2004-08 to 2013-03, from packages that pip installs."""
    target = Catalog(catalog)
    written = write_demo(target, load_sources())
    report(target, written)

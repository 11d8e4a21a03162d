"""Turns `firm catalog add ...` and `firm catalog synth` into calls of the data room, and what they did into lines."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.catalog_commands import DEFAULT_CATALOG, CatalogPath
from nautilus_ai_firm.data.definitions import Definitions, load_definitions
from nautilus_ai_firm.data.detection import Stamp, Stated
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.intraday import write_intraday
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.data.listing import report
from nautilus_ai_firm.data.manifest import Adjustment
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.synthetic import DEFAULT_START, BarSize, Kind, synthetic_bars, write_synthetic
from nautilus_ai_firm.data.table import add_table
from nautilus_ai_firm.data.table_request import TableRequest

DEFAULT_SESSIONS = 250
DEFAULT_DEFINITIONS = Path(__file__).with_name("instruments.toml")

DefinitionsPath = Annotated[
    Path | None, typer.Option("--definitions", help="Instruments in TOML; those that come with the firm when absent.")
]


def lean(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="LEAN data folder: holds equity, future, option, ….")],
    catalog: CatalogPath = DEFAULT_CATALOG,
    symbols: Annotated[str, typer.Option(help="Only these, SPY,ES; all when absent.")] = "",
    adjustment: Annotated[Adjustment, typer.Option(help="Basis of the equities' prices.")] = "total_return",
    no_actions: Annotated[
        bool, typer.Option("--no-actions", help="State that --symbols had no splits and dividends in these files.")
    ] = False,
    venue: Annotated[str | None, typer.Option(help="Venue; the market in capitals when absent: USA, CME.")] = None,
    definitions: DefinitionsPath = None,
) -> None:
    """Add all that a LEAN data folder holds: equities, index, futures, options, currency pairs, interest rate."""
    target = Catalog(catalog)
    chosen = [symbol.strip() for symbol in symbols.split(",") if symbol.strip()]
    added = add_lean(target, folder, chosen, adjustment, venue, _definitions(definitions), no_actions=no_actions)
    report(target, added.written)
    for note in added.notes:
        typer.echo(note)


def table(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV, gzip of CSV, or Parquet; in time order.")
    ],
    venue: Annotated[str, typer.Option(help="Venue of the instrument: XNAS.")],
    catalog: CatalogPath = DEFAULT_CATALOG,
    symbol: Annotated[str | None, typer.Option(help="Symbol; of the symbol column, or the file's name.")] = None,
    bar: Annotated[str | None, typer.Option(help="Size of a bar: 1-DAY, 1-HOUR, 5-MINUTE.")] = None,
    tz: Annotated[str | None, typer.Option(help="Time zone of the times: UTC, America/New_York.")] = None,
    stamp: Annotated[Stamp | None, typer.Option(help="Which end of a bar its time is.")] = None,
    columns: Annotated[str, typer.Option(help="time=Datum,open=O,volume=none; usual names are found.")] = "",
    time_format: Annotated[str | None, typer.Option(help="As strptime writes it: %d/%m/%Y %H:%M.")] = None,
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="1,5 is one and a half.")] = False,
    price: Annotated[PriceType, typer.Option(help="Which prices the bars are made of.")] = "LAST",
    adjustment: Annotated[Adjustment, typer.Option(help="Basis of the prices.")] = "raw",
    as_of: Annotated[str | None, typer.Option(help="Date of the last corporate action in the prices.")] = None,
    no_actions: Annotated[
        bool, typer.Option("--no-actions", help="State that it had no splits and dividends in this time.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="Who publishes it; the file's name when absent.")] = None,
    licence: Annotated[str | None, typer.Option(help="What allows its use.")] = None,
    calendar: Annotated[str | None, typer.Option(help="Exchange calendar: XNYS, CMES, FX, 24/7.")] = None,
    definitions: DefinitionsPath = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out and list them.")] = False,
) -> None:
    """Add the bars of one instrument from tables; shows how they are read before anything is written."""
    target = Catalog(catalog)
    request = TableRequest(
        venue=venue,
        symbol=symbol,
        stated=Stated(
            columns=_columns(columns),
            time_format=time_format,
            time_zone=tz,
            bar=bar,
            stamp=stamp,
            decimal_comma=decimal_comma,
        ),
        price_type=price,
        adjustment=adjustment,
        as_of=as_of,
        no_actions=no_actions,
        source=source,
        licence=licence,
        calendar=calendar,
        definitions=_definitions(definitions),
        skip_bad=skip_bad,
    )
    added = add_table(target, files, request, typer.echo)
    report(target, {added.name: added.written})
    for note in added.notes:
        typer.echo(note)
    if added.bad_rows is not None:
        typer.echo(f"{added.n_bad:,} bad rows left out, listed in {added.bad_rows}")


def synth(
    symbols: Annotated[str, typer.Argument(metavar="[SYMBOLS]", help="AAA,BBB.")] = "",
    inside: Annotated[str, typer.Option(help="Instead of symbols: a daily series of the catalog to fill.")] = "",
    catalog: CatalogPath = DEFAULT_CATALOG,
    kind: Annotated[Kind, typer.Option(help="How prices move; not with --inside.")] = "random_walk",
    bar: Annotated[BarSize, typer.Option(help="Size of a bar.")] = "1-MINUTE",
    sessions: Annotated[int | None, typer.Option(min=1, help="Sessions; 250, or all of the daily series.")] = None,
    start: Annotated[str | None, typer.Option(help="First date; 2012-01-03, or that of the daily series.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    venue: Annotated[str, typer.Option(help="Venue of the instruments.")] = "SYNTH",
) -> None:
    """Add synthetic bars, labelled so: of symbols of your own, or bars that add up to the days of a daily series."""
    target = Catalog(catalog)
    first = None if start is None else _date(start)
    names = [symbol.strip() for symbol in symbols.split(",") if symbol.strip()]
    if bool(names) == bool(inside):
        raise DataError("synth takes SYMBOLS or --inside SERIES (allowed: one of the two)")
    if inside:
        name, new = write_intraday(target, inside, bar, seed, venue, first, sessions)
        report(target, {name: new})
        return
    for name in names:
        if not name.replace("_", "").isalnum():
            raise DataError(f"symbol {name!r} (allowed: letters, digits and _)")
    series = synthetic_bars(names, sessions or DEFAULT_SESSIONS, bar, seed, first or DEFAULT_START, kind)
    report(target, write_synthetic(target, series, bar, venue, f"synthetic ({kind}, seed {seed})"))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--start {text!r} (allowed: YYYY-MM-DD)") from error


def _definitions(path: Path | None) -> Definitions:
    return load_definitions(path or DEFAULT_DEFINITIONS)


def _columns(text: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        role, equals, name = part.partition("=")
        if not equals or not name or role.strip() in columns:
            raise DataError(f"--columns {part!r} (allowed: ROLE=NAME, each role once)")
        columns[role.strip()] = name
    return columns

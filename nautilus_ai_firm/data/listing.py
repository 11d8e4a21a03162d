"""Turns what a catalog holds, or what was written into it, into lines that fit on a screen."""

from collections import Counter
from collections.abc import Iterable, Mapping

import typer

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import BarRecord, NoticeRecord, Record

LARGEST_CHAIN = 6
"""Contracts of one underlying that are shown one by one; more are one line."""

type Row = tuple[str, ...]

_HEADER: Row = ("series", "rows", "first", "last", "basis", "use", "")


def report(catalog: Catalog, written: Mapping[str, bool]) -> None:
    """Print what became of each series, and what the catalog holds now."""
    _print(_rows(catalog, ((name, "written" if new else "nothing new") for name, new in written.items())))
    typer.echo(f"{catalog.path}: {len(catalog.names()):,} series, sha256 {catalog.sha256()[:16]}")


def list_lines(catalog: Catalog, states: Iterable[tuple[str, str]]) -> None:
    """Print one line a series, each with its state; a chain of contracts is one line."""
    _print(_rows(catalog, states))


def _rows(catalog: Catalog, states: Iterable[tuple[str, str]]) -> list[Row]:
    chains: dict[str, list[tuple[str, str]]] = {}
    for name, state in states:
        chains.setdefault(_chain(catalog.record(name)) or name, []).append((name, state))
    rows: list[Row] = []
    for title, members in chains.items():
        if len(members) > LARGEST_CHAIN:
            rows.append(_chain_row(title, [catalog.record(name) for name, _ in members], [s for _, s in members]))
        else:
            rows += [_row(catalog.record(name), state) for name, state in members]
    return rows


def _chain(record: Record) -> str:
    """Name what many contracts have in common: class, underlying, bar size and price type; empty for others."""
    if not isinstance(record, BarRecord) or record.listing.contract is None:
        return ""
    _, _, size = record.bar_type.partition(f"{record.instrument_id}-")
    noun = "options" if record.listing.contract.right else "futures"
    return f"{noun} on {record.listing.contract.underlying}, {size.removesuffix('-EXTERNAL')}"


def _chain_row(title: str, records: list[Record], states: list[str]) -> Row:
    counts = Counter(states)
    state = ", ".join(f"{count:,} {name}" for name, count in counts.items() if name)
    return (
        f"{title} ({len(records):,} series)",
        f"{sum(record.rows for record in records):,}",
        min(record.first for record in records)[:10],
        max(record.last for record in records)[:10],
        _common(_basis(record) for record in records),
        _common(_use(record) for record in records),
        state,
    )


def _row(record: Record, state: str) -> Row:
    return (
        record.name,
        f"{record.rows:,}",
        record.first[:10],
        record.last[:10],
        _basis(record),
        _use(record),
        state,
    )


def _basis(record: Record) -> str:
    if isinstance(record, BarRecord) and record.actions_unknown:
        return "raw, actions unknown"
    stated = ", no actions stated" if record.provenance.actions_stated else ""
    return f"{record.provenance.adjustment}{stated}"


def _use(record: Record) -> str:
    if isinstance(record, NoticeRecord):
        return record.content
    return "tradable" if isinstance(record, BarRecord) and record.listing.tradable else "input"


def _common(values: Iterable[str]) -> str:
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else f"{len(distinct)} kinds"


def _print(rows: list[Row]) -> None:
    table = [_HEADER, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
    for row in table:
        cells = [
            text.rjust(width) if at == 1 else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())

"""Turns the files of a LEAN data folder into batches: all files of one symbol, resolution and kind."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nautilus_ai_firm.data.lean.rows import Kind

type Asset = Literal["equity", "index", "option", "future", "forex"]
type Resolution = Literal["daily", "hour", "minute"]

ASSETS: tuple[Asset, ...] = ("equity", "index", "future", "option", "forex")

BARS: dict[Resolution, str] = {"daily": "1-DAY", "hour": "1-HOUR", "minute": "1-MINUTE"}
"""Size of the bars of each resolution."""

_BESIDE = ("factor_files", "map_files", "shortable", "universes")  # folders that hold no prices
_HOME = "equity/usa/"  # what names of files leave out


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Files that make one series, or the series of one chain.

    Attributes
    ----------
    asset, market, resolution : str
        Folders that the files lie in.
    kind : {"trade", "quote"}
        What a row is.
    symbol : str
        In capitals: a ticker, a pair, the root of futures or the underlying of options.
    paths : tuple of Path
        The zips, in time order.
    name : str
        What notes and sources call it: `daily/spy.zip`, `future/cme/minute/es trade`.

    """

    asset: Asset
    market: str
    resolution: Resolution
    kind: Kind
    symbol: str
    paths: tuple[Path, ...]
    name: str


@dataclass(slots=True)
class Found:
    """Batches of a folder, and one line for each thing in it that is none."""

    batches: list[Batch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_batches(folder: Path) -> Found:
    """Find what can be read, in the order asset, symbol, resolution, kind."""
    found = Found()
    for entry in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        if entry.name not in (*ASSETS, "alternative"):
            found.notes.append(f"{entry.name}: skipped (read: {', '.join(ASSETS)} and alternative/interest-rate)")
    for asset in ASSETS:
        for market in _folders(folder / asset):
            for resolution in _folders(market):
                if resolution.name in BARS:
                    _find(found, folder, asset, resolution)
                elif resolution.name not in _BESIDE:
                    name = resolution.relative_to(folder).as_posix()
                    found.notes.append(f"{name}: skipped (read: {', '.join(BARS)})")
    found.batches.sort(key=lambda b: (ASSETS.index(b.asset), b.market, b.symbol, list(BARS).index(b.resolution)))
    return found


def _find(found: Found, folder: Path, asset: Asset, place: Path) -> None:
    resolution: Resolution = "minute" if place.name == "minute" else "hour" if place.name == "hour" else "daily"
    series: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(place.glob("*/*.zip" if resolution == "minute" else "*.zip")):
        words = path.stem.split("_")
        symbol = path.parent.name if resolution == "minute" else words[0]
        stated = [word for word in words[1:] if word in {"trade", "quote", "openinterest"}]
        kind = stated[0] if stated else "quote" if asset == "forex" else "trade"
        series.setdefault((symbol, kind), []).append(path)
    for (symbol, kind), paths in series.items():
        where = paths[0].parent if resolution == "minute" else paths[0] if len(paths) == 1 else place / symbol
        name = where.relative_to(folder).as_posix().removeprefix(_HOME)
        if kind == "openinterest":
            found.notes.append(f"{name}: {len(paths)} openinterest files left out, nothing says when they were known")
            continue
        found.batches.append(
            Batch(
                asset=asset,
                market=place.parent.name,
                resolution=resolution,
                kind="trade" if kind == "trade" else "quote",
                symbol=symbol.upper(),
                paths=tuple(paths),
                name=name if where == paths[0] else f"{name} {kind}",
            )
        )


def _folders(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(entry for entry in path.iterdir() if entry.is_dir())

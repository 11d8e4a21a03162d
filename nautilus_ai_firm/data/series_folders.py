"""Where the folders of series stand in a catalog: complete ones under a name of their own, the one in work apart."""

import hashlib
import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec

from nautilus_ai_firm.data.manifest import Record, file_sha256

INCOMING = ".incoming"
"""Folder, inside the catalog, of the series being written."""

SERIES_SUFFIX = ".series"
"""Ending of the folders of complete series: only folders so named are ever removed."""


def empty_incoming(catalog: Path) -> Path:
    """Make the folder of the series being written, without what an earlier one left in it."""
    incoming = catalog / INCOMING
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    return incoming


def folder_of(record: Record, place: str) -> str:
    """Name the folder of a series under its place in the catalog, by all that is said of it."""
    checksum = hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()
    return f"{place}/{checksum[:16]}{SERIES_SUFFIX}"


def files_of(folder: Path) -> dict[str, str]:
    """Return the checksum of each file of a series, by its path in the folder."""
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(folder.rglob("*.parquet"))}


def sweep(catalog: Path, named: Collection[str]) -> None:
    """Remove the folders of series that are not named, and the one in work."""
    for folder in [*catalog.glob(f"*/*/*{SERIES_SUFFIX}"), catalog / INCOMING]:
        if folder.is_dir() and folder.relative_to(catalog).as_posix() not in named:
            shutil.rmtree(folder)

"""Where the folders of series stand in a catalog: complete ones under a name of their own, the one in work apart."""

import shutil
from collections.abc import Collection
from pathlib import Path

INCOMING = ".incoming"
"""Folder, inside the catalog, of the series being written."""

SERIES_SUFFIX = ".series"
"""Ending of the folders of complete series: only folders so named are ever removed."""


def sweep(catalog: Path, named: Collection[str]) -> None:
    """Remove the folders of series that are not named, and the one in work."""
    for folder in [*catalog.glob(f"*/*/*{SERIES_SUFFIX}"), catalog / INCOMING]:
        if folder.is_dir() and folder.relative_to(catalog).as_posix() not in named:
            shutil.rmtree(folder)

"""Turns a file or folder that is complete under another name into one that survives a loss of power under its own.

A rename is atomic for other processes, and orders nothing on the disk: after a loss of power a new name may stand for
files without their content. So content goes to the disk before the name does, and the name before what counts on it.
"""

import os
from collections.abc import Iterator
from pathlib import Path


def put_in_place(pending: Path, target: Path) -> None:
    """Give a complete file or folder its name, replacing a file of that name.

    Every file in it is on the disk before the rename, and the rename before this returns.
    """
    for path in _inside_out(pending):
        sync(path)
    make_folder(target.parent)
    pending.replace(target)
    sync(target.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing; their names are on the disk when this returns."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync(folder.parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _inside_out(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            yield from _inside_out(entry)
    yield path

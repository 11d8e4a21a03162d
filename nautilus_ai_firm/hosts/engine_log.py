"""The folder of the engine's own log -> whether it logged an error since the host began.

The engine looks at its errors ten times a second on the wall; a session may be over before it looks.
"""

from pathlib import Path

from nautilus_trader.common import FileWriterConfig, logging_sync_to_disk

MARK = b" [ERROR] "


class EngineLog:
    """The engine's log of one attempt at a session; an attempt that crashed may have written to the same files.

    Parameters
    ----------
    folder : Path
        Where the engine writes its log.

    """

    __slots__ = ("_written", "folder")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = {log: log.stat().st_size for log in self._files()}

    @property
    def writer(self) -> FileWriterConfig:
        """How the engine is told to write it."""
        return FileWriterConfig(directory=str(self.folder), file_name="engine")

    def has_error(self) -> bool:
        """Say whether an error was logged since this object was made."""
        logging_sync_to_disk()
        return any(MARK in log.read_bytes()[self._written.get(log, 0) :] for log in self._files())

    def _files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

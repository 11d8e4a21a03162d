"""One process at a time writes a catalog: the lock ends with the process that holds it, however that ends."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nautilus_ai_firm.data.durable import make_folder
from nautilus_ai_firm.data.errors import CatalogError

_LOCK_NAME = ".lock"


@contextmanager
def sole_writer(catalog: Path) -> Generator[None]:
    """Hold a catalog, which is made where it is missing, while a block writes it.

    Raises
    ------
    CatalogError
        If another process writes.

    """
    make_folder(catalog)
    with (catalog / _LOCK_NAME).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CatalogError(f"{catalog}: another process is writing to this catalog") from error
        yield

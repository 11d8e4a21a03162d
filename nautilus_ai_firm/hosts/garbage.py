"""Python's collector of garbage during a run: it looks at what is new when a chunk of data is done, at nothing twice.

A run keeps millions of objects until its end and makes hardly a cycle. Left to itself the collector walks through all
of them time and again, and finds nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_by_chunk() -> Iterator[None]:
    """Let nobody collect but `collect_new`, and leave the collector as it was found."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def collect_new() -> None:
    """Collect what became garbage in cycles since the last time; what survived then is not looked at."""
    gc.collect(0)

"""How a session ended -> the last records of its journal, on whatever node it ran."""

from nautilus_ai_firm.hosts.result import peak_rss_mb
from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.session import SessionJournal


def write_end(journal: SessionJournal, failure: Failure | None, cause: str, wall_seconds: float) -> None:
    """Write down what failed, and the end: `failed`, else what stopped the session, else `normal`."""
    if failure is not None:
        journal.failure(failure)
    journal.end(
        "failed" if failure is not None else cause or "normal",
        0 if failure is None else 1,
        wall_seconds=round(wall_seconds, 3),
        peak_rss_mb=peak_rss_mb(),
    )

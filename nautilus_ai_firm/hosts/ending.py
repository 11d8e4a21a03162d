"""How a session ended -> the last records of its journal, on whatever node it ran."""

from nautilus_ai_firm.hosts.result import peak_rss_mb
from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.session import SessionJournal


def failure_of(component: str, round_: int, error: str) -> Failure:
    """Describe what failed outside of any callback."""
    return Failure(component=component, round=round_, error=error, traceback="")


def write_end(
    journal: SessionJournal, failure: Failure | None, cause: str, wall_seconds: float, round_: int
) -> tuple[Failure | None, bool]:
    """Write down what failed, and the end: `failed`, else what stopped the session, else `normal`.

    Parameters
    ----------
    journal : SessionJournal
        The journal, which may refuse.
    failure : Failure or None
        What failed.
    cause : str
        What stopped the session; empty where nothing did.
    wall_seconds : float
        How long it ran.
    round_ : int
        Its last round.

    Returns
    -------
    Failure or None
        What failed first, the journal itself last.
    bool
        Whether the journal says how the session ended.

    """
    try:
        if failure is not None:
            journal.failure(failure)
        journal.end(
            "failed" if failure is not None else cause or "normal",
            0 if failure is None else 1,
            wall_seconds=round(wall_seconds, 3),
            peak_rss_mb=peak_rss_mb(),
        )
    except JournalError as error:
        return failure or failure_of("journal", round_, str(error)), False
    return failure, True

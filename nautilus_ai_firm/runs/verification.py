"""A run folder, sealed or not -> one line that says its records are whole, or where they are not."""

from pathlib import Path

from nautilus_ai_firm.runs.audit import AuditError, verify
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.session_reading import read_session


def verify_run(run: Path) -> str:
    """Check the records of a run.

    Parameters
    ----------
    run : Path
        A run folder; one with neither summary nor audit chain is a session that was not sealed yet.

    Returns
    -------
    str
        What was found, one line.

    Raises
    ------
    AuditError
        The audit chain, a file that it anchors or the journal of an unsealed session was changed: names file and
        record.

    """
    if (run / JOURNAL).is_file() and not any((run / name).exists() for name in ("audit.jsonl", "summary.json")):
        try:
            session = read_session(run)
        except JournalError as error:
            raise AuditError(str(error)) from None
        torn = f"; a torn record of {session.torn_bytes:,} bytes at its end was dropped" if session.torn else ""
        end = "it ended" if session.complete else "it has no end"
        return f"{run}: unsealed; journal of {len(session.entries):,} records is whole, {end}{torn}"
    return f"{run}: audit chain of {verify(run):,} lines is whole, and every anchored file is as it was sealed"

"""A backtest -> the journal that a session keeps, beside its run folder."""

import time
from pathlib import Path

from nautilus_ai_firm.data.stored_series import FOREVER_NS
from nautilus_ai_firm.hosts.beginning import start_of
from nautilus_ai_firm.hosts.journalled_recorder import JournalledRecorder
from nautilus_ai_firm.hosts.result import peak_rss_mb
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.journalled_switch import JournalledSwitch
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import Host


class Journalling:
    """Seats the journal of a backtest between the firm and its recorder, and begins and ends it.

    Parameters
    ----------
    stage : Stage
        What runs; its charges are written down from now on.
    run_id : str
        Name of the run.
    temporary : Path
        Folder in which the run grows.
    recorder : RunRecorder
        The run folder's.

    Attributes
    ----------
    recorder : JournalledRecorder
        Who hears the firm.
    kill_switch : JournalledSwitch
        What halts the firm.

    """

    def __init__(self, stage: Stage, run_id: str, temporary: Path, recorder: RunRecorder) -> None:
        self._started = stage.started
        self._journal = SessionJournal(temporary, durable=False)
        self._journal.start(start_of(stage, run_id, Host.BACKTEST))
        self._journal.history(stage.feed.history)
        self.recorder = JournalledRecorder(recorder, self._journal)
        self.kill_switch = JournalledSwitch(stage.kill_switch, self._journal)
        stage.charges.recorder = self.recorder

    def end(self, failure: Failure | None) -> None:
        """Write down how the run ended, and close the journal.

        Raises
        ------
        JournalError
            The journal of a run that did not fail cannot be written; of one that failed the failure is told elsewhere.

        """
        try:
            self._write_end(failure)
        except JournalError:
            if failure is None:
                raise

    def _write_end(self, failure: Failure | None) -> None:
        if failure is None:
            self.recorder.delivered(FOREVER_NS)
        else:
            self._journal.failure(failure)
        self._journal.end(
            "normal" if failure is None else "failed",
            0 if failure is None else 1,
            wall_seconds=round(time.perf_counter() - self._started, 3),
            peak_rss_mb=peak_rss_mb(),
        )
        self._journal.close()

    def close(self) -> None:
        """Close the journal of a run that was interrupted."""
        self._journal.close()

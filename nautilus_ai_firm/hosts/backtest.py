"""A configuration and a catalog -> a run folder, by the backtest engine on streamed data."""

from threadpoolctl import threadpool_limits

from nautilus_ai_firm.hosts.backtest_engine import played
from nautilus_ai_firm.hosts.garbage import collected_by_chunk
from nautilus_ai_firm.hosts.journalling import Journalling
from nautilus_ai_firm.hosts.result import write_run
from nautilus_ai_firm.hosts.stopwatch import Stopwatch
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.folder import Run, discard, new_folder, open_run, publish, temporary_folder, write_failure
from nautilus_ai_firm.runs.recorder import RunRecorder


class BacktestError(RuntimeError):
    """A desk raised, or rounds are missing: names component, round and error, and where the records are."""


def run_backtest(study: Study) -> Run:
    """Run the whole firm and leave a run folder behind.

    Raises
    ------
    ConfigError, CatalogError, RunError
        The configuration, the catalog or the output folder cannot be used; nothing ran.
    BacktestError
        A component raised, or the run ended before its last round; the records so far stand in `<run>.failed`.

    """
    return run_stage(prepare(study))


def run_stage(stage: Stage) -> Run:
    """Run what is prepared, from a catalog or from the journal of a session, and leave a run folder behind.

    Raises
    ------
    RunError, BacktestError
        As `run_backtest`.

    """
    with threadpool_limits(1), collected_by_chunk():  # a sum that is split over threads depends on how many there are
        return _run(stage)


def failure_line(failure: Failure) -> str:
    """Say in one line who failed, when and with what."""
    return f"{failure.component} failed in round {failure.round}: {failure.error}"


def _run(stage: Stage) -> Run:
    folder = new_folder(stage.study.out, stage.firm.name)
    temporary = temporary_folder(folder)
    recorder = RunRecorder(temporary, stage.universe.names)
    journalling: Journalling | None = None
    try:
        if stage.study.journal:
            journalling = Journalling(stage, folder.name, temporary, recorder)
        stopwatch = Stopwatch()
        with played(stage, recorder, journalling=journalling, measure=stopwatch) as over:
            failure = over.failure
            if journalling is not None:
                journalling.end(failure)
            if failure is not None:
                failed = folder.with_name(f"{folder.name}.failed")
                write_failure(temporary, failed, recorder, failure)
                raise BacktestError(f"{failure_line(failure)} (records: {failed})")
            write_run(temporary, folder.name, stage, over.engine, recorder, over.bars, stopwatch.us_per_round())
            publish(temporary, folder)
    finally:
        recorder.close()
        if journalling is not None:
            journalling.close()
        discard(temporary)
    return open_run(folder)

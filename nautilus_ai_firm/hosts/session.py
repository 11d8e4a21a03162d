"""A session from its command to its run folder: checked, run or resumed, and sealed."""

import tempfile
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from nautilus_ai_firm.durations import MS_NS
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch, KillSwitch, KillSwitchState, RecordedKillSwitch
from nautilus_ai_firm.hosts.live import Opening, SandboxSession, SessionError
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.folder import Run, new_folder, open_run, versions
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import Start
from nautilus_ai_firm.runs.session_reading import Session, read_session
from nautilus_ai_firm.settings import Loaded, decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What session to run.

    Attributes
    ----------
    loaded : Loaded
        Settings.
    catalog : Path
        Catalog folder.
    start, end : date, optional
        First and last day (UTC) of the market data that is replayed; the configuration's when absent.
    speed : float, optional
        Market seconds a second, 0 for as fast as the firm can; the configuration's when absent.
    minutes : float, optional
        Minutes on the wall after which the session ends; when the market data ends if absent.
    out : Path, optional
        The run's folder; the next free number under `runs/`.
    say : callable
        Prints a line for the person at the console.

    """

    loaded: Loaded
    catalog: Path
    say: Callable[[str], None]
    start: date | None = None
    end: date | None = None
    speed: float | None = None
    minutes: float | None = None
    out: Path | None = None


def check_session(plan: SessionPlan) -> Stage:
    """Build the session as it would run, and leave nothing behind.

    Raises
    ------
    ConfigError, CatalogError, RunError
        The configuration, the catalog or the output folder cannot be used.

    """
    new_folder(plan.out, plan.loaded.firm.name)
    with tempfile.TemporaryDirectory() as folder:
        opening = _opening(plan, Path(folder))
        with closing(SandboxSession(opening, Stop())):
            return opening.stage


def run_session(plan: SessionPlan) -> Run:
    """Run a session in the sandbox and seal its run folder.

    Raises
    ------
    ConfigError, CatalogError, RunError
        As `check_session`; nothing ran.
    SessionError
        A desk raised, the engine logged an error, or the node stopped by itself; the run folder says what failed.

    """
    folder = new_folder(plan.out, plan.loaded.firm.name)
    return _run(_opening(plan, folder))


def resume_session(
    run: Path, *, minutes: float | None, speed: float | None, say: Callable[[str], None]
) -> tuple[Run, Path]:
    """Bring a session that crashed back to where its journal ends, and go on.

    Venue and market are replayed, so the session runs again from its start and every record must come as it came:
    no decision is made twice, and positions, cash and models are as they were.

    Parameters
    ----------
    run : Path
        Folder of the session.
    minutes : float, optional
        Minutes on the wall after which it ends; when the market data ends if absent.
    speed : float, optional
        Market seconds a second; what the session began with when absent.
    say : callable
        Prints a line for the person at the console.

    Returns
    -------
    tuple of Run and Path
        The run, and the catalog that it runs on.

    Raises
    ------
    RunError
        The session has ended, or what it ran on has changed since.
    SessionError
        As `run_session`.

    """
    session = read_session(run)
    if session.complete:
        how = "" if (run / "summary.json").exists() else f" (make its run folder with: firm seal {run})"
        raise RunError(f"{run}: the session has ended, there is nothing to resume{how}")
    start = session.start
    _refuse_other_versions(run, start)
    plan = SessionPlan(
        loaded=decode(tomllib.loads(start.config), start.config_source), catalog=Path(start.catalog),
        speed=start.speed if speed is None else speed, minutes=minutes, out=run, say=say,
    )  # fmt: skip
    opening = _opening(plan, run, session)
    _refuse_other_data(run, start, opening.stage)
    say(f"resuming {run} after {len(session.entries):,} records, round {_last_round(session):,}")
    return _run(opening), plan.catalog


def _run(opening: Opening) -> Run:
    stop = Stop()
    with stop.heard():
        with closing(SandboxSession(opening, stop)) as session:
            failure = session.run()
        return sealed(opening.folder, failure, is_recorded=session.is_recorded)


def sealed(folder: Path, failure: Failure | None, *, is_recorded: bool) -> Run:
    """Seal the run folder; one whose journal could not be written to its end is left to be resumed or sealed."""
    if is_recorded:
        seal_session(folder)
    if failure is not None:
        records = f"records: {folder}" if is_recorded else f"not sealed, to be resumed or sealed: {folder}"
        raise SessionError(f"{failure.component} failed in round {failure.round}: {failure.error} ({records})")
    return open_run(folder)


def _opening(plan: SessionPlan, folder: Path, session: Session | None = None) -> Opening:
    firm = plan.loaded.firm
    market = msgspec.structs.replace(
        firm.market, start=plan.start or firm.market.start, end=plan.end or firm.market.end
    )
    pace = firm.live.sandbox
    if plan.speed is not None:
        pace = msgspec.structs.replace(pace, speed=plan.speed)
    resolved = msgspec.structs.replace(firm, market=market)
    loaded = decode(tomllib.loads(encode(resolved).decode()), plan.loaded.source)
    stage = prepare(Study(loaded=loaded, catalog=plan.catalog, out=folder))
    if pace.max_bar_delay_ms:
        stage = replace(stage, feed=replace(stage.feed, grace_ns=firm.market.grace_ms * MS_NS))
    reads = [] if session is None else [(read.round, read.state) for read in session.of("kill_switch")]
    return Opening(
        folder=folder,
        stage=stage,
        switch=partial(_SessionSwitch, FileKillSwitch(loaded.kill_switch_path), reads),
        pace=pace,
        minutes=plan.minutes,
        again=None if session is None else session.start,
        say=plan.say,
        commands=() if session is None else tuple(session.of("command")),
    )


class _SessionSwitch:
    """The switch on disk; while a session runs again over its journal, what was read then."""

    def __init__(self, file: FileKillSwitch, reads: list[tuple[int, KillSwitchState]], journal: SessionJournal) -> None:
        self._file = file
        self._recorded = RecordedKillSwitch(reads, lambda: journal.round)
        self._journal = journal

    def _now(self) -> KillSwitch:
        return self._recorded if self._journal.repeating else self._file

    def state(self) -> KillSwitchState:
        return self._now().state()

    def latch(self, cause: str, who: str, time: str) -> None:
        self._now().latch(cause, who, time)


def _refuse_other_versions(run: Path, start: Start) -> None:
    changed = [
        f"{name} {was} then, {now} now" for name, now in versions().items() if (was := start.versions[name]) != now
    ]
    if changed:
        raise RunError(f"{run}: cannot be resumed with other software: {'; '.join(changed)}")


def _refuse_other_data(run: Path, start: Start, stage: Stage) -> None:
    for name in dict.fromkeys(
        [*bar_names(stage.firm), *map(str, stage.universe.input_bar_types.values()), *stage.firm.market.inputs,
         *stage.watching.names]
    ):  # fmt: skip
        if name in start.series and stage.catalog.record(name).sha256 != start.series[name]:
            raise RunError(f"{run}: cannot be resumed, {name} in {stage.study.catalog} has changed since it began")


def _last_round(session: Session) -> int:
    return max((snapshot.round for snapshot in session.of("snapshot")), default=0)

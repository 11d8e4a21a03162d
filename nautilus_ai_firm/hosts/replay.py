"""A recorded session -> the same session as a backtest over the market data that it saw, and what differs."""

import dataclasses
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nautilus_ai_firm.agents.book import Route
from nautilus_ai_firm.agents.market import Feed
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.gateways.kill_switch import RecordedKillSwitch
from nautilus_ai_firm.hosts.backtest import BacktestError, run_stage
from nautilus_ai_firm.hosts.recorded_market import RecordedMarket
from nautilus_ai_firm.hosts.study import Stage, Study, charges_of
from nautilus_ai_firm.hosts.switch_watch import HOST
from nautilus_ai_firm.hosts.universe import bar_names, universe_with
from nautilus_ai_firm.hosts.watching import with_watched
from nautilus_ai_firm.runs.comparison import Comparison, compare
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.folder import new_folder, versions
from nautilus_ai_firm.runs.placing import LAST_NS, place_facts
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.runs.session_reading import Entry, Session, read_session
from nautilus_ai_firm.runs.wording import Names
from nautilus_ai_firm.settings import Loaded, decode

type Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A session that ran again.

    Attributes
    ----------
    session : Session
        What was recorded.
    comparison : Comparison
        What differs.
    changed : tuple of str
        Software that is another version now, `numpy 2.3.1 then, 2.4.0 now`.
    kept : Path or None
        Folder of the second run, where it was to be kept.

    """

    session: Session
    comparison: Comparison
    changed: tuple[str, ...]
    kept: Path | None


def replay(run: Path, *, keep: Path | None = None, on_progress: Progress | None = None) -> Replayed:
    """Run a recorded session again, from its folder alone, and compare it with what was recorded.

    Parameters
    ----------
    run : Path
        Folder of the session; it may be sealed or not, under way, ended or killed.
    keep : Path, optional
        Where the run folder of the second run stays; it is removed when absent.
    on_progress : callable, optional
        Called with rounds done and rounds in all.

    Raises
    ------
    RunError
        There is no journal, it is damaged, or it holds what cannot be run again; `keep` holds something already.
    ConfigError
        The recorded configuration is none any more.

    """
    session = read_session(run)
    loaded = _settings(session)
    names = Names(instruments=loaded.firm.instrument_ids, inputs=loaded.firm.market.inputs)
    with tempfile.TemporaryDirectory(prefix="firm-replay-") as temporary:
        out = new_folder(Path(temporary) / "run" if keep is None else keep, loaded.firm.name)
        stage = stage_of(session, loaded, out, on_progress)
        folder = None if stage is None else _run(stage, out)
        again: tuple[Entry, ...] = () if folder is None else read_session(folder).entries
    return Replayed(
        session=session,
        comparison=compare(
            session.entries, again, names, session.start.grace_ns, at_broker=session.start.host is Host.IB
        ),
        changed=tuple(
            f"{name} {session.start.versions.get(name, 'unknown')} then, {now} now"
            for name, now in versions().items()
            if now != session.start.versions.get(name)
        ),
        kept=None if keep is None else folder,
    )


def _settings(session: Session) -> Loaded:
    try:
        raw = tomllib.loads(session.start.config)
    except tomllib.TOMLDecodeError as error:
        raise RunError(f"{session.path}:1: the configuration is no TOML: {error}") from None
    return decode(raw, f"{session.path}:1")


def _run(stage: Stage, out: Path) -> Path:
    """Run to the end or to a failure, which the journal tells too, and return where the journal is."""
    try:
        return run_stage(stage).folder
    except BacktestError:
        return out.with_name(f"{out.name}.failed")


def stage_of(session: Session, loaded: Loaded, out: Path, on_progress: Progress | None = None) -> Stage | None:
    """Make of a journal what a backtest needs; None where the session ended before it saw a bar of its universe.

    Parameters
    ----------
    session : Session
        What was recorded.
    loaded : Loaded
        Its settings.
    out : Path
        Folder of the second run.
    on_progress : callable, optional
        Called with rounds done and rounds in all.

    Raises
    ------
    RunError
        As `RecordedMarket`.

    """
    firm, start, market = loaded.firm, session.start, RecordedMarket(session)
    universe = universe_with(firm, market.instruments(bar_names(firm)))
    universe = with_watched(universe, firm, market.contracts(), start.spots)
    if start.host is Host.IB:
        route = Route(
            order_ids=universe.instrument_ids, client_id=None, order_tag=start.order_tag, auctions=start.auctions
        )
        universe = dataclasses.replace(universe, trades_quotes=True, route=route)
    rounds_ns = market.rounds_ns(universe.bar_types)
    if not len(rounds_ns):
        return None
    end_ns = max(market.last_ns, int(rounds_ns[-1]) + start.grace_ns, _last_said_ns(session))
    history = session.of("history")
    begin_ns = min(int(rounds_ns[0]), *(data.ts_event for data in history if hasattr(data, "bar_type")), LAST_NS)
    charges = charges_of(firm, universe)
    reads = [(read.round, read.state) for read in session.of("kill_switch")]
    return Stage(
        study=Study(loaded=loaded, catalog=Path(start.catalog), out=out, on_progress=on_progress, journal=True),
        catalog=market,
        universe=universe,
        rounds_ns=rounds_ns,
        end_ns=end_ns,
        sessions=Sessions.between(firm.market.calendar, begin_ns, int(rounds_ns[-1])),
        charges=charges,
        kill_switch=RecordedKillSwitch(reads, lambda: 0 if charges.failures is None else charges.failures.round),
        feed=Feed(initial_inputs=start.initial_inputs, history=history, grace_ns=start.grace_ns),
        caveats=start.caveats,
        carried=start.carried,
        said=(*session.of("connection"), *(one for one in session.of("command") if one.sender == HOST)),
    )


def _last_said_ns(session: Session) -> int:
    """When the session said something for the last time: alerts may have followed the last market event."""
    said = (placed.ts_ns for placed in place_facts(session.entries).values())
    return max((ts_ns for ts_ns in said if ts_ns < LAST_NS), default=0)

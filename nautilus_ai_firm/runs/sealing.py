"""The journal of a session -> the run folder that a backtest would leave, complete or not there at all."""

import shutil
import tomllib
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.model import Bar

from nautilus_ai_firm.data.durable import sync
from nautilus_ai_firm.messages import Failure, OrderEventKind, OrderRecord
from nautilus_ai_firm.runs.charges import FillCosts
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.folder import JOURNAL, TABLES
from nautilus_ai_firm.runs.journal import held
from nautilus_ai_firm.runs.order_report import order_report
from nautilus_ai_firm.runs.position_report import instruments_of, position_report
from nautilus_ai_firm.runs.recorder import MESSAGES_FILE, RunRecorder
from nautilus_ai_firm.runs.results import Ran, write_results
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.runs.session_reading import Session, read_session
from nautilus_ai_firm.settings import decode

MESSAGES = frozenset(
    {
        "snapshot", "late_bar", "signal", "decision", "risked", "cleared", "command", "risk_alert", "risk_report",
        "gate_result", "order", "parent", "connection", "impact", "execution_report",
    }
)  # fmt: skip
"""Records that are messages of the desks: the run folder's recorder hears them as it would in a backtest."""
SUMMARY = "summary.json"
FILES = (
    *(f"{name}.parquet" for name in TABLES), "decisions.jsonl", "config.toml", "manifest.json", "audit.jsonl", SUMMARY,
)  # fmt: skip
"""What sealing adds, after messages where there are any, in this order: a run is sealed when it has a summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What sealing did: the session, or None where the run was sealed already and nothing was changed."""

    run: Path
    session: Session | None


def ending(session: Session) -> tuple[str, Failure | None]:
    """Say how a session ended since it was last resumed, `killed` where it does not say so, and its failure."""
    failure = None
    for entry in session.entries:
        if entry.record == "failure":
            failure = entry.fact
        elif entry.record == "resumed":
            failure = None
    if session.complete:
        return session.entries[-1].fact.reason, failure
    return "killed" if failure is None else "failed", failure


def seal_session(run: Path) -> Sealed:
    """Make the run folder of a session from its journal.

    Parameters
    ----------
    run : Path
        The run folder, with the journal in it.

    Raises
    ------
    JournalError
        There is no journal, it is damaged, or the session is under way.
    RunError
        What the journal holds makes no run.

    """
    if (run / SUMMARY).is_file():
        return Sealed(run=run, session=None)
    with held(run / JOURNAL):
        session = read_session(run)
        temporary = run.parent / f".{run.name}.sealing"
        shutil.rmtree(temporary, ignore_errors=True)  # what a crash left of an earlier attempt
        temporary.mkdir()
        try:
            _write(temporary, session)
            _add(temporary, run)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Sealed(run=run, session=session)


def sealed_line(sealed: Sealed) -> str:
    """Say in one line what sealing did."""
    session = sealed.session
    if session is None:
        return f"{sealed.run}: is sealed already, nothing was changed"
    torn = f"; a torn record of {session.torn_bytes:,} bytes was dropped" if session.torn else ""
    ended, _ = ending(session)
    return f"{sealed.run}: sealed; session of {len(session.entries):,} records, ended {ended}{torn}"


def _write(temporary: Path, session: Session) -> None:
    start = session.start
    firm = decode(tomllib.loads(start.config), f"{session.path}: config").firm
    recorder = RunRecorder(temporary, firm.instrument_ids, start.held)
    try:
        fill_costs = _replay(session, recorder)
        rounds = [message.ts_event for message in session.of("snapshot")] or [start.first_round_ns]
        reads = session.of("kill_switch")
        ended, failure = ending(session)
        end = session.entries[-1].fact if session.complete else None
        ran = Ran(
            run_id=start.run_id,
            host=start.host,
            ended=ended,
            failure=failure,
            recorder=recorder,
            fill_costs=fill_costs,
            financing=session.of("financing"),
            orders=order_report(session.of("gate_result", "order", "parent"), _instruments(session)),
            positions=position_report(recorder.fills, _instruments(session)),
            config=start.config,
            config_sha256=start.config_sha256,
            catalog_sha256=start.catalog_sha256,
            versions=start.versions,
            series=start.series,
            starting_balance=float(firm.venue.starting_balance),
            first_round_ns=rounds[0],
            last_round_ns=rounds[-1],
            bars=sum(isinstance(data, Bar) for data in session.of("market")),
            kill_switch_latched=bool(reads) and reads[-1].state.latched,
            caveats=start.caveats,
            wall_seconds=None if end is None else end.wall_seconds,
            peak_rss_mb=None if end is None else end.peak_rss_mb,
        )
        write_results(temporary, ran, session.path)
    finally:
        recorder.close()


def _replay(session: Session, recorder: RunRecorder) -> dict[str, list[FillCosts]]:
    """Let the recorder hear everything, and give each fill the costs that were written before it."""
    coming: defaultdict[str, list[FillCosts]] = defaultdict(list)
    costs: defaultdict[str, list[FillCosts]] = defaultdict(list)
    for order in session.start.taken_back:
        recorder.audit.write("taken_back", asdict(order))
    for entry in session.entries:
        fact = entry.fact
        if entry.record in MESSAGES:
            getattr(recorder, entry.record)(fact)
        elif entry.record == "fill_costs":
            coming[fact.client_order_id].append(fact.costs)
        elif entry.record == "resumed":
            recorder.audit.write("resumed", asdict(fact))
        elif entry.record == "failure":
            recorder.audit.write("failure", asdict(fact))
        if isinstance(fact, OrderRecord) and fact.kind is OrderEventKind.FILLED:
            costs[fact.client_order_id].append(_costs(session, fact, coming[fact.client_order_id]))
    return costs


def _costs(session: Session, fill: OrderRecord, coming: list[FillCosts]) -> FillCosts:
    if coming:
        return coming.pop(0)
    if session.start.host is Host.IB:  # a broker tells its commission, and slippage is inside the price
        return FillCosts(fee=fill.commission or Decimal(0), half_spread_cost=Decimal(0), impact_cost=Decimal(0))
    raise RunError(f"{session.path}: a fill of {fill.client_order_id} at {fill.ts_event} without its costs")


def _instruments(session: Session) -> dict[str, Any]:
    try:
        return instruments_of(session.start.instruments)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{session.path}: an instrument cannot be read: {error!r}") from None


def _add(temporary: Path, run: Path) -> None:
    """Move the files into the run folder, each one safe on the disk, the summary last."""
    names = (*((MESSAGES_FILE,) if (temporary / MESSAGES_FILE).is_file() else ()), *FILES)
    for name in names:
        sync(temporary / name)
    for name in names:
        (temporary / name).replace(run / name)
    sync(run)

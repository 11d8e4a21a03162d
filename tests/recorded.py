"""Backtests that keep a journal, and journals that were changed and chained anew, for tests of what reads them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model import Bar

from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.runs.folder import JOURNAL, Run
from nautilus_ai_firm.runs.journal import Journal
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.runs.session_reading import Session, read_session
from tests.firm_runs import run, settings, synthetic_market

SLICES: dict[str, Any] = {
    "market.bar": "1-MINUTE",
    "execution.twap": {"above_participation": 0.02, "duration_minutes": 5, "interval_minutes": 1},
}
LATE_NS = 600_000_000_000

type Record = dict[str, Any]
type Change = Callable[[list[Record]], Iterable[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A run with a journal."""

    run: Run
    session: Session

    @property
    def folder(self) -> Path:
        return self.run.folder


def record_days(folder: Path, sessions: int, halt: tuple[int, int], late: int) -> Recorded:
    """Three stocks, an index and two macro series; warmed up, halted for a while, one bar ten minutes late."""
    changes = {
        "market.warm_up_rounds": 40,
        "risk.kill_switch_file": str(folder / "kill_switch.json"),
        "execution.no_trade_band": 0.0,
    }
    return _record(folder, settings(changes=changes), "1-DAY", sessions, date(2012, 3, 12), halt, late)


def record_minutes(folder: Path, sessions: int, halt: tuple[int, int], late: int) -> Recorded:
    """Two stocks on minute bars, traded in slices; warmed up, halted, one bar ten minutes late."""
    changes = SLICES | {"market.warm_up_rounds": 40, "risk.kill_switch_file": str(folder / "kill_switch.json")}
    loaded = settings(["A", "B"], changes, macro=False)
    return _record(folder, loaded, "1-MINUTE", sessions, date(2012, 1, 4), halt, late)


def _record(
    folder: Path, loaded: Any, bar: str, sessions: int, start: date, halt: tuple[int, int], late: int
) -> Recorded:
    symbols = [name.partition(".")[0] for name in loaded.firm.instrument_ids]
    catalog = synthetic_market(symbols, sessions, bar).write(folder / "catalog", bar)
    closes = [int(close) for close in prepare(Study(loaded=loaded, catalog=catalog, start=start)).rounds_ns]
    switch = FileKillSwitch(loaded.kill_switch_path)
    begin, end = (closes[number - 1] for number in halt)

    def progress(done: int, _all: int) -> None:
        if done == halt[0]:
            switch.latch("a drill", "tester", "")
        if done == halt[1]:
            switch.resume("drill over", "tester", "")

    def delayed(data: list[Any]) -> list[Any]:
        return [_arrives_late(one) if _is_bar(one, symbols[-1], closes[late - 1]) else one for one in data]

    result = run(
        loaded,
        catalog,
        folder / "run",
        start=start,
        journal=True,
        cuts=[begin, end],
        on_progress=progress,
        arrange=delayed,
    )
    return Recorded(run=result, session=read_session(result.folder))


def _is_bar(data: Any, symbol: str, close_ns: int) -> bool:
    return isinstance(data, Bar) and data.bar_type.instrument_id.symbol.value == symbol and data.ts_event == close_ns


def _arrives_late(bar: Bar) -> Bar:
    return Bar(bar.bar_type, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event, bar.ts_init + LATE_NS)


def rewritten(source: Path, target: Path, change: Change) -> Path:
    """Write the journal of a run into another folder with other records, every one of them chained."""
    records = [msgspec.json.decode(payload) for payload in JournalReader(source / JOURNAL)]
    with Journal(target / JOURNAL) as journal:
        for record in change(records):
            journal.append(msgspec.json.encode(record))
    return target


def cut_after(source: Path, target: Path, records: int) -> Path:
    """Write the first records of a journal into another folder, as a crash would have left them."""
    with (source / JOURNAL).open("rb") as file:
        lines = [line for _, line in zip(range(records), file, strict=False)]
    (target / JOURNAL).parent.mkdir(parents=True)
    (target / JOURNAL).write_bytes(b"".join(lines))
    return target


def kinds(session: Session) -> Sequence[str]:
    """What every record of a session is."""
    return [entry.record for entry in session.entries]

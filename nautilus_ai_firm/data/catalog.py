"""Turns validated series into a Parquet catalog and the catalog into the engine's data.

`<catalog>/<bar>/<instrument>/<checksum>.series/` holds one bar series, its opening ticks and its instrument as a
catalog of the engine (two bar sizes of one instrument must not share opening ticks); `<catalog>/macro/<series>/…`
holds one macro series. `manifest.json` names the folders that count. Folders are complete, and on the disk, before the
manifest names them, and the manifest changes in one step: a write that is killed, or that loses power, leaves the
catalog as it was.
"""

import fcntl
import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from nautilus_trader.model import Bar, CustomData, QuoteTick, TradeTick

from nautilus_ai_firm.data.arrow import times_of
from nautilus_ai_firm.data.bases import refuse_mixed_bases
from nautilus_ai_firm.data.columns import BarColumns, Floats, ObservationColumns, Times, utc
from nautilus_ai_firm.data.durable import make_folder
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import (
    BarRecord,
    MacroRecord,
    Manifest,
    NoticeRecord,
    Record,
    load_manifest,
    save_manifest,
)
from nautilus_ai_firm.data.notice import notice
from nautilus_ai_firm.data.objects import (
    Instrument,
    bar_objects,
    instrument_object,
    observation_objects,
    opening_tick_objects,
    opening_tick_times,
)
from nautilus_ai_firm.data.quotes import NOTHING, Beside, last_quotes
from nautilus_ai_firm.data.reading import NO_BARS, PartReader
from nautilus_ai_firm.data.writing import INCOMING, SERIES_SUFFIX, Update

_LOCK_NAME = ".lock"
FOREVER_NS = 2**63 - 1
"""After all data."""

_LISTED_NAMES = 12  # in an error line


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the engine receives for one stretch of time, every list ordered by series and then by time.

    Attributes
    ----------
    bars : list of Bar
        Bars of the universe and of the inputs that are bar series.
    opening_ticks : list of TradeTick
        Opening ticks of the universe alone: nothing executes on an input.
    observations : list of CustomData
        Macro observations published inside the window; so events; and the last quote of each round.
    quotes : list of QuoteTick
        Quotes at which orders go out, where a session saw them; a catalog gives none.

    """

    bars: list[Bar]
    opening_ticks: list[TradeTick]
    observations: list[CustomData]
    quotes: list[QuoteTick] = field(default_factory=list[QuoteTick])


class Catalog:
    """Market data in a folder.

    Times are nanoseconds UTC, windows are closed at both ends and select by `ts_init`: the close of a bar, the time
    of a tick, the publication of a figure.

    Parameters
    ----------
    path : Path or str
        Folder of the catalog; a missing one is an empty catalog.

    Raises
    ------
    CatalogError
        If the manifest cannot be understood.

    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest = load_manifest(self.path)
        self._reader = PartReader(self.path)
        self._observations: dict[str, ObservationColumns] = {}
        self._notices: dict[str, list[CustomData]] = {}

    def sha256(self) -> str:
        """Checksum of the whole catalog; files are checked against it when they are read."""
        return self.manifest.sha256()

    def names(self) -> list[str]:
        """Names of all series, sorted."""
        return sorted(self.manifest.series)

    def record(self, name: str) -> Record:
        """Return what the catalog knows of one series: a bar type or the name of a macro series.

        Raises
        ------
        CatalogError
            If the catalog is empty or holds no such series.

        """
        record = self.manifest.series.get(name)
        if record is None:
            if not self.manifest.series:
                raise CatalogError(f"{self.path}: the catalog is empty, so it holds no {name} (try: firm catalog demo)")
            raise CatalogError(f"{self.path}: unknown series {name} (it holds {_listed(self.names())})")
        return record

    def instruments(self, bar_type_ids: Iterable[str]) -> list[Instrument]:
        """Instruments of bar series, in their order, each once."""
        records = {record.instrument_id: record for record in map(self._bar_record, bar_type_ids)}
        return [instrument_object(record.instrument_id, record.listing) for record in records.values()]

    def bar_columns(self, bar_type_id: str, start_ns: int = 0, end_ns: int = FOREVER_NS) -> BarColumns:
        """Read the bars that close inside a window, by default all, from the files that overlap it."""
        bars = self._overlapping(bar_type_id, start_ns, end_ns)
        return bars.take(_between(bars.ts_close_ns, start_ns, end_ns))

    def bar_parts(self, bar_type_id: str) -> Iterator[BarColumns]:
        """Read a whole bar series file by file, in time order."""
        return self._reader.each(self._bar_record(bar_type_id))

    def observation_columns(self, series: str) -> ObservationColumns:
        """Read a whole macro series as columns, once."""
        if series not in self._observations:
            record = self.record(series)
            if not isinstance(record, MacroRecord):
                raise CatalogError(f"{self.path}: {series} is a {_kind(record)} series (allowed here: a macro series)")
            table = self._reader.table(record, "data/custom/")
            self._observations[series] = ObservationColumns(
                ts_event_ns=times_of(table, "ts_event"),
                ts_init_ns=times_of(table, "ts_init"),
                value=table["value"].to_numpy(),
                source=np.array(table["source"].to_pylist(), dtype=np.str_),
            )
        return self._observations[series]

    def bars(self, bar_type_ids: Iterable[str], start_ns: int, end_ns: int) -> list[Bar]:
        """Bars that close inside the window.

        Raises
        ------
        CatalogError
            If a series is unknown or has no bar in the window; so for each of the readers below.

        """
        return [bar for name in bar_type_ids for bar in self._bar_objects(name, self._bars_in(name, start_ns, end_ns))]

    def opening_ticks(self, bar_type_ids: Iterable[str], start_ns: int, end_ns: int) -> list[TradeTick]:
        """Return the opening ticks inside the window."""
        ticks: list[TradeTick] = []
        for name in bar_type_ids:
            bars = self._overlapping(name, start_ns, end_ns)
            which = _between(opening_tick_times(bars), start_ns, end_ns)
            self._refuse_empty(name, which, start_ns, end_ns)
            ticks += self._tick_objects(name, bars.take(which))
        return ticks

    def observations(self, series: Iterable[str], start_ns: int, end_ns: int) -> list[CustomData]:
        """Macro observations published inside the window."""
        found: list[CustomData] = []
        for name in series:
            columns = self.observation_columns(name)
            which = _between(columns.ts_init_ns, start_ns, end_ns)
            self._refuse_empty(name, which, start_ns, end_ns)
            found += observation_objects(name, columns.take(which))
        return found

    def notices(self, series: Iterable[str], start_ns: int, end_ns: int) -> list[CustomData]:
        """Scheduled events and headlines published inside the window, series after series."""
        found: list[CustomData] = []
        for name in series:
            inside = self._notices_in(name, start_ns, end_ns)
            self._refuse_empty(name, slice(0, len(inside)), start_ns, end_ns)
            found += inside
        return found

    def notices_before(self, series: Iterable[str], ts_ns: int) -> list[CustomData]:
        """Scheduled events and headlines published strictly before a time, series after series; maybe none."""
        return [one for name in series for one in self._notices_in(name, 0, ts_ns - 1)]

    def close_times(self, bar_type_ids: Iterable[str], start_ns: int, end_ns: int) -> Times:
        """Distinct bar closes inside the window, ascending: the rounds that a run over it has."""
        times: list[Times] = []
        for name in bar_type_ids:
            closes = self._reader.closes(self._bar_record(name), start_ns, end_ns)
            which = _between(closes, start_ns, end_ns)
            self._refuse_empty(name, which, start_ns, end_ns)
            times.append(closes[which])
        return np.unique(np.concatenate(times)) if times else np.empty(0, dtype=np.int64)

    def last_close_before(self, bar_type_ids: Iterable[str], ts_ns: int) -> int:
        """Latest bar close strictly before `ts_ns`; 0 if there is none."""
        return max((bar.ts_close_ns[-1].item() for bar in self._last_bars(bar_type_ids, ts_ns) if len(bar)), default=0)

    def closes_before(self, bar_type_ids: Iterable[str], ts_ns: int, count: int) -> Times:
        """Return the last `count` distinct bar closes strictly before `ts_ns`, ascending; fewer if there are fewer."""
        closes = [self._reader.closes(self._bar_record(name), 0, ts_ns - 1) for name in bar_type_ids]
        known = np.unique(np.concatenate(closes))
        return known[known < ts_ns][-count:] if count else known[:0]

    def window(
        self,
        bar_type_ids: Sequence[str],
        inputs: Sequence[str],
        start_ns: int,
        end_ns: int,
        beside: Beside = NOTHING,
    ) -> Window:
        """All that the engine receives from `start_ns` to `end_ns`; a stretch without data is empty, not an error.

        Parameters
        ----------
        bar_type_ids : sequence of str
            Bar series of the universe.
        inputs : sequence of str
            Bar types or macro series that are looked at and not traded.
        start_ns, end_ns : int
            First and last nanosecond.
        beside : Beside, optional
            Quotes and events that are looked at.

        Raises
        ------
        CatalogError
            If a series is unknown.

        """
        bars: list[Bar] = []
        ticks: list[TradeTick] = []
        observations: list[CustomData] = []
        closes: list[Times] = [np.empty(0, dtype=np.int64)]
        for name in bar_type_ids:
            bars += self._bars_between(name, start_ns, end_ns)
            ticks += self._ticks_between(name, start_ns, end_ns)
            if beside.quotes:
                closes.append(self.bar_columns(name, start_ns, end_ns).ts_close_ns)
        for name in inputs:
            if isinstance(self.record(name), BarRecord):
                bars += self._bars_between(name, start_ns, end_ns)
            else:
                observations += self._observations_between(name, start_ns, end_ns)
        rounds_ns = np.unique(np.concatenate(closes)) if beside.quotes else closes[0]
        for series in beside.quotes:
            bid, ask = (
                NO_BARS if name is None else self.bar_columns(name, start_ns, end_ns)
                for name in (series.bid, series.ask)
            )
            observations += last_quotes(series, bid, ask, rounds_ns)
        for name in beside.events:
            observations += self._notices_in(name, start_ns, end_ns)
        return Window(bars=bars, opening_ticks=ticks, observations=observations)

    def initial_inputs(self, inputs: Sequence[str], ts_ns: int) -> Floats:
        """Last value of each input known strictly before `ts_ns` (close or figure), shape (n_inputs,); else NaN."""
        values = np.full(len(inputs), np.nan)
        for position, name in enumerate(inputs):
            if isinstance(self.record(name), BarRecord):
                figures = self._last_bars([name], ts_ns)[0].close
            else:
                published = self.observation_columns(name)
                figures = published.value[: int(np.searchsorted(published.ts_init_ns, ts_ns, side="left"))]
            if len(figures):
                values[position] = figures[-1]
        return values

    def verify(self, name: str) -> int:
        """Compare every file of a series with its checksum, and return their number.

        Raises
        ------
        CatalogError
            If the series is unknown, or a file of it is missing or was changed.

        """
        return self._reader.verify(self.record(name))

    @contextmanager
    def update(self) -> Generator["Update"]:
        """Write series: all that the block adds becomes visible when it ends, or nothing of it.

        A block that was killed has left its complete series behind; the next one takes over those that it is asked
        for again, and removes the others when it ends.

        Raises
        ------
        CatalogError
            If another process writes, or if series of one instrument would stand on different bases.
        DataError
            If a series holds what no market can have made.

        """
        make_folder(self.path)
        with (self.path / _LOCK_NAME).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CatalogError(f"{self.path}: another process is writing to this catalog") from error
            self.manifest = load_manifest(self.path)
            update = Update(self.path, dict(self.manifest.series))
            try:
                yield update
                refuse_mixed_bases(self.path, update.series)
                manifest = Manifest(series=update.series)
                if manifest != self.manifest:
                    save_manifest(self.path, manifest)
                    self.manifest = manifest
                    self._reader = PartReader(self.path)
                    self._observations.clear()
                    self._notices.clear()
            finally:
                self._sweep()  # folders that the manifest no longer names, or not after all

    def _sweep(self) -> None:
        named = {record.folder for record in self.manifest.series.values()}
        for folder in [*self.path.glob(f"*/*/*{SERIES_SUFFIX}"), self.path / INCOMING]:
            if folder.is_dir() and folder.relative_to(self.path).as_posix() not in named:
                shutil.rmtree(folder)

    def _bar_record(self, name: str) -> BarRecord:
        record = self.record(name)
        if not isinstance(record, BarRecord):
            raise CatalogError(f"{self.path}: {name} is a {_kind(record)} series (allowed here: a bar series)")
        return record

    def _overlapping(self, name: str, start_ns: int, end_ns: int) -> BarColumns:
        return self._reader.overlapping(self._bar_record(name), start_ns, end_ns)

    def _bars_between(self, name: str, start_ns: int, end_ns: int) -> list[Bar]:
        return self._bar_objects(name, self.bar_columns(name, start_ns, end_ns))

    def _ticks_between(self, name: str, start_ns: int, end_ns: int) -> list[TradeTick]:
        bars = self._overlapping(name, start_ns, end_ns)
        return self._tick_objects(name, bars.take(_between(opening_tick_times(bars), start_ns, end_ns)))

    def _observations_between(self, name: str, start_ns: int, end_ns: int) -> list[CustomData]:
        published = self.observation_columns(name)
        return observation_objects(name, published.take(_between(published.ts_init_ns, start_ns, end_ns)))

    def _notices_in(self, name: str, start_ns: int, end_ns: int) -> list[CustomData]:
        if name not in self._notices:
            record = self.record(name)
            if not isinstance(record, NoticeRecord):
                raise CatalogError(f"{self.path}: {name} is a {_kind(record)} series (allowed here: events or news)")
            rows = self._reader.table(record, "data/custom/")
            columns = (rows["text"].to_pylist(), rows["source"].to_pylist())
            times = (times_of(rows, "ts_event").tolist(), times_of(rows, "ts_init").tolist())
            self._notices[name] = [notice(record.content, name, *row) for row in zip(*columns, *times, strict=True)]
        known = self._notices[name]
        return known[bisect_left(known, start_ns, key=_published) : bisect_right(known, end_ns, key=_published)]

    def _bars_in(self, name: str, start_ns: int, end_ns: int) -> BarColumns:
        bars = self.bar_columns(name, start_ns, end_ns)
        self._refuse_empty(name, slice(0, len(bars)), start_ns, end_ns)
        return bars

    def _last_bars(self, names: Iterable[str], ts_ns: int) -> list[BarColumns]:
        """Last bar of each series that closes strictly before a time; none where there is none."""
        found: list[BarColumns] = []
        for name in names:
            bars = self._reader.until(self._bar_record(name), ts_ns)
            index = int(np.searchsorted(bars.ts_close_ns, ts_ns, side="left"))
            found.append(bars.take(slice(max(index - 1, 0), index)))
        return found

    def _bar_objects(self, name: str, bars: BarColumns) -> list[Bar]:
        return bar_objects(name, bars, self._bar_record(name).price_precision)

    def _tick_objects(self, name: str, bars: BarColumns) -> list[TradeTick]:
        record = self._bar_record(name)
        return opening_tick_objects(record.instrument_id, bars, record.price_precision)

    def _refuse_empty(self, name: str, which: slice, start_ns: int, end_ns: int) -> None:
        if which.start >= which.stop:
            record = self.record(name)
            raise CatalogError(
                f"{self.path}: {name} has no data from {utc(start_ns)} to {utc(end_ns)} "
                f"(it holds {record.first} to {record.last})"
            )


def _published(data: CustomData) -> int:
    return data.ts_init


def _between(times: Times, start_ns: int, end_ns: int) -> slice:
    return slice(int(np.searchsorted(times, start_ns, side="left")), int(np.searchsorted(times, end_ns, side="right")))


def _kind(record: Record) -> str:
    if isinstance(record, NoticeRecord):
        return record.content
    return "bar" if isinstance(record, BarRecord) else "macro"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_LISTED_NAMES])
    return shown if len(names) <= _LISTED_NAMES else f"{shown} and {len(names) - _LISTED_NAMES} more"

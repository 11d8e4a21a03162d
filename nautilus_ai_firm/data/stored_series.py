"""Turns the files of a catalog into columns, series by series, and answers what it holds: reads, and writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from nautilus_ai_firm.data.arrow import times_of
from nautilus_ai_firm.data.columns import BarColumns, Floats, ObservationColumns, Times, utc
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord, MacroRecord, NoticeRecord, Record, load_manifest
from nautilus_ai_firm.data.objects import opening_tick_times
from nautilus_ai_firm.data.reading import PartReader

FOREVER_NS = 2**63 - 1
"""After all data."""

_LISTED_NAMES = 12  # in an error line


class StoredSeries:
    """The series of a catalog, as columns.

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
                raise CatalogError(
                    f"{self.path}: the catalog is empty, so it holds no {name} "
                    "(fill it with: firm catalog add; that of the demo with: firm catalog demo)"
                )
            raise CatalogError(f"{self.path}: unknown series {name} (it holds {_listed(self.names())})")
        return record

    def bar_columns(self, bar_type_id: str, start_ns: int = 0, end_ns: int = FOREVER_NS) -> BarColumns:
        """Read the bars that close inside a window, by default all, from the files that overlap it."""
        bars = self._overlapping(bar_type_id, start_ns, end_ns)
        return bars.take(_between(bars.ts_close_ns, start_ns, end_ns))

    def opened_columns(self, bar_type_id: str, start_ns: int, end_ns: int) -> BarColumns:
        """Read the bars whose opening tick lies inside a window."""
        bars = self._overlapping(bar_type_id, start_ns, end_ns)
        return bars.take(_between(opening_tick_times(bars), start_ns, end_ns))

    def bar_parts(self, bar_type_id: str) -> Iterator[BarColumns]:
        """Read a whole bar series file by file, in time order."""
        return self._reader.each(self._bar_record(bar_type_id))

    def observation_columns(self, series: str) -> ObservationColumns:
        """Read a whole macro series as columns, once."""
        if series not in self._observations:
            record = self.record(series)
            if not isinstance(record, MacroRecord):
                raise self._wrong_kind(record, "a macro series")
            table = self._reader.table(record, "data/custom/")
            self._observations[series] = ObservationColumns(
                ts_event_ns=times_of(table, "ts_event"),
                ts_init_ns=times_of(table, "ts_init"),
                value=table["value"].to_numpy(),
                source=np.array(table["source"].to_pylist(), dtype=np.str_),
            )
        return self._observations[series]

    def published_columns(self, series: str, start_ns: int, end_ns: int) -> ObservationColumns:
        """Read the figures of a macro series that were published inside a window."""
        published = self.observation_columns(series)
        return published.take(_between(published.ts_init_ns, start_ns, end_ns))

    def close_times(self, bar_type_ids: Iterable[str], start_ns: int, end_ns: int) -> Times:
        """Distinct bar closes inside the window, ascending: the rounds that a run over it has.

        Raises
        ------
        CatalogError
            If a series is unknown or has no bar in the window.

        """
        times: list[Times] = []
        for name in bar_type_ids:
            closes = self._reader.closes(self._bar_record(name), start_ns, end_ns)
            which = _between(closes, start_ns, end_ns)
            if which.start >= which.stop:
                self._refuse_empty(name, start_ns, end_ns)
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

    def _bar_record(self, name: str) -> BarRecord:
        record = self.record(name)
        if not isinstance(record, BarRecord):
            raise self._wrong_kind(record, "a bar series")
        return record

    def _overlapping(self, name: str, start_ns: int, end_ns: int) -> BarColumns:
        return self._reader.overlapping(self._bar_record(name), start_ns, end_ns)

    def _last_bars(self, names: Iterable[str], ts_ns: int) -> list[BarColumns]:
        """Last bar of each series that closes strictly before a time; none where there is none."""
        found: list[BarColumns] = []
        for name in names:
            bars = self._reader.until(self._bar_record(name), ts_ns)
            index = int(np.searchsorted(bars.ts_close_ns, ts_ns, side="left"))
            found.append(bars.take(slice(max(index - 1, 0), index)))
        return found

    def _wrong_kind(self, record: Record, allowed: str) -> CatalogError:
        kind = (
            record.content if isinstance(record, NoticeRecord) else "bar" if isinstance(record, BarRecord) else "macro"
        )
        return CatalogError(f"{self.path}: {record.name} is a {kind} series (allowed here: {allowed})")

    def _refuse_empty(self, name: str, start_ns: int, end_ns: int) -> None:
        record = self.record(name)
        raise CatalogError(
            f"{self.path}: {name} has no data from {utc(start_ns)} to {utc(end_ns)} "
            f"(it holds {record.first} to {record.last})"
        )


def _between(times: Times, start_ns: int, end_ns: int) -> slice:
    return slice(int(np.searchsorted(times, start_ns, side="left")), int(np.searchsorted(times, end_ns, side="right")))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_LISTED_NAMES])
    return shown if len(names) <= _LISTED_NAMES else f"{shown} and {len(names) - _LISTED_NAMES} more"

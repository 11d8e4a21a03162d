"""Turns validated series into a Parquet catalog and the catalog into the engine's data.

`<catalog>/<bar>/<instrument>/<checksum>.series/` holds one bar series, its opening ticks and its instrument as a
catalog of the engine (two bar sizes of one instrument must not share opening ticks); `<catalog>/macro/<series>/…`
holds one macro series. `manifest.json` names the folders that count. Folders are complete, and on the disk, before the
manifest names them, and the manifest changes in one step: a write that is killed, or that loses power, leaves the
catalog as it was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from nautilus_trader.model import Bar, CustomData, TradeTick

from nautilus_ai_firm.data.arrow import times_of
from nautilus_ai_firm.data.bases import refuse_mixed_bases
from nautilus_ai_firm.data.columns import Times
from nautilus_ai_firm.data.manifest import BarRecord, Manifest, NoticeRecord, load_manifest, save_manifest
from nautilus_ai_firm.data.notice import notice
from nautilus_ai_firm.data.objects import (
    Instrument,
    bar_objects,
    instrument_object,
    observation_objects,
    opening_tick_objects,
)
from nautilus_ai_firm.data.quotes import NOTHING, Beside, last_quotes
from nautilus_ai_firm.data.reading import NO_BARS, PartReader
from nautilus_ai_firm.data.series_folders import sweep
from nautilus_ai_firm.data.sole_writer import sole_writer
from nautilus_ai_firm.data.stored_series import StoredSeries
from nautilus_ai_firm.data.window import Window
from nautilus_ai_firm.data.writing import Update


class Catalog(StoredSeries):
    """Market data in a folder: read as columns and as objects of the engine, and written; made as `StoredSeries`."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._notices: dict[str, list[CustomData]] = {}

    def instruments(self, bar_type_ids: Iterable[str]) -> list[Instrument]:
        """Instruments of bar series, in their order, each once."""
        records = {record.instrument_id: record for record in map(self._bar_record, bar_type_ids)}
        return [instrument_object(record.instrument_id, record.listing) for record in records.values()]

    def notices(self, series: Iterable[str], start_ns: int, end_ns: int) -> list[CustomData]:
        """Scheduled events and headlines published inside the window, series after series.

        Raises
        ------
        CatalogError
            If a series is unknown, is of another kind or has nothing in the window.

        """
        found: list[CustomData] = []
        for name in series:
            inside = self._notices_in(name, start_ns, end_ns)
            if not inside:
                self._refuse_empty(name, start_ns, end_ns)
            found += inside
        return found

    def notices_before(self, series: Iterable[str], ts_ns: int) -> list[CustomData]:
        """Scheduled events and headlines published strictly before a time, series after series; maybe none."""
        return [one for name in series for one in self._notices_in(name, 0, ts_ns - 1)]

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

    @contextmanager
    def update(self) -> Generator[Update]:
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
        with sole_writer(self.path):
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
                # folders that the manifest no longer names, or not after all
                sweep(self.path, {record.folder for record in self.manifest.series.values()})

    def _bars_between(self, name: str, start_ns: int, end_ns: int) -> list[Bar]:
        record, bars = self._bar_record(name), self.bar_columns(name, start_ns, end_ns)
        return bar_objects(name, bars, record.price_precision)

    def _ticks_between(self, name: str, start_ns: int, end_ns: int) -> list[TradeTick]:
        record, bars = self._bar_record(name), self.opened_columns(name, start_ns, end_ns)
        return opening_tick_objects(record.instrument_id, bars, record.price_precision)

    def _observations_between(self, name: str, start_ns: int, end_ns: int) -> list[CustomData]:
        return observation_objects(name, self.published_columns(name, start_ns, end_ns))

    def _notices_in(self, name: str, start_ns: int, end_ns: int) -> list[CustomData]:
        if name not in self._notices:
            record = self.record(name)
            if not isinstance(record, NoticeRecord):
                raise self._wrong_kind(record, "events or news")
            rows = self._reader.table(record, "data/custom/")
            columns = (rows["text"].to_pylist(), rows["source"].to_pylist())
            times = (times_of(rows, "ts_event").tolist(), times_of(rows, "ts_init").tolist())
            self._notices[name] = [notice(record.content, name, *row) for row in zip(*columns, *times, strict=True)]
        known = self._notices[name]
        return known[bisect_left(known, start_ns, key=_published) : bisect_right(known, end_ns, key=_published)]


def _published(data: CustomData) -> int:
    return data.ts_init

"""Turns checked series into folders of Parquet files, complete before the catalog's manifest names them."""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.persistence import ParquetDataCatalog
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns, ObservationColumns, check_observations, utc
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.durable import put_in_place
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.manifest import (
    BarRecord,
    Listing,
    MacroRecord,
    NoticeRecord,
    Provenance,
    Record,
    file_sha256,
)
from nautilus_ai_firm.data.names import check_instrument, check_series_name
from nautilus_ai_firm.data.notice import Content, notice
from nautilus_ai_firm.data.objects import PriceType, bar_type_id, instrument_object, observation_objects
from nautilus_ai_firm.data.parts import Written, recut, write_part
from nautilus_ai_firm.data.series_folders import INCOMING, SERIES_SUFFIX


@dataclass(slots=True)
class Update:
    """Series on their way into a catalog; made by `Catalog.update`."""

    path: Path
    series: dict[str, Record] = field(default_factory=dict)

    def add_bars(
        self,
        instrument_id: str,
        bar: str,
        bars: BarColumns,
        listing: Listing,
        provenance: Provenance,
        price_type: PriceType = "LAST",
    ) -> bool:
        """Add or replace one bar series that is in memory; as `add_bar_chunks`."""
        return self.add_bar_chunks(instrument_id, bar, [bars], listing, provenance, price_type)

    def add_bar_chunks(
        self,
        instrument_id: str,
        bar: str,
        chunks: Iterable[BarColumns],
        listing: Listing,
        provenance: Provenance | Callable[[], Provenance],
        price_type: PriceType = "LAST",
    ) -> bool:
        """Add or replace one bar series with its opening ticks, never holding more than a chunk and a file of it.

        Parameters
        ----------
        instrument_id : str
            `AAPL.US`.
        bar : str
            `1-DAY`, `1-HOUR` or `1-MINUTE`.
        chunks : iterable of BarColumns
            The series in time order, cut anywhere; rounded to the listing's precision here, and checked.
        listing : Listing
            What the instrument is.
        provenance : Provenance or callable
            Where the series comes from; a stream that knows so only at its end gives what is to be called then.
        price_type : {"LAST", "BID", "ASK", "MID"}
            Which prices the bars are made of.

        Returns
        -------
        bool
            False if the catalog already holds exactly this: nothing new was written.

        Raises
        ------
        DataError
            If the series is empty, is called what no folder may be, or holds what no market can have made; whatever
            reading the chunks raises.
        CatalogError
            If the catalog holds the series from another source.

        """
        symbol, _, venue = instrument_id.rpartition(".")
        check_instrument(symbol, venue)
        name = bar_type_id(instrument_id, bar, price_type)
        precision = listing.price_precision
        stream = recut(chunks, name, precision)
        head = list(islice(stream, 2))

        def record(written: Written) -> BarRecord:
            _refuse_no_rows(name, written.rows)
            return BarRecord(
                bar_type=name,
                instrument_id=instrument_id,
                listing=listing,
                provenance=provenance if isinstance(provenance, Provenance) else provenance(),
                price_precision=precision,
                rows=written.rows,
                first=utc(written.first_ns),
                last=utc(written.last_ns),
                sha256=written.sha256(),
                folder="",
                files={},
            )

        place = f"{bar}/{instrument_id}" if price_type == "LAST" else f"{bar}-{price_type}/{instrument_id}"
        if len(head) == 1:  # a series of one file is compared before it is written: most are, and written alike again
            known = record(Written().add(head[0]))
            if self._holds(known):
                return False
            if self._adopts(known, place):
                return True
        incoming, written = self._incoming(), Written()
        for bars in chain(head, stream):
            write_part(incoming, name, instrument_id, bars, precision)
            written.add(bars)

        def fill(catalog: ParquetDataCatalog) -> None:
            catalog.write_instruments([instrument_object(instrument_id, listing)])

        return self._add(record(written), place, fill)

    def add_observations(
        self, series: str, unit: str, calendar: str, observations: ObservationColumns, provenance: Provenance
    ) -> bool:
        """Add or replace one macro series.

        Parameters
        ----------
        series : str
            `wti`.
        unit : str
            What the figures are counted in, for the reader.
        calendar : str
            Exchange whose sessions or clock the publication times follow.
        observations : ObservationColumns
            The series, checked here.
        provenance : Provenance
            Where the series comes from.

        Returns
        -------
        bool
            False if the catalog already holds exactly this: nothing new was written.

        """
        check_series_name(series)
        _refuse_no_rows(series, len(observations))
        check_observations(observations, series)
        record = MacroRecord(
            series=series,
            unit=unit,
            calendar=calendar,
            provenance=provenance,
            rows=len(observations),
            first=utc(observations.ts_init_ns[0]),
            last=utc(observations.ts_init_ns[-1]),
            sha256=_observations_sha256(observations),
            folder="",
            files={},
        )

        self._incoming()

        def fill(catalog: ParquetDataCatalog) -> None:
            catalog.write_custom_data(observation_objects(series, observations))

        return self._add(record, f"macro/{series}", fill)

    def add_notices(self, series: str, content: Content, rows: DatedRows, provenance: Provenance) -> bool:
        """Add or replace one series of scheduled events or of headlines.

        Parameters
        ----------
        series : str
            `fomc`.
        content : {"event", "news"}
            What they are.
        rows : DatedRows
            As `read_dated_rows` checked them.
        provenance : Provenance
            Where the series comes from.

        Returns
        -------
        bool
            False if the catalog already holds exactly this: nothing new was written.

        """
        check_series_name(series)
        _refuse_no_rows(series, len(rows))
        texts = hashlib.sha256(msgspec.json.encode([rows.text, rows.source])).hexdigest()
        record = NoticeRecord(
            series=series,
            content=content,
            provenance=provenance,
            rows=len(rows),
            first=utc(rows.ts_init_ns[0]),
            last=utc(rows.ts_init_ns[-1]),
            sha256=hashlib.sha256((_columns_sha256(rows.ts_event_ns, rows.ts_init_ns) + texts).encode()).hexdigest(),
            folder="",
            files={},
        )
        self._incoming()

        def fill(catalog: ParquetDataCatalog) -> None:
            each = zip(rows.text, rows.source, rows.ts_event_ns.tolist(), rows.ts_init_ns.tolist(), strict=True)
            catalog.write_custom_data([notice(content, series, *row) for row in each])

        return self._add(record, f"{content}/{series}", fill)

    def remove(self, name: str) -> Record:
        """Take one series out of the catalog; its files go when the update ends.

        Raises
        ------
        CatalogError
            If the catalog holds no such series.

        """
        if name not in self.series:
            raise CatalogError(f"{self.path}: unknown series {name} (allowed: a name that firm catalog list shows)")
        return self.series.pop(name)

    def _incoming(self) -> Path:
        incoming = self.path / INCOMING
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        return incoming

    def _holds(self, record: Record) -> bool:
        held = self.series.get(record.name)
        return held is not None and msgspec.structs.replace(held, folder="", files={}) == record

    def _adopts(self, record: Record, place: str) -> bool:
        """Take over the complete folder that an update which was killed has left behind."""
        folder = _folder(record, place)
        if not (self.path / folder).is_dir():
            return False
        self._refuse_other_source(record)
        self.series[record.name] = msgspec.structs.replace(record, folder=folder, files=_files(self.path / folder))
        return True

    def _add(self, record: Record, place: str, fill: Callable[[ParquetDataCatalog], None]) -> bool:
        if self._holds(record):
            return False
        if self._adopts(record, place):
            return True
        self._refuse_other_source(record)
        incoming, folder = self.path / INCOMING, _folder(record, place)
        fill(ParquetDataCatalog(str(incoming.resolve())))
        files = _files(incoming)
        put_in_place(incoming, self.path / folder)
        self.series[record.name] = msgspec.structs.replace(record, folder=folder, files=files)
        return True

    def _refuse_other_source(self, record: Record) -> None:
        held = self.series.get(record.name)
        if held is not None and held.provenance.source != record.provenance.source:
            raise CatalogError(
                f"{self.path}: {record.name} is there already from {held.provenance.source!r}, and would be replaced "
                f"by {record.provenance.source!r} (allowed: another venue or another catalog)"
            )


def _folder(record: Record, place: str) -> str:
    checksum = hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()
    return f"{place}/{checksum[:16]}{SERIES_SUFFIX}"


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(folder.rglob("*.parquet"))}


def _refuse_no_rows(name: str, rows: int) -> None:
    if not rows:
        raise DataError(f"{name}: 0 rows (allowed: at least 1)")


def _observations_sha256(observations: ObservationColumns) -> str:
    figures = _columns_sha256(observations.ts_event_ns, observations.ts_init_ns, observations.value)
    sources = msgspec.json.encode(np.asarray(observations.source).tolist())
    return hashlib.sha256(figures.encode() + sources).hexdigest()


def _columns_sha256(*columns: NDArray[np.int64] | NDArray[np.float64]) -> str:
    checksum = hashlib.sha256()
    for column in columns:
        checksum.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<")).tobytes())
    return checksum.hexdigest()

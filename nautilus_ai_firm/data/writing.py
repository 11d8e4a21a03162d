"""Turns checked series into folders of Parquet files, complete before the catalog's manifest names them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import msgspec
from nautilus_trader.persistence import ParquetDataCatalog

from nautilus_ai_firm.data.columns import BarColumns, ObservationColumns
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.durable import put_in_place
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import Listing, Provenance, Record
from nautilus_ai_firm.data.names import check_instrument
from nautilus_ai_firm.data.notice import Content, notice
from nautilus_ai_firm.data.objects import PriceType, bar_type_id, instrument_object, observation_objects
from nautilus_ai_firm.data.parts import Written, recut, write_part
from nautilus_ai_firm.data.series_folders import INCOMING, empty_incoming, files_of, folder_of
from nautilus_ai_firm.data.series_records import bar_record, macro_record, notice_record


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
        place = f"{bar}/{instrument_id}" if price_type == "LAST" else f"{bar}-{price_type}/{instrument_id}"
        if len(head) == 1:  # a series of one file is compared before it is written: most are, and written alike again
            known = bar_record(name, instrument_id, listing, provenance, Written().add(head[0]))
            if self._holds(known):
                return False
            if self._adopts(known, place):
                return True
        incoming, written = empty_incoming(self.path), Written()
        for bars in chain(head, stream):
            write_part(incoming, name, instrument_id, bars, precision)
            written.add(bars)

        def fill(catalog: ParquetDataCatalog) -> None:
            catalog.write_instruments([instrument_object(instrument_id, listing)])

        return self._add(bar_record(name, instrument_id, listing, provenance, written), place, fill)

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
        record = macro_record(series, unit, calendar, observations, provenance)
        empty_incoming(self.path)

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
        record = notice_record(series, content, rows, provenance)
        empty_incoming(self.path)

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

    def _holds(self, record: Record) -> bool:
        held = self.series.get(record.name)
        return held is not None and msgspec.structs.replace(held, folder="", files={}) == record

    def _adopts(self, record: Record, place: str) -> bool:
        """Take over the complete folder that an update which was killed has left behind."""
        folder = folder_of(record, place)
        if not (self.path / folder).is_dir():
            return False
        self._refuse_other_source(record)
        self.series[record.name] = msgspec.structs.replace(record, folder=folder, files=files_of(self.path / folder))
        return True

    def _add(self, record: Record, place: str, fill: Callable[[ParquetDataCatalog], None]) -> bool:
        if self._holds(record):
            return False
        if self._adopts(record, place):
            return True
        self._refuse_other_source(record)
        incoming, folder = self.path / INCOMING, folder_of(record, place)
        fill(ParquetDataCatalog(str(incoming.resolve())))
        files = files_of(incoming)
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

"""Series -> what the manifest says of them, before they have a folder: rows, times and a checksum of every column."""

import hashlib
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import ObservationColumns, utc
from nautilus_ai_firm.data.dated_rows import DatedRows
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import BarRecord, Listing, MacroRecord, NoticeRecord, Provenance
from nautilus_ai_firm.data.names import check_series_name
from nautilus_ai_firm.data.notice import Content
from nautilus_ai_firm.data.parts import Written
from nautilus_ai_firm.data.series_faults import check_observations


def bar_record(
    name: str,
    instrument_id: str,
    listing: Listing,
    provenance: Provenance | Callable[[], Provenance],
    written: Written,
) -> BarRecord:
    """Describe a bar series by what was written of it.

    Raises
    ------
    DataError
        If that is nothing.

    """
    _refuse_no_rows(name, written.rows)
    return BarRecord(
        bar_type=name,
        instrument_id=instrument_id,
        listing=listing,
        provenance=provenance if isinstance(provenance, Provenance) else provenance(),
        price_precision=listing.price_precision,
        rows=written.rows,
        first=utc(written.first_ns),
        last=utc(written.last_ns),
        sha256=written.sha256(),
        folder="",
        files={},
    )


def macro_record(
    series: str, unit: str, calendar: str, observations: ObservationColumns, provenance: Provenance
) -> MacroRecord:
    """Check a macro series, and describe it.

    Raises
    ------
    DataError
        If it is empty, is called what no folder may be, or is not in order.

    """
    check_series_name(series)
    _refuse_no_rows(series, len(observations))
    check_observations(observations, series)
    return MacroRecord(
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


def notice_record(series: str, content: Content, rows: DatedRows, provenance: Provenance) -> NoticeRecord:
    """Describe a series of scheduled events or of headlines.

    Raises
    ------
    DataError
        If it is empty, or is called what no folder may be.

    """
    check_series_name(series)
    _refuse_no_rows(series, len(rows))
    texts = hashlib.sha256(msgspec.json.encode([rows.text, rows.source])).hexdigest()
    return NoticeRecord(
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

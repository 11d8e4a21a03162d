"""A catalog -> the same catalog up to a moment, with no future or with another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import override

import numpy as np
import pyarrow as pa

from nautilus_ai_firm.data.arrow import times_of
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats, Times
from nautilus_ai_firm.data.manifest import BarRecord, MacroRecord, Record
from nautilus_ai_firm.data.reading import PartReader

SHIFT, NOISE = 0.03, 0.03
"""Level and largest noise of a future's log prices: below what looks like a split, above the usual move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """What becomes of the rows that were not known at a moment.

    Attributes
    ----------
    after_ns : int
        The last moment that stays as it was, nanoseconds UTC.
    seed : int or None
        Chance by which later prices, volumes and figures are changed, and later announcements left out; None cuts all
        later rows.

    """

    after_ns: int
    seed: int | None


class AlteredCatalog(Catalog):
    """Reads a catalog whose future is another: rows known at the moment are the same to the bit.

    A bar is known at its close, a figure, an event and a headline at publication.

    Parameters
    ----------
    path : Path or str
        Folder of the catalog; it is not written to.
    future : Future
        What becomes of later rows.

    """

    def __init__(self, path: Path | str, future: Future) -> None:
        super().__init__(path)
        self._reader = _AlteredReader(self.path, future)


class _AlteredReader(PartReader):
    def __init__(self, path: Path, future: Future) -> None:
        super().__init__(path)
        self._future = future

    @override
    def closes(self, record: BarRecord, start_ns: int, end_ns: int) -> Times:
        found = super().closes(record, start_ns, end_ns)
        return found if self._future.seed is not None else found[found <= self._future.after_ns]

    @override
    def table(self, record: Record, prefix: str) -> pa.Table:
        rows = super().table(record, prefix)
        later = times_of(rows, "ts_init") > self._future.after_ns
        if self._future.seed is None or not isinstance(record, MacroRecord):
            return rows.filter(pa.array(~later))
        value = rows["value"].to_numpy()
        step = float(value.std()) or 1.0
        changed = np.where(later, value + step * (1 + self._chance(record.name, times_of(rows, "ts_init"))), value)
        return rows.set_column(rows.column_names.index("value"), "value", pa.array(changed, rows["value"].type))

    @override
    def _part(self, record: BarRecord, index: int) -> BarColumns:
        bars = super()._part(record, index)
        later = bars.ts_close_ns > self._future.after_ns
        if not later.any():
            return bars
        if self._future.seed is None:
            return bars.take(~later)
        # one factor for all prices of a bar, and for bid and ask of one time: nothing becomes impossible
        side = np.sign(self._chance(record.instrument_id, np.zeros(1, np.int64)))
        factor = np.exp(SHIFT * side + NOISE * self._chance(record.instrument_id, bars.ts_close_ns))
        busier = np.exp(self._chance(f"{record.name} volume", bars.ts_close_ns))
        changed = bars.adjusted(np.where(later, factor, 1.0), np.where(later, busier, 1.0))
        return changed.rounded(record.price_precision)

    def _chance(self, name: str, times_ns: Times) -> Floats:
        """Draw numbers in [-1, 1) by seed, name and time alone: a series may be read again, or in pieces."""
        key = int.from_bytes(blake2b(f"{self._future.seed},{name}".encode(), digest_size=8).digest())
        return 2 * _mixed(times_ns.astype(np.uint64) + np.uint64(key)) - 1


def _mixed(state: Sequence[int] | np.ndarray) -> Floats:
    # SplitMix64 (Steele, Lea and Flood 2014): one step of the generator from each state, as a fraction.
    z = np.asarray(state, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53

"""Turns bar columns into the Arrow tables that the engine's catalog is made of, and back, without an object a row.

Schema, metadata and file names are those that the engine's own writer leaves (`tests/data/test_arrow.py` compares them
with it): prices and quantities as Decimal128(38, 16), times as UTC nanoseconds, nothing nullable.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.model import FIXED_PRECISION
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns, Floats, Times
from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.data.objects import OPENING_TICK_DELAY_NS, opening_tick_times

_DECIMAL = pa.decimal128(38, FIXED_PRECISION)
_TIME = pa.timestamp("ns", tz="UTC")
_SIDE = pa.dictionary(pa.int8(), pa.string())


def bars_table(name: str, instrument_id: str, bars: BarColumns, precision: int) -> pa.Table:
    """Make the engine's table of bars, stamped at their close.

    Parameters
    ----------
    name : str
        Bar type.
    instrument_id : str
        Its instrument.
    bars : BarColumns
        Rounded and checked.
    precision : int
        Decimals of the prices.

    """
    closes = _times_array(bars.ts_close_ns)
    columns = {
        "open": _decimal_array(bars.open, precision),
        "high": _decimal_array(bars.high, precision),
        "low": _decimal_array(bars.low, precision),
        "close": _decimal_array(bars.close, precision),
        "volume": _decimal_array(bars.volume, 0),
        "ts_event": closes,
        "ts_init": closes,
    }
    metadata = {"bar_type": name, "instrument_id": instrument_id, "type_name": "Bar"}
    return _table(columns, metadata, precision)


def opening_ticks_table(instrument_id: str, bars: BarColumns, precision: int) -> pa.Table:
    """Make the engine's table of opening ticks: the open of each bar, a fixed size, an id made of its time."""
    ticks = opening_tick_times(bars)
    times = _times_array(ticks)
    n_bars = len(bars)
    size = pa.scalar(OPENING_TICK_SIZE, pa.decimal128(38, 0)).cast(_DECIMAL)
    sides = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_bars, dtype=np.int8)), pa.array(["NO_AGGRESSOR"]))
    columns = {
        "price": _decimal_array(bars.open, precision),
        "size": pa.repeat(size, n_bars),
        "aggressor_side": sides.cast(_SIDE),
        "trade_id": pl.select(pl.format("OPEN-{}", pl.Series(ticks))).to_series().to_arrow().cast(pa.string()),
        "ts_event": times,
        "ts_init": times,
    }
    return _table(columns, {"instrument_id": instrument_id, "type_name": "TradeTick"}, precision)


def columns_of(bars: pa.Table, ticks: pa.Table, precision: int) -> BarColumns:
    """Make columns from a table of bars and the table of their opening ticks."""
    return BarColumns(
        ts_open_ns=times_of(ticks, "ts_init") - OPENING_TICK_DELAY_NS,
        ts_close_ns=times_of(bars, "ts_init"),
        open=_floats(bars, "open", precision),
        high=_floats(bars, "high", precision),
        low=_floats(bars, "low", precision),
        close=_floats(bars, "close", precision),
        volume=_floats(bars, "volume", 0),
    )


def times_of(table: pa.Table, name: str) -> Times:
    """Return a column of times as nanoseconds UTC."""
    return table[name].cast(pa.int64()).to_numpy()


def write_parquet(table: pa.Table, folder: Path) -> None:
    """Write one file under the name that the engine gives it: its first and last time."""
    times = table["ts_init"]
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{_stamp(times[0].value)}_{_stamp(times[-1].value)}.parquet"
    pq.write_table(table, folder / name, compression="zstd", use_dictionary=False)


def span_of(file: str) -> tuple[int, int]:
    """Read first and last time, nanoseconds UTC, out of the name of a file."""
    first, last = Path(file).stem.split("_")
    return _unstamp(first), _unstamp(last)


def _table(columns: dict[str, pa.Array], metadata: dict[str, str], precision: int) -> pa.Table:
    schema = pa.schema(
        [pa.field(name, column.type, nullable=False) for name, column in columns.items()],
        metadata=metadata | {"price_precision": str(precision), "size_precision": "0"},
    )
    return pa.Table.from_arrays(list(columns.values()), schema=schema)


def _decimal_array(values: Floats, precision: int) -> pa.Array:
    # The unscaled number of increments fits 64 bits and is never negative: the upper half of each 128 stays 0.
    halves = np.zeros((len(values), 2), dtype="<i8")
    halves[:, 0] = np.rint(values * 10**precision)
    small = pa.Array.from_buffers(pa.decimal128(38, precision), len(values), [None, pa.py_buffer(halves)])
    return small.cast(_DECIMAL)


def _floats(table: pa.Table, name: str, precision: int) -> Floats:
    # Ten times as fast as a cast to float64, and exact: the whole number of increments, divided once.
    small = table[name].combine_chunks().cast(pa.decimal128(38, precision))
    halves = np.frombuffer(small.buffers()[1], dtype="<i8").reshape(-1, 2)
    increments: NDArray[np.int64] = halves[small.offset : small.offset + len(small), 0]
    return increments / 10**precision


def _times_array(times_ns: Times) -> pa.Array:
    return pa.array(times_ns).cast(_TIME)


def _stamp(ts_ns: int) -> str:
    day, _, time = str(np.datetime64(int(ts_ns), "ns")).partition("T")
    return f"{day}T{time.replace(':', '-').replace('.', '-')}Z"


def _unstamp(stamp: str) -> int:
    day, _, time = stamp.removesuffix("Z").partition("T")
    hour, minute, second, fraction = time.split("-")
    return int(np.datetime64(f"{day}T{hour}:{minute}:{second}.{fraction}", "ns").astype(np.int64))

"""Files written from columns are those that the engine writes from objects, and its catalog reads the same objects."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.persistence import ParquetDataCatalog

from nautilus_ai_firm.data.arrow import bars_table, columns_of, opening_ticks_table, span_of, write_parquet
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.objects import bar_objects, opening_tick_objects
from nautilus_ai_firm.data.parts import PART_ROWS, recut, write_part
from nautilus_ai_firm.data.synthetic import synthetic_bars

NAME = "AAA.XNYS-1-HOUR-LAST-EXTERNAL"
COLUMNS = ("ts_open_ns", "ts_close_ns", "open", "high", "low", "close", "volume")


def bars(precision: int = 4) -> BarColumns:
    return synthetic_bars(("AAA",), 20, "1-HOUR", seed=3)["AAA"].rounded(precision)


def series(ticks: list[int], precision: int) -> BarColumns:
    times = np.arange(len(ticks)) * 60_000_000_000 + 1_500_000_000_000_000_000
    price = np.array(ticks) / 10**precision
    volume = np.array(ticks) * 10
    return BarColumns(
        ts_open_ns=times, ts_close_ns=times + 1, open=price, high=price, low=price, close=price, volume=volume
    )


def write(folder: Path, columns: BarColumns, precision: int = 4, rows: int = PART_ROWS) -> None:
    for part in recut([columns], NAME, precision, rows):
        write_part(folder, NAME, "AAA.XNYS", part, precision)


@pytest.fixture(params=[0, 2, 4, 5])
def both(request, tmp_path):
    """One series written by the engine and by us, at several precisions."""
    columns = bars(request.param)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    catalog = ParquetDataCatalog(str(theirs))
    catalog.write_bars(bar_objects(NAME, columns, request.param))
    catalog.write_trade_ticks(opening_tick_objects("AAA.XNYS", columns, request.param))
    write(ours, columns, request.param)
    return theirs, ours, columns, request.param


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}


def test_names_schema_metadata_and_values_are_the_engines(both):
    theirs, ours, _, _ = both
    assert sorted(files(theirs)) == sorted(files(ours))
    assert len(files(ours)) == 2
    for name, path in files(theirs).items():
        left, right = pq.read_table(path), pq.read_table(files(ours)[name])
        assert left.schema.equals(right.schema, check_metadata=True)
        assert left.equals(right)


def test_the_engines_catalog_reads_the_same_objects(both):
    _, ours, columns, precision = both
    catalog = ParquetDataCatalog(str(ours))
    assert catalog.query_bars() == bar_objects(NAME, columns, precision)
    assert catalog.query_trade_ticks() == opening_tick_objects("AAA.XNYS", columns, precision)


def test_the_engine_reads_a_series_of_several_files_in_order(tmp_path):
    columns = bars()
    write(tmp_path, columns, rows=30)
    assert len(files(tmp_path)) == 2 * -(-len(columns) // 30)
    assert ParquetDataCatalog(str(tmp_path)).query_bars() == bar_objects(NAME, columns)


@given(precision=st.integers(0, 9), ticks=st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_every_number_comes_back_exactly(precision, ticks):
    ticks = [min(tick, 10 ** (9 + precision)) for tick in ticks]
    written = series(ticks, precision)
    read = columns_of(
        bars_table(NAME, "AAA.XNYS", written, precision), opening_ticks_table("AAA.XNYS", written, precision), precision
    )
    assert all(np.array_equal(getattr(read, name), getattr(written, name)) for name in COLUMNS)


def test_the_name_of_a_file_says_its_span(tmp_path):
    columns = bars()
    write_parquet(bars_table(NAME, "AAA.XNYS", columns, 4), tmp_path)
    write_parquet(opening_ticks_table("AAA.XNYS", columns, 4), tmp_path / "ticks")
    name = next(tmp_path.glob("*.parquet")).name
    assert span_of(name) == (columns.ts_close_ns[0], columns.ts_close_ns[-1])
    tick = next((tmp_path / "ticks").glob("*.parquet")).name
    assert span_of(tick)[0] == columns.ts_open_ns[0] + 1_000

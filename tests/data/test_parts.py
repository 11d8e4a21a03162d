"""A stream may be cut anywhere: files, checksums and what is read back stay the same, and a window opens few files."""

from dataclasses import fields, replace
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.data import parts
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars

NAME = "AAA.XNYS-1-HOUR-LAST-EXTERNAL"
LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
PROVENANCE = Provenance(source="test", licence="none", source_sha256="0", adjustment="raw", as_of="2020-01-01")
HOURS = synthetic_bars(("AAA",), 60, "1-HOUR", seed=4)["AAA"]
ROWS = 50


def chunked(bars: BarColumns, cuts: list[int]) -> list[BarColumns]:
    return [bars.take(slice(*ends)) for ends in pairwise([0, *sorted(cuts), len(bars)])]


def write(catalog: Catalog, chunks: list[BarColumns]) -> bool:
    with patch.object(parts.recut, "__defaults__", (ROWS,)), catalog.update() as update:
        return update.add_bar_chunks("AAA.XNYS", "1-HOUR", chunks, LISTING, PROVENANCE)


def same(left: BarColumns, right: BarColumns) -> bool:
    return all(np.array_equal(getattr(left, field.name), getattr(right, field.name)) for field in fields(BarColumns))


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    made = Catalog(tmp_path)
    assert write(made, [HOURS])
    return made


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, len(HOURS)), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(cuts, tmp_path_factory):
    whole, pieces = Catalog(tmp_path_factory.mktemp("whole")), Catalog(tmp_path_factory.mktemp("pieces"))
    write(whole, [HOURS])
    write(pieces, chunked(HOURS, cuts))
    assert pieces.sha256() == whole.sha256()
    assert same(pieces.bar_columns(NAME), HOURS)
    assert not write(pieces, chunked(HOURS, [7]))


@given(first=st.integers(0, len(HOURS) - 1), length=st.integers(0, 200), shift=st.sampled_from([-1, 0, 1, 1_000]))
def test_every_window_is_what_a_mask_over_the_whole_gives(first, length, shift, partitioned):
    start = int(HOURS.ts_open_ns[first]) + shift
    end = int(HOURS.ts_close_ns[min(first + length, len(HOURS) - 1)]) + shift
    window = partitioned.window([NAME], [], start, end)
    closes, ticks = HOURS.ts_close_ns, HOURS.ts_open_ns + 1_000
    assert [bar.ts_init for bar in window.bars] == closes[(closes >= start) & (closes <= end)].tolist()
    assert [tick.ts_init for tick in window.opening_ticks] == ticks[(ticks >= start) & (ticks <= end)].tolist()
    before = closes[closes < start]
    assert partitioned.last_close_before([NAME], start) == (before[-1] if len(before) else 0)
    value = partitioned.initial_inputs([NAME], start)[0]
    assert value == HOURS.close[len(before) - 1] if len(before) else np.isnan(value)


@pytest.fixture(scope="module")
def partitioned(tmp_path_factory) -> Catalog:
    made = Catalog(tmp_path_factory.mktemp("partitioned"))
    write(made, [HOURS])
    return made


def test_a_window_opens_only_the_files_that_overlap_it(catalog):
    files = len(catalog.record(NAME).files) - 1
    assert files == 2 * -(-len(HOURS) // ROWS) > 10
    fresh = Catalog(catalog.path)
    opened = fresh._reader._verified
    fresh.window([NAME], [], int(HOURS.ts_open_ns[60]), int(HOURS.ts_close_ns[70]))
    assert len(opened) == 2
    fresh.close_times([NAME], int(HOURS.ts_close_ns[0]), int(HOURS.ts_close_ns[49]))
    assert len(opened) == 3
    assert same(fresh.bar_columns(NAME), HOURS)
    assert len(opened) == files
    assert len(fresh._reader._kept[NAME]) == 2


def test_a_changed_file_is_noticed_when_a_window_needs_it_and_not_before(catalog):
    path = sorted((catalog.path / catalog.record(NAME).folder).glob("data/bars/*/*.parquet"))[3]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    fresh = Catalog(catalog.path)
    assert fresh.window([NAME], [], 0, int(HOURS.ts_close_ns[ROWS])).bars
    with pytest.raises(CatalogError, match="changed since it was written"):
        fresh.window([NAME], [], 0, int(HOURS.ts_close_ns[4 * ROWS]))


def test_a_fault_on_the_seam_of_two_chunks_is_named_by_its_row(tmp_path):
    left, right = chunked(HOURS, [100])
    early = replace(right, ts_open_ns=right.ts_open_ns - 1_000_000_000)
    with pytest.raises(DataError, match=rf"^{NAME}:101: bar start .* at or after the close before it"):
        write(Catalog(tmp_path), [left, early])
    assert not Catalog(tmp_path).names()
    with pytest.raises(DataError, match=rf"^{NAME}:101: bar start"):
        write(Catalog(tmp_path), [left, left])


def test_a_stream_that_fails_half_way_leaves_nothing(catalog):
    before = catalog.sha256()

    def failing():
        yield HOURS.take(slice(0, 200))
        raise DataError("file.csv:201: close 'x' (allowed: a number)")

    with pytest.raises(DataError, match=r"file.csv:201"), catalog.update() as update:
        update.add_bar_chunks("BBB.XNYS", "1-HOUR", failing(), LISTING, PROVENANCE)
    assert Catalog(catalog.path).sha256() == before
    assert not list(catalog.path.glob(".incoming*"))
    assert len(list(catalog.path.glob("*/*/*"))) == 1


def test_a_stream_may_say_where_it_came_from_when_it_has_ended(tmp_path):
    seen: list[int] = []

    def stream():
        for chunk in chunked(HOURS, [100, 200]):
            seen.append(len(chunk))
            yield chunk

    def stated() -> Provenance:
        assert sum(seen) == len(HOURS)
        return PROVENANCE

    catalog = Catalog(tmp_path)
    with catalog.update() as update:
        assert update.add_bar_chunks("AAA.XNYS", "1-HOUR", stream(), LISTING, stated)
    assert catalog.record(NAME).provenance == PROVENANCE


def test_bids_and_asks_are_series_of_their_own(tmp_path):
    catalog = Catalog(tmp_path)
    with catalog.update() as update:
        for price_type in ("BID", "ASK"):
            update.add_bars("AAA.XNYS", "1-HOUR", HOURS, LISTING, PROVENANCE, price_type)
    assert catalog.names() == ["AAA.XNYS-1-HOUR-ASK-EXTERNAL", "AAA.XNYS-1-HOUR-BID-EXTERNAL"]
    assert str(catalog.window(catalog.names(), [], 0, 2**62).bars[-1].bar_type) == "AAA.XNYS-1-HOUR-BID-EXTERNAL"

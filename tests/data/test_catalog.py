"""The catalog gives back what was written, refuses what it must, and survives a writer that is killed."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.persistence import ParquetDataCatalog

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, ObservationColumns
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE, Adjustment, Listing, Provenance
from nautilus_ai_firm.data.objects import bar_objects, observation_objects, opening_tick_objects
from nautilus_ai_firm.data.observation import CATALOG_TYPE
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic

AAA, BBB = "AAA.XNYS-1-DAY-LAST-EXTERNAL", "BBB.XNYS-1-DAY-LAST-EXTERNAL"
LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
FOREVER = (0, 2**62)


def provenance(adjustment: Adjustment = "raw", as_of="2020-01-01") -> Provenance:
    return Provenance(source="test", licence="none", source_sha256="0", adjustment=adjustment, as_of=as_of)


def same(left: BarColumns, right: BarColumns) -> bool:
    names = ("ts_open_ns", "ts_close_ns", "open", "high", "low", "close", "volume")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


def test_columns_come_back_exactly(small_catalog):
    written = synthetic_bars(("AAA", "BBB"), 30, seed=1)
    read = Catalog(small_catalog.path)
    assert same(read.bar_columns(AAA), written["AAA"])
    assert same(read.bar_columns(BBB), written["BBB"])


ROWS = st.lists(st.tuples(*[st.integers(1, 10**12)] * 4, st.integers(0, 10**12)), min_size=1, max_size=30)


@settings(max_examples=20)
@given(rows=ROWS)
def test_a_series_comes_back_exactly(rows, tmp_path_factory):
    assert_comes_back_exactly(rows, tmp_path_factory)


@pytest.mark.slow
@given(rows=ROWS)
def test_any_series_comes_back_exactly(rows, tmp_path_factory):
    assert_comes_back_exactly(rows, tmp_path_factory)


def assert_comes_back_exactly(rows, tmp_path_factory):
    ordered = np.sort(np.array([row[:4] for row in rows]), axis=1) / 10_000
    times = np.arange(len(rows)) * 60_000_000_000 + 1_500_000_000_000_000_000
    series = BarColumns(
        ts_open_ns=times,
        ts_close_ns=times + 60_000_000_000,
        low=ordered[:, 0],
        open=ordered[:, 1],
        close=ordered[:, 2],
        high=ordered[:, 3],
        volume=np.array([row[4] for row in rows]),
    )
    path = tmp_path_factory.mktemp("any")
    with Catalog(path).update() as update:
        update.add_bars("AAA.XNYS", "1-MINUTE", series, LISTING, provenance())
    name = "AAA.XNYS-1-MINUTE-LAST-EXTERNAL"
    catalog = Catalog(path)
    assert same(catalog.bar_columns(name), series)
    for bar, low, volume in zip(catalog.window([name], [], *FOREVER).bars, ordered[:, 0], series.volume, strict=True):
        assert str(bar.low) == f"{low:.4f}"
        assert str(bar.volume) == f"{volume:.0f}"


def test_the_engines_own_catalog_reads_the_same_objects(small_catalog):
    folder = small_catalog.path / small_catalog.record(AAA).folder
    theirs, ours = ParquetDataCatalog(str(folder)), small_catalog.window([AAA], [], *FOREVER)
    assert theirs.query_bars() == ours.bars
    assert theirs.query_trade_ticks() == ours.opening_ticks
    assert theirs.instruments() == small_catalog.instruments([AAA])


def test_every_bar_has_one_opening_tick(small_catalog):
    window = small_catalog.window([AAA], [], *FOREVER)
    bars, ticks = window.bars, window.opening_ticks
    columns = small_catalog.bar_columns(AAA)
    assert len(bars) == len(ticks) == 30
    for bar, tick, start in zip(bars, ticks, columns.ts_open_ns.tolist(), strict=True):
        assert tick.price == bar.open
        assert tick.ts_init == tick.ts_event == start + 1_000
        assert int(tick.size) == OPENING_TICK_SIZE != int(bar.volume)
    closes = [bar.ts_init for bar in bars]
    assert all(tick.ts_init >= close + 1_000 for tick, close in zip(ticks[1:], closes, strict=False))
    assert len({str(tick.trade_id) for tick in ticks}) == len(ticks)


def test_contiguous_bars_open_a_microsecond_after_the_close_before():
    series = synthetic_bars(("AAA",), 2, "1-HOUR")["AAA"]
    ticks = opening_tick_objects("AAA.XNYS", series)
    bars = bar_objects("AAA.XNYS-1-HOUR-LAST-EXTERNAL", series)
    gaps = [tick.ts_init - bar.ts_init for tick, bar in zip(ticks[1:], bars[:-1], strict=True)]
    assert min(gaps) == 1_000


def test_two_bar_sizes_keep_their_opening_ticks_apart(tmp_path):
    catalog = Catalog(tmp_path)
    daily, hourly = synthetic_bars(("AAA",), 5)["AAA"], synthetic_bars(("AAA",), 5, "1-HOUR")["AAA"]
    with catalog.update() as update:
        update.add_bars("AAA.XNYS", "1-DAY", daily, LISTING, provenance())
        update.add_bars("AAA.XNYS", "1-HOUR", hourly, LISTING, provenance())
    assert len(catalog.window([AAA], [], *FOREVER).opening_ticks) == 5
    hours = catalog.window(["AAA.XNYS-1-HOUR-LAST-EXTERNAL"], [], *FOREVER)
    assert len(hours.opening_ticks) == len(hourly) == 35


def observations(n: int = 4) -> ObservationColumns:
    event = np.arange(1, n + 1) * 1_000
    source = np.array([f"release {at}" for at in range(n)])
    return ObservationColumns(ts_event_ns=event, ts_init_ns=event + 500, value=event / 7, source=source)


def test_observations_come_back_exactly_through_both_readers(tmp_path):
    catalog = Catalog(tmp_path)
    with catalog.update() as update:
        assert update.add_observations("wti", "USD", "XNYS", observations(), provenance())
    read = Catalog(tmp_path)
    for name in ("ts_event_ns", "ts_init_ns", "value", "source"):
        assert np.array_equal(getattr(read.observation_columns("wti"), name), getattr(observations(), name))
    theirs = ParquetDataCatalog(str(tmp_path / read.record("wti").folder)).query_custom_data(CATALOG_TYPE)
    ours = read.window([], ["wti"], *FOREVER).observations
    assert [(o.ts_event, o.ts_init, o.data) for o in ours] == [(o.ts_event, o.ts_init, o.data) for o in theirs]
    assert [o.data.value for o in ours] == observations().value.tolist()
    assert [o.data.source for o in ours] == [f"release {at}" for at in range(4)]
    assert {o.data.series for o in observation_objects("wti", observations())} == {"wti"}


def test_windows_are_closed_at_both_ends_and_tile(small_catalog):
    closes = small_catalog.bar_columns(AAA).ts_close_ns.tolist()
    whole = small_catalog.window([AAA, BBB], [], *FOREVER)
    cut = closes[9]
    left = small_catalog.window([AAA, BBB], [], 0, cut)
    right = small_catalog.window([AAA, BBB], [], cut + 1, FOREVER[1])
    assert len(left.bars) == 20
    for name in ("bars", "opening_ticks"):
        pieces = [*getattr(left, name), *getattr(right, name)]
        assert sorted(map(str, pieces)) == sorted(map(str, getattr(whole, name)))
    assert small_catalog.window([AAA], [], 0, 1).bars == []


def test_inputs_bring_bars_and_observations_but_no_ticks(small_catalog):
    start = int(small_catalog.bar_columns(AAA).ts_open_ns[0])
    event = start + np.array([-2_000_000, 1_000_000])
    published = ObservationColumns(
        ts_event_ns=event, ts_init_ns=event + 500_000, value=np.array([1.5, 2.5]), source="here"
    )
    with small_catalog.update() as update:
        update.add_observations("wti", "USD", "XNYS", published, provenance())
    window = small_catalog.window([AAA], [BBB, "wti"], start, FOREVER[1])
    assert len(window.bars) == 60
    assert {str(tick.instrument_id) for tick in window.opening_ticks} == {"AAA.XNYS"}
    assert [o.data.value for o in window.observations] == [2.5]
    first_close = int(small_catalog.bar_columns(BBB).ts_close_ns[0])
    assert small_catalog.initial_inputs(["wti"], start).tolist() == [1.5]
    assert np.isnan(small_catalog.initial_inputs([BBB], first_close)).all()
    known = small_catalog.initial_inputs([BBB, "wti"], first_close + 1)
    assert known.tolist() == [small_catalog.bar_columns(BBB).close[0], 2.5]


def test_close_times_are_the_rounds(small_catalog):
    closes = small_catalog.close_times([AAA, BBB], *FOREVER)
    assert closes.tolist() == small_catalog.bar_columns(AAA).ts_close_ns.tolist()
    assert small_catalog.last_close_before([AAA, BBB], int(closes[5])) == closes[4]
    assert small_catalog.last_close_before([AAA], int(closes[0])) == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda catalog: catalog.close_times([AAA], *FOREVER),
        lambda catalog: catalog.instruments([AAA]),
        lambda catalog: catalog.window([AAA], [], *FOREVER),
        lambda catalog: catalog.window([], ["wti"], *FOREVER),
    ],
)
def test_an_empty_catalog_says_so_in_one_line(ask, tmp_path):
    with pytest.raises(CatalogError, match=r"nothing-here: the catalog is empty, so it holds no .*firm catalog demo"):
        ask(Catalog(tmp_path / "nothing-here"))


def test_an_unknown_series_is_named_with_what_exists(small_catalog):
    with pytest.raises(CatalogError, match=rf"catalog: unknown series XXX \(it holds {AAA}, {BBB}\)"):
        small_catalog.window(["XXX"], [], *FOREVER)


def test_a_window_without_data_is_named_with_what_exists(small_catalog):
    with pytest.raises(CatalogError, match=rf"{AAA} has no data from 1970-01-01T00:00:00Z .* 2012-01-03T21:00:00Z to"):
        small_catalog.close_times([AAA], 0, 10)


def test_a_series_of_the_wrong_kind_is_refused(small_catalog):
    with small_catalog.update() as update:
        update.add_observations("wti", "USD", "XNYS", observations(), provenance())
    with pytest.raises(CatalogError, match="wti is a macro series"):
        small_catalog.window(["wti"], [], *FOREVER)
    with pytest.raises(CatalogError, match="is a bar series"):
        small_catalog.observation_columns(AAA)


def test_adding_the_same_again_is_nothing_new(small_catalog):
    before = small_catalog.sha256()
    stamps = {path: path.stat().st_mtime_ns for path in small_catalog.path.rglob("*.parquet")}
    with small_catalog.update() as update:
        assert not update.add_bars(
            "AAA.XNYS",
            "1-DAY",
            synthetic_bars(("AAA",), 30, seed=1)["AAA"],
            LISTING,
            small_catalog.record(AAA).provenance,
        )
    assert small_catalog.sha256() == before
    assert {path: path.stat().st_mtime_ns for path in small_catalog.path.rglob("*.parquet")} == stamps


def test_two_catalogs_of_the_same_data_have_the_same_checksum_and_other_data_another(tmp_path):
    checksums: list[str] = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        catalog = Catalog(tmp_path / name)
        write_synthetic(catalog, synthetic_bars(("AAA",), 10, seed=seed))
        checksums.append(catalog.sha256())
    assert checksums[0] == checksums[1] != checksums[2]


def test_new_data_replaces_the_old_and_leaves_nothing_behind(small_catalog):
    before = small_catalog.sha256()
    write_synthetic(small_catalog, synthetic_bars(("AAA",), 40, seed=2))
    assert Catalog(small_catalog.path).sha256() != before
    assert len(small_catalog.window([AAA], [], *FOREVER).bars) == 40
    assert len(list(small_catalog.path.glob("1-DAY/AAA.XNYS/*"))) == 1


def test_mixed_bases_of_one_instrument_are_refused_and_nothing_is_written(small_catalog):
    before = small_catalog.sha256()
    hourly = synthetic_bars(("AAA",), 5, "1-HOUR")["AAA"]
    with (
        pytest.raises(CatalogError, match=r"AAA.XNYS-1-HOUR.* is adjusted total_return as of 2020-01-01, but AAA.*raw"),
        small_catalog.update() as update,
    ):
        update.add_bars("AAA.XNYS", "1-HOUR", hourly, LISTING, provenance("total_return"))
    assert small_catalog.sha256() == Catalog(small_catalog.path).sha256() == before
    assert not list(small_catalog.path.glob("1-HOUR/*/*"))


def test_another_as_of_date_is_another_basis(tmp_path):
    bars = synthetic_bars(("AAA",), 5)["AAA"]
    hourly = synthetic_bars(("AAA",), 5, "1-HOUR")["AAA"]
    with Catalog(tmp_path).update() as update:
        update.add_bars("AAA.XNYS", "1-DAY", bars, LISTING, provenance("split", "2020-01-01"))
    with pytest.raises(CatalogError, match="one basis"), Catalog(tmp_path).update() as update:
        update.add_bars("AAA.XNYS", "1-HOUR", hourly, LISTING, provenance("split", "2021-01-01"))


def test_the_whole_instrument_can_change_its_basis(small_catalog):
    with small_catalog.update() as update:
        bars = synthetic_bars(("AAA",), 5)["AAA"]
        same_source = msgspec.structs.replace(provenance("split"), source=small_catalog.record(AAA).provenance.source)
        assert update.add_bars("AAA.XNYS", "1-DAY", bars, LISTING, same_source)
    assert small_catalog.record(AAA).provenance.adjustment == "split"


def test_a_failing_update_leaves_the_catalog_as_it_was(small_catalog):
    before = small_catalog.sha256()
    good = synthetic_bars(("CCC",), 5)["CCC"]
    bad = replace(good, high=good.low * 0.5)
    with pytest.raises(DataError, match=r"^DDD.XNYS-1-DAY-LAST-EXTERNAL:1: high"), small_catalog.update() as update:
        assert [
            update.add_bars(name, "1-DAY", bars, LISTING, provenance())
            for name, bars in (("CCC.XNYS", good), ("DDD.XNYS", bad))
        ]
    assert Catalog(small_catalog.path).sha256() == before
    assert not list(small_catalog.path.glob("1-DAY/CCC.XNYS/*"))


def test_a_series_without_rows_is_refused(tmp_path):
    empty = synthetic_bars(("AAA",), 5)["AAA"].take(slice(0, 0))
    with pytest.raises(DataError, match="0 rows"), Catalog(tmp_path).update() as update:
        update.add_bars("AAA.XNYS", "1-DAY", empty, LISTING, provenance())


def test_a_changed_file_is_noticed(small_catalog):
    path = next(small_catalog.path.glob("1-DAY/AAA.XNYS/*/data/bars/*/*.parquet"))
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(CatalogError, match="changed since it was written"):
        Catalog(small_catalog.path).window([AAA], [], *FOREVER)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 2}', b'{"opening_tick_size": 5}', b'{"unknown": 1}'])
def test_a_manifest_that_is_none_is_refused_in_one_line(small_catalog, content):
    (small_catalog.path / "manifest.json").write_bytes(content)
    with pytest.raises(CatalogError, match=r"manifest.json: ") as raised:
        Catalog(small_catalog.path)
    assert "\n" not in str(raised.value)


def test_folders_of_others_are_never_removed(tmp_path):
    precious = tmp_path / "photos" / "2020" / "summer"
    precious.mkdir(parents=True)
    write_synthetic(Catalog(tmp_path), synthetic_bars(("AAA",), 5))
    assert precious.is_dir()


def test_a_second_writer_is_refused(small_catalog):
    with (
        small_catalog.update(),
        pytest.raises(CatalogError, match="another process is writing"),
        Catalog(small_catalog.path).update(),
    ):
        pass


KILLED = """
    import os, signal, sys
    from nautilus_ai_firm.data import catalog as room, manifest, parts, writing
    from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    target, where = room.Catalog(sys.argv[1]), sys.argv[2]
    if where == "between series":
        count = []
        inner = writing.Update._add
        writing.Update._add = lambda *args: die() if len(count) == 2 else (count.append(1), inner(*args))[1]
    elif where == "between files":
        parts.opening_ticks_table = die
    elif where == "before manifest":
        room.save_manifest = die
    elif where == "in manifest":
        manifest.put_in_place = die
    write_synthetic(target, synthetic_bars(("AAA", "BBB", "CCC"), 20, seed=9))
"""


@pytest.mark.parametrize(
    "where", [pytest.param("between series", marks=pytest.mark.slow), "between files", "before manifest", "in manifest"]
)
def test_a_killed_write_leaves_a_valid_catalog(small_catalog, where):
    before = small_catalog.sha256()
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(small_catalog.path), where],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    survivor = Catalog(small_catalog.path)
    assert survivor.sha256() == before
    assert len(survivor.window([AAA, BBB], [], *FOREVER).bars) == 60
    write_synthetic(survivor, synthetic_bars(("AAA", "BBB", "CCC"), 20, seed=9))  # and it can be written again
    assert len(Catalog(small_catalog.path).window([AAA, BBB], [], *FOREVER).bars) == 40
    named = {record.folder for record in survivor.manifest.series.values()}
    assert {path.relative_to(survivor.path).as_posix() for path in survivor.path.glob("*/*/*")} == named
    assert not list(survivor.path.glob(".incoming*"))


def test_a_series_is_never_replaced_by_another_source(small_catalog):
    before = small_catalog.sha256()
    other = msgspec.structs.replace(provenance(), source="somebody else")
    bars = synthetic_bars(("AAA",), 5)["AAA"]
    said = r"AAA.XNYS-1-DAY.* is there already from '.*', and would be replaced by 'somebody else' \(allowed: another"
    with pytest.raises(CatalogError, match=said), small_catalog.update() as update:
        update.add_bars("AAA.XNYS", "1-DAY", bars, LISTING, other)
    assert Catalog(small_catalog.path).sha256() == before

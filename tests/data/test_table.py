"""A table of bars becomes the same bars at session closes, whatever its columns are called; the rest is said."""

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.definitions import CurrencyPairDefinition, Definitions, load_definitions
from nautilus_ai_firm.data.detection import Stated
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.stored_series import FOREVER_NS
from nautilus_ai_firm.data.synthetic import synthetic_bars
from nautilus_ai_firm.data.table import TableAdded, add_table
from nautilus_ai_firm.data.table_request import TableRequest

XAUUSD = CurrencyPairDefinition(id="XAUUSD.XNAS", calendar="XNYS", base_currency="XAU")
MINUTES = synthetic_bars(("X",), 2, "1-MINUTE", seed=4)["X"]
NAMES = ("open", "high", "low", "close", "volume", "ts_open_ns", "ts_close_ns")


def frame(bars: BarColumns = MINUTES, stamp: str = "start") -> pl.DataFrame:
    times = bars.ts_open_ns if stamp == "start" else bars.ts_close_ns
    return pl.DataFrame(
        {
            "time": pl.Series(times).cast(pl.Datetime("ns")),
            **{name: getattr(bars, name) for name in ("open", "high", "low", "close")},
            "volume": bars.volume.astype(np.int64),
        }
    )


def csv(path: Path, table: pl.DataFrame, form: str = "%Y-%m-%d %H:%M:%S", zone: str = "UTC", **options) -> Path:
    local = pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.strftime(form)
    table.with_columns(local).write_csv(path, **options)
    return path


def lines(path: Path, *rows: str, header: str = "time,open,high,low,close,volume") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def put(catalog: Catalog, *paths: Path, shown: list[str] | None = None, **options: Any) -> TableAdded:
    stated = {
        key: options.pop(key) for key in ("columns", "time_format", "time_zone", "bar", "stamp") if key in options
    }
    request = TableRequest(**{"venue": "XNAS", "symbol": "X", "stated": Stated(**{"columns": {}, **stated})} | options)
    return add_table(catalog, list(paths), request, (shown if shown is not None else []).append)


def same(catalog: Catalog, name: str, bars: BarColumns) -> bool:
    held = catalog.bar_columns(name)
    return all(np.array_equal(getattr(held, column), getattr(bars, column)) for column in NAMES)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


@pytest.mark.parametrize(
    ("form", "zone"),
    [
        ("%Y-%m-%d %H:%M:%S", "UTC"),
        ("%Y-%m-%dT%H:%M:%SZ", "UTC"),
        ("%Y-%m-%dT%H:%M:%S%z", "America/New_York"),
        ("%Y-%m-%d %H:%M:%S%:z", "America/New_York"),
        ("%Y-%m-%d %H:%M", "America/New_York"),
        ("%Y%m%d %H:%M", "America/New_York"),
        ("%Y%m%d %H%M%S", "America/New_York"),
        ("%Y%m%d%H%M", "UTC"),
        ("%Y.%m.%d %H:%M", "UTC"),
        ("%Y-%m-%d %H:%M:%S%.6f", "UTC"),
        ("%s", "UTC"),
        ("%s000", "UTC"),
        ("%s000000", "UTC"),
        ("%s000000000", "UTC"),
    ],
)
def test_every_way_to_write_a_time_is_found(tmp_path, catalog, form, zone):
    added = put(catalog, csv(tmp_path / "x.csv", frame(), form, zone))
    assert added == TableAdded(name="X.XNAS-1-MINUTE-LAST-EXTERNAL", written=True, notes=[], n_bad=0, bad_rows=None)
    assert same(catalog, added.name, MINUTES)


@pytest.mark.parametrize(("stamp", "how"), [("start", "detected"), ("end", "detected"), ("end", "given")])
def test_stamps_at_both_ends_give_the_same_bars(tmp_path, catalog, stamp, how):
    shown: list[str] = []
    stated = {"stamp": stamp} if how == "given" else {}
    added = put(catalog, csv(tmp_path / "x.csv", frame(stamp=stamp)), shown=shown, **stated)
    assert same(catalog, added.name, MINUTES)
    assert any(line.startswith(f"stamp      {stamp} ({how}") for line in shown)


def test_a_wrong_stamp_moves_every_bar():
    """The negative control of the test above."""
    assert not np.array_equal(MINUTES.ts_open_ns, MINUTES.ts_close_ns)
    assert (MINUTES.ts_close_ns - MINUTES.ts_open_ns == 60_000_000_000).all()


def test_what_was_found_is_shown_before_anything_is_written(tmp_path, catalog):
    shown: list[str] = []

    def show(line: str) -> None:
        assert not catalog.path.exists()
        shown.append(line)

    path = csv(tmp_path / "spy.csv", frame().rename({"time": "Timestamp", "close": "Last", "volume": "Vol"}).select(
        pl.col("Timestamp").alias("time"), "open", "high", "low", "Last", "Vol"
    ))  # fmt: skip
    add_table(catalog, [path], TableRequest(venue="XNAS"), show)
    assert shown == [
        "file       spy.csv",
        "series     SPY.XNAS-1-MINUTE-LAST-EXTERNAL (Equity, as nothing else is defined)",
        "columns    time=time open=open high=high low=low close=Last volume=Vol",
        "time       %Y-%m-%d %H:%M:%S (detected)",
        "time zone  UTC (detected: 100% of the first times are in XNYS sessions)",
        "bar        1-MINUTE (detected)",
        "stamp      start (detected: 2 of the first times are session opens, 0 closes)",
        "calendar   XNYS (of venue XNAS)",
        "prices     4 decimals (as its prices need, 4 or more)",
        (
            "basis      raw, splits and dividends unknown: a run says so, or is refused at a jump "
            "(--adjustment or --no-actions states more)"
        ),
    ]


@pytest.mark.parametrize(
    ("options", "basis", "unknown"),
    [
        ({}, "raw, splits and dividends unknown: a run says so, or is refused at a jump", True),
        ({"no_actions": True}, "raw, without splits and dividends (given)", False),
        ({"adjustment": "split", "as_of": "2024-01-02"}, "split as of 2024-01-02", False),
        ({"definitions": Definitions(instrument=(XAUUSD,)), "symbol": "XAUUSD"}, "raw", False),
    ],
)
def test_what_is_known_of_corporate_actions_is_shown_and_kept(tmp_path, catalog, options, basis, unknown):
    shown: list[str] = []
    name = put(catalog, csv(tmp_path / "x.csv", frame()), shown=shown, time_zone="UTC", **options).name
    assert shown[-1].startswith(f"basis      {basis}")
    record = catalog.record(name)
    assert isinstance(record, BarRecord)
    assert record.actions_unknown is unknown
    assert record.provenance.actions_stated is options.get("no_actions", False)


def test_adjusted_prices_cannot_be_said_to_have_no_actions(tmp_path, catalog):
    path = csv(tmp_path / "x.csv", frame())
    with pytest.raises(DataError, match="--no-actions with --adjustment split"):
        put(catalog, path, adjustment="split", as_of="2024-01-02", no_actions=True)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "txt"])
def test_the_kind_of_file_is_found_by_its_content(tmp_path, catalog, suffix):
    path = tmp_path / "x"
    if suffix == "parquet":
        frame().write_parquet(path)
    else:
        csv(path, frame(), separator="\t" if suffix == "txt" else ",")
        if suffix == "csv.gz":
            path.write_bytes(gzip.compress(path.read_bytes()))
    assert same(catalog, put(catalog, path.rename(tmp_path / f"x.{suffix}"), time_zone="UTC").name, MINUTES)


def test_a_date_and_a_clock_apart_and_names_that_say_the_stamp(tmp_path, catalog):
    table = frame().with_columns(
        Date=pl.col("time").dt.strftime("%Y-%m-%d"), Clock=pl.col("time").dt.strftime("%H:%M")
    ).drop("time")  # fmt: skip
    table.write_csv(tmp_path / "x.csv")
    shown: list[str] = []
    assert same(catalog, put(catalog, tmp_path / "x.csv", shown=shown).name, MINUTES)
    assert "columns    time=Date+Clock open=open" in "\n".join(shown)
    times = frame(stamp="end").rename({"time": "Close time"})
    times.with_columns(pl.col("Close time").dt.epoch("ms")).write_csv(tmp_path / "y.csv")
    assert same(catalog, put(catalog, tmp_path / "y.csv", symbol="Y", shown=shown).name, MINUTES)
    assert "stamp      end (detected: the column is Close time)" in shown


def test_columns_without_names_and_with_names_of_their_own(tmp_path, catalog):
    assert same(catalog, put(catalog, csv(tmp_path / "x.csv", frame(), include_header=False)).name, MINUTES)
    odd = dict(zip(frame().columns, ("time", "a", "b", "c", "d", "e"), strict=True))
    path = csv(tmp_path / "y.csv", frame().rename(odd))
    columns = {"open": "a", "high": "b", "low": "c", "close": "d", "volume": "e"}
    assert same(catalog, put(catalog, path, symbol="Y", columns=columns).name, MINUTES)
    added = put(catalog, path, symbol="Z", columns=columns | {"volume": "none"})
    assert not catalog.bar_columns(added.name).volume.any()
    assert added.notes == [f"{path}: no bar has any volume (kept)"]


def test_daily_bars_are_sessions_and_hourly_ones_end_with_them(tmp_path, catalog):
    path = lines(tmp_path / "x.csv", "2013-11-27,10,11,9,10,5", "2013-11-29,10,11,9,10,5", "2013-12-02,10,11,9,10,5")
    daily = catalog_times(catalog, put(catalog, path).name)
    assert daily == ["2013-11-27T21:00", "2013-11-29T18:00", "2013-12-02T21:00"]
    hours = [f"2013-11-29 {hour},10,11,9,10,5" for hour in ("09:30", "10:30", "11:30", "12:30", "13:30")]
    added = put(catalog, lines(tmp_path / "h.csv", *hours), time_zone="America/New_York", bar="1-HOUR")
    assert catalog_times(catalog, added.name) == [
        "2013-11-29T15:30", "2013-11-29T16:30", "2013-11-29T17:30", "2013-11-29T18:00"
    ]  # fmt: skip
    assert added.notes == ["1 rows outside of XNYS sessions left out"]


def catalog_times(catalog: Catalog, name: str) -> list[str]:
    return [str(time)[:16] for time in catalog.bar_columns(name).ts_close_ns.astype("datetime64[ns]")]


@pytest.mark.parametrize(
    ("calendar", "time", "date"),
    [
        ("XTKS", "2013-11-29T00:00:00+09:00", "2013-11-29"),
        ("XTKS", "2013-11-29T00:00:00Z", "2013-11-29"),
        ("XNYS", "2013-11-29T00:00:00-05:00", "2013-11-29"),
        ("XNYS", "1385683200", "2013-11-29"),  # midnight UTC
        ("XNYS", "1385735400", "2013-11-29"),  # 9:30 in New York
    ],
)
def test_a_moment_is_the_date_of_its_session(tmp_path, calendar, time, date):
    catalog = Catalog(tmp_path / "c")
    added = put(catalog, lines(tmp_path / "x.csv", f"{time},1,1,1,1,1"), bar="1-DAY", calendar=calendar)
    assert catalog_times(catalog, added.name)[0].startswith(date)


@pytest.mark.parametrize(
    ("time", "fault"), [("2013-11-03 01:30", "is twice on the clock"), ("2013-03-10 02:30", "is not on the clock")]
)
def test_times_at_a_change_of_the_clock_are_refused_with_their_line(tmp_path, catalog, time, fault):
    path = lines(tmp_path / "x.csv", f"{time[:10]} 00:30,1,1,1,1,1", f"{time},1,1,1,1,1")
    message = rf"x.csv:3: time '{time}' {fault} in America/New_York \(allowed: a time with its zone, or UTC\)"
    with pytest.raises(DataError, match=message):
        put(catalog, path, time_zone="America/New_York", bar="1-HOUR", calendar="24/7")
    assert catalog.names() == []
    assert put(catalog, path, time_zone="UTC", bar="1-HOUR", calendar="24/7").written


def test_a_day_of_25_hours_is_whole_with_offsets(tmp_path, catalog):
    hours = [f"2013-11-03T01:{minute:02d}:00{zone}" for zone in ("-04:00", "-05:00") for minute in range(60)]
    path = lines(tmp_path / "x.csv", *(f"{time},1,1,1,1,1" for time in hours))
    name = put(catalog, path, calendar="24/7").name
    assert np.diff(catalog.bar_columns(name).ts_close_ns).tolist() == [60_000_000_000] * 119


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["2012-01-03 09:30,x,1,1,1,1"], r":2: open 'x' \(allowed: a number\)"),
        (["2012-01-03 09:30,1,1,1,1,1", "2012-01-03 25:00,1,1,1,1,1"], r":3: time '2012-01-03 25:00' \(allowed: %Y"),
        (["2012-01-03 09:30,1,1,1,1,1", "2012-01-03 09:31,1,1,1,1,1,7"], r":3: 7 fields \(allowed: 6, time, open"),
        (["2012-01-03 09:30,1,1,1,1,1", "2012-01-03 09:31,1,1,1"], r":3: close None \(allowed: a number\)"),
        (["2012-01-03 09:30,1,1,1,1,1", '2012-01-03 09:31,1,1,"1,1,1'], r":3: .*quotes closed on their line"),
        (["2012-01-03 09:31,1,1,1,1,1", "2012-01-03 09:30,1,1,1,1,1"], r":3: bar start .*at or after the close"),
        (["2012-01-03 09:30,1,1,1,1,1", "", "2012-01-03 09:31,1,0.5,0.5,1,1"], r":4: high 0.5 \(allowed"),
        (["2012-01-03 03:30,1,1,1,1,1"], r"no bar is left of 1 rows outside of XNYS sessions"),
        ([], r"x.csv: 0 rows \(allowed: at least 1\)"),
    ],
)  # fmt: skip
def test_a_bad_row_is_one_line_and_nothing_is_written(tmp_path, catalog, rows, message):
    with pytest.raises(DataError, match=message) as raised:
        put(catalog, lines(tmp_path / "x.csv", *rows), time_zone="America/New_York", bar="1-MINUTE")
    assert "\n" not in str(raised.value)
    assert catalog.names() == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"PAR1 and no more", "x.csv: "),
        (b"\x1f\x8b and no more", "cannot be read to its end"),
        (b"time\n1\n", "columns separated by one of"),
        (b"\xff\xfet\0i\0m\0e\0", "bytes that are no text"),
        (b"a,b\n1,2\n", "no column for time, open, high, low, close, volume"),
        (b"time,open,high,low,close\n1,2,3,4,5\n", "volume=none where there is none"),
        (b"time,open,open,low,close,volume\n", "column 'open' twice"),
        (b"1,2,3\n", "no column names"),
        (b"time,open,high,low,close,volume\nsoon,1,1,1,1,1\n", "time 'soon'"),
        (b"time,open,high,low,close,volume\n01/02/2012 9:30,1,1,1,1,1\n", "month/day or day/month"),
        (b"time,open,high,low,close,volume\n2012-01-03 09:30,1,1,1,1,1\n", "the size of a bar cannot be told"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, catalog, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        put(catalog, path, time_zone="UTC")
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not catalog.path.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bar": "7-SECOND"}, "bar '7-SECOND'"),
        ({"adjustment": "split"}, "--adjustment split without a date"),
        ({"time_zone": "Mars/Base", "bar": "1-MINUTE"}, "Mars/Base"),
        ({"calendar": "XXXX"}, "XXXX"),
        ({"columns": {"open": "nothing"}}, "no column 'nothing'"),
        ({"columns": {"colour": "open"}}, "--columns colour=open"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path, catalog, options, message):
    with pytest.raises(DataError, match=re.escape(message)):
        put(catalog, csv(tmp_path / "x.csv", frame()), **options)
    assert not catalog.path.exists()


def test_skip_bad_writes_the_good_rows_and_lists_the_bad(tmp_path, catalog):
    table = frame()
    path = csv(tmp_path / "x.csv", table)
    text = path.read_text().splitlines()
    text[5] = text[5].replace(",", ",oops", 1)
    text[9] += ",1"
    text[12] = text[12][:19] + ",1,2,3,4,5"
    path.write_text("\n".join(text))
    added = put(catalog, path, skip_bad=True)
    assert added.n_bad == 3
    assert added.bad_rows is not None
    assert [line.split(": ")[0] for line in added.bad_rows.read_text().splitlines()] == [
        f"{path}:{line}" for line in (6, 10, 13)
    ]
    kept = np.delete(np.arange(len(MINUTES)), [4, 8, 11])
    assert same(catalog, added.name, MINUTES.take(kept))


def test_several_files_follow_each_other_and_an_overlap_names_the_second(tmp_path, catalog):
    first, second = csv(tmp_path / "a.csv", frame()[:300]), csv(tmp_path / "b.csv", frame()[300:])
    assert same(catalog, put(catalog, first, second).name, MINUTES)
    with pytest.raises(DataError, match=rf"{first}:2: bar start"):
        put(catalog, second, first)
    other = csv(tmp_path / "c.csv", frame()[300:].rename({"open": "o"}))
    with pytest.raises(DataError, match=r"c.csv:1: no column 'open'"):
        put(catalog, first, other)


def test_a_symbol_column_chooses_the_rows(tmp_path, catalog):
    both = pl.concat([frame().with_columns(ticker=pl.lit(name)) for name in ("x", "yy")]).sort("time", "ticker")
    path = csv(tmp_path / "all.csv", both)
    with pytest.raises(DataError, match=r"2 symbols in column 'ticker' \(allowed: --symbol says which\)"):
        put(catalog, path, symbol=None)
    added = put(catalog, path, symbol="YY")
    assert same(catalog, added.name, MINUTES)
    assert added.notes == ["780 rows of other symbols than YY left out"]
    assert put(catalog, csv(tmp_path / "one.csv", both.filter(ticker="x")), symbol=None).name.startswith("X.XNAS")


def test_a_second_run_adds_nothing_and_another_source_is_refused(tmp_path, catalog):
    path = csv(tmp_path / "x.csv", frame())
    assert put(catalog, path).written
    before = catalog.sha256()
    assert not put(catalog, path).written
    assert catalog.sha256() == before
    with pytest.raises(CatalogError, match=r"is there already from 'table x\.csv'"):
        put(catalog, path, source="elsewhere")


def test_the_manifest_says_what_was_asked(tmp_path, catalog):
    options: dict[str, Any] = {"adjustment": "split", "as_of": "2014-06-09", "source": "a vendor", "licence": "ours"}
    added = put(catalog, csv(tmp_path / "x.csv", frame()), **options)
    provenance = catalog.record(added.name).provenance
    assert (provenance.adjustment, provenance.as_of) == ("split", "2014-06-09")
    assert (provenance.source, provenance.licence) == ("a vendor", "ours")


def test_a_definition_gives_precision_calendar_and_class(tmp_path, catalog):
    (tmp_path / "defs.toml").write_text(
        '[[instrument]]\nkind = "fx"\nid = "EURUSD.OANDA"\ncalendar = "FX"\nbase_currency = "EUR"\n'
        'price_increment = "0.00001"\n'
    )
    rows = [f"2014-05-01 00:0{minute},1.38671,1.38682,1.38668,1.38681,0" for minute in range(5)]
    definitions = load_definitions(tmp_path / "defs.toml")
    options: dict[str, Any] = {"symbol": "EURUSD", "venue": "OANDA", "time_zone": "UTC", "price_type": "BID"}
    path = lines(tmp_path / "x.csv", *rows)
    added = put(catalog, path, definitions=definitions, **options)
    assert added.name == "EURUSD.OANDA-1-MINUTE-BID-EXTERNAL"
    assert catalog.bar_columns(added.name).close.tolist() == [1.38681] * 5
    assert type(catalog.instruments([added.name])[0]).__name__ == "CurrencyPair"
    undefined = Catalog(tmp_path / "undefined")
    put(undefined, path, definitions=Definitions(), calendar="FX", **options)
    assert undefined.bar_columns(added.name).close.tolist() == [1.38681] * 5
    (tmp_path / "defs.toml").write_text((tmp_path / "defs.toml").read_text().replace("0.00001", "0.0001"))
    coarse = load_definitions(tmp_path / "defs.toml")
    said = r"x.csv:2: high 1.38682 \(allowed: 4 decimals; a definition with a smaller price_increment keeps more\)"
    with pytest.raises(DataError, match=said):
        put(Catalog(tmp_path / "coarse"), path, definitions=coarse, **options)


def flat(path: Path, price: str) -> Path:
    return lines(path, *(f"2024-03-04 15:0{n},{price},{price},{price},{price},1" for n in range(5)))


@pytest.mark.parametrize(
    ("price", "decimals", "kept"),
    [
        ("100.1", 4, 100.1),
        ("100.123456", 4, 100.1235),  # within a tenth of a basis point
        ("1.123456", 5, 1.12346),
        ("0.00012", 5, 0.00012),
        ("0.00001234", 8, 0.00001234),
        ("1234567.891", 4, 1234567.891),
        ("100.30000000000001", 4, 100.3),
    ],
)
def test_prices_keep_the_decimals_that_they_need(tmp_path, catalog, price, decimals, kept):
    name = put(catalog, flat(tmp_path / "x.csv", price), time_zone="UTC").name
    record = catalog.record(name)
    assert isinstance(record, BarRecord)
    assert record.price_precision == decimals
    assert catalog.bar_columns(name).close.tolist() == [kept] * 5
    assert float(catalog.window([name], [], 0, FOREVER_NS).bars[0].close) == kept


def test_a_price_that_no_decimals_keep_is_refused(tmp_path, catalog):
    with pytest.raises(DataError, match=r"x.csv:2: open 1.23e-08 \(allowed: 9 decimals"):
        put(catalog, flat(tmp_path / "x.csv", "0.0000000123"), time_zone="UTC")


TICKS = st.integers(1, 10**7)


@st.composite
def sessions_of_bars(draw) -> BarColumns:
    """Some minutes of two sessions, with any prices of four decimals and any volume."""
    which = np.array(sorted(draw(st.sets(st.integers(0, len(MINUTES) - 1), min_size=2, max_size=30))))
    prices = [sorted(draw(st.lists(TICKS, min_size=4, max_size=4))) for _ in which]
    flip = np.array([draw(st.booleans()) for _ in which])
    low, first, second, high = (np.array(column) / 10_000 for column in zip(*prices, strict=True))
    return BarColumns(
        ts_open_ns=MINUTES.ts_open_ns[which],
        ts_close_ns=MINUTES.ts_close_ns[which],
        open=np.where(flip, second, first),
        high=high,
        low=low,
        close=np.where(flip, first, second),
        volume=np.array([draw(st.integers(0, 10**9)) for _ in which], dtype=np.float64),
    )


TRIPS = {"bars": sessions_of_bars(), "stamp": st.sampled_from(["start", "end"]), "parquet": st.booleans()}


@settings(max_examples=8)
@given(**TRIPS)
def test_a_table_survives_the_catalog(tmp_path_factory, bars, stamp, parquet):
    assert_survives(tmp_path_factory, bars, stamp, parquet)


@pytest.mark.slow
@settings(max_examples=50)
@given(**TRIPS)
def test_any_table_survives_the_catalog(tmp_path_factory, bars, stamp, parquet):
    assert_survives(tmp_path_factory, bars, stamp, parquet)


def assert_survives(tmp_path_factory, bars, stamp, parquet):
    """Table to catalog to table gives every value back, and the second table gives the same catalog."""
    folder = tmp_path_factory.mktemp("trip")
    stated = {"time_zone": "UTC", "bar": "1-MINUTE", "stamp": stamp}
    checksums: list[str] = []
    for number in range(2):
        catalog = Catalog(folder / f"catalog{number}")
        path = folder / "x.csv"
        if parquet:
            frame(bars, stamp).write_parquet(path)
        else:
            csv(path, frame(bars, stamp))
        name = put(catalog, path, **stated).name
        assert same(catalog, name, bars)
        checksums.append(catalog.record(name).sha256)
        bars = catalog.bar_columns(name)
    assert checksums[0] == checksums[1]

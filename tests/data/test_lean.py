"""LEAN files become adjusted bars at session closes; what does not belong is left out, and said."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.lean import LeanAdded, add_lean
from nautilus_ai_firm.data.lean.bars import cut_bars
from nautilus_ai_firm.data.lean.factors import factors_on, read_factors
from nautilus_ai_firm.data.lean.rows import read_rows
from nautilus_ai_firm.data.manifest import BarRecord

DAILY = [
    "20131127 00:00,1000000,1010000,990000,1005000,1000",
    "20131129 00:00,1005000,1020000,1000000,1010000,600",  # half day
    "20131202 00:00,505000,510000,500000,507500,2000",  # after a 2:1 split
]
HOURLY = [
    "20131129 08:00,1000000,1000000,1000000,1000000,1",  # before the open
    "20131129 09:00,1005000,1020000,1000000,1010000,200",
    "20131129 12:00,1005000,1020000,1000000,1010000,200",
    "20131129 13:00,1005000,1020000,1000000,1010000,200",  # after the early close
    "20131130 10:00,1005000,1020000,1000000,1010000,200",  # Saturday
    "20131202 15:00,505000,510000,500000,507500,300",
]
FACTORS = ["20131101,0.9,0.5,0", "20131129,0.9,0.5,101", "20131215,0.95,1,0", "20501231,1,1,0"]


def lean_folder(root: Path, daily=DAILY, hourly=HOURLY, factors=FACTORS, ticker="abc") -> Path:
    base = root / "equity" / "usa"
    for kind, rows in (("daily", daily), ("hour", hourly)):
        (base / kind).mkdir(parents=True, exist_ok=True)
        if rows is not None:
            with zipfile.ZipFile(base / kind / f"{ticker}.zip", "w") as archive:
                archive.writestr(f"{ticker}.csv", "\n".join(rows) + "\n")
    (base / "factor_files").mkdir(exist_ok=True)
    if factors is not None:
        (base / "factor_files" / f"{ticker}.csv").write_text("\n".join(factors))
    return root


def read_bars(path: Path, resolution):
    rows = read_rows([path], "trade", "America/New_York")
    cut = cut_bars(rows, "LAST", resolution, "XNYS", 10_000)
    return cut.bars, rows.local[cut.row].astype("datetime64[D]"), cut.outside


def utc(times_ns) -> list[str]:
    return [str(pd.Timestamp(int(t)))[:16] for t in times_ns]


def test_daily_bars_close_with_their_session_and_are_adjusted(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    added = add_lean(catalog, lean_folder(tmp_path, hourly=None))
    assert added.written == {"ABC.USA-1-DAY-LAST-EXTERNAL": True}
    assert added.notes == []
    bars = catalog.bar_columns("ABC.USA-1-DAY-LAST-EXTERNAL")
    assert utc(bars.ts_close_ns) == ["2013-11-27 21:00", "2013-11-29 18:00", "2013-12-02 21:00"]
    assert utc(bars.ts_open_ns) == ["2013-11-27 14:30", "2013-11-29 14:30", "2013-12-02 14:30"]
    # the factor row of 29 November holds up to and including that day
    assert bars.close.tolist() == [45.225, 45.45, 48.2125]
    assert bars.volume.tolist() == [2000, 1200, 2000]
    record = catalog.record("ABC.USA-1-DAY-LAST-EXTERNAL")
    assert (record.provenance.adjustment, record.provenance.as_of) == ("total_return", "2013-12-15")


@pytest.mark.parametrize(
    ("adjustment", "closes", "volumes"),
    [
        ("total_return", [45.225, 45.45, 48.2125], [2000, 1200, 2000]),
        ("split", [50.25, 50.5, 50.75], [2000, 1200, 2000]),
        ("raw", [100.5, 101.0, 50.75], [1000, 600, 2000]),
    ],
)
def test_each_basis(tmp_path, adjustment, closes, volumes):
    catalog = Catalog(tmp_path / "catalog")
    add_lean(catalog, lean_folder(tmp_path, hourly=None), adjustment=adjustment)
    bars = catalog.bar_columns("ABC.USA-1-DAY-LAST-EXTERNAL")
    assert bars.close.tolist() == closes
    assert bars.volume.tolist() == volumes
    assert catalog.record("ABC.USA-1-DAY-LAST-EXTERNAL").provenance.adjustment == adjustment


@pytest.mark.parametrize(
    ("factor", "adjustment", "precision"),
    [("1", "total_return", 4), ("0.11", "total_return", 4), ("0.0089", "total_return", 6), ("0.0089", "raw", 4)],
)
def test_prices_made_small_by_splits_keep_more_decimals(tmp_path, factor, adjustment, precision):
    factors = [f"20131101,1,{factor},0", *(row.replace("0.9,0.5", f"1,{factor}") for row in FACTORS[1:])]
    catalog = Catalog(tmp_path / "catalog")
    add_lean(catalog, lean_folder(tmp_path, factors=factors), adjustment=adjustment)
    for bar in ("1-DAY", "1-HOUR"):
        record = catalog.record(f"ABC.USA-{bar}-LAST-EXTERNAL")
        assert isinstance(record, BarRecord)
        assert record.price_precision == precision


def test_hourly_bars_are_cut_at_the_session_and_the_rest_is_counted(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    added = add_lean(catalog, lean_folder(tmp_path, daily=None))
    bars = catalog.bar_columns("ABC.USA-1-HOUR-LAST-EXTERNAL")
    assert utc(bars.ts_open_ns) == ["2013-11-29 14:30", "2013-11-29 17:00", "2013-12-02 20:00"]
    assert utc(bars.ts_close_ns) == ["2013-11-29 15:00", "2013-11-29 18:00", "2013-12-02 21:00"]
    assert added.notes == ["hour/abc.zip: 3 rows outside of XNYS sessions left out"]


def test_hours_follow_daylight_saving(tmp_path):
    rows = [
        f"{day} 09:00,1000000,1000000,1000000,1000000,1" for day in ("20130308", "20130311", "20131101", "20131104")
    ]
    folder = lean_folder(tmp_path, daily=None, hourly=rows)
    bars, _, _ = read_bars(folder / "equity/usa/hour/abc.zip", "hour")
    assert [text[11:] for text in utc(bars.ts_open_ns)] == ["14:30", "13:30", "13:30", "14:30"]


def test_symbols_and_venue_can_be_chosen(tmp_path):
    folder = lean_folder(lean_folder(tmp_path, hourly=None), hourly=None, ticker="xyz")
    catalog = Catalog(tmp_path / "catalog")
    assert list(add_lean(catalog, folder, symbols=["xyz"], venue="ARCX").written) == ["XYZ.ARCX-1-DAY-LAST-EXTERNAL"]
    with pytest.raises(DataError, match=r": no file for NOPE \(it holds ABC, XYZ\)"):
        add_lean(catalog, folder, symbols=["NOPE"])


UNKNOWN = (
    "ABC: no factor file of that name, so raw, with splits and dividends unknown; a run that trades one is refused "
    "(--symbols X --no-actions states that X had none)"
)


def test_without_a_factor_file_bars_are_as_traded_and_their_actions_unknown_unless_stated(tmp_path):
    folder = lean_folder(tmp_path, hourly=None, factors=None)
    catalog = Catalog(tmp_path / "catalog")
    name = "ABC.USA-1-DAY-LAST-EXTERNAL"
    assert add_lean(catalog, folder) == LeanAdded({name: True}, [UNKNOWN])
    assert catalog.bar_columns(name).close.tolist() == [100.5, 101.0, 50.75]
    record = catalog.record(name)
    assert isinstance(record, BarRecord)
    assert record.actions_unknown
    assert (record.provenance.adjustment, record.provenance.as_of) == ("raw", "2013-12-02")
    assert add_lean(catalog, folder, ["abc"], "raw") == LeanAdded({name: False}, [UNKNOWN])
    assert add_lean(catalog, folder, ["abc"], no_actions=True) == LeanAdded({name: True}, [])
    provenance = catalog.record(name).provenance
    assert (provenance.actions, provenance.actions_stated) == ((), True)


def test_only_named_symbols_without_a_factor_file_can_be_said_to_have_no_actions(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    with pytest.raises(DataError, match="--no-actions of all symbols"):
        add_lean(catalog, lean_folder(tmp_path, factors=None), no_actions=True)
    with pytest.raises(DataError, match=r"--no-actions of ABC, but there is .*factor_files/abc.csv"):
        add_lean(catalog, lean_folder(tmp_path), ["ABC"], no_actions=True)
    assert catalog.names() == []


@pytest.mark.parametrize(
    ("ticker", "file", "alike"),
    [("vxx", "vxx.1", True), ("tapa", "tap.a", True), ("tap", "tap.a", True), ("ta", "tap.a", False)],
)
def test_a_factor_file_of_another_spelling_is_named_and_not_used(tmp_path, ticker, file, alike):
    folder = lean_folder(tmp_path, hourly=None, factors=None, ticker=ticker)
    (folder / f"equity/usa/factor_files/{file}.csv").write_text("\n".join(FACTORS))
    catalog = Catalog(tmp_path / "catalog")
    notes = add_lean(catalog, folder).notes
    assert notes[1:] == [f"{file}.csv: not used, as no map file says when a ticker was theirs"][: int(alike)]
    assert catalog.bar_columns(f"{ticker.upper()}.USA-1-DAY-LAST-EXTERNAL").close[0] == 100.5


def test_rows_before_the_factor_file_are_left_out(tmp_path):
    factors = ["20131129,0.9,0.5,1", "20501231,1,1,0"]
    catalog = Catalog(tmp_path / "catalog")
    added = add_lean(catalog, lean_folder(tmp_path, hourly=None, factors=factors))
    assert added.notes[0] == "daily/abc.zip: 1 rows left out, before its factor file speaks for this ticker"


def test_rows_of_another_company_are_left_out(tmp_path):
    """The reference price of the 27th is another company's: rows count from the reference that agrees."""
    factors = ["20131101,0.9,0.5,0", "20131127,0.9,0.5,77.7", "20131129,0.9,0.5,101", "20501231,1,1,0"]
    catalog = Catalog(tmp_path / "catalog")
    added = add_lean(catalog, lean_folder(tmp_path, hourly=None, factors=factors))
    assert added.notes == ["daily/abc.zip: 1 rows left out, before its factor file speaks for this ticker"]
    assert catalog.record("ABC.USA-1-DAY-LAST-EXTERNAL").rows == 2


def test_a_split_that_the_factor_file_does_not_know_is_left_out(tmp_path):
    factors = ["20131101,1,1,0", "20501231,1,1,0"]
    catalog = Catalog(tmp_path / "catalog")
    added = add_lean(catalog, lean_folder(tmp_path, hourly=None, factors=factors))
    assert added.notes == ["daily/abc.zip: 2 rows left out, before a split at 2013-12-02 not in its factor file"]


def test_a_hole_in_daily_history_is_said(tmp_path):
    rows = [DAILY[0], DAILY[2].replace("20131202", "20131210")]
    factors = ["20131101,0.9,0.5,0", "20131129,0.9,0.5,0", "20501231,1,1,0"]
    added = add_lean(Catalog(tmp_path / "catalog"), lean_folder(tmp_path, daily=rows, hourly=None, factors=factors))
    assert added.notes == ["daily/abc.zip: 7 sessions without a row between its first and its last"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("20131129 00:00,x,1020000,1000000,1010000,600", "open 'x' .allowed: a number"),
        ("20131129,1005000,1020000,1000000,1010000,600", "time '20131129' .allowed: YYYYMMDD HH:MM"),
        ("20131129 00:00,1005000,1020000,1000000,1010000,", "volume None .allowed: a number"),
        ("20131129 00:00,1005000,1000000,1000000,1010000,600", "high 100.0 .allowed: at least open and close, 101.0"),
        ("20131129 00:00,-1,1020000,1000000,1010000,600", "open -0.0001 .allowed: above 0"),
        ("20131129 00:00,1005000,1020000,1000000,1010000,-6", "volume -6.0 .allowed: 0 to"),
        ("20131127 00:00,1005000,1020000,1000000,1010000,600", "time 2013-11-27T00:00:00 .allowed: after the row"),
    ],
)
def test_a_bad_row_refuses_the_file_with_its_line(tmp_path, row, message):
    catalog = Catalog(tmp_path / "catalog")
    with pytest.raises(DataError, match=rf"daily/abc.zip:2: {message}") as raised:
        add_lean(catalog, lean_folder(tmp_path, daily=[DAILY[0], row, DAILY[2]], hourly=None))
    assert "\n" not in str(raised.value)
    assert catalog.names() == []


@pytest.mark.parametrize("rows", [[], ["20131129 00:00,1"], ["a,b,c,d,e,f,g"]])
def test_a_file_of_another_shape_is_refused(tmp_path, rows):
    with pytest.raises(DataError, match=r"daily/abc.zip: .* columns"):
        add_lean(Catalog(tmp_path / "catalog"), lean_folder(tmp_path, daily=rows, hourly=None))


def test_what_is_no_zip_and_what_is_no_lean_folder_are_refused(tmp_path):
    folder = lean_folder(tmp_path, hourly=None)
    (folder / "equity/usa/daily/abc.zip").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"abc.zip: File is not a zip file"):
        add_lean(Catalog(tmp_path / "catalog"), folder)
    with pytest.raises(DataError, match="expected the data folder of LEAN"):
        add_lean(Catalog(tmp_path / "catalog"), tmp_path / "equity")


@pytest.mark.parametrize("rows", [["20131101,x,1,0"], ["2013,1,1,0"], ["20131101,1,0,0"], ["20131101,1,1,0"] * 2, []])
def test_a_bad_factor_file_is_refused(tmp_path, rows):
    folder = lean_folder(tmp_path, hourly=None, factors=rows)
    with pytest.raises(DataError, match=r"factor_files/abc.csv"):
        add_lean(Catalog(tmp_path / "catalog"), folder)


def test_daily_and_hourly_of_one_instrument_keep_one_basis(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    add_lean(catalog, lean_folder(tmp_path))
    with pytest.raises(CatalogError, match="one basis for all series"):
        add_lean(catalog, lean_folder(tmp_path / "only_daily", hourly=None), adjustment="raw")
    assert set(add_lean(catalog, lean_folder(tmp_path), adjustment="raw").written.values()) == {True}


@pytest.fixture(scope="module")
def lean_catalog(shared_data, tmp_path_factory) -> Catalog:
    catalog = Catalog(tmp_path_factory.mktemp("lean"))
    add_lean(catalog, shared_data / "lean", symbols=["SPY", "AAPL", "BAC", "GOOG"])
    return catalog


@pytest.mark.shared_data
def test_spy_hourly_counts(lean_catalog, shared_data):
    bars, dates, left_out = read_bars(shared_data / "lean/equity/usa/hour/spy.zip", "hour")
    assert len(bars) + left_out == 40_832
    assert len(bars) == lean_catalog.record("SPY.USA-1-HOUR-LAST-EXTERNAL").rows
    per_session = np.unique(np.unique(dates, return_counts=True)[1], return_counts=True)
    assert dict(zip(*map(np.ndarray.tolist, per_session), strict=True))[7] > 5_700  # 9:30, 10, … 15
    assert left_out == 47


@pytest.mark.shared_data
def test_the_half_day_of_2013_closes_at_18_utc(lean_catalog):
    for bar, count in (("1-DAY", 1), ("1-HOUR", 4)):
        closes = pd.to_datetime(lean_catalog.bar_columns(f"SPY.USA-{bar}-LAST-EXTERNAL").ts_close_ns)
        of_day = closes[closes.strftime("%Y-%m-%d") == "2013-11-29"]
        assert len(of_day) == count
        assert str(of_day[-1]) == "2013-11-29 18:00:00"


@pytest.mark.shared_data
@pytest.mark.parametrize("bar", ["1-DAY", "1-HOUR"])
def test_the_apple_split_of_2014_leaves_no_jump(lean_catalog, shared_data, bar):
    """Apple traded at 645.57 on 2014-06-06 and at 93.70 on 2014-06-09, after seven shares for one: +1.6 %."""
    bars = lean_catalog.bar_columns(f"AAPL.USA-{bar}-LAST-EXTERNAL")
    first = int(np.searchsorted(bars.ts_close_ns, pd.Timestamp("2014-06-09").as_unit("ns").value))
    day = pd.to_datetime(bars.ts_close_ns).normalize() == "2014-06-09"
    assert bars.close[day][-1] / bars.close[first - 1] == pytest.approx(93.70 / (645.57 / 7), abs=2e-3)
    kind = "daily" if bar == "1-DAY" else "hour"
    raw, _, _ = read_bars(shared_data / f"lean/equity/usa/{kind}/aapl.zip", kind)  # negative control
    assert raw.close[first] / raw.close[first - 1] < 0.2
    np.testing.assert_allclose(bars.volume[first] / raw.volume[first], 4)  # 4:1 of 2020 is still ahead
    np.testing.assert_allclose(bars.volume[first - 1] / raw.volume[first - 1], 28, rtol=1e-4)


@pytest.mark.shared_data
def test_total_returns_count_the_dividends(lean_catalog, shared_data):
    """SPY went ex on 2013-12-20 with 0.9801 dollars a share: the total return is the price return and the dividend."""
    bars = lean_catalog.bar_columns("SPY.USA-1-DAY-LAST-EXTERNAL")
    raw, _, _ = read_bars(shared_data / "lean/equity/usa/daily/spy.zip", "daily")
    at = int(np.searchsorted(bars.ts_close_ns, pd.Timestamp("2013-12-20").as_unit("ns").value))
    expected = raw.close[at] / (raw.close[at - 1] - 0.9801)
    assert bars.close[at] / bars.close[at - 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.shared_data
def test_daily_and_hourly_agree(lean_catalog):
    """The last hour of each session and the day close within a whisker, on adjusted prices of 23 years."""
    daily = lean_catalog.bar_columns("AAPL.USA-1-DAY-LAST-EXTERNAL")
    hourly = lean_catalog.bar_columns("AAPL.USA-1-HOUR-LAST-EXTERNAL")
    both, of_day, of_hour = np.intersect1d(daily.ts_close_ns, hourly.ts_close_ns, return_indices=True)
    assert len(both) > 5_700
    assert np.quantile(np.abs(np.log(daily.close[of_day] / hourly.close[of_hour])), 0.99) < 0.005


@pytest.mark.shared_data
def test_other_companies_under_the_ticker_are_left_out(lean_catalog):
    assert lean_catalog.record("BAC.USA-1-DAY-LAST-EXTERNAL").first.startswith("1998-12-01")
    assert lean_catalog.record("BAC.USA-1-HOUR-LAST-EXTERNAL").first.startswith("1998-12-01")
    assert lean_catalog.record("GOOG.USA-1-DAY-LAST-EXTERNAL").first.startswith("2014-04-03")


@pytest.mark.shared_data
def test_factors_hold_up_to_and_including_their_date(shared_data):
    factors = read_factors(shared_data / "lean/equity/usa/factor_files/aapl.csv")
    days = np.array(["2000-06-20", "2000-06-21", "2021-03-31"], dtype="datetime64[D]")
    price, split = factors_on(factors, days)
    assert split.tolist() == [0.00892857, 0.0178571, 1.0]
    assert price.tolist() == [0.8613657, 0.8613657, 1.0]

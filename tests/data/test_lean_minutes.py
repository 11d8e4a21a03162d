"""LEAN's minutes, chains and quotes become separate instruments and sides; what is left out is counted and said."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nautilus_trader.model import FuturesContract, OptionContract
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.definitions import Definitions, load_definitions
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.lean import LeanAdded, add_lean
from nautilus_ai_firm.data.manifest import Adjustment, BarRecord

DEFINITIONS = load_definitions(Path(__file__).parents[2] / "nautilus_ai_firm" / "data" / "instruments.toml")
OPEN = 34_200_000  # 9:30, milliseconds since midnight
CHAIN = "option/usa/hour"
TRADE, QUOTE = "aapl_2014_trade_american.zip", "aapl_2014_quote_american.zip"


def put(root: Path, path: str, files: dict[str, list[str]]) -> Path:
    target = root / "lean" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, rows in files.items():
            archive.writestr(name, "".join(f"{row}\n" for row in rows))
    return root / "lean"


def run(root: Path, **options: Any) -> tuple[Catalog, LeanAdded]:
    catalog = Catalog(root / "catalog")
    asked: dict[str, Any] = {"definitions": DEFINITIONS} | options
    return catalog, add_lean(catalog, root / "lean", **asked)


def closes(catalog: Catalog, name: str) -> list[str]:
    return [str(pd.Timestamp(int(time)))[:16] for time in catalog.bar_columns(name).ts_close_ns]


def test_minutes_are_milliseconds_since_midnight_in_new_york(tmp_path):
    row = "1000000,1010000,990000,1005000,100"
    times = (OPEN - 60_000, OPEN, OPEN + 60_000, 57_540_000, 57_600_000)
    put(tmp_path, "equity/usa/minute/spy/20131004_trade.zip", {"20131004_spy.csv": [f"{t},{row}" for t in times]})
    put(tmp_path, "equity/usa/minute/spy/20131129_trade.zip", {"20131129_spy.csv": [f"{t},{row}" for t in times]})
    catalog, added = run(tmp_path, adjustment="raw")
    name = "SPY.USA-1-MINUTE-LAST-EXTERNAL"
    assert added.written == {name: True}
    assert closes(catalog, name) == [
        "2013-10-04 13:31", "2013-10-04 13:32", "2013-10-04 20:00",  # daylight saving time
        "2013-11-29 14:31", "2013-11-29 14:32",  # a half day in winter
    ]  # fmt: skip
    assert added.notes[0] == "minute/spy trade: 5 rows outside of XNYS sessions left out"
    assert catalog.bar_columns(name).open.tolist() == [100.0] * 5


def test_minutes_are_adjusted_as_days_are(tmp_path):
    put(
        tmp_path, "equity/usa/minute/spy/20131004_trade.zip", {"x.csv": [f"{OPEN},1000000,1000000,1000000,1000000,100"]}
    )
    put(tmp_path, "equity/usa/minute/spy/20131004_quote.zip", {
        "x.csv": [f"{OPEN},1000000,1000000,1000000,1000000,100,1020000,1020000,1020000,1020000,300"]
    })  # fmt: skip
    folder = tmp_path / "lean/equity/usa/factor_files"
    folder.mkdir()
    (folder / "spy.csv").write_text("20131001,0.9,0.5,0\n20131101,0.9,0.5,0\n20501231,1,1,0\n")
    catalog, added = run(tmp_path)
    assert [name.split("-")[3] for name in added.written] == ["BID", "ASK", "LAST"]
    for side, close, size in (("LAST", 45.0, 200), ("BID", 45.0, 200), ("ASK", 45.9, 600)):
        bars = catalog.bar_columns(f"SPY.USA-1-MINUTE-{side}-EXTERNAL")
        assert (bars.close.tolist(), bars.volume.tolist()) == ([close], [size])


def test_a_side_that_is_not_quoted_is_a_missing_bar(tmp_path):
    rows = [
        "72000000,1681.5,1681.5,1681.5,1681.5,5,1682,1682,1682,1682,19",
        "72060000,,,,,0,1682.25,1682.25,1682.25,1682.25,39",
        "72120000,1681,1681,1681,1681,4,0,0,0,0,0",
    ]
    put(tmp_path, "future/cme/minute/es/20131007_quote.zip", {"20131007_es_minute_quote_201312.csv": rows})
    catalog, added = run(tmp_path)
    assert closes(catalog, "ESZ13.CME-1-MINUTE-BID-EXTERNAL") == ["2013-10-07 20:01", "2013-10-07 20:03"]
    assert catalog.bar_columns("ESZ13.CME-1-MINUTE-ASK-EXTERNAL").close.tolist() == [1682.0, 1682.25]
    assert added.notes == [
        "future/cme/minute/es quote: 1 rows without a bid",
        "future/cme/minute/es quote: 1 rows without an ask",
    ]


def es_days(root: Path) -> None:
    for day, prices in (("20131217", (1780.25, 1774.5)), ("20131218", (1790.0, 1784.75))):
        put(root, f"future/cme/minute/es/{day}_trade.zip", {
            f"{day}_es_minute_trade_{expiry}.csv": [f"54000000,{p},{p},{p},{p},10", f"54060000,{p},{p},{p},{p},10"]
            for expiry, p in zip(("201312", "201403"), prices, strict=True)
        })  # fmt: skip


def test_expiries_of_one_zip_are_separate_contracts_over_all_days(tmp_path):
    es_days(tmp_path)
    catalog, added = run(tmp_path)
    assert list(added.written) == ["ESH14.CME-1-MINUTE-LAST-EXTERNAL", "ESZ13.CME-1-MINUTE-LAST-EXTERNAL"]
    assert catalog.bar_columns("ESZ13.CME-1-MINUTE-LAST-EXTERNAL").close.tolist() == [1780.25] * 2 + [1790.0] * 2
    assert catalog.bar_columns("ESH14.CME-1-MINUTE-LAST-EXTERNAL").close.tolist() == [1774.5] * 2 + [1784.75] * 2
    expiries = [
        contract.expiration_ns
        for contract in catalog.instruments(added.written)
        if isinstance(contract, FuturesContract)
    ]
    assert [str(pd.Timestamp(time)) for time in expiries] == ["2014-03-21 13:30:00", "2013-12-20 14:30:00"]
    assert catalog.record("ESZ13.CME-1-MINUTE-LAST-EXTERNAL").provenance.adjustment == "raw"


def test_without_a_definition_futures_are_left_out_with_one_line(tmp_path):
    es_days(tmp_path)
    catalog, added = run(tmp_path, definitions=Definitions())
    assert added.written == {}
    assert added.notes == ["future/cme/minute/es trade: skipped, no definition of ES.CME (--definitions FILE)"]
    assert catalog.names() == []


def option_file(kind: str, strike: int, right: str = "call", expiry: str = "20140621") -> str:
    return f"aapl_{kind}_american_{right}_{strike}_{expiry}.csv"


def test_an_option_chain_is_one_instrument_a_contract(tmp_path):
    put(tmp_path, f"{CHAIN}/{TRADE}", {
        option_file("trade", 6_450_000): ["20140606 09:00,14900,15900,12600,15900,9"],
        option_file("trade", 921_400): ["20140609 09:00,15200,15200,15200,15200,70"],
        option_file("trade", 921_400, "put"): ["20140609 15:00,100,100,100,100,1"],
    })  # fmt: skip
    put(tmp_path, f"{CHAIN}/{QUOTE}", {
        option_file("quote", 6_450_000): ["20140606 09:00,14900,14900,14900,14900,9,16300,19500,15400,16800,110"],
    })  # fmt: skip
    catalog, added = run(tmp_path)
    assert list(added.written) == [
        "AAPL140621C00645000.USA-1-HOUR-BID-EXTERNAL",
        "AAPL140621C00645000.USA-1-HOUR-ASK-EXTERNAL",
        "AAPL140621C00092140.USA-1-HOUR-LAST-EXTERNAL",
        "AAPL140621C00645000.USA-1-HOUR-LAST-EXTERNAL",
        "AAPL140621P00092140.USA-1-HOUR-LAST-EXTERNAL",
    ]
    before = "AAPL140621C00645000.USA-1-HOUR-LAST-EXTERNAL"
    assert closes(catalog, before) == ["2014-06-06 14:00"]  # from the open to the hour
    assert catalog.bar_columns(before).high.tolist() == [1.59]
    options = catalog.instruments(list(added.written)[2:])
    strikes = [str(option.strike_price) for option in options if isinstance(option, OptionContract)]
    assert strikes == ["92.14", "645", "92.14"]


def test_a_name_that_a_split_gave_to_another_contract_keeps_the_later_one(tmp_path):
    """A strike of 100 before seven shares for one is not the strike of 100 after it, that was 700."""
    rows = ["20140606 10:00,5450000,5450000,5450000,5450000,1", "20140609 10:00,2000,2000,2000,2000,5"]
    put(tmp_path, f"{CHAIN}/{TRADE}", {option_file("trade", 1_000_000): rows})
    factors = tmp_path / "lean/equity/usa/factor_files"
    factors.mkdir(parents=True)
    for content, expected in (
        ("20140606,1,0.25,0\n20501231,1,0.25,0\n", 2),
        ("20140606,1,0.0357,0\n20501231,1,0.25,0\n", 1),
    ):
        (factors / "aapl.csv").write_text(content)
        catalog, added = run(tmp_path)
        assert catalog.record("AAPL140621C00100000.USA-1-HOUR-LAST-EXTERNAL").rows == expected
    assert added.notes == [
        f"{CHAIN}/{TRADE}: 1 rows left out, of contracts that ended with a split under a name used again"
    ]


def test_currency_pairs_have_five_decimals_and_two_sides(tmp_path):
    row = "1.38676,1.38686,1.38669,1.38686,0,1.38686,1.38697,1.38680,1.38697,0"
    put(tmp_path, "forex/oanda/minute/eurusd/20140501_quote.zip", {"x.csv": [f"0,{row}", f"86340000,{row}"]})
    sunday = [f"{t},{row}" for t in (75_540_000, 75_600_000)]  # before and after 17:00 in New York
    put(tmp_path, "forex/oanda/minute/eurusd/20140504_quote.zip", {"x.csv": sunday})
    catalog, added = run(tmp_path)
    assert list(added.written) == ["EURUSD.OANDA-1-MINUTE-BID-EXTERNAL", "EURUSD.OANDA-1-MINUTE-ASK-EXTERNAL"]
    expected = ["2014-05-01 00:01", "2014-05-02 00:00", "2014-05-04 21:01"]
    assert closes(catalog, "EURUSD.OANDA-1-MINUTE-BID-EXTERNAL") == expected
    assert catalog.bar_columns("EURUSD.OANDA-1-MINUTE-ASK-EXTERNAL").close.tolist() == [1.38697] * 3
    assert added.notes == ["forex/oanda/minute/eurusd quote: 1 rows outside of FX sessions left out"]
    record = catalog.record("EURUSD.OANDA-1-MINUTE-BID-EXTERNAL")
    assert isinstance(record, BarRecord)
    assert record.listing.calendar == "FX"


def test_days_of_a_currency_pair_end_at_midnight_utc_where_their_prices_do(tmp_path):
    row = "1.38676,1.38686,1.38669,1.38686,0,1.38686,1.38697,1.38680,1.38697,0"
    days = [f"{day} 00:00,{row}" for day in ("20140501", "20140502", "20140503", "20140504", "20140505")]
    put(tmp_path, "forex/oanda/daily/eurusd.zip", {"eurusd.csv": days})
    catalog, added = run(tmp_path)
    assert closes(catalog, "EURUSD.OANDA-1-DAY-BID-EXTERNAL") == [
        "2014-05-02 00:00", "2014-05-02 21:00", "2014-05-05 00:00", "2014-05-06 00:00"  # to Friday's close, from Sunday
    ]  # fmt: skip
    assert added.notes == ["forex/oanda/daily/eurusd.zip: 1 rows outside of FX sessions left out"]


def test_the_index_is_written_in_chicago_time_and_is_no_instrument_to_trade(tmp_path):
    put(tmp_path, "index/usa/minute/spx/20210104_trade.zip", {"x.csv": ["30600000,3764.61,3769.99,3764.61,3766.63,59"]})
    catalog, _ = run(tmp_path)
    assert closes(catalog, "SPX.USA-1-MINUTE-LAST-EXTERNAL") == ["2021-01-04 14:31"]
    record = catalog.record("SPX.USA-1-MINUTE-LAST-EXTERNAL")
    assert isinstance(record, BarRecord)
    assert not record.listing.tradable


def rates(root: Path, *rows: str, header: str = "DATE,PCREDIT8") -> Path:
    es_days(root)
    path = root / "lean/alternative/interest-rate/usa/interest-rate.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([header, *rows]))
    return path


def test_the_interest_rate_is_known_on_the_day_it_takes_effect(tmp_path):
    rates(tmp_path, "2003-01-09,2.25", "2023-07-27,5.5")
    catalog, added = run(tmp_path)
    assert added.written["us_primary_credit_rate"]
    rate = catalog.observation_columns("us_primary_credit_rate")
    np.testing.assert_allclose(rate.value, [0.0225, 0.055])
    assert [str(pd.Timestamp(int(time))) for time in rate.ts_init_ns] == ["2003-01-09 22:00:00", "2023-07-27 21:00:00"]
    assert (rate.ts_event_ns < rate.ts_init_ns).all()
    assert "Federal Reserve" in catalog.record("us_primary_credit_rate").provenance.source


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["2003-01-09,2.25", "2003-01-10"], r"csv:3: '2003-01-10' \(allowed: YYYY-MM-DD,percent\)"),
        (["2003-01-09,2.25", "soon,1"], r"csv:3: 'soon,1'"),
        (["2003-01-09,2.25", "2003-01-08,1"], r"csv:3: period end"),
        (["2003-01-09,nan"], r"csv:2: value nan"),
    ],
)
def test_a_bad_rate_refuses_the_whole_folder(tmp_path, rows, message):
    rates(tmp_path, *rows)
    with pytest.raises(DataError, match=message):
        run(tmp_path)
    assert Catalog(tmp_path / "catalog").names() == []


def test_a_file_of_another_header_is_no_rate(tmp_path):
    rates(tmp_path, "2003-01-09,2.25", header="DATE,OTHER")
    with pytest.raises(DataError, match=r"csv:1: header 'DATE,OTHER' \(allowed: DATE,PCREDIT8\)"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("path", "files", "message"),
    [
        (
            "equity/usa/minute/spy/20131004_trade.zip",
            {"x": ["86400000,1,1,1,1,1"]},
            r":1: time '86400000' .*milliseconds",
        ),
        ("equity/usa/minute/spy/20131004_trade.zip", {"x": ["1,1,1,1,1,1"], "y": []}, "2 files inside"),
        ("future/cme/minute/es/20131007_trade.zip", {"a_2013.csv": ["72000000,1,1,1,1,1"]}, "name a_2013.csv"),
        (f"{CHAIN}/{TRADE}", {"a_call_0_20140621.csv": ["20140606 10:00,1,1,1,1,1"]}, "strike 0"),
        (f"{CHAIN}/{TRADE}", {"a_call_10_20140699.csv": ["20140606 10:00,1,1,1,1,1"]}, "expiry 20140699"),
        (f"{CHAIN}/{TRADE}", {option_file("trade", 1): ["20140606 10:00,1,1,1,1,1"] * 2}, r"american.zip:2: time"),
        (
            "future/cme/minute/es/20131007_trade.zip",
            {"a_201312.csv": ["72000000,1,1,1,1,1"], "a_201403.csv": ["72000000,1,1,1,1,1", "72060000,2,1,1,1,1"]},
            r"20131007_trade.zip!a_201403.csv:2: high 1.0",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_member_and_line(tmp_path, path, files, message):
    put(tmp_path, path, files)
    with pytest.raises(DataError, match=message) as raised:
        run(tmp_path, adjustment="raw")
    assert "\n" not in str(raised.value)
    assert Catalog(tmp_path / "catalog").names() == []


def test_what_is_not_read_is_said(tmp_path):
    es_days(tmp_path)
    put(tmp_path, "future/cme/minute/es/20131217_openinterest.zip", {"x_201312.csv": ["1,1"]})
    put(tmp_path, "crypto/coinbase/minute/btcusd/20200101_trade.zip", {"x.csv": []})
    put(tmp_path, "future/cme/tick/es/20131217_trade.zip", {"x.csv": []})
    put(tmp_path, "future/mars/minute/es/20131217_trade.zip", {"x_201312.csv": []})
    _, added = run(tmp_path)
    assert added.notes == [
        "crypto: skipped (read: equity, index, future, option, forex and alternative/interest-rate)",
        "future/cme/minute/es: 1 openinterest files left out, nothing says when they were known",
        "future/cme/tick: skipped (read: daily, hour, minute)",
        "future/mars/minute/es trade: skipped, no calendar for market mars (known: usa, cme, oanda)",
    ]


@pytest.fixture(scope="module")
def whole(shared_data, tmp_path_factory) -> tuple[Catalog, str]:
    """All of LEAN but the option chain, which is tested below."""
    catalog = Catalog(tmp_path_factory.mktemp("whole"))
    result = CliRunner().invoke(
        app,
        ["catalog", "add", "lean", str(shared_data / "lean"), "--symbols", "ES,SPX,EURUSD,NZDUSD,SPY,TWX",
         "--catalog", str(catalog.path)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return Catalog(catalog.path), result.output


@pytest.mark.shared_data
def test_real_expiries_are_separate_and_differ_by_their_carry(whole):
    catalog, output = whole
    near, far = (catalog.bar_columns(f"{name}.CME-1-MINUTE-LAST-EXTERNAL") for name in ("ESZ13", "ESH14"))
    _, of_near, of_far = np.intersect1d(near.ts_close_ns, far.ts_close_ns, return_indices=True)
    spread = near.close[of_near] / far.close[of_far] - 1
    assert len(spread) > 4_000
    assert 0.001 < np.median(spread) < 0.005  # dividends above interest in 2013
    assert str(pd.Timestamp(int(near.ts_close_ns[-1]))) == "2013-12-20 14:30:00"  # its last minute of trading
    assert "future/cme/minute/es: 10 openinterest files left out" not in output  # symbols were chosen
    assert {name.split(".")[0] for name in catalog.names() if name.startswith("ES")} == {
        "ESZ13", "ESH14", "ESM14", "ESU14", "ESZ14", "ESH15"
    }  # fmt: skip


@pytest.mark.shared_data
def test_real_bids_are_below_asks_and_around_trades(whole):
    catalog, _ = whole
    for name, share in (("SPY.USA", 1.0), ("ESZ13.CME", 0.99), ("EURUSD.OANDA", 1.0), ("NZDUSD.OANDA", 1.0)):
        bid, ask = (catalog.bar_columns(f"{name}-1-MINUTE-{side}-EXTERNAL") for side in ("BID", "ASK"))
        _, of_bid, of_ask = np.intersect1d(bid.ts_close_ns, ask.ts_close_ns, return_indices=True)
        assert (bid.close[of_bid] <= ask.close[of_ask]).mean() >= share
        assert np.median(ask.close[of_ask] / bid.close[of_bid] - 1) < 0.0005


@pytest.mark.shared_data
def test_real_minutes_add_up_to_their_hours(whole):
    """Adjusted minutes and hours of SPY agree: open of the first, highest high, close of the last."""
    catalog, _ = whole
    minutes, hours = (catalog.bar_columns(f"SPY.USA-1-{size}-LAST-EXTERNAL") for size in ("MINUTE", "HOUR"))
    inside = hours.take((hours.ts_close_ns > minutes.ts_open_ns[0]) & (hours.ts_close_ns <= minutes.ts_close_ns[-1]))
    edges = np.searchsorted(minutes.ts_open_ns, inside.ts_open_ns)
    assert len(edges) == 6 * 7
    assert np.allclose(minutes.open[edges], inside.open, rtol=2e-4)
    apart = np.abs(np.maximum.reduceat(minutes.high, edges) / inside.high - 1)
    assert np.quantile(apart, 0.9) < 1e-3


@pytest.mark.shared_data
def test_apples_split_leaves_no_jump_in_adjusted_minutes(shared_data, tmp_path):
    """From Friday's close to the open of 2014-06-09; as traded, the negative control, a seventh is left."""
    bounds: tuple[tuple[Adjustment, float, float], ...] = (
        ("split", 0.985, 1.015),
        ("total_return", 0.985, 1.015),
        ("raw", 0.14, 0.145),
    )
    catalog = Catalog(tmp_path)
    for adjustment, low, high in bounds:
        catalog = Catalog(tmp_path / adjustment)
        add_lean(catalog, shared_data / "lean", ["AAPL"], adjustment)
        for side in ("LAST", "BID", "ASK"):
            bars = catalog.bar_columns(f"AAPL.USA-1-MINUTE-{side}-EXTERNAL")
            monday = int(np.searchsorted(bars.ts_close_ns, pd.Timestamp("2014-06-09").as_unit("ns").value))
            assert low < bars.open[monday] / bars.close[monday - 1] < high
    actions = catalog.record("AAPL.USA-1-MINUTE-LAST-EXTERNAL").provenance.actions
    assert actions is not None
    assert ("2014-06-09", pytest.approx(1 / 7, rel=1e-4)) in [(action.date, action.split_factor) for action in actions]


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_whole_folder_by_one_command(shared_data, tmp_path):
    """Contracts of before and after Apple's seven for one are different ones, and the report fits two screens."""
    command = ["catalog", "add", "lean", str(shared_data / "lean"), "--catalog", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) < 200
    catalog = Catalog(tmp_path)
    assert len(catalog.names()) == 11_098
    chain = [record for record in catalog.manifest.series.values() if isinstance(record, BarRecord)
             and record.listing.instrument_class == "OptionContract"]  # fmt: skip
    assert len({record.instrument_id for record in chain}) == 4_532
    assert {record.first[:10] for record in chain} == {"2014-06-06", "2014-06-09"}
    assert all(record.first[:10] == record.last[:10] for record in chain)
    assert "nothing new" in CliRunner().invoke(app, command).output

"""The demonstration catalog: real prices, adjusted once, nothing known before its time."""

import sys

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.demo import (
    INDICES,
    SPLITS_OF_VOLUME,
    STOCKS,
    DemoSources,
    credit_spread_observations,
    load_sources,
    write_demo,
)
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.publication import new_york_ns

BARS = [bar_type_id(name, "1-DAY") for name in (*STOCKS.values(), *INDICES.values())]


def day_ns(text: str) -> int:
    return pd.Timestamp(text).as_unit("ns").value


def test_the_common_window_starts_with_goog_and_ends_in_march_2013(demo_catalog):
    for name in BARS:
        record = demo_catalog.record(name)
        assert (record.rows, record.first, record.last) == (2148, "2004-08-19T20:00:00Z", "2013-03-01T21:00:00Z")


def test_stocks_are_tradable_equities_and_indices_are_not(demo_catalog):
    for name in BARS:
        record = demo_catalog.record(name)
        assert record.listing.tradable == (record.instrument_id in STOCKS.values())
        assert record.listing.instrument_class == ("Equity" if record.listing.tradable else "IndexInstrument")
        assert record.provenance.adjustment == ("total_return" if record.listing.tradable else "raw")
        assert record.provenance.source
        assert record.provenance.licence


def test_closes_are_the_sources_own_adjusted_closes(demo_catalog, sources):
    for name, instrument_id in STOCKS.items():
        expected = sources.frames[name].loc["2004-08-19":"2013-03-01", "adj_close"].to_numpy()
        columns = demo_catalog.bar_columns(bar_type_id(instrument_id, "1-DAY"))
        np.testing.assert_allclose(columns.close, expected, atol=0.51e-4)


def test_the_split_table_is_what_the_sources_show(sources):
    """Every jump of the adjustment factor that is a split stands in the table."""
    for name in STOCKS:
        frame = sources.frames[name]
        factor = frame["adj_close"] / frame["close"]
        jumps = (factor / factor.shift()).loc[lambda ratio: ratio > 1.3]
        table = {pd.Timestamp(day): ratio for day, ratio in SPLITS_OF_VOLUME.get(name, ())}
        seen = {day: ratio for day, ratio in table.items() if day <= frame.index[-1]}
        assert {day: round(float(ratio)) for day, ratio in jumps.items()} == seen


def test_volume_is_adjusted_for_the_split_of_2005_exactly_once(demo_catalog, sources):
    columns = demo_catalog.bar_columns(bar_type_id(STOCKS["AAPL"], "1-DAY"))
    raw = sources.frames["AAPL"].loc["2004-08-19":"2013-03-01"]
    before = columns.ts_close_ns < day_ns("2005-02-28")
    ratio = columns.volume / raw["volume"].to_numpy()
    np.testing.assert_allclose(ratio[before], 14)
    np.testing.assert_allclose(ratio[~before], 7)
    # price times volume keeps its size: dividends alone are left in the ratio of adjusted to traded notional
    notional = columns.close * columns.volume / (raw["close"] * raw["volume"]).to_numpy()
    assert abs(notional[before][-1] / notional[~before][0] - 1) < 1e-3


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["AAPL", "IBM", "GOOG"])
def test_notional_agrees_with_exchange_data(demo_catalog, shared_data, name):
    """An independent source, LEAN's price times volume as traded, within what dividends and odd lots explain."""
    frame = pd.read_csv(
        shared_data / f"lean/equity/usa/daily/{name.lower()}.zip", header=None, names=list("tohlcv"), index_col="t"
    )
    frame.index = pd.to_datetime(frame.index.str[:8])
    theirs = (frame["c"] / 10_000 * frame["v"]).loc["2004-08-19":"2013-03-01"]
    columns = demo_catalog.bar_columns(bar_type_id(STOCKS[name], "1-DAY"))
    days = pd.to_datetime(columns.ts_close_ns).normalize()
    ours = pd.Series(columns.close * columns.volume, index=days)
    ratio = (ours / theirs).groupby(days.year).median()
    assert ratio.between(0.78, 1.1).all(), ratio


def test_december_2018_is_not_visible_before_january_2019(sources):
    """Over the whole source, not only the window: the index says 2018-12-01, the release is in January."""
    published = credit_spread_observations(sources.frames["credit_spread"])
    assert sources.frames["credit_spread"].index[-1] == pd.Timestamp("2018-12-01")
    visible = published.ts_init_ns < new_york_ns(np.array(["2019-01-01"], dtype="datetime64[D]"), 0)[0]
    assert visible.sum() == len(published) - 1
    assert visible[-2]
    assert published.value[-1] == pytest.approx(0.0111)
    wrong = sources.frames["credit_spread"].index.as_unit("ns").asi8  # negative control: the index as publication
    assert (wrong < day_ns("2019-01-01")).all()


def test_inputs_are_known_before_the_first_bar(demo_catalog):
    first = int(demo_catalog.bar_columns(BARS[0]).ts_close_ns[0])
    assert np.isfinite(demo_catalog.initial_inputs(["wti", "credit_spread"], first)).all()
    spread = demo_catalog.observation_columns("credit_spread")
    assert day_ns("2003-08-01") < spread.ts_init_ns[0] < day_ns("2003-10-01")
    assert spread.ts_init_ns[-1] <= demo_catalog.bar_columns(BARS[0]).ts_close_ns[-1]


@pytest.mark.parametrize("cut", ["2006-05-11", "2009-12-31", "2012-07-04"])
def test_cutting_the_sources_changes_nothing_before_the_cut(demo_catalog, sources, cut, tmp_path):
    catalog = Catalog(tmp_path)
    write_demo(catalog, DemoSources({name: frame.loc[:cut] for name, frame in sources.frames.items()}))
    end = int(catalog.bar_columns(BARS[0]).ts_close_ns[-1])
    assert cut >= str(np.datetime64(end, "ns"))[:10] > "2006"
    stocks = BARS[: len(STOCKS)]
    inputs = [*BARS[len(STOCKS) :], "wti", "credit_spread"]
    whole, part = (each.window(stocks, inputs, 0, end) for each in (demo_catalog, catalog))
    assert len(part.bars) > 1000
    assert part.bars == whole.bars
    assert part.opening_ticks == whole.opening_ticks
    seen = [[(o.ts_event, o.ts_init, o.data) for o in window.observations] for window in (part, whole)]
    assert seen[0] == seen[1]


def test_a_second_build_is_nothing_new(demo_catalog, sources):
    before = demo_catalog.sha256()
    assert not any(write_demo(demo_catalog, sources).values())
    assert demo_catalog.sha256() == before


def test_a_bad_source_is_named_with_its_row_and_nothing_is_written(sources, tmp_path):
    frames = dict(sources.frames)
    frames["sp500"] = frames["sp500"].copy()
    frames["sp500"].loc["2004-08-20", "High"] = 1.0
    catalog = Catalog(tmp_path)
    with pytest.raises(DataError, match=r"^sp500:2: high 1.0"):
        write_demo(catalog, DemoSources(frames))
    assert catalog.names() == Catalog(tmp_path).names() == []


@pytest.mark.parametrize("package", ["bokeh_sampledata", "arch"])
def test_missing_sources_are_one_line_with_the_cure(monkeypatch, package):
    for name in [module for module in sys.modules if module.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=r"is not installed: pip install 'nautilus_ai_firm\[demo\]'$"):
        load_sources()

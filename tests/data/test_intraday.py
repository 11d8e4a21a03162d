"""Synthetic minutes add up to the days they fill, to the last digit, and say that they are synthetic."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.intraday import intraday_bars, write_intraday
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic

DAYS = synthetic_bars(("AAA",), 30, seed=2)["AAA"]


def days_of(bars: BarColumns, days: BarColumns) -> list[list[float]]:
    """Open, high, low, close and volume of each day, from the bars inside it."""
    edges = np.append(np.searchsorted(bars.ts_open_ns, days.ts_open_ns), len(bars))
    spans = [slice(first, last) for first, last in pairwise(edges)]
    return [
        [bars.open[s][0], bars.high[s].max(), bars.low[s].min(), bars.close[s][-1], bars.volume[s].sum()] for s in spans
    ]


def as_rows(days: BarColumns) -> list[list[float]]:
    return np.array([days.open, days.high, days.low, days.close, days.volume]).T.tolist()


@pytest.mark.parametrize(("bar", "per_session"), [("1-MINUTE", 390), ("1-HOUR", 7)])
def test_bars_add_up_to_their_days(bar, per_session):
    bars = intraday_bars(DAYS, bar, seed=1)
    assert len(bars) == 30 * per_session
    check_bars(bars, "inside")
    assert days_of(bars, DAYS) == as_rows(DAYS)
    assert (bars.ts_close_ns[per_session - 1 :: per_session] == DAYS.ts_close_ns).all()


def test_the_comparison_sees_a_cent():
    """The negative control of the test above."""
    bars = intraday_bars(DAYS, "1-HOUR", seed=1)
    moved = BarColumns(**{name: getattr(bars, name) for name in ("ts_open_ns", "ts_close_ns", "open", "low", "volume")},
                       high=bars.high + 0.01, close=bars.close)  # fmt: skip
    assert days_of(moved, DAYS) != as_rows(DAYS)


TICKS = st.integers(1, 10**8)


@settings(max_examples=100)
@given(
    prices=st.lists(TICKS, min_size=4, max_size=4).map(sorted),
    flip=st.booleans(),
    volume=st.integers(0, 10**12),
    bar=st.sampled_from(["1-MINUTE", "1-HOUR"]),
    seed=st.integers(0, 100),
)
def test_any_day_is_met_exactly(prices, flip, volume, bar, seed):
    low, first, second, high = (np.array([tick / 10_000]) for tick in prices)
    opened, closed = (second, first) if flip else (first, second)
    one = DAYS.take(slice(0, 1))
    day = BarColumns(
        ts_open_ns=one.ts_open_ns,
        ts_close_ns=one.ts_close_ns,
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=np.array([float(volume)]),
    )
    bars = intraday_bars(day, bar, seed)
    check_bars(bars, "inside")
    assert days_of(bars, day) == as_rows(day)


def test_minutes_move_as_much_as_their_day():
    """Parkinson's estimate from ranges and the sum of squared minute returns agree, on average over the days."""
    bars = intraday_bars(DAYS, "1-MINUTE", seed=1)
    realised = (np.diff(np.log(bars.close)).reshape(-1)[:-1] ** 2).sum() / len(DAYS)
    parkinson = (np.log(DAYS.high / DAYS.low) ** 2).mean() / (4 * np.log(2))
    assert 0.5 < realised / parkinson < 3


def test_a_day_does_not_depend_on_its_neighbours():
    whole, part = intraday_bars(DAYS, "1-HOUR", seed=1), intraday_bars(DAYS.take(slice(10, 11)), "1-HOUR", seed=1)
    assert np.array_equal(whole.close[70:77], part.close)
    assert not np.array_equal(intraday_bars(DAYS.take(slice(10, 11)), "1-HOUR", seed=2).close, part.close)


def test_the_catalog_keeps_them_apart_from_the_real_ones(tmp_path):
    catalog = Catalog(tmp_path)
    write_synthetic(catalog, {"AAA": DAYS}, venue="XNAS")
    name, new = write_intraday(catalog, "AAA.XNAS-1-DAY-LAST-EXTERNAL", "1-MINUTE", 5, "SYNTH")
    assert (name, new) == ("AAA.SYNTH-1-MINUTE-LAST-EXTERNAL", True)
    assert days_of(catalog.bar_columns(name), DAYS) == as_rows(DAYS)
    assert catalog.record(name).provenance.source == "synthetic (inside AAA.XNAS-1-DAY-LAST-EXTERNAL, seed 5)"
    assert not write_intraday(catalog, "AAA.XNAS-1-DAY-LAST-EXTERNAL", "1-MINUTE", 5, "SYNTH")[1]
    for daily, venue, message in (
        (name, "OTHER", "not a daily series"),
        ("AAA.XNAS-1-DAY-LAST-EXTERNAL", "XNAS", "--venue XNAS is the venue of"),
    ):
        with pytest.raises(DataError, match=message):
            write_intraday(catalog, daily, "1-MINUTE", 5, venue)


def test_the_command(tmp_path):
    def run(*arguments: str):
        return CliRunner().invoke(app, ["catalog", "synth", *arguments, "--catalog", str(tmp_path)])

    made = run("AAA,BBB", "--kind", "jump", "--bar", "1-DAY", "--sessions", "20", "--seed", "9")
    assert made.exit_code == 0
    assert made.output.count("written") == 2
    filled = run(
        "--inside", "AAA.SYNTH-1-DAY-LAST-EXTERNAL", "--venue", "MINI", "--start", "2012-01-10", "--sessions", "2"
    )
    assert filled.output.splitlines()[1].split()[:4] == [
        "AAA.MINI-1-MINUTE-LAST-EXTERNAL", "780", "2012-01-10", "2012-01-11"
    ]  # fmt: skip
    for arguments, message in (
        ((), "SYMBOLS or --inside SERIES"),
        (("A.B",), "symbol 'A.B'"),
        (("AAA", "--start", "soon"), "--start 'soon'"),
        (("--inside", "NOPE"), "unknown series NOPE"),
        (
            ("--inside", "AAA.SYNTH-1-DAY-LAST-EXTERNAL", "--venue", "X", "--start", "2020-01-01"),
            "no day from 2020-01-01",
        ),
    ):
        failed = run(*arguments)
        assert failed.exit_code == 2
        assert message in failed.stderr
        assert len(failed.stderr.splitlines()) == 1

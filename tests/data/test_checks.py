"""A checker follows a file across chunks: bad rows are refused or left out by line, odd ones are told and kept."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.data.checks import MOST_LISTED, BarChecker
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.odd_bars import STALE_BARS
from nautilus_ai_firm.data.synthetic import synthetic_bars

MINUTES = synthetic_bars(("AAA",), 3, "1-MINUTE", seed=2)["AAA"]
LINES = np.arange(2, len(MINUTES) + 2)  # below a header
PLANTED = {"high": 0.5, "low": 1e8, "close": np.nan, "open": -1.0, "volume": np.nan}


def changed(bars: BarColumns, row: int, **values: float) -> BarColumns:
    columns = {field.name: getattr(bars, field.name).copy() for field in fields(bars)}
    for name, value in values.items():
        columns[name][row] = value
    return BarColumns(**columns)


def run(checker: BarChecker, bars: BarColumns, cuts: tuple[int, ...] = ()) -> int:
    kept = 0
    for start, stop in zip((0, *cuts), (*cuts, len(bars)), strict=True):
        kept += len(checker.check(bars.take(slice(start, stop)), LINES[start:stop]))
    checker.finish()
    return kept


def test_good_bars_pass_without_a_word():
    checker = BarChecker("aapl.csv")
    assert run(checker, MINUTES, (100, 700)) == len(MINUTES)
    assert (checker.bad, checker.n_bad, checker.warnings) == ([], 0, [])


@pytest.mark.parametrize("field", PLANTED)
@pytest.mark.parametrize("row", [0, 99, 100, len(MINUTES) - 1])
def test_a_bad_row_is_refused_or_left_out_by_its_line(field, row):
    bars = changed(MINUTES, row, **{field: PLANTED[field]})
    with pytest.raises(DataError, match=rf"^aapl.csv:{row + 2}: \w+ .*\(allowed: "):
        run(BarChecker("aapl.csv"), bars, (100,))
    checker = BarChecker("aapl.csv", skip_bad=True)
    assert run(checker, bars, (100,)) == len(MINUTES) - 1
    assert checker.n_bad == 1
    assert checker.bad[0].startswith(f"aapl.csv:{row + 2}: ")


@pytest.mark.parametrize("cut", [50, 51])
def test_a_repeated_bar_is_named_within_a_chunk_and_across_two(cut):
    order = np.array([*range(51), 50, *range(51, 200)])
    with pytest.raises(DataError, match=r"^aapl.csv:53: bar start .* at or after the close before it"):
        run(BarChecker("aapl.csv"), MINUTES.take(order), (cut,))
    checker = BarChecker("aapl.csv", skip_bad=True)
    assert run(checker, MINUTES.take(order), (cut,)) == 200
    assert checker.n_bad == 1


@settings(max_examples=40)
@given(
    order=st.lists(st.integers(0, 60), min_size=1, max_size=60),
    cut=st.integers(0, 60),
    bad=st.sets(st.integers(0, 59), max_size=5),
)
def test_what_is_kept_can_always_be_written_and_nothing_is_lost(order, cut, bad):
    bars = MINUTES.take(np.array(order))
    for row in bad:
        bars = changed(bars, row % len(order), close=np.nan)
    checker = BarChecker("x.csv", skip_bad=True)
    halves = [bars.take(slice(0, cut)), bars.take(slice(cut, None))]
    kept = [checker.check(half) for half in halves]
    assert sum(map(len, kept)) + checker.n_bad == len(order)
    again = BarChecker("x.csv")
    assert [len(again.check(half)) for half in kept] == [len(half) for half in kept]


@pytest.mark.parametrize(("start", "to", "line"), [(5, 150, 152), (150, 5, 7)])
def test_one_row_in_the_wrong_place_costs_one_row(start, to, line):
    order = list(range(200))
    order.insert(to, order.pop(start))
    checker = BarChecker("aapl.csv", skip_bad=True)
    assert run(checker, MINUTES.take(np.array(order))) == 199
    assert len(checker.bad) == 1
    assert checker.bad[0].startswith(f"aapl.csv:{line}: bar ")


def test_a_file_that_is_mostly_bad_is_refused():
    bars = replace(MINUTES, close=np.where(np.arange(len(MINUTES)) % 2, np.nan, MINUTES.close))
    with pytest.raises(DataError, match=r"^aapl.csv:3: close nan .*; 585 of 1,170 rows are bad \(allowed to be skip"):
        run(BarChecker("aapl.csv", skip_bad=True), bars)


def test_rows_that_are_no_bars_are_listed_with_the_others_up_to_a_limit():
    checker = BarChecker("aapl.csv", skip_bad=True)
    for row in range(MOST_LISTED + 5):
        checker.add_bad(row, "close 'x' (allowed: a number)")
    assert len(checker.bad) == MOST_LISTED
    assert checker.n_bad == MOST_LISTED + 5
    with pytest.raises(DataError, match=r"^aapl.csv:7: close 'x'"):
        BarChecker("aapl.csv").add_bad(7, "close 'x' (allowed: a number)")


def test_a_price_that_the_precision_would_round_to_0_is_refused():
    small = changed(MINUTES, 4, low=0.00004)
    with pytest.raises(DataError, match=r"^aapl.csv:6: low 4e-05 \(allowed: above 0 at 4 decimals"):
        run(BarChecker("aapl.csv"), small)
    assert run(BarChecker("aapl.csv", precision=5), small) == len(MINUTES)


def test_a_spike_is_told_and_kept():
    spike = changed(MINUTES, 500, high=MINUTES.high[500] * 1.5)
    checker = BarChecker("aapl.csv")
    assert run(checker, spike, (300,)) == len(MINUTES)
    assert len(checker.warnings) == 1
    assert checker.warnings[0].startswith("aapl.csv:502: close ")
    assert "more than 20 times the usual move (once; kept)" in checker.warnings[0]


def test_a_night_is_not_an_outlier_but_a_split_is():
    daily = synthetic_bars(("AAA",), 120, seed=5)["AAA"]
    factor = np.where(np.arange(120) < 60, 7.0, 1.0)
    checker = BarChecker("aapl.csv")
    checker.check(daily.adjusted(factor, factor))
    assert checker.warnings[0].startswith("aapl.csv:61: close ")


@pytest.mark.parametrize("cuts", [(), (105,), (110, 111, 115)])
def test_a_stale_run_is_told_wherever_it_is_cut(cuts):
    still = {
        name: np.where((np.arange(len(MINUTES)) >= 100) & (np.arange(len(MINUTES)) < 125), 50.0, getattr(MINUTES, name))
        for name in ("open", "high", "low", "close")
    }
    checker = BarChecker("aapl.csv")
    run(checker, replace(MINUTES, **still), cuts)
    stale = [line for line in checker.warnings if "same four prices" in line]
    assert len(stale) == 1
    assert stale[0].startswith(f"aapl.csv:{100 + STALE_BARS - 1 + 2}: close 50.0 since {STALE_BARS} bars: ")
    assert "(6 rows so; kept)" in stale[0]


def test_zero_volume_is_told_once_and_no_volume_at_all_differently():
    checker = BarChecker("aapl.csv")
    run(checker, changed(changed(MINUTES, 40, volume=0), 41, volume=0))
    assert checker.warnings == ["aapl.csv:42: bar 2012-01-03T15:11:00Z: volume 0 (2 rows so; kept)"]
    index = BarChecker("spx.csv")
    run(index, replace(MINUTES, volume=np.zeros(len(MINUTES))))
    assert index.warnings == ["spx.csv: no bar has any volume (kept)"]

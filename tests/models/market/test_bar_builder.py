"""Decision bars out of five-second ones: whole bars are a resampling, and what may miss a part is not handed out."""

from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from nautilus_ai_firm.models.market.bar_builder import BarBuilder, Part, Span, span_of

PART_NS = 5 * SECOND_NS
OPEN_NS = 1_767_623_400 * SECOND_NS  # 2026-01-05 14:30 UTC
CLOSE_NS = OPEN_NS + 390 * MINUTE_NS
PRICES = st.lists(st.integers(1, 10_000), min_size=1, max_size=80)


def part(place, price, begin_ns=OPEN_NS):
    """Make the part at a place since a time, that goes from a price up and down to the next cent."""
    start_ns = begin_ns + place * PART_NS
    price = Decimal(price) / 100
    return Part(
        start_ns=start_ns, end_ns=start_ns + PART_NS, open=price, high=price + Decimal("0.02"),
        low=price - Decimal("0.01"), close=price + Decimal("0.01"), volume=Decimal(place + 1),
    )  # fmt: skip


def built(parts, length_ns=MINUTE_NS, open_ns=OPEN_NS, close_ns=CLOSE_NS):
    builder, over = BarBuilder(), []
    for one in parts:
        span = span_of(one.end_ns, length_ns, open_ns, close_ns)
        if span is not None:
            over += builder.add(one, span)
    return over


def resampled(parts, minutes=1):
    """Resample by another library: bins that exclude their start and include their end."""
    frame = pd.DataFrame(
        {name: [float(getattr(one, name)) for one in parts] for name in ("open", "high", "low", "close", "volume")},
        index=pd.to_datetime([one.end_ns for one in parts]),
    )
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    bins = frame.resample(f"{minutes}min", closed="right", label="right").agg(how)
    return bins.dropna()


@given(prices=PRICES, begin=st.integers(0, 30), minutes=st.sampled_from([1, 2, 5]))
def test_whole_bars_are_those_of_a_resampling(prices, begin, minutes):
    parts = [part(begin + place, price) for place, price in enumerate(prices)]
    found = built(parts, minutes * MINUTE_NS)
    expected = resampled(parts, minutes)
    ends = pd.DatetimeIndex(expected.index).as_unit("ns").asi8
    whole = (ends - minutes * MINUTE_NS >= parts[0].start_ns) & (ends <= parts[-1].end_ns)
    rows = expected[whole]
    assert [bar.end_ns for bar in found] == ends[whole].tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert [float(getattr(bar, name)) for bar in found] == pytest.approx(rows[name].tolist())
    assert all(bar.end_ns - bar.start_ns == minutes * MINUTE_NS for bar in found)


def test_the_control_a_part_that_counts_for_the_wrong_bar_is_no_resampling():
    parts = [part(place, 100 + place) for place in range(24)]
    late = [replace(one, end_ns=one.end_ns + PART_NS) for one in parts]
    assert [bar.volume for bar in built(late)] != [bar.volume for bar in built(parts)]


def test_a_bar_comes_with_the_part_that_ends_it():
    builder = BarBuilder()
    span = Span(start_ns=OPEN_NS, end_ns=OPEN_NS + MINUTE_NS)
    handed = [len(builder.add(part(place, 100), span)) for place in range(12)]
    assert handed == [0] * 11 + [1]


def test_a_bar_whose_last_part_nobody_sent_comes_with_the_first_of_the_next():
    """A quiet share has no trade in the last five seconds."""
    (bar,) = built([*(part(place, 100) for place in range(11)), part(12, 200)])
    assert (bar.end_ns, bar.volume, bar.high) == (OPEN_NS + MINUTE_NS, Decimal(66), Decimal("1.02"))


def test_a_part_may_end_one_bar_and_be_another_whole_one():
    two = built([*(part(place, 100) for place in range(11)), part(23, 200)])
    assert [bar.end_ns for bar in two] == [OPEN_NS + MINUTE_NS, OPEN_NS + 2 * MINUTE_NS]


def test_minutes_without_any_trade_have_no_bar():
    parts = [*(part(place, 100) for place in range(12)), *(part(place, 100) for place in range(60, 72))]
    assert [bar.end_ns for bar in built(parts)] == [OPEN_NS + MINUTE_NS, OPEN_NS + 6 * MINUTE_NS]


@pytest.mark.parametrize("place", [1, 6, 11])
def test_a_bar_whose_beginning_nobody_heard_is_not_handed_out(place):
    assert [bar.end_ns for bar in built(part(one, 100) for one in range(place, 36))] == [
        OPEN_NS + 2 * MINUTE_NS, OPEN_NS + 3 * MINUTE_NS,
    ]  # fmt: skip


@given(place=st.integers(0, 59), gap=st.integers(0, 24))
def test_after_an_interruption_the_first_whole_bar_is_one_that_began_after_it(place, gap):
    builder, over = BarBuilder(), []
    for one in [part(each, 100 + each) for each in [*range(place), *range(place + gap, 96)]]:
        if one.start_ns == OPEN_NS + (place + gap) * PART_NS:
            builder.interrupt()
        span = span_of(one.end_ns, MINUTE_NS, OPEN_NS, CLOSE_NS)
        assert span is not None
        over += builder.add(one, span)
    back_ns, lost_ns = OPEN_NS + (place + gap) * PART_NS, OPEN_NS + place * PART_NS
    ends = [OPEN_NS + minute * MINUTE_NS for minute in range(1, 9)]
    assert [bar.end_ns for bar in over] == [
        end_ns for end_ns in ends if end_ns <= lost_ns or end_ns - MINUTE_NS >= back_ns
    ]


def test_a_part_that_came_before_is_left_out():
    parts = [part(place, 100 + place) for place in range(12)]
    told_again = [*parts[:6], parts[5], parts[2], *parts[6:]]
    assert built(told_again) == built(parts)
    assert len(built(parts)) == 1


def test_a_daily_bar_is_the_session_also_on_a_half_day():
    half_day_ns = OPEN_NS + 210 * MINUTE_NS
    parts = [part(place, 100) for place in range(210 * 12)]
    (bar,) = built(parts, DAY_NS, close_ns=half_day_ns)
    assert (bar.start_ns, bar.end_ns) == (OPEN_NS, half_day_ns)
    assert bar.volume == sum(range(210 * 12 + 1))
    assert built(parts, DAY_NS) == []  # on a whole day it is not over


def test_hours_are_cut_at_the_open_and_at_the_close():
    half_day_ns = OPEN_NS + 210 * MINUTE_NS
    spans = {span_of(part(place, 1).end_ns, HOUR_NS, OPEN_NS, half_day_ns) for place in range(210 * 12)}
    found = sorted((one.end_ns - one.start_ns) // MINUTE_NS for one in spans if one is not None)
    assert found == [30, 60, 60, 60]
    assert sum(found) == 210


@pytest.mark.parametrize("length_ns", [MINUTE_NS, HOUR_NS, DAY_NS])
def test_what_ends_outside_of_the_session_belongs_to_no_bar(length_ns):
    assert span_of(OPEN_NS, length_ns, OPEN_NS, CLOSE_NS) is None
    assert span_of(CLOSE_NS + 1, length_ns, OPEN_NS, CLOSE_NS) is None
    last = span_of(CLOSE_NS, length_ns, OPEN_NS, CLOSE_NS)
    assert last is not None
    assert last.end_ns == CLOSE_NS


@given(place=st.integers(0, 390 * 12 - 1), length=st.sampled_from([MINUTE_NS, 5 * MINUTE_NS, HOUR_NS, DAY_NS]))
def test_the_span_of_a_part_holds_it_and_lies_in_the_session(place, length):
    one = part(place, 1)
    span = span_of(one.end_ns, length, OPEN_NS, CLOSE_NS)
    assert span is not None
    assert OPEN_NS <= span.start_ns <= one.start_ns < one.end_ns <= span.end_ns <= CLOSE_NS
    assert span.end_ns - span.start_ns <= max(length, CLOSE_NS - OPEN_NS)

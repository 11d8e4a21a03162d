"""Calendars as arrays: half days, daylight saving time, and no dependence on today's date."""

import subprocess
import sys

import exchange_calendars
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.session_cut import cut_to_sessions
from nautilus_ai_firm.data.sessions import Sessions


def ns(text: str) -> int:
    return pd.Timestamp(text).as_unit("ns").value


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


SESSIONS = Sessions.between("XNYS", ns("2013-01-01"), ns("2014-12-31"))


@pytest.mark.parametrize(
    ("date", "opened", "closed"),
    [
        ("2013-11-27", "2013-11-27T14:30Z", "2013-11-27T21:00Z"),
        ("2013-11-29", "2013-11-29T14:30Z", "2013-11-29T18:00Z"),  # half day
        ("2013-07-03", "2013-07-03T13:30Z", "2013-07-03T17:00Z"),  # half day in summer time
        ("2013-03-08", "2013-03-08T14:30Z", "2013-03-08T21:00Z"),  # last session of winter time
        ("2013-03-11", "2013-03-11T13:30Z", "2013-03-11T20:00Z"),  # first session of summer time
        ("2013-11-04", "2013-11-04T14:30Z", "2013-11-04T21:00Z"),  # first session of winter time
    ],
)
def test_session_times_follow_half_days_and_daylight_saving(date, opened, closed):
    assert SESSIONS.open_of(days(date)).tolist() == [ns(opened)]
    assert SESSIONS.close_of(days(date)).tolist() == [ns(closed)]


@pytest.mark.parametrize(
    ("date", "opened", "closed"),
    [
        ("2014-03-07", "2014-03-06T22:00Z", "2014-03-07T22:00Z"),  # the last of winter time
        ("2014-03-10", "2014-03-09T21:00Z", "2014-03-10T21:00Z"),  # from Sunday evening
        ("2014-12-25", "2014-12-24T22:00Z", "2014-12-25T22:00Z"),
    ],
)
def test_currencies_trade_from_evening_to_evening_in_new_york(date, opened, closed):
    sessions = Sessions.between("FX", ns("2014-01-01"), ns("2014-12-31"))
    assert sessions.open_of(days(date)).tolist() == [ns(opened)]
    assert sessions.close_of(days(date)).tolist() == [ns(closed)]
    assert sessions.is_open(ns(opened))
    assert not sessions.open_of(days("2014-03-08", "2014-03-09")).any()  # Saturday and Sunday
    no_monday = sessions.dates.astype(int)[1:] % 7 != 4  # 1970-01-01 was a Thursday
    assert np.array_equal(sessions.opens_ns[1:][no_monday], sessions.closes_ns[:-1][no_monday])


@pytest.mark.parametrize(
    ("calendar", "start", "end", "closed"),
    [
        ("FX", "2014-05-01T20:00Z", "2014-05-02T00:00Z", "2014-05-02T00:00Z"),  # over a close that is an open too
        ("FX", "2014-05-02T20:00Z", "2014-05-03T00:00Z", "2014-05-02T21:00Z"),  # over Friday's
        ("XNYS", "2013-11-29T17:30Z", "2013-11-29T18:30Z", "2013-11-29T18:00Z"),
        ("XNYS", "2013-11-27T20:00Z", "2013-11-29T16:00Z", "2013-11-29T16:00Z"),  # of two sessions
        ("XNYS", "2013-11-27T20:00Z", "2013-11-29T14:30Z", "2013-11-27T21:00Z"),  # up to the open, without any of it
    ],
)
def test_a_bar_is_never_known_before_the_last_session_that_it_has_a_part_of(calendar, start, end, closed):
    sessions = Sessions.between(calendar, ns(start), ns(end))
    begin, finish, inside = cut_to_sessions(sessions, np.array([ns(start)]), np.array([ns(end)]))
    assert (begin.tolist(), finish.tolist(), inside.tolist()) == ([ns(start)], [ns(closed)], [True])


def test_a_date_without_session_has_no_times():
    dates = days("2013-11-28", "2013-11-30", "1999-01-04", "2030-01-02")  # holiday, Saturday, outside of the bounds
    assert not SESSIONS.open_of(dates).any()
    assert not SESSIONS.close_of(dates).any()


def test_next_open_is_strictly_after_and_zero_beyond_the_known():
    friday_open = ns("2013-11-29T14:30Z")
    assert SESSIONS.next_open_ns(friday_open - 1) == friday_open
    assert SESSIONS.next_open_ns(friday_open) == ns("2013-12-02T14:30Z")
    assert SESSIONS.next_open_ns(SESSIONS.opens_ns[-1]) == 0


def test_the_last_close_of_a_window_always_has_a_next_open():
    sessions = Sessions.between("XNYS", ns("2001-09-01"), ns("2001-09-10T20:00Z"))
    assert sessions.next_open_ns(ns("2001-09-10T20:00Z")) == ns("2001-09-17T13:30Z")


def test_a_session_holds_its_open_and_its_close_but_nothing_executes_at_the_close():
    opened, closed = ns("2013-11-29T14:30Z"), ns("2013-11-29T18:00Z")
    times = np.array([opened - 1, opened, closed - 1, closed, closed + 1])
    index = SESSIONS.session_index(times)
    assert index[0] == index[4] == -1
    assert index[1] == index[2] == index[3] > 0
    assert SESSIONS.is_open(times).tolist() == [False, True, True, False, False]
    assert SESSIONS.session_close_ns(times).tolist() == [0, closed, closed, closed, 0]


def test_the_span_of_a_time_is_its_session_with_both_ends_and_none_between_sessions():
    sessions = Sessions.between("XNYS", *[int(np.datetime64("2024-03-05", "ns").astype(np.int64))] * 2)
    for opened, closed in zip(sessions.opens_ns.tolist(), sessions.closes_ns.tolist(), strict=True):
        for ts in (opened, opened + 1, closed):
            assert sessions.span_of(ts) == (opened, closed)
        for ts in (opened - 1, closed + 1):
            assert sessions.span_of(ts) == (0, 0)


def test_where_sessions_touch_a_time_is_of_the_one_that_ends():
    touching = Sessions("24/7", np.arange(3).astype("datetime64[D]"), np.array([0, 10, 20]), np.array([10, 20, 30]))
    assert [touching.span_of(ts) for ts in (0, 10, 11, 20, 30, 31)] == [
        (0, 10), (0, 10), (10, 20), (10, 20), (20, 30), (0, 0),
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*values returning an ndarray")  # inside the calendar library
@given(st.lists(st.integers(ns("2013-01-01"), ns("2014-12-31")), min_size=1, max_size=50))
def test_vectorised_look_ups_agree_with_the_calendar_library(times):
    calendar = exchange_calendars.get_calendar("XNYS", start="2012-12-01", end="2015-02-01")
    minutes = pd.to_datetime(times, unit="ns", utc=True).floor("min")
    expected_open = [calendar.next_open(minute).value for minute in minutes]
    # the library works in minutes and excludes an open that is now, as we do
    at_open = [calendar.is_open_on_minute(minute, ignore_breaks=True) for minute in minutes]
    assert SESSIONS.next_open_ns(np.array(times)).tolist() == expected_open
    assert SESSIONS.is_open(np.array(times)).tolist() == at_open


def test_scalars_and_arrays_give_the_same():
    times = SESSIONS.closes_ns[:5]
    assert [int(SESSIONS.next_open_ns(int(t))) for t in times] == SESSIONS.next_open_ns(times).tolist()


@pytest.mark.parametrize(("calendar", "start", "end"), [("XXXX", 0, 10**18), ("XNYS", 10**18, 0)])
def test_an_impossible_calendar_is_refused_in_one_line(calendar, start, end):
    with pytest.raises(DataError, match=f"^calendar '{calendar}'") as raised:
        Sessions.between(calendar, start, end)
    assert "\n" not in str(raised.value)


MOVED_DATE = """
import sys
import pandas as pd
years = int(sys.argv[1])
today = pd.Timestamp.now() + pd.DateOffset(years=years)
pd.Timestamp.now = staticmethod(lambda tz=None: today if tz is None else today.tz_localize(tz))
pd.Timestamp.today = pd.Timestamp.now
import exchange_calendars
from nautilus_ai_firm.data.sessions import Sessions
start, end = 1_071_000_000_000_000_000, 1_365_000_000_000_000_000
sessions = Sessions.between("XNYS", start, end)
ours = (len(sessions.dates), str(sessions.dates[0]), int(sessions.opens_ns.sum() % 2**61), int(sessions.closes_ns[-1]))
bare = exchange_calendars.get_calendar("XNYS")
print(ours, "|", bare.sessions[0].date(), bare.sessions[-1].date())
"""


def test_sessions_do_not_depend_on_the_system_date():
    """Ten years from now the arrays are the same; a calendar without explicit bounds is not (negative control)."""
    lines = [
        subprocess.run([sys.executable, "-c", MOVED_DATE, years], capture_output=True, text=True, check=True).stdout
        for years in ("0", "10")
    ]
    (ours_now, bare_now), (ours_later, bare_later) = (line.split("|") for line in lines)
    assert ours_now == ours_later
    assert "2003" in ours_now
    assert bare_now != bare_later


@pytest.mark.parametrize(
    ("calendar", "at", "hours", "closes"),
    [
        ("XNYS", "2013-07-03T13:30", 24.0, True),  # a daily bar lasts through the close
        ("XNYS", "2013-11-27T19:00", 1.0, False),
        ("XNYS", "2013-11-27T20:00", 1.0, True),  # it ends with the session
        ("XNYS", "2013-11-29T17:00", 1.0, True),  # half a day
        ("XNYS", "2013-11-28T15:00", 1.0, True),  # a holiday: it is closed
        ("24/7", "2013-11-27T23:30", 24.0, False),
        ("FX", "2013-11-27T21:00", 2.0, False),  # one session ends as the next begins
        ("FX", "2013-11-29T21:00", 2.0, True),  # Friday evening
    ],
)
def test_an_exchange_closes_within_a_time_unless_the_next_session_begins_then(calendar, at, hours, closes):
    sessions = Sessions.between(calendar, ns("2013-01-01"), ns("2014-12-31"))
    assert sessions.closes_within(ns(at), int(hours * 3_600e9)) is closes

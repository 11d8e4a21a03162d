"""A figure is known at its publication, never in its reference period."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.data.publication import daily_in_weekly_report, monthly, new_york_ns


def stamps(times_ns):
    return [str(pd.Timestamp(int(t), tz="UTC").tz_convert("America/New_York")) for t in times_ns]


@pytest.mark.parametrize(
    ("month", "ended", "known"),
    [
        ("2018-12", "2019-01-01 00:00:00-05:00", "2019-01-04 17:00:00-05:00"),  # New Year is no session
        ("2013-06", "2013-07-01 00:00:00-04:00", "2013-07-03 17:00:00-04:00"),  # the third is a half day
        ("2013-10", "2013-11-01 00:00:00-04:00", "2013-11-05 17:00:00-05:00"),  # clocks change between
        ("2001-08", "2001-09-01 00:00:00-04:00", "2001-09-06 17:00:00-04:00"),  # Labor Day
    ],
)
def test_monthly_figures_are_known_on_the_third_session_of_the_next_month(month, ended, known):
    ts_event, ts_init = monthly(np.array([f"{month}-01"], dtype="datetime64[D]"), "XNYS")
    assert stamps(ts_event) == [ended]
    assert stamps(ts_init) == [known]


def test_daily_figures_of_a_weekly_report_are_known_a_week_later():
    ts_event, ts_init = daily_in_weekly_report(np.array(["2013-03-05"], dtype="datetime64[D]"))
    assert stamps(ts_event) == ["2013-03-06 00:00:00-05:00"]
    assert stamps(ts_init) == ["2013-03-12 17:00:00-04:00"]  # clocks changed on the 10th


@settings(max_examples=25)  # each month loads its own calendar
@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2030, 1, 1)))
def test_nothing_is_known_before_its_period_has_ended(day):
    days = np.array([day], dtype="datetime64[D]")
    after_month = new_york_ns((days.astype("datetime64[M]") + np.timedelta64(1, "M")).astype("datetime64[D]"), 0)
    ts_event, ts_init = monthly(days, "XNYS")
    assert after_month == ts_event < ts_init
    ts_event, ts_init = daily_in_weekly_report(days)
    assert new_york_ns(np.array([day + timedelta(days=1)], dtype="datetime64[D]"), 0) == ts_event < ts_init


def test_no_months_have_no_publications():
    ts_event, ts_init = monthly(np.array([], dtype="datetime64[D]"), "XNYS")
    assert len(ts_event) == len(ts_init) == 0

"""Turns the reference period of a published figure into the moment when the period ended and the figure was known."""

import numpy as np
import pandas as pd

from nautilus_ai_firm.data.sessions import Dates, Sessions, Times
from nautilus_ai_firm.durations import DAY_NS

RELEASE_HOUR = 17
"""Hour in New York by which a figure counts as known on its release day: after the close, so for the next session."""

_RELEASE_SESSION = 3  # of the month after the reference month
_RELEASE_WAIT = np.timedelta64(7, "D")
_LONGEST_WAIT_NS = 62 * DAY_NS  # from the first of a month to well inside the next


def monthly(months: Dates, calendar: str) -> tuple[Times, Times]:
    """Compute when a figure for a whole month, such as an average of yields, ends and becomes known.

    Moody's monthly averages stand at the first day of their month in the sources, but cannot be known before the month
    has ended; the Federal Reserve published them in its H.15 release within the first days of the month after.

    Parameters
    ----------
    months : ndarray of shape (n_months,)
        Any date in each reference month.
    calendar : str
        Exchange whose sessions count.

    Returns
    -------
    ts_event_ns, ts_init_ns : ndarray of shape (n_months,)
        Midnight in New York after the month's last day; 17:00 in New York on the third session of the month after.

    """
    following = np.asarray(months, dtype="datetime64[M]") + np.timedelta64(1, "M")
    first_days = following.astype("datetime64[D]")
    if not len(first_days):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    days_ns = first_days.astype("datetime64[ns]").astype(np.int64)
    sessions = Sessions.between(calendar, int(days_ns.min()), int(days_ns.max()) + _LONGEST_WAIT_NS)
    third = np.searchsorted(sessions.dates, first_days) + _RELEASE_SESSION - 1
    return new_york_ns(first_days, 0), new_york_ns(sessions.dates[third], RELEASE_HOUR)


def daily_in_weekly_report(days: Dates) -> tuple[Times, Times]:
    """Compute when a daily figure that a weekly report publishes, such as EIA spot prices, ends and becomes known.

    Returns
    -------
    ts_event_ns, ts_init_ns : ndarray of shape (n_days,)
        Midnight in New York at the end of the day; 17:00 in New York seven calendar days after the day.

    """
    dates = np.asarray(days, dtype="datetime64[D]")
    ended = (dates + np.timedelta64(1, "D")).astype("datetime64[D]")
    released = (dates + _RELEASE_WAIT).astype("datetime64[D]")
    return new_york_ns(ended, 0), new_york_ns(released, RELEASE_HOUR)


def new_york_ns(dates: Dates, hour: int) -> Times:
    """Convert an hour of New York dates to nanoseconds UTC, daylight saving time included."""
    local = pd.DatetimeIndex(np.asarray(dates, dtype="datetime64[D]").astype("datetime64[ns]")) + pd.Timedelta(
        hours=hour
    )
    return local.tz_localize("America/New_York").tz_convert("UTC").as_unit("ns").asi8.copy()

"""The trading week of currencies as an exchange calendar: `FX`, Sunday 17:00 to Friday 17:00 in New York."""

from datetime import time
from zoneinfo import ZoneInfo

import exchange_calendars

FX = "FX"
"""Name of the calendar."""


class FxCalendar(exchange_calendars.ExchangeCalendar):
    """Sessions from Monday to Friday, each from 17:00 New York on the day before to 17:00, without a gap.

    `24/5` of the calendar library begins on Monday at midnight UTC, and so knows no Sunday evening. No day is a
    holiday: the market has no house that closes, and where a source has no rows on Christmas Day a check says so.
    """

    name = FX  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - the library's calendars do so
    tz = ZoneInfo("America/New_York")  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above
    open_times = ((None, time(17)),)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above
    close_times = ((None, time(17)),)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above

    @property
    def open_offset(self) -> int:
        """Days from a session's date to its open."""
        return -1

"""Days in UTC <-> times in nanoseconds."""

from datetime import date

from nautilus_ai_firm.durations import DAY_NS

_FIRST = date(1970, 1, 1).toordinal()


def day_of(ts_ns: int) -> date:
    """Return the day (UTC) of a time."""
    return date.fromordinal(_FIRST + ts_ns // DAY_NS)


def day_ns(day: date) -> int:
    """Return when a day (UTC) begins."""
    return (day.toordinal() - _FIRST) * DAY_NS

"""Lengths of time in nanoseconds, the unit of every time stamp here; a day is 24 hours, whatever the session."""

MS_NS = 1_000_000
SECOND_NS = 1_000 * MS_NS
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

"""Turns an exchange calendar into arrays of session opens and closes, so that a lookup is one binary search."""

import functools
import warnings
from dataclasses import dataclass

import exchange_calendars
import numpy as np
import pandas as pd
from exchange_calendars.errors import CalendarError
from numpy.typing import ArrayLike, NDArray

from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.fx_calendar import FX, FxCalendar
from nautilus_ai_firm.durations import DAY_NS

type Times = NDArray[np.int64]
type Dates = NDArray[np.datetime64]

PAD_DAYS = 15
"""Calendar days known before and after the data window: the longest closure of a large exchange is about ten."""

exchange_calendars.register_calendar_type(FX, FxCalendar)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """Sessions of one exchange between explicit bounds, half days included; a lunch break counts as open.

    Attributes
    ----------
    calendar : str
        ISO 10383 code of the exchange, as `exchange_calendars` names it, or `FX`.
    dates : ndarray of shape (n_sessions,)
        Local date of each session, `datetime64[D]`.
    opens_ns, closes_ns : ndarray of shape (n_sessions,)
        Open and close of each session, nanoseconds UTC.

    """

    calendar: str
    dates: Dates
    opens_ns: Times
    closes_ns: Times

    @classmethod
    def between(cls, calendar: str, start_ns: int, end_ns: int) -> "Sessions":
        """Sessions from `PAD_DAYS` before `start_ns` to `PAD_DAYS` after `end_ns`.

        The bounds are always explicit: the default ones of `exchange_calendars` move with the system date.

        Raises
        ------
        DataError
            If the calendar is unknown or does not reach the bounds.

        """
        first = np.datetime64(int(start_ns) // DAY_NS - PAD_DAYS, "D")
        last = np.datetime64(int(end_ns) // DAY_NS + PAD_DAYS, "D")
        return _load(calendar, str(first), str(last))

    def session_index(self, ts_ns: ArrayLike) -> NDArray[np.intp]:
        """Index of the session that holds each time, open and close included; -1 outside of sessions."""
        ts = np.asarray(ts_ns, dtype=np.int64)
        index = np.searchsorted(self.opens_ns, ts, side="right") - 1
        return np.where((index >= 0) & (ts <= self.closes_ns[index]), index, -1)[()]

    def is_open(self, ts_ns: ArrayLike) -> NDArray[np.bool_]:
        """Whether an order can execute at each time: from the open, inclusive, to the close, exclusive."""
        ts = np.asarray(ts_ns, dtype=np.int64)
        index = self.session_index(ts)
        return ((index >= 0) & (ts < self.closes_ns[index]))[()]

    def next_open_ns(self, ts_ns: ArrayLike) -> Times:
        """First session open strictly after each time, nanoseconds UTC; 0 where the arrays know none."""
        ts = np.asarray(ts_ns, dtype=np.int64)
        return np.append(self.opens_ns, 0)[np.searchsorted(self.opens_ns, ts, side="right")]

    def execution_time_ns(self, ts_ns: ArrayLike) -> Times:
        """Earliest time at which a decision of each time can execute: itself inside a session, else the next open.

        0 where the arrays know no next session.
        """
        ts = np.asarray(ts_ns, dtype=np.int64)
        return np.where(self.is_open(ts), ts, self.next_open_ns(ts))[()]

    def session_close_ns(self, ts_ns: ArrayLike) -> Times:
        """Close of the session that holds each time, nanoseconds UTC; 0 outside of sessions."""
        index = self.session_index(ts_ns)
        return np.where(index >= 0, self.closes_ns[index], 0)[()]

    def closes_within(self, ts_ns: int, length_ns: int) -> bool:
        """Whether the exchange closes within so long after a time, or is closed then.

        Where one session begins as another one ends, the exchange does not close.
        """
        close_ns = int(self.session_close_ns(ts_ns))
        while close_ns and close_ns <= ts_ns + length_ns and bool(self.is_open(close_ns)):
            close_ns = int(self.session_close_ns(close_ns))
        return close_ns <= ts_ns + length_ns

    def span_of(self, ts_ns: int) -> tuple[int, int]:
        """Open and close of the session that holds a time, both ends included, nanoseconds UTC; zeros outside.

        Where one session ends as the next one begins, a time belongs to the one that ends: so does the bar that closes
        then.
        """
        index = int(np.searchsorted(self.closes_ns, ts_ns, side="left"))
        if index == len(self.closes_ns) or ts_ns < self.opens_ns[index]:
            return 0, 0
        return int(self.opens_ns[index]), int(self.closes_ns[index])

    def open_of(self, dates: Dates) -> Times:
        """Open of the session of each local date, nanoseconds UTC; 0 where the date is no session."""
        return self._of(dates, self.opens_ns)

    def close_of(self, dates: Dates) -> Times:
        """Close of the session of each local date, nanoseconds UTC; 0 where the date is no session."""
        return self._of(dates, self.closes_ns)

    def _of(self, dates: Dates, times_ns: Times) -> Times:
        days = np.asarray(dates, dtype="datetime64[D]")
        index = np.minimum(np.searchsorted(self.dates, days), len(self.dates) - 1)
        return np.where(self.dates[index] == days, times_ns[index], 0)[()]


def canonical_calendar(name: str) -> str | None:
    """Name of the calendar that a name or an alias such as XNAS stands for; none where there is no such calendar."""
    try:
        return exchange_calendars.resolve_alias(name)
    except CalendarError:
        return None


def time_zone_of(calendar: str) -> str:
    """Name of the time zone of an exchange.

    Raises
    ------
    DataError
        If the calendar is unknown.

    """
    return _source(calendar, "2020-01-01", "2020-02-01").tz.key


@functools.lru_cache(maxsize=32)
def _load(calendar: str, first: str, last: str) -> Sessions:
    source = _source(calendar, first, last)
    dates = pd.DatetimeIndex(source.schedule.index).to_numpy().astype("datetime64[D]")
    opens = _nanoseconds(source.opens)
    closes = _nanoseconds(source.closes)
    for array in (dates, opens, closes):
        array.flags.writeable = False  # the arrays are shared by everyone who asks for the same window
    return Sessions(calendar, dates, opens, closes)


def _source(calendar: str, first: str, last: str) -> exchange_calendars.ExchangeCalendar:
    try:
        with warnings.catch_warnings():
            # the calendar library reads its own schedule in a way that pandas is about to change
            warnings.filterwarnings("ignore", message="Series.values returning an ndarray", category=DeprecationWarning)
            return exchange_calendars.get_calendar(calendar, start=first, end=last)
    except (CalendarError, ValueError) as error:
        raise DataError(f"calendar {calendar!r} from {first} to {last}: {' '.join(str(error).split())}") from error


def _nanoseconds(times: pd.Series) -> Times:
    return pd.DatetimeIndex(times).as_unit("ns").asi8.copy()

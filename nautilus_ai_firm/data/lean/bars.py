"""Turns rows of LEAN files into bars of one price type, cut at the sessions of an exchange."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.lean.batches import Resolution
from nautilus_ai_firm.data.lean.rows import PRICES, LeanRows
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.session_cut import cut_to_sessions
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS

type Daily = Literal["session", "midnight"]
"""What a daily bar is: the session of its date, or what lies between two midnights whatever the sessions are."""

_SIZE_NS = {"daily": DAY_NS, "hour": HOUR_NS, "minute": MINUTE_NS}
_PREFIX: dict[PriceType, str] = {"LAST": "", "BID": "bid_", "ASK": "ask_"}


@dataclass(frozen=True, slots=True, eq=False)
class CutBars:
    """Bars of one price type.

    Attributes
    ----------
    bars : BarColumns
        Rows inside sessions that have this price.
    row : ndarray of shape (n_bars,)
        Row of each bar.
    outside, absent : int
        Rows outside of sessions, and rows inside without this price.

    """

    bars: BarColumns
    row: NDArray[np.intp]
    outside: int
    absent: int


def cut_bars(
    rows: LeanRows,
    price_type: PriceType,
    resolution: Resolution,
    calendar: str,
    price_unit: float,
    daily: Daily = "session",
) -> CutBars:
    """Make bars, and check each against its file.

    Parameters
    ----------
    rows : LeanRows
        The rows; a time is the start of a bar.
    price_type : {"LAST", "BID", "ASK"}
        Which prices; the volume of a bid or an ask is the size quoted at the close.
    resolution : {"daily", "hour", "minute"}
        A daily bar is what `daily` says. Another one starts at its time or at the open, and closes one size later or at
        the session's close, half days included.
    calendar : str
        Exchange whose sessions count.
    price_unit : float
        What one unit of currency is written as.
    daily : {"session", "midnight"}
        The session of its date, or the parts of sessions from midnight to midnight in the time zone of the data.

    Raises
    ------
    DataError
        Naming file and line of the first bad row.

    """
    prefix = _PREFIX[price_type]
    size = rows.values["volume" if price_type == "LAST" else f"{prefix}size"]
    days = rows.local.astype("datetime64[D]")
    days_ns = days.astype("datetime64[ns]").astype(np.int64)
    sessions = Sessions.between(calendar, int(days_ns.min()), int(days_ns.max()))
    if resolution == "daily" and daily == "session":
        ts_open, ts_close = sessions.open_of(days), sessions.close_of(days)
        inside = ts_open > 0
    else:
        end_ns = rows.start_ns + _SIZE_NS[resolution]
        ts_open, ts_close, inside = cut_to_sessions(sessions, rows.start_ns, end_ns)
    prices = np.array([rows.values[prefix + name] for name in PRICES])
    # a quote without this side is empty or 0; a trade of 0 is a fault, which the check below names
    quoted = np.ones(len(rows), dtype=bool) if price_type == "LAST" else (np.nan_to_num(prices) != 0).any(axis=0)
    row = np.flatnonzero(inside & quoted)
    opened, high, low, close = prices[:, row] / price_unit
    bars = BarColumns(
        ts_open_ns=ts_open[row],
        ts_close_ns=ts_close[row],
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=np.nan_to_num(size[row]) if price_type != "LAST" else size[row],
    )
    for member, span in rows.spans():
        part = slice(*np.searchsorted(row, [span.start, span.stop]))
        if part.start < part.stop:
            check_bars(bars.take(part), rows.origins[member], rows.line[row[part]])
    return CutBars(bars, row, int((~inside).sum()), int((inside & ~quoted).sum()))

"""Turns the bars of a series into one row of bins a session, by the exchange's calendar."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns, Floats
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.sessions import Dates, Sessions
from nautilus_ai_firm.durations import MINUTE_NS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionVolume:
    """Volume of sessions of one length, bin by bin.

    Attributes
    ----------
    bin_minutes : int
        Length of a bin, minutes.
    dates : ndarray of shape (n_sessions,)
        Local date of each session.
    volume : ndarray of shape (n_sessions, n_bins)
        Units traded; 0 where no bar closed in the bin.
    value : ndarray of shape (n_sessions, n_bins)
        Σ volume x price of a bar, (high + low + close) / 3: over the volume it is the VWAP as bars tell it.
    left_out : tuple of str
        One line a session that is not here, and why.

    """

    bin_minutes: int
    dates: Dates
    volume: Floats
    value: Floats
    left_out: tuple[str, ...]


def session_volume(bars: BarColumns, sessions: Sessions, bin_minutes: int) -> SessionVolume:
    """Add up bars by session and bin.

    Only sessions of the usual length are here, the one that most sessions with bars have, the longer one of two: the
    curve of a half day is another. Nor is a session that begins late or ends early in the data, so that its first or
    last bin is empty. Bars outside of sessions do not count.

    Parameters
    ----------
    bars : BarColumns
        Bars not longer than a bin.
    sessions : Sessions
        Opens and closes.
    bin_minutes : int
        Length of a bin, minutes, above 0; the last bin of a session may be shorter.

    Raises
    ------
    DataError
        Bars longer than a bin, or none inside of a session.

    """
    bin_ns = bin_minutes * MINUTE_NS
    if bin_minutes < 1 or bool((bars.ts_close_ns - bars.ts_open_ns > bin_ns).any()):
        raise DataError(f"bins of {bin_minutes} minutes (allowed: from 1, and no shorter than the bars)")
    index = np.atleast_1d(sessions.session_index(bars.ts_open_ns))
    in_session = (index >= 0) & (bars.ts_close_ns <= sessions.closes_ns[index])
    inside, index = bars.take(in_session), index[in_session]
    seen, row = np.unique(index, return_inverse=True)
    if not len(seen):
        raise DataError(f"{len(bars)} bars, none of them in a session of {sessions.calendar}")
    lengths = sessions.closes_ns[seen] - sessions.opens_ns[seen]
    kinds, counts = np.unique(lengths, return_counts=True)
    usual = int(kinds[counts == counts.max()].max())
    n_bins = -(-int(lengths.max()) // bin_ns)
    place = (inside.ts_close_ns - 1 - sessions.opens_ns[index]) // bin_ns
    volume, value = np.zeros((2, len(seen), n_bins))
    np.add.at(volume, (row, place), inside.volume)
    np.add.at(value, (row, place), inside.volume * (inside.high + inside.low + inside.close) / 3)
    usual_bins = -(-usual // bin_ns)
    is_usual = lengths == usual
    is_torn = is_usual & ((volume[:, 0] == 0) | (volume[:, usual_bins - 1] == 0))
    dates = sessions.dates[seen]
    left_out = [
        f"{date}: {length / MINUTE_NS:g} minutes, not {usual / MINUTE_NS:g}"
        for date, length in zip(dates[~is_usual], lengths[~is_usual].tolist(), strict=True)
    ]
    left_out += [f"{date}: no volume in its first or its last bin" for date in dates[is_torn]]
    kept = is_usual & ~is_torn
    return SessionVolume(
        bin_minutes=bin_minutes,
        dates=dates[kept],
        volume=volume[kept, :usual_bins],
        value=value[kept, :usual_bins],
        left_out=tuple(sorted(left_out)),
    )

"""Closes of rounds become sessions: where bars are intraday, a long silence is a night."""

from nautilus_ai_firm.durations import HOUR_NS


class SessionCount:
    """Number of the session that each round belongs to, told from the times of the rounds alone.

    Bars are intraday once two rounds came less than the gap apart. From then on a round that comes the gap or more
    after the one before it opens a session. Daily and longer bars never come so close, so all of them are in one
    session: the night is part of a daily bar's move.

    Parameters
    ----------
    gap_hours : float
        Shortest silence between two sessions, hours; longer than a lunch break or a feed's daily pause, shorter than
        the shortest night.

    Attributes
    ----------
    number : int
        Session of the last round, from 0.

    Raises
    ------
    ValueError
        A gap that is not above 0.

    Notes
    -----
    The first night passes unseen if it follows the very first round: nothing has shown by then that bars are intraday.

    """

    def __init__(self, gap_hours: float) -> None:
        if not gap_hours > 0:
            raise ValueError(f"gap_hours is {gap_hours}, allowed is above 0")
        self._gap_ns = round(gap_hours * HOUR_NS)
        self._intraday = False
        self._ts_ns: int | None = None
        self.number = 0

    def update(self, ts_ns: int) -> int:
        """Take the close of a round, nanoseconds UTC, and return the number of its session."""
        silence = 0 if self._ts_ns is None else ts_ns - self._ts_ns
        self._ts_ns = ts_ns
        if silence >= self._gap_ns:
            self.number += int(self._intraday)
        elif silence > 0:
            self._intraday = True
        return self.number

"""Turns the intervals of bars into the parts of them that lie inside exchange sessions."""

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.sessions import Sessions, Times


def cut_to_sessions(sessions: Sessions, start_ns: Times, end_ns: Times) -> tuple[Times, Times, NDArray[np.bool_]]:
    """Cut intervals at the open of the first session that ends after they start, and at the close of the last one.

    Most have a part of one session. Where sessions follow without a gap (futures, currencies), or an interval is longer
    than what lies between them, it ends with the last that it has a part of: its prices were not known before.

    Parameters
    ----------
    sessions : Sessions
        Half days included.
    start_ns, end_ns : ndarray of shape (n_bars,)
        Start and end of each bar, nanoseconds UTC.

    Returns
    -------
    ts_open_ns, ts_close_ns : ndarray of shape (n_bars,)
        The parts inside; meaningless where there is none.
    inside : ndarray of bool, shape (n_bars,)
        Whether any part is inside.

    """
    at = np.minimum(np.searchsorted(sessions.closes_ns, start_ns, side="right"), len(sessions.dates) - 1)
    ts_open = np.maximum(sessions.opens_ns[at], start_ns)
    last = np.maximum(np.searchsorted(sessions.opens_ns, end_ns, side="left") - 1, at)
    ts_close = np.minimum(sessions.closes_ns[last], end_ns)
    return ts_open, ts_close, ts_open < ts_close

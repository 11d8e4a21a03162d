"""Bars and the exchange calendar -> the first bar that says it was closed before it can have been.

What the catalog says of the time is what a run goes by: no other future can show that it is wrong.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.research.lookahead.findings import Leak, Method
from nautilus_ai_firm.settings import bar_length_ns


def first_early_stamp(catalog: Catalog, names: Iterable[str], bar: str, rounds_ns: NDArray[np.int64]) -> Leak | None:
    """Find the earliest bar of a run that is stamped before its end by the calendar of its exchange.

    Parameters
    ----------
    catalog : Catalog
        The market of the run.
    names : iterable of str
        Series of bars and figures; figures have no calendar, and are refused at ingest where they come out before
        their period is over.
    bar : str
        Size of the bars.
    rounds_ns : ndarray of shape (n_rounds,)
        Rounds of the run, nanoseconds UTC.

    """
    found: list[tuple[int, str]] = []
    for name in names:
        record = catalog.record(name)
        if not isinstance(record, BarRecord):
            continue
        bars = catalog.bar_columns(name, 0, int(rounds_ns[-1]))
        sessions = Sessions.between(record.listing.calendar, int(bars.ts_open_ns[0]), int(bars.ts_close_ns[-1]))
        early = np.flatnonzero(_early(bars, sessions, bar))
        found += [(int(bars.ts_close_ns[place]), name) for place in early[:1]]
    if not found:
        return None
    ts_ns, name = min(found)
    return Leak(
        method=Method.STAMPS,
        ts_ns=ts_ns,
        round=int(np.searchsorted(rounds_ns, ts_ns)) + 1,
        desk="catalog",
        who=(name,),
        detail=f"a bar is stamped {utc(ts_ns)}, before its session or its time is over",
    )


def _early(bars: BarColumns, sessions: Sessions, bar: str) -> NDArray[np.bool_]:
    inside = sessions.session_index(bars.ts_open_ns) >= 0
    ends_ns = sessions.session_close_ns(bars.ts_open_ns)
    if bar.endswith("DAY"):  # a day stands at the close of a session, or covers one
        return ~np.isin(bars.ts_close_ns, sessions.closes_ns) & ~(inside & (bars.ts_close_ns >= ends_ns))
    length_ns = bar_length_ns(bar)
    due_ns = np.minimum(bars.ts_open_ns // length_ns * length_ns + length_ns, ends_ns)
    # stamped at the start: something ends as the session opens, and nothing as it closes
    at_open, at_close = (np.isin(bars.ts_close_ns, one) for one in (sessions.opens_ns, sessions.closes_ns))
    return (inside & (bars.ts_close_ns < due_ns)) | (at_open & ~inside & ~at_close.any())

"""Turns a series of the catalog into a list of what is odd about it: missing sessions, overlaps, breaks at splits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.checks import BarChecker
from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.sessions import Sessions

SHOWN = 5
"""Dates of one kind that a finding names; the others are counted."""

LARGEST_MOVE_AT_SPLIT = 0.15
"""Log return over an action's date beyond which an adjusted series looks as if the action were not in it."""

_SAME_CLOSE = 0.02  # daily and intraday closes differ by the closing auction; a split differs by a half and more


def inspect(catalog: Catalog, name: str) -> list[str]:
    """Look at one series.

    Parameters
    ----------
    catalog : Catalog
        Where it is; series of the same instrument are compared with it.
    name : str
        Its name.

    Returns
    -------
    list of str
        One line a finding; empty where all is well.

    Raises
    ------
    CatalogError
        If the series is unknown, or a file of it is missing or was changed.

    """
    record = catalog.record(name)
    catalog.verify(name)
    if not isinstance(record, BarRecord):
        return []  # figures and notices follow no calendar
    bars = catalog.bar_columns(name)
    checker = BarChecker(name, skip_bad=True, precision=record.price_precision)
    checker.check(bars)
    return [*checker.bad, *checker.warnings, *_session_findings(record, bars), *_basis_findings(catalog, record, bars)]


def _session_findings(record: BarRecord, bars: BarColumns) -> Iterator[str]:
    first, last = int(bars.ts_open_ns[0]), int(bars.ts_close_ns[-1])
    sessions = Sessions.between(record.listing.calendar, first, last)
    whole = (sessions.closes_ns > first) & (sessions.opens_ns < last)
    # a bar is in a session if any of it is: daily bars of markets that never close span more than their session
    begin = np.searchsorted(bars.ts_close_ns, sessions.opens_ns, side="right")
    end = np.searchsorted(bars.ts_open_ns, sessions.closes_ns, side="left")
    missing = sessions.dates[whole & (end <= begin)]
    if missing.size:
        total = int(whole.sum())
        yield (
            f"{record.name}: {missing.size:,} of {total:,} sessions of {record.listing.calendar} have no bar "
            f"({_shown(missing)})"
        )
    index = np.searchsorted(sessions.closes_ns, bars.ts_open_ns, side="right")
    outside = bars.ts_close_ns <= sessions.opens_ns[np.minimum(index, len(sessions.dates) - 1)]
    if outside.any():
        dates = bars.ts_close_ns[outside].astype("datetime64[ns]").astype("datetime64[D]")
        yield (
            f"{record.name}: {int(outside.sum()):,} bars lie outside of {record.listing.calendar} sessions "
            f"({_shown(np.unique(dates))})"
        )


def _basis_findings(catalog: Catalog, record: BarRecord, bars: BarColumns) -> Iterator[str]:
    for other in catalog.names():
        peer = catalog.record(other)
        if isinstance(peer, BarRecord) and peer.instrument_id == record.instrument_id and other != record.name:
            yield from _overlap_findings(record, bars, other, catalog.bar_columns(other))
    if record.provenance.adjustment == "raw" or record.provenance.actions is None:
        return
    dates = np.array([action.date for action in record.provenance.actions], dtype="datetime64[D]")
    days = bars.ts_open_ns.astype("datetime64[ns]").astype("datetime64[D]")
    for action, at in zip(record.provenance.actions, np.searchsorted(days, dates).tolist(), strict=True):
        if 0 < at < len(bars):
            move = float(np.log(bars.close[at] / bars.close[at - 1]))
            if abs(move) > LARGEST_MOVE_AT_SPLIT:
                yield (
                    f"{record.name}: adjusted, but moves {move:+.1%} (log) over the corporate action on {action.date} "
                    f"(split factor {action.split_factor:g}; expected within {LARGEST_MOVE_AT_SPLIT:.0%})"
                )


def _overlap_findings(record: BarRecord, bars: BarColumns, other: str, peer: BarColumns) -> Iterator[str]:
    if "-LAST-" not in record.name or "-LAST-" not in other:
        return  # bids and asks differ from trades, and should
    _, mine, theirs = np.intersect1d(bars.ts_close_ns, peer.ts_close_ns, assume_unique=True, return_indices=True)
    gap = np.abs(bars.close[mine] / peer.close[theirs] - 1)
    wrong = gap > _SAME_CLOSE
    if wrong.any():
        at = int(mine[int(np.argmax(wrong))])
        yield (
            f"{record.name}: {int(wrong.sum()):,} of {mine.size:,} closes it shares with {other} differ by more than "
            f"{_SAME_CLOSE:.0%} (the first at {utc(bars.ts_close_ns[at])})"
        )


def _shown(dates: NDArray[Any]) -> str:
    text = ", ".join(str(day) for day in dates[:SHOWN])
    return text if dates.size <= SHOWN else f"{text} and {dates.size - SHOWN:,} more"

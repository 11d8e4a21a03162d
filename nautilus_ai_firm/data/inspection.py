"""Turns a series of the catalog into a list of what is odd about it: missing sessions, overlaps, breaks at splits."""

from collections.abc import Iterable, Iterator
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


def inspect(catalog: Catalog, names: Iterable[str]) -> Iterator[str]:
    """Look at series, one after the other.

    Parameters
    ----------
    catalog : Catalog
        Where it is; series of the same instrument are compared with it.
    names : iterable of str
        Their names.

    Yields
    ------
    str
        One line a finding; none where all is well.

    Raises
    ------
    CatalogError
        If the series is unknown, or a file of it is missing or was changed.

    """
    sizes: dict[str, list[str]] = {}
    for name in catalog.names():
        record = catalog.record(name)
        if isinstance(record, BarRecord) and "-LAST-" in name:  # bids and asks differ from trades, and should
            sizes.setdefault(record.instrument_id, []).append(name)
    for name in names:
        record = catalog.record(name)
        catalog.verify(name)
        if not isinstance(record, BarRecord):
            continue  # figures and notices follow no calendar
        bars = catalog.bar_columns(name)
        checker = BarChecker(name, skip_bad=True, precision=record.price_precision)
        checker.check(bars)
        yield from (*checker.bad, *checker.warnings)
        if record.actions_unknown:
            yield f"{name}: raw, and its splits and dividends are unknown: a run that trades it is refused"
        yield from _session_findings(record, bars)
        yield from _action_findings(record, bars)
        if "-LAST-" in name:
            for other in sizes[record.instrument_id]:
                if other != name:
                    yield from _overlap_findings(record, bars, other, catalog.bar_columns(other))


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


def _action_findings(record: BarRecord, bars: BarColumns) -> Iterator[str]:
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

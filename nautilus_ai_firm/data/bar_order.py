"""Bars that are out of order -> the fewest that are in the way of the others."""

import bisect

import numpy as np

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.data.series_faults import order_fault


def out_of_order(opens: list[int], closes: list[int], after_ns: int | None) -> list[tuple[int, str]]:
    """Find the fewest bars without which the others follow one another, and say what each is in the way of.

    The longest chain of bars in which each starts at or after the close before it, by patience sorting; row by row,
    but only for a chunk in which something is out of order. Of two bars of one time the first stays.

    Parameters
    ----------
    opens, closes : list of int
        Start and close of each bar as the file has them, nanoseconds UTC.
    after_ns : int or None
        Close of the bar before the first one, where these bars continue a series.

    Returns
    -------
    list of (int, str)
        Index of each bar that has to go, ascending; its value and what is allowed.

    """
    floor = np.iinfo(np.int64).min if after_ns is None else after_ns
    ends: list[int] = []  # smallest close of any chain of each length
    lasts: list[int] = []  # and the bar that has it
    before: list[int] = []
    for at, (opened, closed) in enumerate(zip(opens, closes, strict=True)):
        length = bisect.bisect_right(ends, opened) if opened >= floor else -1
        before.append(lasts[length - 1] if length > 0 else -1)
        if length == len(ends):
            ends.append(closed)
            lasts.append(at)
        elif length >= 0 and closed < ends[length]:
            ends[length], lasts[length] = closed, at
    chain: set[int] = set()
    at = lasts[-1] if lasts else -1
    while at >= 0:
        chain.add(at)
        at = before[at]
    found: list[tuple[int, str]] = []
    latest = floor
    following = sorted(chain)
    for at, (opened, closed) in enumerate(zip(opens, closes, strict=True)):
        if at in chain:
            latest = closed
        elif opened < latest:
            found.append((at, order_fault(opened, latest)))
        else:
            next_start = opens[following[bisect.bisect_right(following, at)]]
            found.append((at, f"bar close {utc(closed)} (allowed: at or before the bars below it, {utc(next_start)})"))
    return found

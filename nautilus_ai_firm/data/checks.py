"""Turns a stream of raw bars into checked ones: what no market can have made is refused or left out, the odd is told.

One `BarChecker` follows one file: it carries what it must know across chunks, so that memory follows the chunk.
"""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import (
    PRICE_PRECISION,
    BarColumns,
    Floats,
    Rows,
    bar_faults,
    check_bars,
    order_fault,
    utc,
)
from nautilus_ai_firm.data.errors import DataError

OUTLIER_SCALES = 20.0
"""A move is an outlier beyond this many times the usual one (median absolute return): 13 standard deviations."""

STALE_BARS = 20
"""So many bars in a row that repeat all four prices are a stale run."""

MOST_LISTED = 10_000
"""Bad rows whose text is kept; the others are counted."""

_FEWEST_MOVES = 30  # from which a usual move can be told
_LEAST_USUAL = 1e-5  # a tenth of a basis point: below it any tick would be an outlier


@dataclass(slots=True)
class _Tally:
    """How often something odd was seen, and where first."""

    count: int = 0
    row: int = 0
    text: str = ""

    def add(self, which: NDArray[np.bool_], lines: Rows, what: Callable[[int], str]) -> None:
        found = np.flatnonzero(which)
        if found.size and not self.count:
            self.row, self.text = int(lines[found[0]]), what(int(found[0]))
        self.count += int(found.size)


@dataclass(slots=True)
class BarChecker:
    """Checks the bars of one file, chunk by chunk.

    Attributes
    ----------
    origin : str
        The file.
    skip_bad : bool
        Leave bad rows out and list them, instead of refusing the file at the first one.
    precision : int
        Decimals at which prices will be kept.
    bad : list of str
        What was left out: one line a row, `file:line: value (allowed: …)`; at most `MOST_LISTED`.
    n_bad : int
        How many rows were left out.

    """

    origin: str
    skip_bad: bool = False
    precision: int = PRICE_PRECISION
    bad: list[str] = field(default_factory=list)
    n_bad: int = 0
    _n_good: int = 0
    _n_seen: int = 0
    _last: BarColumns | None = None  # last good bar
    _outliers: _Tally = field(default_factory=_Tally)
    _stale: _Tally = field(default_factory=_Tally)
    _silent: _Tally = field(default_factory=_Tally)
    _repeats: int = 0  # bars up to the last one that repeat the prices before them

    def check(self, bars: BarColumns, rows: Rows | None = None) -> BarColumns:
        """Check the next chunk.

        Parameters
        ----------
        bars : BarColumns
            As the file has them, not rounded.
        rows : ndarray of shape (n_bars,), optional
            Line of each bar in the file; counted from 1 over all chunks when absent.

        Returns
        -------
        BarColumns
            The good bars: all of them, unless bad ones are skipped.

        Raises
        ------
        DataError
            Naming file, line, value and what is allowed, unless bad rows are skipped.

        """
        lines = np.arange(self._n_seen + 1, self._n_seen + len(bars) + 1) if rows is None else rows
        self._n_seen += len(bars)
        after_ns = None if self._last is None else int(self._last.ts_close_ns[0])
        if self.skip_bad:
            good = self._good(bars, lines, after_ns)
            bars, lines = bars.take(good), lines[good]
        else:
            check_bars(bars, self.origin, lines, after_ns=after_ns, precision=self.precision)
        if len(bars):
            self._look(bars, lines)
            self._last = bars.take(slice(len(bars) - 1, None))
            self._n_good += len(bars)
        return bars

    def add_bad(self, row: int, text: str) -> None:
        """Leave out a row that is not even a bar.

        Raises
        ------
        DataError
            Unless bad rows are skipped.

        """
        line = f"{self.origin}:{row}: {text}"
        if not self.skip_bad:
            raise DataError(line)
        self.n_bad += 1
        if len(self.bad) < MOST_LISTED:
            self.bad.append(line)

    def finish(self) -> None:
        """Refuse a file of which half or more had to be left out: it is not what it was taken for.

        Raises
        ------
        DataError
            Naming how many rows were bad, and the first of them.

        """
        if self.n_bad and self.n_bad >= self._n_good:
            raise DataError(
                f"{self.bad[0]}; {self.n_bad:,} of {self.n_bad + self._n_good:,} rows are bad "
                "(allowed to be skipped: fewer than half)"
            )

    @property
    def warnings(self) -> list[str]:
        """What was kept although it looks odd: one line a kind, with the first row of it."""
        silent = self._silent
        all_silent = silent.count == self._n_good
        told = [
            (self._outliers, f"more than {OUTLIER_SCALES:.0f} times the usual move"),
            (self._stale, f"the {STALE_BARS}th or later bar in a row with the same four prices"),
            (_Tally() if all_silent else silent, "volume 0"),
        ]
        lines = [
            f"{self.origin}:{tally.row}: {tally.text}: {what} ({_times(tally.count)}; kept)"
            for tally, what in told
            if tally.count
        ]
        if all_silent and silent.count:
            lines.append(f"{self.origin}: no bar has any volume (kept)")
        return lines

    def _good(self, bars: BarColumns, lines: Rows, after_ns: int | None) -> NDArray[np.bool_]:
        texts: dict[int, str] = {}
        for wrong, what in bar_faults(bars, self.precision):
            for index in np.flatnonzero(wrong).tolist():
                texts.setdefault(index, what(index))
        good = np.ones(len(bars), dtype=np.bool_)
        good[list(texts)] = False
        index = np.flatnonzero(good)
        opens, closes = bars.ts_open_ns[index], bars.ts_close_ns[index]
        if index.size and ((opens[1:] < closes[:-1]).any() or (after_ns is not None and opens[0] < after_ns)):
            for at, text in _out_of_order(opens.tolist(), closes.tolist(), after_ns):
                good[index[at]] = False
                texts[int(index[at])] = text
        for at in sorted(texts):
            self.add_bad(int(lines[at]), texts[at])
        return good

    def _look(self, bars: BarColumns, lines: Rows) -> None:
        last = self._last
        before = bars.take(slice(0, 1)) if last is None else last
        self._look_for_outliers(bars, before, lines)
        same = np.ones(len(bars), dtype=np.bool_)
        for name in ("open", "high", "low", "close"):
            price: Floats = getattr(bars, name)
            same &= price == np.append(getattr(before, name), price[:-1])
        if last is None:
            same[0] = False
        position = np.arange(len(bars))
        broken = np.maximum.accumulate(np.where(same, -1, position))
        run = np.where(broken >= 0, position - broken, position + 1 + self._repeats) + 1
        self._repeats = int(run[-1]) - 1
        self._stale.add(run >= STALE_BARS, lines, lambda i: f"close {bars.close[i]} since {run[i]} bars")
        self._silent.add(bars.volume == 0, lines, lambda i: f"bar {utc(bars.ts_close_ns[i])}")

    def _look_for_outliers(self, bars: BarColumns, before: BarColumns, lines: Rows) -> None:
        closes = np.append(before.close, bars.close[:-1])
        moves = np.abs(np.log(bars.close / closes))
        spikes = np.log(bars.high / np.maximum(bars.open, bars.close)) + np.log(
            np.minimum(bars.open, bars.close) / bars.low
        )
        # moves over a night are of another kind than those from one bar to the next
        waited = bars.ts_open_ns > np.append(before.ts_close_ns, bars.ts_close_ns[:-1])
        odd = np.zeros(len(bars), dtype=np.bool_)
        for kind in (waited, ~waited):
            odd |= kind & _beyond(moves, moves[kind])
        odd |= _beyond(spikes, spikes)
        self._outliers.add(
            odd, lines, lambda i: f"close {bars.close[i]} after {closes[i]}, high {bars.high[i]}, low {bars.low[i]}"
        )


def _beyond(sizes: Floats, peers: Floats) -> NDArray[np.bool_]:
    if peers.size < _FEWEST_MOVES:
        return np.zeros(len(sizes), dtype=np.bool_)
    return sizes > OUTLIER_SCALES * max(float(np.median(peers)), _LEAST_USUAL)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} rows so"


def _out_of_order(opens: list[int], closes: list[int], after_ns: int | None) -> list[tuple[int, str]]:
    """Find the fewest bars without which the others follow one another, and say what each is in the way of.

    The longest chain of bars in which each starts at or after the close before it, by patience sorting; row by row,
    but only for a chunk in which something is out of order. Of two bars of one time the first stays.
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

"""Good bars that look odd -> one warning a kind: moves far beyond the usual, prices that stand still, no volume."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns, Floats, Rows, utc

OUTLIER_SCALES = 20.0
"""A move is an outlier beyond this many times the usual one (median absolute return): 13 standard deviations."""

STALE_BARS = 20
"""So many bars in a row that repeat all four prices are a stale run."""

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
class OddBars:
    """What looked odd in the bars of one file so far."""

    _outliers: _Tally = field(default_factory=_Tally)
    _stale: _Tally = field(default_factory=_Tally)
    _silent: _Tally = field(default_factory=_Tally)
    _n_bars: int = 0
    _repeats: int = 0  # bars up to the last one that repeat the prices before them

    def look(self, bars: BarColumns, lines: Rows, last: BarColumns | None) -> None:
        """Look at the next good bars of a file.

        Parameters
        ----------
        bars : BarColumns
            At least one.
        lines : ndarray of shape (n_bars,)
            Line of each bar in the file.
        last : BarColumns or None
            The bar before them; None where they are the first.

        """
        self._n_bars += len(bars)
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

    def warnings(self, origin: str) -> list[str]:
        """Say what looks odd of a file: one line a kind, with the first row of it."""
        silent = self._silent
        all_silent = silent.count == self._n_bars
        told = [
            (self._outliers, f"more than {OUTLIER_SCALES:.0f} times the usual move"),
            (self._stale, f"the {STALE_BARS}th or later bar in a row with the same four prices"),
            (_Tally() if all_silent else silent, "volume 0"),
        ]
        lines = [
            f"{origin}:{tally.row}: {tally.text}: {what} ({_times(tally.count)}; kept)"
            for tally, what in told
            if tally.count
        ]
        if all_silent and silent.count:
            lines.append(f"{origin}: no bar has any volume (kept)")
        return lines


def _beyond(sizes: Floats, peers: Floats) -> NDArray[np.bool_]:
    if peers.size < _FEWEST_MOVES:
        return np.zeros(len(sizes), dtype=np.bool_)
    return sizes > OUTLIER_SCALES * max(float(np.median(peers)), _LEAST_USUAL)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} rows so"

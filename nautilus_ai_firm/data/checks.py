"""Turns a stream of raw bars into checked ones: what no market can have made is refused or left out, the odd is told.

One `BarChecker` follows one file: it carries what it must know across chunks, so that memory follows the chunk.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.bar_order import out_of_order
from nautilus_ai_firm.data.columns import PRICE_PRECISION, BarColumns, Rows
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.odd_bars import OddBars
from nautilus_ai_firm.data.series_faults import bar_faults, check_bars

MOST_LISTED = 10_000
"""Bad rows whose text is kept; the others are counted."""


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
    _odd: OddBars = field(default_factory=OddBars)

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
            self._odd.look(bars, lines, self._last)
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
        return self._odd.warnings(self.origin)

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
            for at, text in out_of_order(opens.tolist(), closes.tolist(), after_ns):
                good[index[at]] = False
                texts[int(index[at])] = text
        for at in sorted(texts):
            self.add_bad(int(lines[at]), texts[at])
        return good

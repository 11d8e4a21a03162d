"""Turns chunks of a table into bars inside exchange sessions, and rows that are none into lines that say why."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns, Floats, Rows, Times
from nautilus_ai_firm.data.detection import Layout, time_texts
from nautilus_ai_firm.data.session_cut import cut_to_sessions
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.table_files import Chunk
from nautilus_ai_firm.data.time_forms import ALLOWED, local_to_utc_ns, parse_times

_PRICES = ("open", "high", "low", "close")
_EXACT = 1e-6  # of the last decimal: float noise is far below


@dataclass(slots=True)
class TableBars:
    """Reads chunks by one layout and counts what it leaves out.

    Attributes
    ----------
    layout : Layout
        How to read them.
    calendar : str
        Exchange whose sessions count.
    symbol : str
        Rows of other symbols are left out, where a column tells.
    precision : int
        Decimals at which prices will be kept.
    outside, others, rounded, fractions : int
        Rows outside of sessions, rows of other symbols, rows whose prices have more decimals, rows whose volume is no
        whole number.

    """

    layout: Layout
    calendar: str
    symbol: str
    precision: int
    outside: int = 0
    others: int = 0
    rounded: int = 0
    fractions: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)

    def read(self, chunk: Chunk) -> tuple[BarColumns, Rows]:
        """Make bars of a chunk; `bad` then holds the lines that are none, in order.

        Returns
        -------
        bars : BarColumns
            Not yet checked against each other.
        lines : ndarray of shape (n_bars,)
            Line of each bar.

        """
        faults = dict(chunk.bad)
        rows, lines = self._own(chunk)
        values = {name: self._numbers(rows, lines, name, faults) for name in (*_PRICES, "volume")}
        utc_ns = self._times(rows, lines, faults)
        good = ~np.isin(lines, list(faults)) if faults else np.ones(len(lines), dtype=np.bool_)
        lines, utc_ns = lines[good], utc_ns[good]
        start_ns, end_ns, inside = self._intervals(utc_ns, lines, faults)
        columns = {name: column[good][inside] for name, column in values.items()}
        bars = BarColumns(ts_open_ns=start_ns[inside], ts_close_ns=end_ns[inside], **columns)
        self._count_rounded(bars)
        self.bad = sorted(faults.items())
        return bars, lines[inside]

    def notes(self) -> list[str]:
        """Say what was left out or changed, one line each."""
        told = [
            (self.outside, f"rows outside of {self.calendar} sessions left out"),
            (self.others, f"rows of other symbols than {self.symbol} left out"),
            (self.rounded, f"rows have prices of more decimals than the {self.precision} that are kept"),
            (self.fractions, "rows have a volume that is no whole number: rounded"),
        ]
        return [f"{count:,} {what}" for count, what in told if count]

    def _own(self, chunk: Chunk) -> tuple[pl.DataFrame, Rows]:
        name = self.layout.columns.symbol
        if name is None:
            return chunk.rows, chunk.lines
        symbols = chunk.rows[name].cast(pl.String).str.strip_chars().str.to_uppercase()
        own = (symbols == self.symbol.upper()).fill_null(value=False).to_numpy()
        self.others += int((~own).sum())
        return (chunk.rows, chunk.lines) if own.all() else (chunk.rows.filter(own), chunk.lines[own])

    def _numbers(self, rows: pl.DataFrame, lines: Rows, role: str, faults: dict[int, str]) -> Floats:
        name: str | None = getattr(self.layout.columns, role)
        if name is None:
            return np.zeros(rows.height)
        column = rows[name]
        numbers = column.cast(pl.Float64, strict=False)
        if numbers.null_count() and column.dtype == pl.String:
            numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
        for row in np.flatnonzero(numbers.is_null().to_numpy()).tolist():
            faults.setdefault(int(lines[row]), f"{role} {column[row]!r} (allowed: a number)")
        return numbers.fill_null(float("nan")).to_numpy()

    def _times(self, rows: pl.DataFrame, lines: Rows, faults: dict[int, str]) -> Times:
        form, zone = self.layout.form, self.layout.time_zone
        texts = time_texts(rows, self.layout.columns)
        parsed = parse_times(form, texts)
        needs_zone = not form.has_zone and self.layout.bar != "1-DAY"
        if needs_zone:
            utc = local_to_utc_ns(parsed, zone)
        elif form.has_zone:
            utc = parsed
        else:
            utc = parsed.cast(pl.Int64)
        for row in np.flatnonzero(utc.is_null().to_numpy()).tolist():
            if parsed[row] is None:
                what = f"time {texts[row]!r} (allowed: {form if form.kind == 'text' else ALLOWED})"
            else:
                once = parsed[row : row + 1].dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
                fault = "is not on the clock" if once[0] is None else "is twice on the clock"
                what = f"time {texts[row]!r} {fault} in {zone} (allowed: a time with its zone, or UTC)"
            faults[int(lines[row])] = what
        return utc.fill_null(0).to_numpy()

    def _intervals(self, utc_ns: Times, lines: Rows, faults: dict[int, str]) -> tuple[Times, Times, NDArray[np.bool_]]:
        if not len(utc_ns):
            return utc_ns, utc_ns, np.zeros(0, dtype=np.bool_)
        layout = self.layout
        sessions = Sessions.between(self.calendar, int(utc_ns.min()), int(utc_ns.max()))
        if layout.bar != "1-DAY":
            start_ns = utc_ns if layout.stamp == "start" else utc_ns - layout.size_ns
            start_ns, end_ns, inside = cut_to_sessions(sessions, start_ns, start_ns + layout.size_ns)
            self.outside += int((~inside).sum())
            return start_ns, end_ns, inside
        # a date without a zone is the date of its session; a moment is a date where its exchange, or its owner, is
        days = utc_ns.astype("datetime64[ns]").astype("datetime64[D]")
        if layout.form.has_zone and layout.time_zone != "UTC":
            local = pl.Series(utc_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(layout.time_zone)
            days = local.dt.date().to_numpy().astype("datetime64[D]")
        start_ns, end_ns = sessions.open_of(days), sessions.close_of(days)
        inside = start_ns > 0
        for row in np.flatnonzero(~inside).tolist():
            faults[int(lines[row])] = f"date {days[row]} (allowed: a session of {self.calendar})"
        return start_ns, end_ns, inside

    def _count_rounded(self, bars: BarColumns) -> None:
        scaled = np.array([bars.open, bars.high, bars.low, bars.close]) * 10.0**self.precision
        tolerance = np.maximum(_EXACT, np.abs(scaled) * np.finfo(np.float64).eps * 4)
        with np.errstate(invalid="ignore"):  # infinities are refused by the check that follows
            self.rounded += int((np.abs(scaled - np.rint(scaled)) > tolerance).any(axis=0).sum())
            self.fractions += int((bars.volume != np.rint(bars.volume)).sum())

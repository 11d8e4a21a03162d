"""Turns chunks of a table into bars inside exchange sessions, and rows that are none into lines that say why."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import PRICE_PRECISION, BarColumns, Floats, Rows, Times
from nautilus_ai_firm.data.detection import Layout
from nautilus_ai_firm.data.session_cut import cut_to_sessions
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.table_columns import time_texts
from nautilus_ai_firm.data.table_files import Chunk
from nautilus_ai_firm.data.time_forms import ALLOWED, local_to_utc_ns, parse_times

LARGEST_ROUNDING = 1e-5
"""Share of a price that leaving out its last decimals may change it by: a tenth of a basis point."""

_PRICES = ("open", "high", "low", "close")
_EXACT = 1e-6  # of the last decimal: float noise is far below
_MOST_DECIMALS = 9
_NEARLY_ALL = 0.95  # so that one bad row does not say how the others are kept


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
        lines = lines[inside]
        kept = self._count_rounded(bars, lines, faults)
        self.bad = sorted(faults.items())
        return (bars, lines) if kept.all() else (bars.take(kept), lines[kept])

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
        numbers = _parsed(column, decimal_comma=self.layout.decimal_comma)
        for row in np.flatnonzero(numbers.is_null().to_numpy()).tolist():
            hint = (
                "; --decimal-comma where 1,5 is one and a half"
                if "," in str(column[row]) and not self.layout.decimal_comma
                else ""
            )
            faults.setdefault(int(lines[row]), f"{role} {column[row]!r} (allowed: a number{hint})")
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

    def _count_rounded(self, bars: BarColumns, lines: Rows, faults: dict[int, str]) -> NDArray[np.bool_]:
        """Count what rounding changes, and find the rows that it changes too much."""
        prices = np.array([bars.open, bars.high, bars.low, bars.close])
        scaled = prices * 10.0**self.precision
        tolerance = np.maximum(_EXACT, np.abs(scaled) * np.finfo(np.float64).eps * 4)
        with np.errstate(invalid="ignore"):  # infinities are refused by the check that follows
            lost = np.abs(scaled - np.rint(scaled))
            wrong = (lost > tolerance) & (lost > LARGEST_ROUNDING * scaled) & (np.rint(scaled) > 0)
            self.rounded += int((lost > tolerance).any(axis=0).sum())
            self.fractions += int((bars.volume != np.rint(bars.volume)).sum())
        for row in np.flatnonzero(wrong.any(axis=0)).tolist():
            at = int(np.argmax(wrong[:, row]))
            faults[int(lines[row])] = (
                f"{_PRICES[at]} {prices[at, row]:.12g} (allowed: {self.precision} decimals; a definition with a "
                "smaller price_increment keeps more)"
            )
        return ~wrong.any(axis=0)


def decimals(sample: pl.DataFrame, layout: Layout) -> int:
    """Fewest decimals, four or more, that keep nearly all prices of a sample within `LARGEST_ROUNDING`."""
    names = [getattr(layout.columns, role) for role in _PRICES]
    columns = [_parsed(sample[name], decimal_comma=layout.decimal_comma).drop_nulls().to_numpy() for name in names]
    prices = np.concatenate(columns)
    prices = prices[np.isfinite(prices) & (prices > 0)]  # the others are refused by the checks that follow
    for precision in range(PRICE_PRECISION, _MOST_DECIMALS):
        kept = np.abs(np.round(prices, precision) - prices) <= LARGEST_ROUNDING * prices
        if not kept.size or kept.mean() >= _NEARLY_ALL:
            return precision
    return _MOST_DECIMALS


def _parsed(column: pl.Series, *, decimal_comma: bool) -> pl.Series:
    if column.dtype != pl.String:
        return column.cast(pl.Float64, strict=False)
    if decimal_comma:
        pointed = column.str.contains(".", literal=True)
        column = column.set(pointed.fill_null(value=False), None).str.replace(",", ".", literal=True)
    numbers = column.cast(pl.Float64, strict=False)
    return column.str.strip_chars().cast(pl.Float64, strict=False) if numbers.null_count() else numbers

"""Turns columns of times, however written, into nanoseconds UTC; a local time that never was, or was twice, is none."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import polars as pl

from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.durations import MS_NS, SECOND_NS

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y")
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%H%M%S", "%H%M")
_ZONES = ("", "%#z", " %#z")
_FORMATS = (*_DATES, *(f"{d}{gap}{c}{z}" for d, gap, c, z in product(_DATES, " T", _CLOCKS, _ZONES)))
_DIGITS = {"%Y%m%d": 8, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}  # and how many
_EPOCHS = {"s": (9, 10), "ms": (12, 13), "us": (15, 16), "ns": (18, 19)}
_UNIT_NS = {"s": SECOND_NS, "ms": MS_NS, "us": 1_000, "ns": 1}
_LEAST_SHARE = 0.5  # of a sample that a form must fit
_FIRST_NS, _LAST_NS = -2_208_988_800_000_000_000, 7_258_118_400_000_000_000  # 1900 and 2200

ALLOWED = "epoch, ISO 8601, or --time-format, from 1900 to 2200"
"""What a time may be, for errors."""


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How times are written.

    Attributes
    ----------
    kind : {"epoch", "text", "typed"}
        A count since 1970, text in `format`, or a type of the file.
    unit : str
        Of an epoch: `s`, `ms`, `us` or `ns`.
    format : str
        Of text, as `strptime` writes it.
    has_zone : bool
        Whether a time says its zone, so that none needs to be known.
    has_clock : bool
        Whether it is more than a date.

    """

    kind: Literal["epoch", "text", "typed"]
    unit: str = ""
    format: str = ""
    has_zone: bool = False
    has_clock: bool = True

    def __str__(self) -> str:
        """Name the form for the reader."""
        if self.kind == "epoch":
            return f"epoch in {self.unit}"
        shown = self.format.replace("%.f", "").replace("%#z", "+zone") if self.kind == "text" else "a time type"
        return shown if self.has_clock else f"{shown}, dates"


def form_of_format(text: str) -> TimeForm:
    """Form of a given `strptime` format."""
    return TimeForm("text", format=text, has_zone="z" in text.replace("%Z", ""), has_clock="%H" in text or "%I" in text)


def detect_form(times: pl.Series, origin: str) -> TimeForm:
    """Find how a sample of times is written: the form that fits most of them, at least half.

    Raises
    ------
    DataError
        If none fits, or a day and a month cannot be told apart.

    """
    if times.dtype == pl.Date:
        return TimeForm("typed", has_clock=False)
    if isinstance(times.dtype, pl.Datetime):
        return TimeForm("typed", has_zone=times.dtype.time_zone is not None)
    known = _text(times).drop_nulls()
    if known.is_empty():
        raise DataError(f"{origin}: no time in the first rows (allowed: {ALLOWED})")
    # digits that are a date between 1900 and 2200 are one, before they are a count since 1970
    forms = [form_of_format(text) for text in _DIGITS]
    forms += [TimeForm("epoch", unit=unit, has_zone=True) for unit in _EPOCHS]
    forms += [form_of_format(text) for text in _FORMATS]
    counts = [int(parse_times(form, known).is_not_null().sum()) for form in forms]
    best = max(counts)
    if best < _LEAST_SHARE * len(known):
        raise DataError(f"{origin}: time {known[0]!r} (allowed: {ALLOWED})")
    fitting = [form for form, count in zip(forms, counts, strict=True) if count == best]
    dated = {form.format[:8] for form in fitting if form.kind == "text"}
    if {"%m/%d/%Y", "%d/%m/%Y"} <= dated:
        raise DataError(
            f"{origin}: time {known[0]!r} can be month/day or day/month (allowed: --time-format says which)"
        )
    return fitting[0]


def parse_times(form: TimeForm, times: pl.Series) -> pl.Series:
    """Parse times: nanoseconds UTC where the form has a zone, else local `Datetime`; null where one does not parse."""
    if form.kind == "epoch":
        low, high = _EPOCHS[form.unit]
        text = _text(times).str.replace(r"\.0+$", "")
        digits = text.str.strip_prefix("-").str.len_chars()
        count = pl.select(pl.when(digits.is_between(low, high)).then(text.cast(pl.Int64, strict=False))).to_series()
        unit = _UNIT_NS[form.unit]
        return _in_range(count.set(~count.is_between(_FIRST_NS // unit, _LAST_NS // unit), None) * unit)
    if form.kind == "typed":
        stamps = times.cast(pl.Datetime("us", getattr(times.dtype, "time_zone", None)))
    else:
        stamps = _text(times).str.to_datetime(form.format, strict=False, time_unit="us")
        if form.format in _DIGITS:
            stamps = stamps.set(_text(times).str.len_chars() != _DIGITS[form.format], None)
    if form.has_zone:
        stamps = stamps.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    years = stamps.dt.year()
    stamps = stamps.set(~years.is_between(1900, 2199).fill_null(value=False), None).cast(pl.Datetime("ns"))
    return stamps.cast(pl.Int64) if form.has_zone else stamps


def local_to_utc_ns(local: pl.Series, time_zone: str) -> pl.Series:
    """Convert local times to nanoseconds UTC; null where the clock was put forward over a time, or back over it."""
    zoned = local.dt.replace_time_zone(time_zone, ambiguous="null", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None).dt.cast_time_unit("ns").cast(pl.Int64)


def _in_range(ts_ns: pl.Series) -> pl.Series:
    return ts_ns.set(~ts_ns.is_between(_FIRST_NS, _LAST_NS).fill_null(value=False), None)


def _text(times: pl.Series) -> pl.Series:
    return times.cast(pl.String).str.strip_chars()

"""Turns the first rows of a table, and what its owner says of it, into a layout: what columns and times mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from nautilus_ai_firm.data.columns import Times
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.session_cut import cut_to_sessions
from nautilus_ai_firm.data.sessions import Sessions, time_zone_of
from nautilus_ai_firm.data.table_columns import Columns, find_columns, plain_name, refuse_types, time_texts
from nautilus_ai_firm.data.time_forms import TimeForm, detect_form, form_of_format, local_to_utc_ns, parse_times
from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

type Stamp = Literal["start", "end"]

SIZES = "1-DAY, or minutes that divide an hour or hours that divide a day, such as 1-MINUTE, 4-HOUR"
"""What the size of a bar may be, for errors."""

_STAMPS: dict[str, Stamp] = {
    "opentime": "start", "starttime": "start", "barstart": "start",
    "closetime": "end", "endtime": "end", "barend": "end",
}  # fmt: skip
_BAR = re.compile(r"1-DAY|([1-9]\d?)-(MINUTE|HOUR)")
_PER = {"MINUTE": 60, "HOUR": 24}  # a bar divides the next larger unit: the engine knows no other
_ALL_INSIDE = 0.99
_WEEK_NS = 5 * DAY_NS  # so far apart, most times are no days


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a table is read.

    Attributes
    ----------
    columns : Columns
        Which column is what.
    form : TimeForm
        How times are written.
    time_zone : str
        Of times that do not say theirs.
    bar : str
        Size of a bar, `1-MINUTE`, `1-DAY`.
    stamp : {"start", "end"}
        Which end of a bar its time is; a daily bar is its session, whatever its stamp.
    why : dict of str to str
        For `time`, `time_zone`, `bar` and `stamp`: given, or how it was found.
    decimal_comma : bool
        Whether 1,5 is one and a half.

    """

    columns: Columns
    form: TimeForm
    time_zone: str
    bar: str
    stamp: Stamp
    why: dict[str, str]
    decimal_comma: bool = False

    @property
    def size_ns(self) -> int:
        """Length of a bar; of a daily one, a day."""
        return bar_size_ns(self.bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the owner of a table says of it; what is absent is detected.

    Attributes
    ----------
    columns : mapping of str to str
        Column of each role, `time`, `date`, `open` to `volume`, `symbol`; a volume of `none` is 0 everywhere.
    time_format : str, optional
        As `strptime` writes it.
    time_zone, bar, stamp : str, optional
        As in `Layout`.
    decimal_comma : bool
        As in `Layout`.

    """

    columns: Mapping[str, str]
    time_format: str | None = None
    time_zone: str | None = None
    bar: str | None = None
    stamp: Stamp | None = None
    decimal_comma: bool = False


def bar_size_ns(bar: str) -> int:
    """Length of a bar in nanoseconds.

    Raises
    ------
    DataError
        If it is no size of a bar.

    """
    found = _BAR.fullmatch(bar)
    if found is None or (found[1] and not _divides(int(found[1]), found[2])):
        raise DataError(f"bar {bar!r} (allowed: {SIZES})")
    return DAY_NS if found[1] is None else int(found[1]) * (MINUTE_NS if found[2] == "MINUTE" else HOUR_NS)


def _divides(step: int, unit: str) -> bool:
    return step < _PER[unit] and _PER[unit] % step == 0


def detect_layout(sample: pl.DataFrame, stated: Stated, calendar: str, origin: str) -> Layout:
    """Find how to read a table from its first rows.

    Parameters
    ----------
    sample : DataFrame
        The first rows.
    stated : Stated
        What is known.
    calendar : str
        Exchange whose sessions tell time zone and stamp.
    origin : str
        The file, for errors.

    Raises
    ------
    DataError
        If something can be neither found nor guessed: which, and what to say.

    """
    columns = find_columns(sample.columns, stated.columns, origin)
    refuse_types(sample, columns, origin)
    times = time_texts(sample, columns)
    why = {"time": "given" if stated.time_format else "detected"}
    form = form_of_format(stated.time_format) if stated.time_format else detect_form(times, origin)
    parsed = parse_times(form, times).drop_nulls().unique(maintain_order=True)
    if parsed.is_empty():
        raise DataError(f"{origin}: no time in the first rows is {form}")
    zone, why["time_zone"] = _time_zone(form, parsed, stated, calendar, origin)
    utc_ns = (parsed if form.has_zone else local_to_utc_ns(parsed, zone)).drop_nulls().to_numpy()
    bar, why["bar"] = (stated.bar, "given") if stated.bar else (_bar(form, utc_ns, origin), "detected")
    if bar == "1-DAY" and form.has_zone and not stated.time_zone and (utc_ns % DAY_NS).any():
        # days that do not begin at midnight UTC begin where their exchange is: 2013-11-29T00:00+09:00 is the 29th
        zone, why["time_zone"] = time_zone_of(calendar), f"of {calendar}, for the dates of days"
    if bar != "1-DAY" and not form.has_clock:
        raise DataError(f"{origin}: bars of {bar}, but times are {form} (allowed: 1-DAY)")
    layout = Layout(
        columns=columns,
        form=form,
        time_zone=zone,
        bar=bar,
        stamp="start",
        why=why,
        decimal_comma=stated.decimal_comma,
    )
    if bar == "1-DAY":
        return replace(layout, why={**why, "stamp": "a daily bar is its session"})
    stamp, why["stamp"] = _stamp(layout, utc_ns, stated, calendar)
    return replace(layout, stamp=stamp, why=why)


def _time_zone(form: TimeForm, parsed: pl.Series, stated: Stated, calendar: str, origin: str) -> tuple[str, str]:
    if form.has_zone:
        if form.kind == "epoch" and stated.time_zone not in {None, "UTC"}:
            raise DataError(f"{origin}: --tz {stated.time_zone}, but times are {form} (allowed: UTC)")
        return (
            (stated.time_zone, "given; the times say their own") if stated.time_zone else ("UTC", "said by the times")
        )
    if stated.time_zone:
        return stated.time_zone, "given"
    if not form.has_clock:
        return "UTC", "not needed for dates"
    shares: dict[str, float] = {}
    for zone in dict.fromkeys((time_zone_of(calendar), "UTC")):
        times = local_to_utc_ns(parsed, zone).drop_nulls().to_numpy()
        _, _, inside = _cut(times, times + 1, calendar)
        shares[zone] = float(inside.mean()) if len(times) else 0.0
    best = max(shares, key=lambda zone: shares[zone])
    if len(shares) > 1 and shares[best] - min(shares.values()) < 1 - _ALL_INSIDE:
        raise DataError(f"{origin}: the time zone cannot be told from {calendar} sessions (allowed: --tz says it)")
    return best, f"detected: {shares[best]:.0%} of the first times are in {calendar} sessions"


def _bar(form: TimeForm, utc_ns: Times, origin: str) -> str:
    steps = np.diff(np.sort(utc_ns))
    if not steps.size:
        if not form.has_clock:
            return "1-DAY"
        raise DataError(f"{origin}: the size of a bar cannot be told from one time (allowed: --bar says it)")
    sizes, counts = np.unique(steps, return_counts=True)
    step = int(sizes[np.argmax(counts)])
    if step >= _WEEK_NS:
        raise DataError(f"{origin}: times stand {step // DAY_NS} days apart (allowed: {SIZES}; --bar says it)")
    if step % DAY_NS == 0 or not form.has_clock:
        return "1-DAY"
    for unit, name in ((HOUR_NS, "HOUR"), (MINUTE_NS, "MINUTE")):
        if step % unit == 0 and _divides(step // unit, name):
            return f"{step // unit}-{name}"
    raise DataError(f"{origin}: times stand {step / SECOND_NS:g} s apart (allowed: {SIZES}; --bar says it)")


def _stamp(layout: Layout, utc_ns: Times, stated: Stated, calendar: str) -> tuple[Stamp, str]:
    if stated.stamp:
        return stated.stamp, "given"
    named = plain_name(layout.columns.time)
    if named in _STAMPS:
        return _STAMPS[named], f"detected: the column is {layout.columns.time}"
    sessions = Sessions.between(calendar, int(utc_ns.min()), int(utc_ns.max()))
    at_open = int(np.isin(utc_ns, sessions.opens_ns).sum())
    at_close = int(np.isin(utc_ns, sessions.closes_ns).sum())
    if at_open > at_close:
        return "start", f"detected: {at_open} of the first times are session opens, {at_close} closes"
    if at_close > at_open:
        return "end", f"detected: {at_close} of the first times are session closes, {at_open} opens"
    return "start", "assumed: it cannot make a bar known before its end (--stamp says it)"


def _cut(start_ns: Times, end_ns: Times, calendar: str) -> tuple[Times, Times, np.ndarray]:
    sessions = Sessions.between(calendar, int(start_ns.min()), int(end_ns.max()))
    return cut_to_sessions(sessions, start_ns, end_ns)

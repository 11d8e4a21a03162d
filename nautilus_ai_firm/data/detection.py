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
from nautilus_ai_firm.data.time_forms import TimeForm, detect_form, form_of_format, local_to_utc_ns, parse_times

type Stamp = Literal["start", "end"]

SIZES = "1-DAY, or minutes that divide an hour or hours that divide a day, such as 1-MINUTE, 4-HOUR"
"""What the size of a bar may be, for errors."""

ROLES = ("time", "open", "high", "low", "close", "volume")
"""Columns that every table of bars needs; a second one, `date`, may hold the date of the time."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "time": ("timestamp", "datetime", "time", "date", "ts", "tsevent", "dt", "opentime", "closetime", "starttime",
             "endtime", "barstart", "barend", "indexlevel0"),
    "open": ("open", "o", "openprice", "firstprice"),
    "high": ("high", "h", "highprice", "max", "maxprice"),
    "low": ("low", "l", "lowprice", "min", "minprice"),
    "close": ("close", "c", "closeprice", "last", "lastprice"),
    "volume": ("volume", "v", "vol", "size", "qty", "quantity", "shares"),
}  # fmt: skip
_STAMPS: dict[str, Stamp] = {
    "opentime": "start", "starttime": "start", "barstart": "start",
    "closetime": "end", "endtime": "end", "barend": "end",
}  # fmt: skip
_DATE_COLUMNS, _CLOCK_COLUMNS = ("date", "day", "tradedate"), ("time", "clock", "hour")
_SYMBOL_COLUMNS = ("symbol", "ticker", "sym")
_BAR = re.compile(r"1-DAY|([1-9]\d?)-(MINUTE|HOUR)")
_PER = {"MINUTE": 60, "HOUR": 24}  # a bar divides the next larger unit: the engine knows no other
_MINUTE_NS, _HOUR_NS, _DAY_NS = 60_000_000_000, 3_600_000_000_000, 86_400_000_000_000
_ALL_INSIDE = 0.99
_NONE = "none"
_TIME_TYPES = (pl.Date, pl.Datetime, pl.Time)
_WEEK_NS = 5 * _DAY_NS  # so far apart, most times are no days


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns that are read; `date` and `symbol` where there are such, no `volume` where all is 0."""

    time: str
    open: str
    high: str
    low: str
    close: str
    volume: str | None
    date: str | None = None
    symbol: str | None = None

    def used(self) -> list[str]:
        """Names in the order of the attributes."""
        names = (self.time, self.open, self.high, self.low, self.close, self.volume, self.date, self.symbol)
        return [name for name in names if name is not None]


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
    return _DAY_NS if found[1] is None else int(found[1]) * (_MINUTE_NS if found[2] == "MINUTE" else _HOUR_NS)


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
    if bar == "1-DAY" and form.has_zone and not stated.time_zone and (utc_ns % _DAY_NS).any():
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


def find_columns(names: list[str], given: Mapping[str, str], origin: str) -> Columns:
    """Find the column of each role by its usual names.

    Raises
    ------
    DataError
        Naming a role without a column, or a given column that is not there.

    """
    allowed = (*ROLES, "date", "symbol")
    for role, name in given.items():
        if role not in allowed:
            raise DataError(f"--columns {role}={name} (allowed: {', '.join(allowed)})")
        if name not in names and not (role == "volume" and name == _NONE):
            raise DataError(f"{origin}: no column {name!r} (it has {', '.join(names)})")
    plain = {_plain(name): name for name in reversed(names) if name not in given.values()}
    found: dict[str, str | None] = dict(given)
    if "time" not in given and "date" not in given:
        day, clock = (
            next((plain[key] for key in keys if key in plain), None) for keys in (_DATE_COLUMNS, _CLOCK_COLUMNS)
        )
        if day and clock:
            found |= {"date": day, "time": clock}
    for role in ROLES:
        if role not in found:
            found[role] = next((plain[key] for key in _ALIASES[role] if key in plain), None)
    missing = [role for role in ROLES if found[role] is None]
    if missing:
        hint = " or volume=none where there is none" if missing == ["volume"] else ""
        raise DataError(
            f"{origin}:1: no column for {', '.join(missing)} "
            f"(it has {', '.join(names)}; --columns {missing[0]}=NAME says{hint})"
        )
    found.setdefault("symbol", next((plain[key] for key in _SYMBOL_COLUMNS if key in plain), None))
    _refuse_alike({role: name for role, name in found.items() if name and role not in given}, names, given, origin)
    if found["volume"] == _NONE:
        found["volume"] = None
    return Columns(**found)  # pyright: ignore[reportArgumentType] - the roles without a column were refused above


def _refuse_alike(found: Mapping[str, str], names: list[str], given: Mapping[str, str], origin: str) -> None:
    for role, name in found.items():
        alike = [other for other in names if _plain(other) == _plain(name) and other not in given.values()]
        if len(alike) > 1:
            raise DataError(f"{origin}:1: columns {', '.join(alike)} alike (allowed: --columns {role}=NAME says which)")


def refuse_types(rows: pl.DataFrame, columns: Columns, origin: str) -> None:
    """Refuse columns of a typed file that hold neither numbers nor text, nor times where times belong.

    Raises
    ------
    DataError
        Naming the column, its type and what is allowed.

    """
    for name in columns.used():
        dtype = rows.schema[name]
        of_time = name in {columns.time, columns.date}
        if not (dtype.is_numeric() or dtype in {pl.String, pl.Null} or (of_time and dtype in _TIME_TYPES)):
            kinds = "times, numbers or text" if of_time else "numbers or text"
            raise DataError(f"{origin}: column {name!r} holds {dtype} (allowed: {kinds})")


def time_texts(rows: pl.DataFrame, columns: Columns) -> pl.Series:
    """Column of times; date and clock put together where they stand apart."""
    if columns.date is None:
        return rows[columns.time]
    parts = [pl.col(name).cast(pl.String).str.strip_chars() for name in (columns.date, columns.time)]
    return rows.select(pl.concat_str(parts, separator=" ")).to_series()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


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
        raise DataError(f"{origin}: times stand {step // _DAY_NS} days apart (allowed: {SIZES}; --bar says it)")
    if step % _DAY_NS == 0 or not form.has_clock:
        return "1-DAY"
    for unit, name in ((_HOUR_NS, "HOUR"), (_MINUTE_NS, "MINUTE")):
        if step % unit == 0 and _divides(step // unit, name):
            return f"{step // unit}-{name}"
    raise DataError(f"{origin}: times stand {step / 1e9:g} s apart (allowed: {SIZES}; --bar says it)")


def _stamp(layout: Layout, utc_ns: Times, stated: Stated, calendar: str) -> tuple[Stamp, str]:
    if stated.stamp:
        return stated.stamp, "given"
    named = _plain(layout.columns.time)
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

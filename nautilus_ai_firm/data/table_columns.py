"""Turns the names of a table's columns into roles: which is the time, which the close, and which nobody can tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from nautilus_ai_firm.data.errors import DataError

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
_DATE_COLUMNS, _CLOCK_COLUMNS = ("date", "day", "tradedate"), ("time", "clock", "hour")
_SYMBOL_COLUMNS = ("symbol", "ticker", "sym")
_NONE = "none"
_TIME_TYPES = (pl.Date, pl.Datetime, pl.Time)


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
    plain = {plain_name(name): name for name in reversed(names) if name not in given.values()}
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
        alike = [other for other in names if plain_name(other) == plain_name(name) and other not in given.values()]
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


def plain_name(name: str) -> str:
    """Letters and digits of a name, small: what two spellings of it have in common."""
    return re.sub(r"[^a-z0-9]", "", name.lower())

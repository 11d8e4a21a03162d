"""Turns LEAN factor files into adjustments, and into the date from which a ticker's prices are one company's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns, Floats
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Action
from nautilus_ai_firm.data.sessions import Dates, Sessions
from nautilus_ai_firm.durations import DAY_NS

LAST_FACTOR_YEAR = np.datetime64("2050-01-01", "D")
"""The final row of a factor file stands for "from now on"."""

_REFERENCE_TOLERANCE = 0.02  # an hourly file ends before the closing auction; another company is further away
_SPLIT_TOLERANCE = 0.01  # log price
_LONGEST_CLOSURE_NS = 8 * DAY_NS  # a longer hole in the file can hide any move


@dataclass(frozen=True, slots=True)
class Factors:
    """A factor file: each row holds up to and including its date.

    Attributes
    ----------
    path : Path
        The file.
    dates : ndarray of shape (n_rows,)
        Last date of each row.
    price, split : ndarray of shape (n_rows,)
        Factors for dividends and for splits.
    reference : ndarray of shape (n_rows,)
        Close as traded on the date, in dollars; 0 or 1 where the file has none.

    """

    path: Path
    dates: Dates
    price: Floats
    split: Floats
    reference: Floats


def read_factors(path: Path) -> Factors:
    """Read a factor file.

    Raises
    ------
    DataError
        Naming file and line of the first row that is none.

    """
    rows = [line.split(",") for line in path.read_text().split()]
    try:
        table = np.array([[float(cell) for cell in row[:4]] for row in rows]).reshape(-1, 4)
        dates = np.array([f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:8]}" for row in rows], dtype="datetime64[D]")
    except ValueError as error:
        raise DataError(f"{path}: {error} (allowed: date, price factor, split factor, reference price)") from error
    if not rows or (table[:, 1:3] <= 0).any() or (dates[1:] <= dates[:-1]).any():
        raise DataError(f"{path}: factors must be above 0 and dates ascending")
    return Factors(path, dates, table[:, 1], table[:, 2], table[:, 3])


def factors_on(factors: Factors, dates: Dates) -> tuple[Floats, Floats]:
    """Look up price and split factor of each date: those of the first row at or after it."""
    row = np.minimum(np.searchsorted(factors.dates, dates), len(factors.dates) - 1)
    return factors.price[row], factors.split[row]


def first_date_of_company(factors: Factors, dates: Dates, close: Floats) -> np.datetime64:
    """Find the date from which a ticker's prices belong to the company of its factor file.

    Tickers move between companies and a file name is the ticker alone. The reference prices of the factor file tell:
    prices count from its first date, and from the first reference that agrees after the last that does not.
    """
    at = np.searchsorted(dates, factors.dates, side="right") - 1
    seen = (at >= 0) & (dates[np.maximum(at, 0)] == factors.dates) & (factors.reference != 0) & (factors.reference != 1)
    gap = np.abs(close[np.maximum(at, 0)] / np.where(seen, factors.reference, 1.0) - 1)
    wrong = np.flatnonzero(seen & (gap > _REFERENCE_TOLERANCE))
    if not wrong.size:
        return factors.dates[0]
    after = np.flatnonzero(seen[wrong[-1] + 1 :])
    return factors.dates[int(wrong[-1] + 1 + after[0])] if after.size else LAST_FACTOR_YEAR


def last_unknown_split(bars: BarColumns) -> int:
    """Find the first bar after the last jump that looks like a split; 0 where there is none.

    Shares that change under one ticker (GOOG on 2014-04-03, class A before and class C after) leave a price that opens
    and stays at a whole multiple or fraction of the close before, with no split in the factor file.
    """
    opened, closed = (np.log(price[1:] / bars.close[:-1]) for price in (bars.open, bars.close))
    multiple = np.log(np.rint(np.exp(np.abs(opened))))
    jump = (multiple > 0) & (np.abs(np.abs(opened) - multiple) < _SPLIT_TOLERANCE)
    stayed = np.abs(np.abs(closed) - multiple) < 3 * _SPLIT_TOLERANCE
    found = np.flatnonzero(jump & stayed & (np.diff(bars.ts_close_ns) < _LONGEST_CLOSURE_NS))
    return int(found[-1]) + 1 if found.size else 0


def actions(factors: Factors, calendar: str) -> tuple[Action, ...]:
    """Corporate actions of a factor file, each dated with the first session on its new basis.

    Parameters
    ----------
    factors : Factors
        The file; each of its rows holds up to and including its date.
    calendar : str
        Exchange whose sessions count.

    """
    rows = np.flatnonzero((np.diff(factors.price) != 0) | (np.diff(factors.split) != 0))
    rows = rows[factors.dates[rows] < LAST_FACTOR_YEAR]
    if not rows.size:
        return ()
    days_ns = factors.dates[rows].astype("datetime64[ns]").astype(np.int64)
    sessions = Sessions.between(calendar, int(days_ns.min()), int(days_ns.max()))
    first = sessions.dates[np.searchsorted(sessions.dates, factors.dates[rows], side="right")]
    return tuple(
        Action(
            date=str(day),
            price_factor=float(factors.price[row] / factors.price[row + 1]),
            split_factor=float(factors.split[row] / factors.split[row + 1]),
        )
        for day, row in zip(first, rows, strict=True)
    )

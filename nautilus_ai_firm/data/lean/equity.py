"""Turns the bars of LEAN's US equities, as traded, into bars on the basis that was asked for."""

from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.lean.bars import CutBars
from nautilus_ai_firm.data.lean.factors import (
    LAST_FACTOR_YEAR,
    Factors,
    actions,
    factors_on,
    first_date_of_company,
    last_unknown_split,
)
from nautilus_ai_firm.data.manifest import Action, Adjustment
from nautilus_ai_firm.data.sessions import Dates, Sessions

TRADED_INCREMENT = Decimal("0.0001")
"""Of prices as traded."""

MOST_DIGITS = 5
"""Decimals beyond those of the prices as traded: nine in all."""


@dataclass(frozen=True, slots=True)
class OnBasis:
    """Bars of a ticker on one basis.

    Attributes
    ----------
    bars : BarColumns
        What is left.
    as_of : str
        Date of the last corporate action that the adjustment knows; of the last bar where nothing is adjusted.
    adjustment : {"raw", "split", "total_return"}
        The basis; raw where there is no factor file.
    actions : tuple of Action, optional
        Corporate actions of the factor file, adjusted for or not; absent where nobody knows them.
    notes : list of str
        What was left out, and why.

    """

    bars: BarColumns
    as_of: str
    adjustment: Adjustment
    actions: tuple[Action, ...] | None = None
    notes: list[str] = field(default_factory=list)


def factor_path(folder: Path, market: str, ticker: str) -> Path:
    """Where LEAN keeps the factor file of a ticker."""
    return folder / "equity" / market / "factor_files" / f"{ticker.lower()}.csv"


def other_spellings(folder: Path, market: str, ticker: str) -> list[str]:
    """Names of factor files that look as if they were of a ticker, and are not used for it.

    `vxx.1.csv` is of whoever had the ticker VXX before its present holder, and a file of prices by ticker goes on with
    the next one: `vxx.zip` turns from one note to another in 2019, `aaa.zip` from a company to a fund in 2020, and
    their factor files end with "from now on" and not with the date of that. `tap.a.csv` names a share class, and which
    ticker stood for it when is said by LEAN's map files alone. Adjusting by such a file would be a guess.
    """
    names = sorted(path.name for path in factor_path(folder, market, ticker).parent.glob("*.csv"))
    like = ticker.lower()
    return [name for name in names if name.count(".") > 1 and like in {name.split(".")[0], name[:-4].replace(".", "")}]


def price_increment(factors: Factors | None, adjustment: Adjustment) -> str:
    """Smallest step of prices on a basis, as fine against the oldest price as four decimals against that traded.

    Apple's 16 dollars of 1998 are 12 cents after its splits: at four decimals they would move by 8 basis points a step.
    It follows from the factor file alone, so that days and minutes of a ticker have the same one.
    """
    if adjustment == "raw" or factors is None:
        return str(TRADED_INCREMENT)
    kept = factors.split * factors.price if adjustment == "total_return" else factors.split
    digits = max(0, -ceil(log10(kept.min())))
    return f"{TRADED_INCREMENT.scaleb(-min(digits, MOST_DIGITS)):f}"


def on_basis(
    cut: CutBars, local: NDArray[np.datetime64], factors: Factors | None, adjustment: Adjustment, calendar: str
) -> OnBasis:
    """Adjust bars and leave out what the factor file cannot adjust.

    Parameters
    ----------
    cut : CutBars
        Bars as traded.
    local : ndarray of shape (n_rows,)
        Local time of each row that the bars were cut from.
    factors : Factors, optional
        The ticker's factor file; without one the bars stay as traded.
    adjustment : {"raw", "split", "total_return"}
        Basis that is asked for.
    calendar : str
        Exchange whose sessions count.

    """
    dates: Dates = local[cut.row].astype("datetime64[D]")
    bars = cut.bars
    as_of = str(dates[-1]) if len(dates) else ""
    if adjustment == "raw" or factors is None:
        return OnBasis(bars, as_of, "raw", None if factors is None else actions(factors, calendar))
    notes: list[str] = []
    known = factors.dates[factors.dates < LAST_FACTOR_YEAR]
    as_of = str(known[-1]) if len(known) else as_of
    first = int(np.searchsorted(dates, first_date_of_company(factors, dates, bars.close)))
    price, split = factors_on(factors, dates)
    bars = bars.adjusted(split * price if adjustment == "total_return" else split, split)
    if first:
        notes.append(f"{first} rows left out, before its factor file speaks for this ticker")
    bars = bars.take(slice(first, None))
    jump = last_unknown_split(bars)
    if jump:
        notes.append(f"{jump} rows left out, before a split at {dates[first + jump]} not in its factor file")
    return OnBasis(bars.take(slice(jump, None)), as_of, adjustment, actions(factors, calendar), notes)


def missing_sessions(bars: BarColumns, calendar: str) -> int:
    """Count sessions without a daily bar between the first and the last."""
    first, last = int(bars.ts_open_ns[0]), int(bars.ts_open_ns[-1])
    sessions = Sessions.between(calendar, first, last)
    return int(((sessions.opens_ns >= first) & (sessions.opens_ns <= last)).sum()) - len(bars)

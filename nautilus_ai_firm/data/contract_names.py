"""Turns month, strike and right of a contract into its name and its last day: `ESZ13.CME`, the third Friday."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from nautilus_ai_firm.data.errors import DataError

MONTH_CODES = "FGHJKMNQUVXZ"
"""Letters of the months of delivery, January to December."""

STRIKE_UNIT = 1000
"""Parts of the currency in which names of options state the strike."""

_FRIDAY = 4
_CENTURY = 100
_PIVOT = 70  # two digits of a year from here on are of the last century


def future_name(root: str, year: int, month: int, venue: str) -> str:
    """Name of a futures contract: `ES`, 2013, 12, `CME` give `ESZ13.CME`."""
    return f"{root}{MONTH_CODES[month - 1]}{year % _CENTURY:02d}.{venue}"


def option_name(root: str, expiry: date, right: Literal["call", "put"], strike: Decimal, venue: str) -> str:
    """Name of an option as the Options Symbology Initiative writes it, without its blanks.

    Raises
    ------
    DataError
        If the strike has more than three decimals, which such a name cannot hold.

    """
    units = strike * STRIKE_UNIT
    if units != units.to_integral_value():
        raise DataError(f"strike {strike} of {root} (allowed: three decimals)")
    return f"{root}{expiry:%y%m%d}{right[0].upper()}{int(units):08d}.{venue}"


def third_friday(year: int, month: int) -> date:
    """Third Friday of a month, on which index futures and most options expire."""
    first = date(year, month, 1)
    return first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)


def full_year(year: int) -> int:
    """Year of two digits: 70 to 99 are of the last century."""
    return year + (1900 if year >= _PIVOT else 2000)

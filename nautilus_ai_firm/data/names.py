"""What instruments and series may be called: names become folders, so none may lead out of its place."""

import re

from nautilus_ai_firm.data.errors import DataError

_SYMBOL = re.compile(r"[A-Za-z0-9^$]([A-Za-z0-9._^$=+&@!#~-]{0,62}[A-Za-z0-9^$=+&@!#~-])?")
_VENUE = re.compile(r"[A-Z0-9_]{1,32}")
_SERIES = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")


def check_instrument(symbol: str, venue: str) -> None:
    """Refuse a symbol or a venue that is none.

    Raises
    ------
    DataError
        Naming the part and what is allowed.

    """
    if not _VENUE.fullmatch(venue):
        raise DataError(f"venue {venue!r} (allowed: up to 32 capitals, digits and _, such as XNAS)")
    if not _SYMBOL.fullmatch(symbol):
        raise DataError(
            f"symbol {symbol!r} (allowed: up to 64 letters, digits and ._^$=+&@!#~-, such as BRK.B, EURUSD, ESZ13)"
        )


def check_series_name(name: str) -> None:
    """Refuse the name of a series of figures or notices that is no plain word.

    Raises
    ------
    DataError
        Naming it and what is allowed.

    """
    if not _SERIES.fullmatch(name):
        raise DataError(f"series {name!r} (allowed: up to 64 letters, digits, _ and -; a dot is of instruments)")

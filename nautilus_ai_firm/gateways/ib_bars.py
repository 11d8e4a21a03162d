"""Bars of the past as the broker's wire has them: what a request names, and what each bar of an answer says."""

from dataclasses import dataclass
from typing import Literal

from nautilus_ai_firm.gateways.ib_fields import Fields, WireError, bytes_field, double, number_field, text

AS_SECONDS = 2  # the date format with seconds since 1970; days come as YYYYMMDD all the same

type BarLength = Literal["1 min", "1 hour", "1 day"]
type What = Literal["TRADES", "ADJUSTED_LAST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the broker calls an instrument."""

    symbol: str
    security_type: str = "STK"
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """Bars of regular trading hours.

    Attributes
    ----------
    contract : Contract
        Of what.
    length : str
        Of a bar.
    duration : str
        How far back from the end, as the broker writes it: `20 D`, `1 Y`.
    end : str
        `YYYYMMDD-HH:MM:SS`, UTC; empty is now, and `ADJUSTED_LAST` knows nothing else.
    what : str
        `TRADES`, adjusted for splits, or `ADJUSTED_LAST`, adjusted for splits and dividends.

    """

    contract: Contract
    length: BarLength
    duration: str
    end: str = ""
    what: What = "TRADES"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryBar:
    """One bar: its date as `YYYYMMDD`, or its start in seconds since 1970; prices; units traded."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: float


def written(number: int, request: HistoryRequest) -> bytes:
    """Write a request as the body of its message, under the number that its answer will carry."""
    contract = request.contract
    named = (
        bytes_field(2, contract.symbol)
        + bytes_field(3, contract.security_type)
        + bytes_field(8, contract.exchange)
        + (bytes_field(9, contract.primary_exchange) if contract.primary_exchange else b"")
        + bytes_field(10, contract.currency)
    )
    return (
        number_field(1, number)
        + bytes_field(2, named)
        + (bytes_field(3, request.end) if request.end else b"")
        + bytes_field(4, request.length)
        + bytes_field(5, request.duration)
        + number_field(6, 1)  # regular trading hours
        + bytes_field(7, request.what)
        + number_field(8, AS_SECONDS)
    )


def read_bar(said: Fields) -> HistoryBar:
    """Read a bar from the fields of an answer.

    Raises
    ------
    WireError
        A volume that is no number, or a date that is none: who answers is not the broker's gateway.

    """
    date, volume = text(said, 1), text(said, 6)
    try:
        units = float(volume)
    except ValueError:
        raise WireError(f"a volume of {volume!r}") from None
    if not date.isdigit():
        raise WireError(f"a bar of {date!r}")
    return HistoryBar(
        date=date, open=double(said, 2), high=double(said, 3), low=double(said, 4), close=double(said, 5), volume=units
    )

"""Turns one TOML of instrument definitions, free of any vendor's names, into listings of the catalog.

A future or an option is defined once, as a product; its contracts are read off their names: `ESZ13.CME` is the
December 2013 contract of `ES.CME`, `AAPL140621C00645000.USA` the 645 call of 2014-06-21 on `AAPL.USA`.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta, Struct

from nautilus_ai_firm.data.contract_names import MONTH_CODES, STRIKE_UNIT, full_year, third_friday
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Contract, Listing
from nautilus_ai_firm.data.sessions import canonical_calendar

_FUTURE = re.compile(rf"([A-Z0-9]+?)([{MONTH_CODES}])(\d\d)")
_OPTION = re.compile(r"([A-Z.]{1,6})(\d{6})([CP])(\d{8})")
_SATURDAY = 5

type InstrumentName = Annotated[str, Meta(pattern=r"^[^\s.]+(\.[^\s.]+)*\.[A-Z0-9_]+$")]
type Decimals = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$")]
type CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3,5}$")]
type Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class _Definition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every instrument states."""

    id: InstrumentName
    calendar: str
    currency: CurrencyCode = "USD"
    price_increment: Decimals = "0.0001"


class EquityDefinition(_Definition, frozen=True, tag="equity"):
    """A share or a fund."""

    tradable: bool = True

    def listing(self) -> Listing:
        """Make what the catalog keeps of it."""
        return Listing(
            instrument_class="Equity",
            tradable=self.tradable,
            calendar=self.calendar,
            currency=self.currency,
            price_increment=self.price_increment,
        )


class IndexDefinition(_Definition, frozen=True, tag="index"):
    """An index: looked at, never traded."""

    def listing(self) -> Listing:
        """Make what the catalog keeps of it."""
        return Listing(
            instrument_class="IndexInstrument",
            tradable=False,
            calendar=self.calendar,
            currency=self.currency,
            price_increment=self.price_increment,
        )


class CurrencyPairDefinition(_Definition, frozen=True, tag="fx"):
    """A currency pair; `currency` is what one unit of the base is priced in."""

    base_currency: CurrencyCode

    def listing(self) -> Listing:
        """Make what the catalog keeps of it."""
        return Listing(
            instrument_class="CurrencyPair",
            tradable=True,
            calendar=self.calendar,
            currency=self.currency,
            price_increment=self.price_increment,
            base_currency=self.base_currency,
        )


class FutureDefinition(_Definition, frozen=True, tag="future"):
    """A futures product.

    Attributes
    ----------
    multiplier : str
        Units of the underlying in one contract.
    asset_class : str
        What the underlying is.
    last_trading : {"third_friday"}
        Rule for the last trading day in the month of the contract.
    last_trading_days : dict of str to date
        Exceptions to the rule by contract, `Z13`.
    last_trading_time : str
        Hour and minute at which trading ends on that day.
    time_zone : str
        Of that time.

    """

    multiplier: Decimals
    asset_class: Literal["EQUITY", "INDEX", "FX", "COMMODITY", "DEBT"]
    last_trading_time: Clock
    time_zone: str
    last_trading: Literal["third_friday"] = "third_friday"
    last_trading_days: dict[str, date] = {}

    def contract(self, month_code: str, year: int) -> Listing:
        """Make the listing of one contract.

        Parameters
        ----------
        month_code : str
            One letter of `MONTH_CODES`.
        year : int
            Two digits, as in the contract's name.

        """
        last = self.last_trading_days.get(f"{month_code}{year:02d}") or third_friday(
            full_year(year), MONTH_CODES.index(month_code) + 1
        )
        return Listing(
            instrument_class="FuturesContract",
            tradable=True,
            calendar=self.calendar,
            currency=self.currency,
            price_increment=self.price_increment,
            contract=Contract(
                underlying=self.id.rpartition(".")[0],
                multiplier=self.multiplier,
                expiration=_utc(last, self.last_trading_time, self.time_zone),
                asset_class=self.asset_class,
            ),
        )


class OptionDefinition(_Definition, frozen=True, tag="option"):
    """The options on one underlying, whose id this is."""

    multiplier: Decimals
    last_trading_time: Clock
    time_zone: str
    asset_class: Literal["EQUITY", "INDEX", "FX", "COMMODITY", "DEBT"] = "EQUITY"

    def contract(self, right: Literal["call", "put"], expiry: date, strike: Decimal) -> Listing:
        """Make the listing of one contract; one that expires on a Saturday trades until the day before."""
        last = expiry - timedelta(days=1) if expiry.weekday() == _SATURDAY else expiry
        return Listing(
            instrument_class="OptionContract",
            tradable=True,
            calendar=self.calendar,
            currency=self.currency,
            price_increment=self.price_increment,
            contract=Contract(
                underlying=self.id,
                multiplier=self.multiplier,
                expiration=_utc(last, self.last_trading_time, self.time_zone),
                asset_class=self.asset_class,
                right=right,
                strike=f"{strike:f}",
            ),
        )


type Definition = EquityDefinition | IndexDefinition | CurrencyPairDefinition | FutureDefinition | OptionDefinition


class Definitions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All definitions of a file."""

    instrument: tuple[Definition, ...] = ()

    def future(self, product: str) -> FutureDefinition | None:
        """Definition of a futures product, `ES.CME`."""
        return next((d for d in self.instrument if isinstance(d, FutureDefinition) and d.id == product), None)

    def option(self, underlying: str) -> OptionDefinition | None:
        """Definition of the options on an underlying, `AAPL.USA`."""
        return next((d for d in self.instrument if isinstance(d, OptionDefinition) and d.id == underlying), None)

    def listing(self, instrument_id: str) -> Listing | None:
        """Look up an instrument, or a contract of a product; nothing where nothing defines it."""
        for definition in self.instrument:
            if definition.id == instrument_id and not isinstance(definition, FutureDefinition | OptionDefinition):
                return definition.listing()
        symbol, _, venue = instrument_id.rpartition(".")
        named = _FUTURE.fullmatch(symbol)
        if named and (future := self.future(f"{named[1]}.{venue}")):
            return future.contract(named[2], int(named[3]))
        named = _OPTION.fullmatch(symbol)
        if named and (option := self.option(f"{named[1]}.{venue}")):
            expiry = datetime.strptime(named[2], "%y%m%d").replace(tzinfo=UTC).date()
            right = "call" if named[3] == "C" else "put"
            return option.contract(right, expiry, (Decimal(named[4]) / STRIKE_UNIT).normalize())
        return None


def load_definitions(path: Path) -> Definitions:
    """Read definitions.

    Raises
    ------
    DataError
        Naming the file, the path in it, the value received and what is allowed.

    """
    try:
        definitions = msgspec.toml.decode(path.read_bytes(), type=Definitions)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"{path}: {error}") from error
    seen: set[tuple[str, str]] = set()
    for definition in definitions.instrument:
        key = (type(definition).__name__, definition.id)
        if key in seen:
            raise DataError(f"{path}: {definition.id} is defined twice (allowed: once a kind)")
        seen.add(key)
        if Decimal(definition.price_increment) <= 0:
            raise DataError(f"{path}: {definition.id}: price_increment {definition.price_increment} (allowed: above 0)")
        if canonical_calendar(definition.calendar) != definition.calendar:
            raise DataError(f"{path}: {definition.id}: calendar {definition.calendar} (allowed: XNYS, CMES, FX, …)")
        zone = getattr(definition, "time_zone", "UTC")
        if zone not in available_timezones():
            raise DataError(f"{path}: {definition.id}: time_zone {zone} (allowed: a zone such as America/Chicago)")
    return definitions


def _utc(day: date, clock: str, time_zone: str) -> str:
    local = datetime.combine(day, time.fromisoformat(clock), ZoneInfo(time_zone))
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

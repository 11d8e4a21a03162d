"""What is asked of a table of bars, and what of it cannot be."""

import zoneinfo
from dataclasses import dataclass, field
from datetime import date

from nautilus_ai_firm.data.definitions import Definitions
from nautilus_ai_firm.data.detection import Stated, bar_size_ns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Adjustment, Listing
from nautilus_ai_firm.data.objects import PriceType
from nautilus_ai_firm.data.sessions import canonical_calendar

DEFAULT_CALENDAR = "XNYS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRequest:
    """What is asked of a table.

    Attributes
    ----------
    venue : str
        Venue of the instrument.
    symbol : str, optional
        Symbol of the instrument; the one in the symbol column, or the name of the first file, when absent.
    stated : Stated
        What is known of columns and times.
    price_type : {"LAST", "BID", "ASK", "MID"}
        Which prices the bars are made of.
    adjustment : {"raw", "split", "total_return"}
        Basis of the prices.
    as_of : str, optional
        ISO date of the last corporate action that the adjustment knows; needed unless raw.
    no_actions : bool
        Whoever adds the table states that the instrument had no split and no dividend in its time.
    source, licence : str, optional
        Who publishes the table, and what allows its use.
    calendar : str, optional
        Exchange whose sessions count; of the definition, or of the venue, when absent.
    definitions : Definitions, optional
        What the instrument is; an equity when absent or not defined there.
    skip_bad : bool
        Leave bad rows out and list them, instead of refusing the table at the first one.

    """

    venue: str
    symbol: str | None = None
    stated: Stated = field(default_factory=lambda: Stated(columns={}))
    price_type: PriceType = "LAST"
    adjustment: Adjustment = "raw"
    as_of: str | None = None
    no_actions: bool = False
    source: str | None = None
    licence: str | None = None
    calendar: str | None = None
    definitions: Definitions | None = None
    skip_bad: bool = False

    def refuse_unusable(self) -> None:
        """Refuse what cannot be asked of any table.

        Raises
        ------
        DataError
            Naming the option, its value and what is allowed.

        """
        if self.stated.bar is not None:
            bar_size_ns(self.stated.bar)
        if self.stated.time_zone is not None and self.stated.time_zone not in zoneinfo.available_timezones():
            raise DataError(f"--tz {self.stated.time_zone} (allowed: a zone such as UTC or America/New_York)")
        if self.adjustment != "raw" and self.as_of is None:
            raise DataError(f"--adjustment {self.adjustment} without a date (allowed: --as-of YYYY-MM-DD)")
        if self.as_of is not None:
            _refuse_no_date(self.as_of)
        if self.adjustment != "raw" and self.no_actions:
            raise DataError(f"--no-actions with --adjustment {self.adjustment} (allowed: raw, or one of the two)")

    def calendar_of(self, defined: Listing | None) -> tuple[str, str]:
        """Find the exchange calendar of an instrument, defined or not, and why it is that.

        Raises
        ------
        DataError
            If there is no such calendar, or the definition names another.

        """
        if self.calendar:
            given = canonical_calendar(self.calendar)
            if given is None:
                raise DataError(f"--calendar {self.calendar} (allowed: an exchange calendar, XNYS, CMES, FX, 24/7, …)")
            if defined is not None and defined.calendar != given:
                raise DataError(
                    f"--calendar {given}, but the definition says {defined.calendar} (allowed: one of the two)"
                )
            return given, "given"
        if defined is not None:
            return defined.calendar, "as defined"
        if name := canonical_calendar(self.venue):
            return name, f"of venue {self.venue}"
        return DEFAULT_CALENDAR, "assumed"


def _refuse_no_date(as_of: str) -> None:
    try:
        right = date.fromisoformat(as_of).isoformat() == as_of
    except ValueError:
        right = False
    if not right:
        raise DataError(f"--as-of {as_of} (allowed: YYYY-MM-DD)")

"""The name of a series of events -> its kind, and the instrument that it concerns.

`fomc` concerns all instruments; `earnings__AAPL-US` is of kind `earnings` and concerns `AAPL.US` alone. Names of series
are words, letters, digits, `_` and `-`, so every other character of an instrument id is a hyphen in them.
"""

import re
from dataclasses import dataclass

from nautilus_ai_firm.settings.suggestion import suggest

SEPARATOR = "__"
"""Between the kind of an event and its instrument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSeries:
    """What a series of events is about.

    Attributes
    ----------
    name : str
        Name of the series in the catalog.
    kind : str
        Kind of its events.
    place : int or None
        Place in the universe of the instrument that they concern; None if they concern all.

    """

    name: str
    kind: str
    place: int | None


def event_series(names: tuple[str, ...], instruments: tuple[str, ...]) -> tuple[EventSeries, ...]:
    """Read names of event series.

    Raises
    ------
    ValueError
        A name ends with an instrument that is not in the universe, or could stand for two of it.

    """
    return tuple(_series(name, instruments) for name in names)


def event_kinds(series: tuple[EventSeries, ...]) -> tuple[str, ...]:
    """Kinds in the order in which they appear first."""
    return tuple(dict.fromkeys(one.kind for one in series))


def _series(name: str, instruments: tuple[str, ...]) -> EventSeries:
    kind, separator, suffix = name.partition(SEPARATOR)
    if not separator:
        return EventSeries(name=name, kind=name, place=None)
    written = [re.sub(r"[^A-Za-z0-9_-]", "-", instrument) for instrument in instruments]
    if not kind or written.count(suffix) != 1:
        what = "names more than one instrument" if written.count(suffix) > 1 else "ends with no instrument"
        expected = [f"{kind}{SEPARATOR}{one}" for one in written]
        raise ValueError(
            f"events: {name!r} {what} of market.universe{suggest(name, expected)}; "
            f"after {SEPARATOR} may stand {', '.join(written)}"
        )
    return EventSeries(name=name, kind=kind, place=written.index(suffix))

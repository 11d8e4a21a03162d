"""Turns the reading of a table into the lines that its owner sees before anything is written."""

from collections.abc import Iterator

from nautilus_ai_firm.data.detection import Layout
from nautilus_ai_firm.data.manifest import Listing
from nautilus_ai_firm.data.table_request import TableRequest


def outline(request: TableRequest, layout: Layout, listing: Listing, *, defined: bool, **told: str) -> Iterator[str]:
    """Say in aligned lines how a table is read.

    Parameters
    ----------
    request : TableRequest
        What was asked.
    layout : Layout
        How times and columns are read.
    listing : Listing
        What the instrument is.
    defined : bool
        Whether a definition says so.
    **told : str
        `file`, `series` and `calendar`, as the reader knows them.

    """
    columns = layout.columns
    time = columns.time if columns.date is None else f"{columns.date}+{columns.time}"
    roles = {"time": time} | {
        role: getattr(columns, role) or "0" for role in ("open", "high", "low", "close", "volume")
    }
    kind = listing.instrument_class if defined else "Equity, as nothing else is defined"
    precision = "as defined" if defined else "as its prices need, 4 or more"
    lines = {
        "file": told["file"],
        "series": f"{told['series']} ({kind})",
        "columns": " ".join(f"{role}={column}" for role, column in roles.items()),
        "time": f"{layout.form} ({layout.why['time']})",
        "time zone": f"{layout.time_zone} ({layout.why['time_zone']})",
        "bar": f"{layout.bar} ({layout.why['bar']})",
        "stamp": f"{layout.stamp} ({layout.why['stamp']})",
        "calendar": told["calendar"],
        "prices": f"{listing.price_precision} decimals ({precision})",
        "basis": _basis(request, listing),
    }
    width = max(map(len, lines))
    for title, text in lines.items():
        yield f"{title.ljust(width)}  {text}"


def _basis(request: TableRequest, listing: Listing) -> str:
    basis = request.adjustment + (f" as of {request.as_of}" if request.as_of else "")
    if request.adjustment != "raw" or listing.instrument_class != "Equity":
        return basis
    if request.no_actions:
        return f"{basis}, without splits and dividends (given)"
    return f"{basis}, splits and dividends unknown: no run may trade it (--adjustment or --no-actions states more)"

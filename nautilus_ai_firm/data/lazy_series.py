"""Writes bar series that are read one after the other, by one update of the catalog, which is held meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.synthetic import BarSize


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSeries:
    """A bar series as it is to be; without a provenance nothing of it is new."""

    instrument_id: str
    columns: BarColumns
    listing: Listing
    provenance: Provenance | None


def write_series(catalog: Catalog, bar: BarSize, series: Iterable[NewSeries]) -> dict[str, bool]:
    """Write all of them, or none where reading one raises; return by name whether each was new.

    Raises
    ------
    CatalogError, DataError
        As `Update.add_bars`.

    """
    written: dict[str, bool] = {}
    with catalog.update() as update:
        for one in series:
            written[bar_type_id(one.instrument_id, bar)] = one.provenance is not None and update.add_bars(
                one.instrument_id, bar, one.columns, one.listing, one.provenance
            )
    return written

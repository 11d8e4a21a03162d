"""One instrument, one basis: prices as traded and adjusted ones, or adjusted as of two dates, never stand together."""

from pathlib import Path

from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord, Record


def refuse_mixed_bases(path: Path, series: dict[str, Record]) -> None:
    """Refuse two series of one instrument whose prices cannot be compared.

    Raises
    ------
    CatalogError
        Naming both and their bases.

    """
    seen: dict[str, BarRecord] = {}
    for name in sorted(series):
        record = series[name]
        if not isinstance(record, BarRecord):
            continue
        other = seen.setdefault(record.instrument_id, record)
        if _basis(record) != _basis(other):
            raise CatalogError(
                f"{path}: {name} is adjusted {_basis(record)}, but {other.name} is adjusted {_basis(other)} "
                "(allowed: one basis for all series of an instrument)"
            )


def _basis(record: BarRecord) -> str:
    provenance = record.provenance
    return "raw" if provenance.adjustment == "raw" else f"{provenance.adjustment} as of {provenance.as_of}"

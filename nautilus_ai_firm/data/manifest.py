"""Turns what the catalog holds into `manifest.json` and back: one record a series, with source, basis and checksums."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from nautilus_ai_firm.data.durable import put_in_place
from nautilus_ai_firm.data.errors import CatalogError

MANIFEST_NAME = "manifest.json"

OPENING_TICK_SIZE = 10_000_000
"""Units of every opening tick: fixed, so that no order learns the volume of the bar that it opens."""

type Adjustment = Literal["raw", "split", "total_return"]
type PositiveFactor = Annotated[float, Meta(gt=0)]
type IsoDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Action(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One corporate action of a raw series: what a price before it must be multiplied with to compare with one after.

    Attributes
    ----------
    date : str
        ISO date of the first session on the new basis.
    price_factor, split_factor : float
        Factor for dividends and for splits; 1.0 where the action has no such part. A 7:1 split has 1/7.

    """

    date: IsoDate
    price_factor: PositiveFactor
    split_factor: PositiveFactor


class Provenance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a series comes from and on which basis its values stand.

    Attributes
    ----------
    source, licence : str
        Who publishes the series, and what allows its use.
    source_sha256 : str
        Checksum of what was read.
    adjustment : {"raw", "split", "total_return"}
        Whether prices are as traded, adjusted for splits, or for splits and dividends; volume is adjusted for splits
        alone, inversely.
    as_of : str
        ISO date of the last corporate action that the adjustment knows; of the last row where nothing is adjusted.
    actions : tuple of Action, optional
        Corporate actions inside the series, by date, adjusted for or not; absent where nobody knows them.
    actions_stated : bool
        Whether that there are none is the word of whoever added the series, and of no file.

    """

    source: str
    licence: str
    source_sha256: str
    adjustment: Adjustment
    as_of: IsoDate
    actions: tuple[Action, ...] | None = None
    actions_stated: bool = False


class Contract(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a future or an option adds to a listing.

    Attributes
    ----------
    underlying : str
        What is delivered or settled against: `ES`, `AAPL.USA`.
    multiplier : str
        Units of the underlying in one contract.
    expiration : str
        Last moment of trading, UTC to the second: `2013-12-20T14:30:00Z`.
    right : {"call", "put"}, optional
        Of an option.
    strike : str, optional
        Of an option, in the currency of the listing.

    """

    underlying: str
    multiplier: str
    expiration: str
    asset_class: Literal["EQUITY", "INDEX", "FX", "COMMODITY", "DEBT"]
    right: Literal["call", "put"] | None = None
    strike: str | None = None


type InstrumentClass = Literal["Equity", "IndexInstrument", "FuturesContract", "OptionContract", "CurrencyPair"]


class Listing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an instrument is and when its exchange is open.

    Attributes
    ----------
    instrument_class : str
        Class of the engine.
    tradable : bool
        Whether orders may be sent, or the series is looked at only.
    calendar : str
        Exchange calendar, as `exchange_calendars` names it.
    currency : str
        Of the prices.
    price_increment : str
        Smallest step of a price; its decimals are those of the prices in the catalog.
    base_currency : str
        Of a currency pair, what one unit of is priced.
    contract : Contract, optional
        Of a future or an option.

    """

    instrument_class: InstrumentClass
    tradable: bool
    calendar: str
    currency: str = "USD"
    price_increment: Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$")] = "0.0001"
    base_currency: str = ""
    contract: Contract | None = None

    @property
    def price_precision(self) -> int:
        """Decimals of the prices in the catalog."""
        return len(self.price_increment.partition(".")[2])


class BarRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="bar", tag_field="kind"):
    """One bar series with its stream of opening ticks."""

    bar_type: str
    instrument_id: str
    listing: Listing
    provenance: Provenance
    price_precision: int
    rows: int
    first: str  # close of the first bar, UTC
    last: str  # close of the last bar, UTC
    sha256: str  # of the columns
    folder: str
    files: dict[str, str]  # path under the folder -> sha256

    @property
    def name(self) -> str:
        """What the series is called everywhere: its bar type."""
        return self.bar_type

    @property
    def actions_unknown(self) -> bool:
        """Whether prices as traded may hide a split or a dividend of which nobody knows; shares alone have any."""
        provenance = self.provenance
        return (
            provenance.adjustment == "raw" and provenance.actions is None and self.listing.instrument_class == "Equity"
        )


class _DatedRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """One series of what is published: never tradable, delivered at publication."""

    series: str
    provenance: Provenance
    rows: int
    first: str  # publication of the first row, UTC
    last: str  # publication of the last row, UTC
    sha256: str
    folder: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """What the series is called everywhere."""
        return self.series


class MacroRecord(_DatedRecord, frozen=True, tag="macro"):
    """One macro series."""

    unit: str
    calendar: str


class NoticeRecord(_DatedRecord, frozen=True, tag="notice"):
    """One series of scheduled events or of headlines, each with its own source."""

    content: Literal["event", "news"]


type Record = BarRecord | MacroRecord | NoticeRecord


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every series of a catalog, by name."""

    version: Literal[1] = 1
    opening_tick_size: int = OPENING_TICK_SIZE
    series: dict[str, Record] = {}

    def sha256(self) -> str:
        """Checksum of the whole catalog: of every record, and through the records of every file."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def load_manifest(catalog: Path) -> Manifest:
    """Read the manifest of a catalog; an absent one is an empty catalog.

    Raises
    ------
    CatalogError
        If the file is no manifest, or was written with another opening tick.

    """
    path = catalog / MANIFEST_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Manifest()
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise CatalogError(f"{path}: {error}") from error
    if manifest.opening_tick_size != OPENING_TICK_SIZE:
        raise CatalogError(f"{path}: opening_tick_size {manifest.opening_tick_size} (allowed: {OPENING_TICK_SIZE})")
    return manifest


def save_manifest(catalog: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, so that a reader sees the old one or the new one."""
    pending = catalog / f".{MANIFEST_NAME}.pending"
    pending.write_bytes(msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n")
    put_in_place(pending, catalog / MANIFEST_NAME)


def file_sha256(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

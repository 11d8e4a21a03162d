"""Turns one batch of LEAN files into series of the catalog, and says what it left out."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from nautilus_ai_firm.data.definitions import Definitions
from nautilus_ai_firm.data.fx_calendar import FX
from nautilus_ai_firm.data.lean.bars import CutBars, Daily, cut_bars
from nautilus_ai_firm.data.lean.batches import BARS, Asset, Batch
from nautilus_ai_firm.data.lean.contracts import contract_of
from nautilus_ai_firm.data.lean.equity import OnBasis, factor_path, missing_sessions, on_basis, price_increment
from nautilus_ai_firm.data.lean.factors import Factors, read_factors
from nautilus_ai_firm.data.lean.rows import LeanRows, read_rows
from nautilus_ai_firm.data.manifest import Adjustment, Listing, Provenance
from nautilus_ai_firm.data.objects import PriceType, bar_type_id
from nautilus_ai_firm.data.sessions import Dates
from nautilus_ai_firm.data.writing import Update

CALENDARS = MappingProxyType({"usa": "XNYS", "cme": "CMES", "oanda": FX})
"""Exchange calendar of each of LEAN's markets."""


class _Terms(NamedTuple):
    """What holds for all files of an asset."""

    time_zone: str
    price_unit: float
    vendor: str
    daily: Daily = "session"


_TERMS: dict[Asset, _Terms] = {
    "equity": _Terms("America/New_York", 10_000, "AlgoSeek, QuantQuote"),
    "option": _Terms("America/New_York", 10_000, "AlgoSeek"),
    "index": _Terms("America/Chicago", 1, "AlgoSeek"),
    "future": _Terms("UTC", 1, "AlgoSeek"),
    "forex": _Terms("UTC", 1, "OANDA", "midnight"),
}
_CHAINS = ("future", "option")  # a zip holds one file a contract
_PRICE_TYPES: dict[str, tuple[PriceType, ...]] = {"trade": ("LAST",), "quote": ("BID", "ASK")}


@dataclass(slots=True)
class BatchAdder:
    """Adds the series of one batch.

    Attributes
    ----------
    update : Update
        Where to.
    folder : Path
        LEAN's data folder.
    batch : Batch
        Which files.
    venue : str
        Venue of the instruments.
    adjustment : {"total_return", "split", "raw"}
        Basis of equities; nothing else has corporate actions, and an equity without a factor file is raw.
    no_actions : bool
        Whoever adds the files states that their equity had no split and no dividend.
    definitions : Definitions
        Futures, options and currency pairs that the files do not describe.
    written : dict of str to bool
        Series by name, and whether it was written.
    notes : list of str
        One line for each thing left out.

    """

    update: Update
    folder: Path
    batch: Batch
    venue: str
    adjustment: Adjustment
    no_actions: bool
    definitions: Definitions
    written: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _left_out: Counter[str] = field(default_factory=Counter)
    _source_sha256: str = ""

    def add(self) -> None:
        """Add all that the batch holds.

        Raises
        ------
        DataError
            Naming file and line of the first bad row.

        """
        factors = self._factors()
        obstacle = self._obstacle()
        if obstacle:
            self._note(f"skipped, {obstacle}")
            return
        batch, terms, calendar = self.batch, _TERMS[self.batch.asset], CALENDARS[self.batch.market]
        checksum = hashlib.sha256()
        adjusted = batch.asset == "equity" and self.adjustment != "raw"
        for path in [*batch.paths, *([factors.path] if factors and adjusted else [])]:
            checksum.update(path.read_bytes())
        self._source_sha256 = checksum.hexdigest()
        rows = read_rows(batch.paths, batch.kind, terms.time_zone, several=batch.asset in _CHAINS)
        for price_type in _PRICE_TYPES[batch.kind]:
            cut = cut_bars(rows, price_type, batch.resolution, calendar, terms.price_unit, terms.daily)
            if price_type != "ASK":
                self._left_out[f"rows outside of {calendar} sessions left out"] += cut.outside
            self._left_out[f"rows without {'a bid' if price_type == 'BID' else 'an ask'}"] += cut.absent
            for instrument_id, listing, part in self._instruments(rows, cut, calendar, factors):
                if batch.asset == "equity":
                    basis = on_basis(part, rows.local, factors, self.adjustment, calendar)
                    if self.no_actions and basis.actions is None:
                        basis = replace(basis, actions=())
                else:
                    basis = self._unadjusted(part, rows, factors)
                self._write(instrument_id, listing, price_type, basis)
        for what, count in self._left_out.items():
            if count:
                self._note(f"{count} {what}")

    def _factors(self) -> Factors | None:
        path = factor_path(self.folder, self.batch.market, self.batch.symbol)
        return read_factors(path) if self.batch.asset in {"equity", "option"} and path.is_file() else None

    def _obstacle(self) -> str:
        """Say what is missing for reading the batch, if anything."""
        batch, product = self.batch, f"{self.batch.symbol}.{self.venue}"
        if batch.market not in CALENDARS:
            return f"no calendar for market {batch.market} (known: {', '.join(CALENDARS)})"
        definition = {
            "future": self.definitions.future,
            "option": self.definitions.option,
            "forex": self.definitions.listing,
        }.get(batch.asset)
        if definition is not None and definition(product) is None:
            return f"no definition of {product} (--definitions FILE)"
        return ""

    def _instruments(
        self, rows: LeanRows, cut: CutBars, calendar: str, factors: Factors | None
    ) -> Iterator[tuple[str, Listing, CutBars]]:
        """Split bars by instrument: one for the whole batch, or one a contract."""
        batch, definitions = self.batch, self.definitions
        instrument_id = f"{batch.symbol}.{self.venue}"
        if batch.asset not in _CHAINS:
            kind, tradable = ("IndexInstrument", False) if batch.asset == "index" else ("Equity", True)
            increment = price_increment(factors if batch.asset == "equity" else None, self.adjustment)
            default = Listing(instrument_class=kind, tradable=tradable, calendar=calendar, price_increment=increment)
            yield instrument_id, definitions.listing(instrument_id) or default, cut
            return
        spans: dict[str, list[slice]] = {}
        listings: dict[str, Listing] = {}
        for member, span in rows.spans():
            name, listing = contract_of(batch, self.venue, definitions, rows.origins[member], rows.names[member])
            listings[name] = listing
            spans.setdefault(name, []).append(slice(*np.searchsorted(cut.row, [span.start, span.stop])))
        for name in sorted(spans):
            at = np.concatenate([np.arange(span.start, span.stop) for span in spans[name]])
            if len(at):
                yield name, listings[name], CutBars(cut.bars.take(at), cut.row[at], 0, 0)

    def _unadjusted(self, part: CutBars, rows: LeanRows, factors: Factors | None) -> OnBasis:
        """Keep bars as they are; an option ends with a split of its underlying, after which its name is another's."""
        dates: Dates = rows.local[part.row].astype("datetime64[D]")
        bars = part.bars
        if factors is not None:
            last_days = factors.dates[:-1][np.diff(factors.split) != 0]
            epoch = np.searchsorted(last_days, dates)
            first = int(np.searchsorted(epoch, epoch[-1]))
            self._left_out["rows left out, of contracts that ended with a split under a name used again"] += first
            bars = bars.take(slice(first, None))
        return OnBasis(bars, str(dates[-1]), "raw", ())

    def _write(self, instrument_id: str, listing: Listing, price_type: PriceType, basis: OnBasis) -> None:
        batch = self.batch
        for note in basis.notes:
            self._note(note)
        if not len(basis.bars):
            self._note("skipped, no row is left")
            return
        a_row_a_session = batch.resolution == "daily" and _TERMS[batch.asset].daily == "session"
        holes = missing_sessions(basis.bars, listing.calendar) if a_row_a_session else 0
        if holes:
            self._note(f"{holes} sessions without a row between its first and its last")
        provenance = Provenance(
            source=f"LEAN {batch.name} ({_TERMS[batch.asset].vendor})",
            licence="as the LEAN data folder states",
            source_sha256=self._source_sha256,
            adjustment=basis.adjustment,
            as_of=basis.as_of,
            actions=basis.actions,
            actions_stated=self.no_actions and batch.asset == "equity",
        )
        bar = BARS[batch.resolution]
        name = bar_type_id(instrument_id, bar, price_type)
        self.written[name] = self.update.add_bars(instrument_id, bar, basis.bars, listing, provenance, price_type)

    def _note(self, text: str) -> None:
        self.notes.append(f"{self.batch.name}: {text}")

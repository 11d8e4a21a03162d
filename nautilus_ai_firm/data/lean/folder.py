"""Turns a LEAN data folder into catalog series, all of it or nothing, with one line for whatever was left out.

Layout and units: `equity/readme.md` and `option/readme.md` of the folder. A row's time is the start of its bar. Quotes
become two series of bars, bid and ask: a file of quote bars holds open, high, low and close of each side, of which
ticks at the closes would keep a quarter, and a side that is not quoted is then a missing bar instead of an invented
price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.definitions import Definitions
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.lean.adder import BatchAdder
from nautilus_ai_firm.data.lean.batches import Batch, find_batches
from nautilus_ai_firm.data.lean.equity import factor_path, other_spellings
from nautilus_ai_firm.data.lean.interest_rate import SERIES, add_interest_rate
from nautilus_ai_firm.data.manifest import Adjustment

_RATE_FILE = "alternative/interest-rate/usa/interest-rate.csv"


@dataclass(frozen=True, slots=True)
class LeanAdded:
    """What became of a LEAN folder.

    Attributes
    ----------
    written : dict of str to bool
        Series by name, and whether it was written (False: the catalog held it already).
    notes : list of str
        One line for each file or stretch of rows that was left out, and why.

    """

    written: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def add_lean(
    catalog: Catalog,
    folder: Path,
    symbols: Sequence[str] = (),
    adjustment: Adjustment = "total_return",
    venue: str | None = None,
    definitions: Definitions | None = None,
    *,
    no_actions: bool = False,
) -> LeanAdded:
    """Add everything that a LEAN data folder holds: equities, index, futures, options, currency pairs, interest rate.

    Parameters
    ----------
    catalog : Catalog
        Where to.
    folder : Path
        LEAN's data folder: it holds `equity/usa/daily` and others.
    symbols : sequence of str
        Only these tickers, pairs, roots of futures, underlyings of options; all, and the interest rate, when empty.
    adjustment : {"total_return", "split", "raw"}
        Basis of the equities; everything else has no corporate actions and is raw, and so is an equity without a factor
        file, whose corporate actions nobody knows.
    venue : str, optional
        Venue of the instruments; the market in capitals when absent: `USA`, `CME`, `OANDA`.
    definitions : Definitions, optional
        What the files do not say of futures, options and currency pairs; these are left out without it.
    no_actions : bool
        State that `symbols`, which have no factor file, had no split and no dividend in the time of their files.

    Raises
    ------
    DataError
        If the folder holds nothing, or nothing of a symbol; if `no_actions` is said of all symbols or of one with a
        factor file; or naming file and line of the first bad row.

    """
    found = find_batches(folder)
    known = sorted({batch.symbol for batch in found.batches})
    if not known:
        raise DataError(f"{folder}: no zip in equity/usa/daily or its like (expected the data folder of LEAN)")
    wanted = [symbol.upper() for symbol in symbols] or known
    for symbol in wanted:
        if symbol not in known:
            raise DataError(f"{folder}: no file for {symbol} (it holds {', '.join(known)})")
    chosen = [batch for batch in found.batches if batch.symbol in wanted]
    unknown = _without_factors(folder, chosen)
    if no_actions:
        _refuse_no_actions(folder, symbols, chosen, unknown)
    added = LeanAdded(notes=list(found.notes) if not symbols else [])
    rate = folder / _RATE_FILE
    with catalog.update() as update:
        for batch in chosen:
            place = venue or batch.market.upper()
            adder = BatchAdder(update, folder, batch, place, adjustment, no_actions, definitions or Definitions())
            adder.add()
            added.written.update(adder.written)
            added.notes.extend(adder.notes)
        if not symbols and rate.is_file():
            added.written[SERIES] = add_interest_rate(update, rate)
    if not no_actions:
        added.notes.extend(_unknown_notes(folder, unknown))
    return added


def _without_factors(folder: Path, batches: Sequence[Batch]) -> dict[str, str]:
    """Equities of which no factor file tells, and the market of each."""
    return {
        batch.symbol: batch.market
        for batch in batches
        if batch.asset == "equity" and not factor_path(folder, batch.market, batch.symbol).is_file()
    }


def _refuse_no_actions(folder: Path, symbols: Sequence[str], batches: Sequence[Batch], unknown: dict[str, str]) -> None:
    if not symbols:
        raise DataError("--no-actions of all symbols (allowed: of those that --symbols names)")
    for batch in batches:
        if batch.asset == "equity" and batch.symbol not in unknown:
            path = factor_path(folder, batch.market, batch.symbol)
            raise DataError(f"--no-actions of {batch.symbol}, but there is {path} (allowed: symbols without one)")


def _unknown_notes(folder: Path, unknown: dict[str, str]) -> Iterator[str]:
    if not unknown:
        return
    yield (
        f"{', '.join(unknown)}: no factor file of that name, so raw, with splits and dividends unknown; a run that "
        "trades one is refused (--symbols X --no-actions states that X had none)"
    )
    files = [name for ticker, market in unknown.items() for name in other_spellings(folder, market, ticker)]
    if files:
        yield f"{', '.join(files)}: not used, as no map file says when a ticker was theirs"

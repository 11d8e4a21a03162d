"""One series of the catalog -> the same up to now: with fresh bars of the gateway, or as it is cached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.gateways.errors import HistoryError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_bars import Contract
from nautilus_ai_firm.hosts.gateway_bars import Ask, Wanted, asked_size, gateway_bars, refuse_holes
from nautilus_ai_firm.hosts.splicing import compared, continued
from nautilus_ai_firm.models.market.splice import MIN_OVERLAP, Splice
from nautilus_ai_firm.settings import Firm

NEVER_MET = Splice(ts_first=0, bars=0, price_factor=1.0, volume_factor=1.0, largest_difference_bps=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spliced:
    """One series up to now.

    Attributes
    ----------
    columns : BarColumns
        On the gateway's level.
    precision : int
        Decimals of its prices.
    how : Splice
        How catalog and gateway met; in no bar where the gateway gave nothing.
    gap : int
        Bars after the last of the catalog.
    now_ns : int
        The time when it was asked for, nanoseconds UTC.
    why_cached : str
        Why the gateway gave nothing; empty where it did.

    """

    columns: BarColumns
    precision: int
    how: Splice
    gap: int
    now_ns: int
    why_cached: str = ""

    def line(self, name: str) -> str:
        """Say it to a person."""
        how = self.how
        if self.why_cached:
            last_ns = int(self.columns.ts_close_ns[-1])
            return (
                f"{name}: CACHED, the catalog's bars up to {utc(last_ns)}, {(self.now_ns - last_ns) / HOUR_NS:.1f} h "
                f"old; no new risk until fresh bars agree with them ({self.why_cached})"
            )
        return (
            f"{name}: {self.gap} bars after the catalog's last; {how.bars} in common differ by at most "
            f"{how.largest_difference_bps:.1f} bps; older prices x{how.price_factor:.6g}, volumes "
            f"x{how.volume_factor:.4g}"
        )


def series_up_to_now(
    firm: Firm, catalog: Catalog, name: str, contracts: Mapping[str, Contract], now_ns: int, ask: Ask
) -> Spliced:
    """Splice one series as `fresh_series`, or go on with the catalog alone where the gateway does not give its bars.

    Raises
    ------
    HistoryError, CatalogError, DataError
        As `warm_up`.

    """
    try:
        return fresh_series(firm, catalog, name, contracts, now_ns, ask)
    except HistoryUnavailableError as error:
        return _cached(firm, catalog, name, contracts, now_ns, str(error))


def fresh_series(
    firm: Firm, catalog: Catalog, name: str, contracts: Mapping[str, Contract], now_ns: int, ask: Ask
) -> Spliced:
    """Splice one series.

    Parameters
    ----------
    firm, catalog, contracts, now_ns, ask
        As `warm_up`.
    name : str
        Of the series.

    Raises
    ------
    HistoryUnavailableError
        The gateway does not give its bars.
    HistoryError, CatalogError, DataError
        As `warm_up`.

    """
    record = cast("BarRecord", catalog.record(name))
    old, wanted, sessions = _wanted(firm, catalog, name, contracts, now_ns)
    new = gateway_bars(wanted, sessions, ask)
    how = compared(name, old, new, float(record.listing.price_increment))
    columns = continued(old, new, how).rounded(record.price_precision)
    check_bars(columns, f"{name} up to {utc(now_ns)}", precision=record.price_precision)
    refuse_holes(wanted, new, sessions)
    return Spliced(
        columns=columns,
        precision=record.price_precision,
        how=how,
        gap=int(np.count_nonzero(new.ts_close_ns > old.ts_close_ns[-1])),
        now_ns=now_ns,
    )


def _cached(
    firm: Firm, catalog: Catalog, name: str, contracts: Mapping[str, Contract], now_ns: int, why: str
) -> Spliced:
    """Go on with the catalog alone; what would be refused of the gateway's bars is refused of these."""
    record = cast("BarRecord", catalog.record(name))
    old, wanted, sessions = _wanted(firm, catalog, name, contracts, now_ns)
    try:
        refuse_holes(wanted, old.take(old.ts_open_ns >= wanted.start_ns), sessions)
    except HistoryError as hole:
        raise HistoryError(f"{why}; and the catalog's own bars do not do: {hole}") from None
    return Spliced(
        columns=old,
        precision=record.price_precision,
        how=NEVER_MET,
        gap=0,
        now_ns=now_ns,
        why_cached=why,
    )


def _wanted(
    firm: Firm, catalog: Catalog, name: str, contracts: Mapping[str, Contract], now_ns: int
) -> tuple[BarColumns, Wanted, Sessions]:
    """Return the catalog's last bars, what is wanted of the gateway, and the sessions of both."""
    size = asked_size(firm.market.bar)
    if name not in contracts:
        raise HistoryError(f"{name} has no name at the broker (named are: {', '.join(contracts) or 'none'})")
    record = cast("BarRecord", catalog.record(name))
    old = _last_bars(catalog, name, firm.market.warm_up_rounds + MIN_OVERLAP + 1, now_ns)
    if len(old) < MIN_OVERLAP:
        raise HistoryError(f"{name}: the catalog has {len(old)} bars up to now (allowed: {MIN_OVERLAP} or more)")
    wanted = Wanted(
        name=name,
        contract=contracts[name],
        bar=size,
        adjustment=record.provenance.adjustment,
        start_ns=int(old.ts_open_ns[-MIN_OVERLAP]),
        now_ns=now_ns,
    )
    return old, wanted, Sessions.between(record.listing.calendar, wanted.start_ns, now_ns)


def _last_bars(catalog: Catalog, name: str, count: int, now_ns: int) -> BarColumns:
    closes = catalog.closes_before([name], now_ns + 1, count)
    return catalog.bar_columns(name, int(closes[0]) if len(closes) else now_ns, now_ns)

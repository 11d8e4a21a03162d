"""Catalog up to its end, then the broker's gateway up to now -> what the desks of a session at the broker learn from.

From the first bar that both have the gateway's counts, so that history and decision bars come from one source. What is
older comes from the catalog, on the level of the gateway's prices and volumes. Where the two do not agree in returns,
over at least 20 bars, nobody may trade. Where the gateway does not give bars, those of the catalog alone are learned
from, as long as no session is missing in them, and the instrument takes no new risk until fresh bars agree with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nautilus_ai_firm.agents.market import Feed
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, check_bars, joined, utc
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.objects import bar_objects
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.gateways.errors import HistoryError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_history import Contract
from nautilus_ai_firm.hosts.gateway_bars import Ask, Wanted, asked_size, gateway_bars, refuse_holes
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.models.market.splice import MIN_OVERLAP, Side, Splice, SpliceError, splice
from nautilus_ai_firm.settings import Firm

NEVER_MET = Splice(ts_first=0, bars=0, price_factor=1.0, volume_factor=1.0, largest_difference_bps=0.0)
HOUR_NS = 3_600_000_000_000
CENT, BELOW_A_DOLLAR = 0.01, 0.0001  # steps of prices of shares


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


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What the desks learn from before the first round.

    Attributes
    ----------
    feed : Feed
        Its history and initial inputs; the grace is the host's to add.
    begin_ns : int
        Close of the first round of the history, nanoseconds UTC; of nothing where there is none.
    spliced : dict of str to Spliced
        Every bar series, by name.

    """

    feed: Feed
    begin_ns: int
    spliced: dict[str, Spliced]

    def lines(self) -> list[str]:
        """Say how every series was spliced."""
        return [one.line(name) for name, one in self.spliced.items()]

    @property
    def cached(self) -> dict[str, Spliced]:
        """The series of which the gateway gave nothing, by name."""
        return {name: one for name, one in self.spliced.items() if one.why_cached}


def warm_up(firm: Firm, catalog: Catalog, contracts: Mapping[str, Contract], now_ns: int, ask: Ask) -> WarmUp:
    """Collect the history of a session that begins now.

    Parameters
    ----------
    firm : Firm
        Settings: the series, and how many rounds are learned from (`market.warm_up_rounds`).
    catalog : Catalog
        Holds at least 20 bars of every bar series.
    contracts : mapping of str to Contract
        What the broker calls the instrument of each bar series of universe and inputs, by the name of the series.
    now_ns : int
        The time, nanoseconds UTC; only what had closed by then, or was published, is learned from.
    ask : callable
        Asks the gateway for bars: `HistoryLine.bars`.

    Raises
    ------
    HistoryError
        Bars of a size that is not asked for here; a series that the broker has no name for; the catalog or the gateway
        has too few; the two disagree (names series, time and both returns); or a session is missing, in the catalog
        alone where the gateway gives nothing.
    CatalogError, DataError
        An unknown series; a bar that no market can have made.

    """
    names, inputs = bar_names(firm), input_names(firm)
    watched = [name for name in inputs if isinstance(catalog.record(name), BarRecord)]
    figures = [name for name in inputs if name not in watched]
    spliced = {name: _series(firm, catalog, name, contracts, now_ns, ask) for name in dict.fromkeys([*names, *watched])}
    closes = np.unique(np.concatenate([spliced[name].columns.ts_close_ns for name in names]))
    rounds = min(firm.market.warm_up_rounds, len(closes))
    begin_ns = int(closes[len(closes) - rounds]) if rounds else now_ns + 1
    after_ns = int(closes[len(closes) - rounds - 1]) if rounds < len(closes) else 0  # inputs count since the last close
    history: list[Any] = []
    if rounds:
        for name, one in spliced.items():
            recent = (one.columns.ts_close_ns > after_ns) & (one.columns.ts_close_ns <= closes[-1])
            history += bar_objects(name, one.columns.take(recent), one.precision)
        history += catalog.window([], figures, after_ns + 1, int(closes[-1])).observations
    known = dict(zip(inputs, catalog.initial_inputs(inputs, begin_ns).tolist(), strict=True))
    for name in watched:
        known[name] = _last_close(spliced[name].columns, begin_ns)
    return WarmUp(
        feed=Feed(
            initial_inputs={
                own: known[name]
                for own, name in zip(firm.market.inputs, inputs, strict=True)
                if np.isfinite(known[name])
            },
            history=sorted(history, key=lambda data: data.ts_init),
        ),
        begin_ns=begin_ns,
        spliced=spliced,
    )


def _series(
    firm: Firm, catalog: Catalog, name: str, contracts: Mapping[str, Contract], now_ns: int, ask: Ask
) -> Spliced:
    try:
        return fresh_series(firm, catalog, name, contracts, now_ns, ask)
    except HistoryUnavailableError as error:
        return _cached(firm, catalog, name, contracts, now_ns, str(error))


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


def compared(name: str, old: BarColumns, new: BarColumns, increment: float) -> Splice:
    """Hold the catalog's bars against the gateway's.

    Parameters
    ----------
    name : str
        Of the series, for messages.
    old, new : BarColumns
        Of the catalog and of the gateway.
    increment : float
        Step of the catalog's prices.

    Raises
    ------
    HistoryError
        They do not continue each other.

    """
    try:
        return splice(_side(old, increment), _side(new, CENT if new.close.min() >= 1 else BELOW_A_DOLLAR))
    except SpliceError as error:
        raise HistoryError(f"{name}: catalog (old) and gateway (new) do not continue each other: {error}") from None


def continued(old: BarColumns, new: BarColumns, how: Splice) -> BarColumns:
    """Put the catalog's bars, as far as the gateway has none, before the gateway's and on their level."""
    before = old.take(old.ts_close_ns < how.ts_first)
    scaled = before.adjusted(np.full(len(before), how.price_factor), np.full(len(before), 1 / how.volume_factor))
    return joined([scaled, new])


def _last_bars(catalog: Catalog, name: str, count: int, now_ns: int) -> BarColumns:
    closes = catalog.closes_before([name], now_ns + 1, count)
    return catalog.bar_columns(name, int(closes[0]) if len(closes) else now_ns, now_ns)


def _side(bars: BarColumns, increment: float) -> Side:
    return Side(ts=bars.ts_close_ns, close=bars.close, volume=bars.volume, increment=increment)


def _last_close(bars: BarColumns, before_ns: int) -> float:
    earlier = bars.close[bars.ts_close_ns < before_ns]
    return float(earlier[-1]) if len(earlier) else np.nan

"""Settings and catalog -> the series of quotes, events and options that a run is given beside bars and inputs.

Quotes are read from the finest bid and ask bars that are no coarser than the decision bar. An instrument of the
universe needs both sides of one size; a contract may never have been bid for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.data.manifest import BarRecord, NoticeRecord
from nautilus_ai_firm.data.objects import Instrument, bar_type_id
from nautilus_ai_firm.data.quotes import Beside, QuoteSeries
from nautilus_ai_firm.hosts.universe import bar_minutes
from nautilus_ai_firm.models.market.chain_quotes import ContractTerms
from nautilus_ai_firm.settings import ConfigError, Firm, stated, suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What a run is given beside bars and inputs.

    Attributes
    ----------
    beside : Beside
        Series of quotes and events.
    contracts : tuple of str
        A bar series of each contract of the chains.
    spots : dict of str to str
        By underlying of a chain, the instrument whose close is its spot price; one that has none is absent.

    """

    beside: Beside = field(default_factory=Beside)
    contracts: tuple[str, ...] = ()
    spots: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of all these series."""
        sides = (name for one in self.beside.quotes for name in (one.bid, one.ask) if name is not None)
        return [*sides, *self.beside.events]


def watching_of(firm: Firm, catalog: Catalog, source: str, first_ns: int, last_ns: int) -> Watching:
    """Find what the configuration watches in what the catalog holds.

    Parameters
    ----------
    firm : Firm
        Settings.
    catalog : Catalog
        The catalog.
    source : str
        The configuration, for the message.
    first_ns, last_ns : int
        First and last nanosecond of the run, UTC; contracts without a quote between them are left out.

    Raises
    ------
    ConfigError
        There are no quotes of an instrument, no events of that name, no options on an underlying, prices that are to be
        its spot price are adjusted, or an option that is held beside the firm cannot be valued.

    """
    market = firm.market
    _check_events(firm, catalog, source)
    sides = _sides(catalog, market.bar, utc(first_ns), utc(last_ns)) if market.quotes or market.chains else {}
    quotes: list[QuoteSeries] = []
    for name in market.instrument_ids if market.quotes else ():
        both = [size for size in sides.get(name, ()) if len(size) > 1]
        if not both:
            raise ConfigError(f"{source}: market.quotes = true, but {_no_quotes(catalog, name, market.bar)}")
        quotes.append(QuoteSeries(instrument_id=name, bid=both[0]["BID"], ask=both[0]["ASK"], two_sided=True))
    contracts: dict[str, str] = {}
    underlyings: dict[str, str] = {}
    for place, chain in enumerate(market.chains):
        own = {name: size for name, (size, *_) in sides.items() if _is_option_on(catalog, size, chain.underlying)}
        if not own:
            what = _no_quotes(catalog, f"options on {chain.underlying}", market.bar)
            raise ConfigError(f"{source}: market.chains[{place}].underlying = {chain.underlying!r}, but {what}")
        contracts |= {name: next(iter(own[name].values())) for name in sorted(own)}
        underlyings |= dict.fromkeys(sorted(own), chain.underlying)
        quotes += [
            QuoteSeries(instrument_id=name, bid=own[name].get("BID"), ask=own[name].get("ASK"), two_sided=False)
            for name in sorted(own)
        ]
    spots = _spots(firm, catalog, source)
    _check_held(firm, catalog, source, underlyings, spots)
    return Watching(
        beside=Beside(quotes=tuple(quotes), events=market.events), contracts=tuple(contracts.values()), spots=spots
    )


def with_watched(universe: Universe, firm: Firm, contracts: Sequence[Instrument], spots: Mapping[str, str]) -> Universe:
    """Add to a universe what the firm watches.

    Parameters
    ----------
    universe : Universe
        The universe.
    firm : Firm
        Settings.
    contracts : sequence of Instrument
        Contracts of the chains.
    spots : mapping of str to str
        As `Watching`.

    """
    return replace(
        universe,
        quotes=firm.market.quotes,
        events=firm.market.event_series,
        chains=tuple(
            _terms(universe, chain.underlying, contracts, spots.get(chain.underlying)) for chain in firm.market.chains
        ),
    )


def _terms(universe: Universe, underlying: str, contracts: Iterable[Any], spot: str | None) -> ContractTerms:
    own = sorted(
        (one for one in contracts if one.underlying == underlying),
        key=lambda one: (one.expiration_ns, nearest_float(one.strike_price), _is_call(one), str(one.id)),
    )
    is_input = spot is not None and spot not in universe.names
    places = universe.inputs if is_input else universe.names
    return ContractTerms(
        underlying=underlying,
        names=tuple(str(one.id) for one in own),
        strike=np.array([nearest_float(one.strike_price) for one in own], dtype=np.float64),
        expiry_ns=np.array([one.expiration_ns for one in own], dtype=np.int64),
        is_call=np.array([_is_call(one) for one in own], dtype=np.bool_),
        multiplier=np.array([nearest_float(one.multiplier) for one in own], dtype=np.float64),
        spot_place=None if spot is None else places.index(spot),
        spot_is_input=is_input,
    )


def _is_call(contract: Any) -> bool:
    return contract.option_kind.name == "CALL"


def _check_events(firm: Firm, catalog: Catalog, source: str) -> None:
    known = [name for name in catalog.names() if _holds_events(catalog, name)]
    for name in firm.market.events:
        if name not in known:
            there = ", ".join(known) or "none"
            raise ConfigError(
                f"{source}: market.events names {name!r}, of which {catalog.path} holds no events"
                f"{suggest(name, known)}; its series of events: {there}"
            )


def _holds_events(catalog: Catalog, name: str) -> bool:
    record = catalog.record(name)
    return isinstance(record, NoticeRecord) and record.content == "event"


def _spots(firm: Firm, catalog: Catalog, source: str) -> dict[str, str]:
    market = firm.market
    spots: dict[str, str] = {}
    for place, chain in enumerate(market.chains):
        record = catalog.record(bar_type_id(chain.spot or chain.underlying, market.bar))
        if record.provenance.adjustment == "raw":
            spots[chain.underlying] = chain.spot or chain.underlying
        elif chain.spot is not None:
            raise ConfigError(
                f"{source}: market.chains[{place}].spot = {chain.spot!r}, whose prices are adjusted "
                f"({record.provenance.adjustment}) (allowed: prices as traded, which strikes are compared with)"
            )
    return spots


def _check_held(
    firm: Firm, catalog: Catalog, source: str, underlyings: Mapping[str, str], spots: Mapping[str, str]
) -> None:
    """Refuse options held beside the firm of which no round could tell a volatility."""
    greeks = stated(firm.risk.greeks)
    for place, held in enumerate(() if greeks is None else greeks.held):
        where = f"{source}: risk.greeks.held[{place}].contract = {held.contract!r}"
        underlying = underlyings.get(held.contract)
        if underlying is None:
            raise ConfigError(
                f"{where}{suggest(held.contract, underlyings)} (allowed: the {len(underlyings):,} options on "
                f"{', '.join(chain.underlying for chain in firm.market.chains)} of which {catalog.path} holds bid or "
                "ask bars in the time of the run)"
            )
        if underlying not in spots:
            raise ConfigError(
                f"{where}: {underlying} has no price as traded (allowed: options on an underlying whose prices are "
                "raw, or whose chain in market.chains has a spot)"
            )


def _sides(catalog: Catalog, bar: str, first: str, last: str) -> dict[str, list[dict[str, str]]]:
    """Bid and ask series inside a run by instrument: one or both sides of each size that serves, the finest first."""
    found: dict[str, dict[int, dict[str, str]]] = {}
    for name in catalog.names():
        record = catalog.record(name)
        if not isinstance(record, BarRecord) or record.last < first or record.first > last:
            continue
        step, unit, price, *_ = name.removeprefix(f"{record.instrument_id}-").split("-")
        minutes = bar_minutes(f"{step}-{unit}")
        if price in {"BID", "ASK"} and minutes <= bar_minutes(bar):
            found.setdefault(record.instrument_id, {}).setdefault(minutes, {})[price] = name
    return {name: [sizes[minutes] for minutes in sorted(sizes)] for name, sizes in found.items()}


def _is_option_on(catalog: Catalog, sides: Mapping[str, str], underlying: str) -> bool:
    record = catalog.record(next(iter(sides.values())))
    contract = record.listing.contract if isinstance(record, BarRecord) else None
    return contract is not None and contract.right is not None and contract.underlying == underlying


def _no_quotes(catalog: Catalog, what: str, bar: str) -> str:
    return f"{catalog.path} holds no bid and ask bars of {what}, of {bar} or finer, in the time of the run"

"""The broker's gateway -> the bar series of a firm in a catalog, all of them or none; a second time what is new."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.lazy_series import NewSeries, write_series
from nautilus_ai_firm.data.manifest import BarRecord, Listing, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.synthetic import BarSize
from nautilus_ai_firm.durations import DAY_NS, SECOND_NS
from nautilus_ai_firm.gateways.account_probe import probe
from nautilus_ai_firm.gateways.errors import HistoryError
from nautilus_ai_firm.gateways.ib_bars import Contract, HistoryBar, HistoryRequest
from nautilus_ai_firm.gateways.ib_history import HistoryLine
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.gateways.ib_retry import Patience
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan, contracts_of
from nautilus_ai_firm.hosts.gateway_bars import Ask, Wanted, asked_size, broker_contract, gateway_bars, holes, requests
from nautilus_ai_firm.hosts.splicing import compared, continued
from nautilus_ai_firm.models.market.splice import MIN_OVERLAP
from nautilus_ai_firm.settings import bar_length_ns

SOURCE = "Interactive Brokers"
LICENCE = "the account's market data agreement; not to be redistributed"
DAYS: Mapping[BarSize, int] = {"1-DAY": 1_825, "1-HOUR": 365, "1-MINUTE": 30}
"""Calendar days that are asked for where nobody says: five years, one, a month."""

SAME_LEVEL = 1e-4  # a smaller step between two readings is rounding: no corporate action is so small


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of each series, by name, and what a person should know of them."""

    written: dict[str, bool]
    notes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One series, as it is held and as it is wanted."""

    instrument_id: str
    listing: Listing
    held: BarRecord | None
    columns: BarColumns | None
    wanted: Wanted
    sessions: Sessions


def add_broker_bars(
    plan: BrokerPlan,
    days: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    patience: Patience | None = None,
) -> Added:
    """Ask the gateway for every bar series of universe and inputs, and write them by one update of the catalog.

    Prices are the broker's trades, adjusted for splits up to today. A series that the catalog holds from here is asked
    for from its last 20 bars on, must agree there, and goes on; after a split its older prices are brought to the new
    level.

    Parameters
    ----------
    plan : BrokerPlan
        Configuration, catalog, where the gateway is, and who is told of pauses.
    days : int, optional
        How far back, in calendar days; `DAYS` when absent.
    on_progress : callable
        Takes the requests that were answered, and all.
    patience : Patience, optional
        How to wait; by the clock of the machine when absent.

    Raises
    ------
    ConfigError, GatewayError
        As `check_broker`; too few bars; or the catalog disagrees with the gateway.
    CatalogError, DataError
        The catalog holds a series from elsewhere, or a bar is one that no market can have made.

    """
    contracts, endpoint, now_ns = contracts_of(plan), plan.endpoint, time.time_ns()
    size = asked_size(plan.loaded.firm.market.bar)
    begin_ns = now_ns - (days or DAYS[size]) * DAY_NS
    catalog, patience = Catalog(plan.catalog), patience or Patience()
    calendar = plan.loaded.firm.market.calendar
    notes: list[str] = []

    def read() -> Iterator[NewSeries]:
        every = [
            _series(catalog, name, broker_contract(identity), size, calendar, begin_ns, now_ns)
            for name, identity in contracts.items()
        ]
        probe(endpoint, plan.settings, plan.say, patience)
        total = sum(len(list(requests(one.wanted))) for one in every)
        with HistoryLine(endpoint, plan.settings, plan.say, Pacing(), patience) as line:
            counted = _Counted(line.bars, lambda done: on_progress(done, total))
            on_progress(0, total)
            for one in every:
                columns, provenance = _read(one, counted.bars)
                yield NewSeries(
                    instrument_id=one.instrument_id, columns=columns, listing=one.listing, provenance=provenance
                )
                missing = holes(columns, one.sessions, now_ns)
                if len(missing):
                    notes.append(f"{one.wanted.name}: {len(missing):,} sessions without a bar, the first {missing[0]}")

    return Added(written=write_series(catalog, size, read()), notes=notes)


class _Counted:
    """Asks, and counts the answers."""

    def __init__(self, ask: Ask, tell: Callable[[int], None]) -> None:
        self._ask = ask
        self._tell = tell
        self._done = 0

    def bars(self, request: HistoryRequest) -> list[HistoryBar]:
        found = self._ask(request)
        self._done += 1
        self._tell(self._done)
        return found


def _series(
    catalog: Catalog, instrument_id: str, contract: Contract, size: BarSize, calendar: str, begin_ns: int, now_ns: int
) -> _Series:
    """See what is held, and from when on it is wanted."""
    name = bar_type_id(instrument_id, size)
    held = catalog.manifest.series.get(name)
    columns = None
    sessions = Sessions.between(calendar, begin_ns, now_ns)
    start_ns = begin_ns
    if isinstance(held, BarRecord):
        if held.provenance.source != SOURCE:
            raise CatalogError(
                f"{catalog.path}: {name} is there already from {held.provenance.source!r} (allowed: another "
                "catalog, or an instrument of another venue)"
            )
        columns = catalog.bar_columns(name)
        if columns.ts_open_ns[0] <= _first_bar_ns(sessions, begin_ns, size):  # it reaches back as far as is wanted
            start_ns = int(columns.ts_open_ns[-MIN_OVERLAP])
            sessions = Sessions.between(calendar, int(columns.ts_open_ns[0]), now_ns)
    is_share = contract.security_type == "STK"
    return _Series(
        instrument_id=instrument_id,
        listing=Listing(
            instrument_class="Equity" if is_share else "IndexInstrument", tradable=is_share, calendar=calendar
        ),
        held=held if isinstance(held, BarRecord) else None,
        columns=columns,
        wanted=Wanted(
            name=name,
            contract=contract,
            bar=size,
            adjustment="split" if is_share else "raw",
            start_ns=start_ns,
            now_ns=now_ns,
        ),
        sessions=sessions,
    )


def _first_bar_ns(sessions: Sessions, begin_ns: int, size: BarSize) -> int:
    """Return the latest open of the first whole bar from a time on: inside a session it need not wait for the next."""
    if size != "1-DAY" and sessions.is_open(begin_ns):
        return begin_ns + bar_length_ns(size)
    return int(sessions.next_open_ns(begin_ns))


def _read(one: _Series, ask: Ask) -> tuple[BarColumns, Provenance | None]:
    """Ask for what is wanted, and join it to what is held; without a provenance where nothing is new."""
    name, listing = one.wanted.name, one.listing
    sessions = Sessions.between(listing.calendar, one.wanted.start_ns, one.wanted.now_ns)
    new = gateway_bars(one.wanted, sessions, ask).rounded(listing.price_precision)
    if len(new) < MIN_OVERLAP:
        raise HistoryError(
            f"{name}: the gateway has {len(new)} bars of the time asked for (allowed: {MIN_OVERLAP} or more, with "
            "which the next ones are compared; ask for more with --days)"
        )
    columns, as_of = new, _today(one.wanted.now_ns)
    if one.held is not None and one.columns is not None:
        how = compared(name, one.columns, new, float(listing.price_increment))
        if abs(how.price_factor - 1) <= SAME_LEVEL:  # no action since: the basis is what it was
            how, as_of = replace(how, price_factor=1.0, volume_factor=1.0), one.held.provenance.as_of
        columns = continued(one.columns, new, how).rounded(listing.price_precision)
        if _equal(columns, one.columns):
            return columns, None
    check_bars(columns, f"{name} at the gateway", precision=listing.price_precision)
    return columns, Provenance(
        source=SOURCE,
        licence=LICENCE,
        source_sha256=hashlib.sha256(b"".join(array.tobytes() for array in _arrays(new))).hexdigest(),
        adjustment=one.wanted.adjustment,
        as_of=as_of if one.wanted.adjustment == "split" else _today(int(columns.ts_close_ns[-1])),
    )


def _arrays(columns: BarColumns) -> tuple[np.ndarray, ...]:
    return (
        columns.ts_open_ns, columns.ts_close_ns, columns.open, columns.high, columns.low, columns.close, columns.volume,
    )  # fmt: skip


def _equal(one: BarColumns, other: BarColumns) -> bool:
    return all(np.array_equal(left, right) for left, right in zip(_arrays(one), _arrays(other), strict=True))


def _today(ts_ns: int) -> str:
    return f"{datetime.fromtimestamp(ts_ns // SECOND_NS, UTC):%Y-%m-%d}"

"""What every desk reads of the firm's state: the universe, positions, cash and equity, from the Nautilus cache."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

import numpy as np
from nautilus_trader.common import Cache
from nautilus_trader.model import (
    FIXED_PRECISION,
    BarType,
    ClientId,
    Currency,
    InstrumentId,
    Position,
    Price,
    Quantity,
    Venue,
)
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.execution.net_entry import net_entry
from nautilus_ai_firm.models.market.chain_quotes import ContractTerms
from nautilus_ai_firm.settings import EventSeries

CENT = Decimal("0.01")
FLOAT_NOISE = Decimal("1e-6")
"""The engine's average price is a float: what it leaves beyond this would turn half a cent into less than half."""

_FOREVER = 2**62

RAW_UNIT = 10**FIXED_PRECISION


def nearest_float(value: Price | Quantity) -> float:
    """Return the float nearest to a decimal; the engine's own conversion is off by an ulp for one price in six."""
    return value.raw / RAW_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How orders leave, where that is not as in a simulation.

    Attributes
    ----------
    order_ids : tuple of InstrumentId
        What the broker calls the instruments, in the order of the universe.
    client_id : ClientId, optional
        The execution client that takes the orders; the engine finds it when absent.
    order_tag : str
        What the id of every order begins with, so that no two sessions at one account share an id.
    auctions : bool
        Whether a decision for the next open goes out at once, as an order for the opening auction.

    """

    order_ids: tuple[InstrumentId, ...]
    client_id: ClientId | None
    order_tag: str = ""
    auctions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The instruments of the firm in the order of the configuration, and what it watches beside them."""

    instrument_ids: tuple[InstrumentId, ...]
    bar_types: tuple[BarType, ...]
    lot_sizes: NDArray[np.int64]
    inputs: tuple[str, ...]
    input_bar_types: dict[str, BarType]  # inputs that are bars; the others are macro series
    venue: Venue
    currency: Currency
    bar_minutes: int
    bars_per_year: float
    names: tuple[str, ...]  # instrument ids as text
    quotes: bool = False  # whether the last quotes of the instruments are watched
    events: tuple[EventSeries, ...] = ()  # series of scheduled events
    chains: tuple[ContractTerms, ...] = ()  # options on instruments of the universe
    trades_quotes: bool = False  # whether orders go out at quotes; at trades otherwise
    route: Route | None = None

    @property
    def order_ids(self) -> tuple[InstrumentId, ...]:
        """What the venue of the orders calls the instruments."""
        return self.instrument_ids if self.route is None else self.route.order_ids

    @property
    def client_id(self) -> ClientId | None:
        """The execution client that takes the orders; the engine finds it where there is one."""
        return None if self.route is None else self.route.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the firm has at one moment.

    Attributes
    ----------
    positions : ndarray of shape (n_instruments,)
        Filled quantity, signed.
    projected : ndarray of shape (n_instruments,)
        Positions plus everything that is working: held and open orders and the unspawned part of active parents.
    balance : Decimal
        Balance of the account: realised profit, commissions and financing are booked, open profit is not.
    equity : Decimal
        Balance plus open positions marked at the given prices, rounded to cents.

    """

    positions: NDArray[np.int64]
    projected: NDArray[np.int64]
    balance: Decimal
    equity: Decimal


class Funds(Protocol):
    """Who knows the balance where the engine's account does not say it."""

    def balance(self, positions: Iterable[Position]) -> Decimal:
        """Return what `Holdings.balance` is, from the open positions."""
        ...


class Book:
    """Reads the holdings of the firm.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    ledger : WorkingLedger
        The execution desk's ledger of working quantity; nobody else writes it.
    funds : Funds, optional
        Who knows the balance; the engine's account of the venue when absent.

    """

    __slots__ = ("_funds", "_index", "_ledger", "universe")

    def __init__(self, universe: Universe, ledger: WorkingLedger, funds: Funds | None = None) -> None:
        self.universe = universe
        self._ledger = ledger
        self._funds = funds
        self._index = {instrument_id: place for place, instrument_id in enumerate(universe.order_ids)}

    def holdings(self, cache: Cache, close: Floats) -> Holdings:
        """Read positions, balance and equity, marking open positions at `close`.

        Raises
        ------
        LookupError
            The venue has no account yet.

        """
        open_ = ((self._index.get(position.instrument_id), position) for position in cache.positions_open())
        held = [(place, position) for place, position in open_ if place is not None]
        balance = self._balance(cache, [position for _, position in held])
        positions = np.zeros(len(self._index), dtype=np.int64)
        open_profit = Decimal(0)
        marks = close.tolist()
        for place, position in held:
            quantity = round(position.signed_qty)
            positions[place] += quantity
            open_profit += quantity * (Decimal(repr(marks[place])) - Decimal(repr(position.avg_px_open)))
        return Holdings(
            positions=positions,
            projected=positions + self._ledger.working(),
            balance=balance,
            equity=(balance + open_profit.quantize(FLOAT_NOISE)).quantize(CENT, ROUND_HALF_EVEN),
        )

    def entry_prices(self, cache: Cache) -> Floats:
        """Return the average entry prices of what is open, shape (n_instruments,); NaN where nothing is."""
        return open_entries(cache.positions_open(), self._index)[1]

    def _balance(self, cache: Cache, held: list[Position]) -> Decimal:
        if self._funds is not None:
            return self._funds.balance(held)
        account = cache.account_for_venue(self.universe.venue)
        if account is None:
            raise LookupError(f"no account at venue {self.universe.venue}")
        cache.purge_account_events(_FOREVER)  # the next reading copies the account with all its events
        return account.balance_total(self.universe.currency).as_decimal()


def open_entries(positions: Iterable[Position], index: Mapping[InstrumentId, int]) -> tuple[NDArray[np.int64], Floats]:
    """Return what is open, shape (n_instruments,) each: signed quantities, and average entry prices, NaN of nothing.

    Parameters
    ----------
    positions : iterable of Position
        Open positions; an instrument may have several.
    index : mapping of InstrumentId to int
        Place of every instrument, by what the venue calls it.

    """
    parts: dict[int, list[tuple[int, float]]] = {}
    for position in positions:
        place = index.get(position.instrument_id)
        if place is not None:
            parts.setdefault(place, []).append((round(position.signed_qty), position.avg_px_open))
    quantities, prices = np.zeros(len(index), dtype=np.int64), np.full(len(index), np.nan)
    for place, of_place in parts.items():
        quantities[place], prices[place] = net_entry(of_place)
    return quantities, prices

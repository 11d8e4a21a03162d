"""Quotes of the options that are held beside the firm become the exposures of each of them, round by round."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, OptionChain, Times
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.greeks import greeks
from nautilus_ai_firm.models.estimators.implied_forward import implied_forwards
from nautilus_ai_firm.models.estimators.implied_volatility import implied_volatility
from nautilus_ai_firm.models.estimators.option_quotes import OptionQuotes, Places, option_quotes
from nautilus_ai_firm.models.estimators.realized_variance import YEAR_NS
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures, exposures_of_one, exposures_of_rows

_OTHER_UNIT = 0.05
"""Relative change of the price in the universe over the price as traded from which strikes are of another unit: a split
changes it by a factor of its ratio, a dividend hardly, and nothing else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContract:
    """A position in one option contract that the firm does not trade.

    Attributes
    ----------
    name : str
        Instrument id of the contract.
    chain : int
        Place of its chain in `MarketSnapshot.chains`.
    underlying : int
        Place of its underlying in the universe.
    strike : float
        Strike, in the contracts' price unit.
    expiry_ns : int
        Expiry, nanoseconds UTC.
    is_call : bool
        A call; else a put.
    multiplier : float
        Units of the underlying that one contract is on.
    quantity : int
        Contracts, signed.

    """

    name: str
    chain: int
    underlying: int
    strike: float
    expiry_ns: int
    is_call: bool
    multiplier: float
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteReading:
    """How quotes of options are read.

    Attributes
    ----------
    rate_per_year : float
        Interest rate, continuously compounded, at least 0.
    max_relative_spread : float
        Widest quote that is used, a fraction of its mid.
    max_carried_rounds : int
        Rounds after its last usable quote for which a contract keeps its volatility.

    """

    rate_per_year: float
    max_relative_spread: float
    max_carried_rounds: int


class HeldOptions:
    """What is known of the contracts: the volatility and the carry that their last usable quotes imply.

    The volatility is that at which the mid is the value of an American option (`implied_volatility`), the carry that of
    the forward which pairs of calls and puts of its expiry imply (`implied_forwards`), as the agents read a chain.

    Parameters
    ----------
    contracts : sequence of HeldContract
        What is held, m contracts.
    reading : QuoteReading
        How quotes are read.

    Notes
    -----
    A contract without a usable quote keeps volatility and carry at the spot of the round for `max_carried_rounds`, and
    is not known after them, before its first usable quote, and from a split on: its strike is of another unit then, and
    it is quoted under another name. What is not usable is listed at `option_quotes`. A mid that pays no more than
    exercise, as far in the money, implies no volatility: then that of the option of the other kind at the same strike
    counts, which is out of the money. What has expired has no exposure. Where the round has no spot the last one
    stands, in the same rounds.

    """

    __slots__ = ("_age", "_carry", "_contracts", "_reading", "_spot", "_terms", "_ts_ns", "_unit", "_volatility")

    def __init__(self, contracts: Sequence[HeldContract], reading: QuoteReading) -> None:
        self._contracts = tuple(contracts)
        self._reading = reading
        chains = np.array([one.chain for one in contracts], dtype=np.int64)
        self._terms = {int(chain): _Terms.of(contracts, np.flatnonzero(chains == chain)) for chain in np.unique(chains)}
        self._volatility, self._carry, self._spot, self._unit = np.full((4, len(contracts)), np.nan)
        self._age = np.zeros(len(contracts), dtype=np.int64)
        self._ts_ns = 0

    @property
    def contracts(self) -> tuple[HeldContract, ...]:
        """What is held, in the order of every array."""
        return self._contracts

    def update(self, snapshot: MarketSnapshot) -> None:
        """Take the chains of a round."""
        self._ts_ns = snapshot.ts_event
        self._age += 1
        for place, terms in self._terms.items():
            chain = snapshot.chains[place]
            if 0 < chain.spot < inf:
                self._mark(terms, chain.spot, float(snapshot.close[terms.underlying]))
                self._imply(terms, chain)

    def exposures(self, equity: float) -> GreekExposures:
        """Return the exposures of the positions, shape (m,); NaN where not known, all of it without equity above 0."""
        expiry_ns = np.array([one.expiry_ns for one in self._contracts], dtype=np.int64)
        alive = expiry_ns > self._ts_ns
        known = alive & np.isfinite(self._volatility) & (self._age <= self._reading.max_carried_rounds)
        rows = np.tile(np.where(alive, np.nan, 0.0), (len(GREEKS), 1))
        if bool(known.any()) and 0 < equity < inf:
            held = [self._contracts[int(place)] for place in np.flatnonzero(known)]
            options = Options(
                spot=self._spot[known],
                strike=np.array([one.strike for one in held]),
                years=(expiry_ns[known] - self._ts_ns) / YEAR_NS,
                rate=self._reading.rate_per_year,
                carry=self._carry[known],
                is_call=np.array([one.is_call for one in held], dtype=np.bool_),
            )
            of_one = exposures_of_one(
                greeks(options, self._volatility[known]),
                options.spot,
                np.array([one.multiplier for one in held]),
                equity,
            )
            rows[:, known] = of_one.of_positions(np.array([one.quantity for one in held], dtype=np.float64)).rows
        return exposures_of_rows(rows)

    def _mark(self, terms: "_Terms", spot: float, close: float) -> None:
        unit, own = close / spot, terms.places
        if abs(unit / float(self._unit[own[0]]) - 1.0) > _OTHER_UNIT:
            self._volatility[own] = np.nan
        self._spot[own], self._unit[own] = spot, unit

    def _imply(self, terms: "_Terms", chain: OptionChain) -> None:
        quotes = option_quotes(chain, self._ts_ns, 0.0, self._reading.max_relative_spread)
        years = (terms.expiry_ns - self._ts_ns) / YEAR_NS
        found, places = _places_of(quotes, years, terms.strike, terms.is_call)
        if not bool(found.any()):
            return
        years = years[found]
        expiries = np.unique(years)
        forwards = implied_forwards(quotes, expiries, self._reading.rate_per_year)
        carry = forwards.carry[np.searchsorted(expiries, years)]
        volatility = self._volatility_of(quotes, places, carry)
        inside = np.flatnonzero(np.isnan(volatility))
        if len(inside):
            quoted, others = _places_of(
                quotes, years[inside], quotes.strike[places[inside]], ~terms.is_call[found][inside]
            )
            volatility[inside[quoted]] = self._volatility_of(quotes, others, carry[inside[quoted]])
        usable = np.isfinite(volatility) & np.isfinite(carry)
        own = terms.places[found][usable]
        self._volatility[own], self._carry[own], self._age[own] = volatility[usable], carry[usable], 0

    def _volatility_of(self, quotes: OptionQuotes, places: Places, carry: Floats) -> Floats:
        options = Options(
            spot=np.full(len(places), quotes.spot),
            strike=quotes.strike[places],
            years=quotes.years[places],
            rate=self._reading.rate_per_year,
            carry=carry,
            is_call=quotes.is_call[places],
        )
        return implied_volatility(options, quotes.mid[places])


def _places_of(quotes: OptionQuotes, years: Floats, strike: Floats, is_call: Bools) -> tuple[Bools, Places]:
    # Which contracts are quoted, and the places of their quotes.
    same = (quotes.years == years[:, np.newaxis]) & (quotes.strike == strike[:, np.newaxis])
    same &= quotes.is_call == is_call[:, np.newaxis]
    found = same.sum(axis=1) == 1  # of two contracts with the same terms nobody knows which quote is whose
    return found, same[found].argmax(axis=1) if bool(found.any()) else np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The contracts of one chain, and their places among all."""

    places: Places
    underlying: int
    strike: Floats
    expiry_ns: Times
    is_call: Bools

    @classmethod
    def of(cls, contracts: Sequence[HeldContract], places: Places) -> "_Terms":
        own = [contracts[int(place)] for place in places]
        return cls(
            places,
            own[0].underlying,
            np.array([one.strike for one in own], dtype=np.float64),
            np.array([one.expiry_ns for one in own], dtype=np.int64),
            np.array([one.is_call for one in own], dtype=np.bool_),
        )

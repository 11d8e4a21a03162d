"""The quotes of an option chain become mids that can be used, and pairs of a call and a put."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, Floats, OptionChain
from nautilus_ai_firm.models.estimators.realized_variance import YEAR_NS

type Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuotes:
    """Quotes that can be used, by expiry and strike, the put before the call; each array of shape (n_quotes,).

    Attributes
    ----------
    spot : float
        Price of the underlying.
    strike, mid, years : ndarray
        Strike and mid of bid and ask in the unit of the spot, and calendar time to expiry in years of 365 days.
    is_call : ndarray
        Calls; the others are puts.

    """

    spot: float
    strike: Floats
    mid: Floats
    years: Floats
    is_call: Bools

    def pairs(self) -> tuple[Places, Places]:
        """Return the places of puts and of the calls with the same expiry and strike, each of shape (n_pairs,)."""
        same = (np.diff(self.years) == 0) & (np.diff(self.strike) == 0) & ~self.is_call[:-1] & self.is_call[1:]
        puts = np.flatnonzero(same)
        return puts, puts + 1


def option_quotes(chain: OptionChain, ts_ns: int, min_years: float, max_relative_spread: float) -> OptionQuotes:
    """Take the quotes of a chain that can be used at `ts_ns`.

    Not used are quotes without a bid above 0 (nobody wants the option, or nobody looks), crossed ones (ask below bid),
    those further apart than `max_relative_spread` of their mid, contracts that expire within `min_years` or have
    expired, and whatever is not finite. Without a positive spot there are none.

    Parameters
    ----------
    chain : OptionChain
        The chain at the close of a round.
    ts_ns : int
        The close, nanoseconds UTC.
    min_years : float
        Shortest time to expiry, years.
    max_relative_spread : float
        Widest quote, fraction of its mid.

    """
    years = (chain.expiry_ns - ts_ns) / YEAR_NS
    finite = np.isfinite(np.stack([chain.bid, chain.ask, chain.strike])).all(axis=0)
    bid, ask = np.where(finite, chain.bid, 0.0), np.where(finite, chain.ask, 0.0)
    mid = (bid + ask) / 2
    usable = (bid > 0) & (ask >= bid) & (ask - bid <= max_relative_spread * mid)
    usable &= (chain.strike > 0) & (years > 0) & (years >= min_years) & bool(0 < chain.spot < np.inf)
    places = np.flatnonzero(usable)
    places = places[np.lexsort((chain.is_call[places], chain.strike[places], years[places]))]
    return OptionQuotes(
        spot=chain.spot,
        strike=chain.strike[places],
        mid=mid[places],
        years=years[places],
        is_call=chain.is_call[places],
    )

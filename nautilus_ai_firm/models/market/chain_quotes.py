"""Quotes of options as they arrive -> the chain of one underlying at the close of a round."""

from dataclasses import dataclass
from math import nan

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, OptionChain, Times


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractTerms:
    """Contracts on one underlying, by expiry, strike, and puts before calls.

    Attributes
    ----------
    underlying : str
        Name of the underlying in the universe.
    names : tuple of str
        Instrument ids of the contracts.
    strike : ndarray of shape (n_contracts,)
        Strikes, in the contracts' price unit.
    expiry_ns : ndarray of shape (n_contracts,)
        Expiry, nanoseconds UTC.
    is_call : ndarray of shape (n_contracts,)
        Calls; the others are puts.
    multiplier : ndarray of shape (n_contracts,)
        Units of the underlying that one contract is on.
    spot_place : int or None
        Place of the instrument whose close is the spot price; None where no price is in the unit of the strikes.
    spot_is_input : bool
        Whether that is a place among the inputs, or in the universe.

    """

    underlying: str
    names: tuple[str, ...]
    strike: Floats
    expiry_ns: Times
    is_call: Bools
    multiplier: Floats
    spot_place: int | None
    spot_is_input: bool


class ChainQuotes:
    """What is known of the quotes of a chain.

    A contract is listed, as far as quotes tell, when it was quoted in the session of the round: nothing says when a
    contract was first listed or, after a split of the underlying, for the last time, and what is quoted is listed.

    Parameters
    ----------
    terms : ContractTerms
        The contracts.

    """

    __slots__ = ("_closed_ns", "_pending", "_seen_ns", "terms")

    def __init__(self, terms: ContractTerms) -> None:
        self.terms = terms
        self._seen_ns = [0] * len(terms.names)
        self._closed_ns = 0
        self._pending: list[tuple[int, int, tuple[float, float, float, float]]] = []

    def store(self, place: int, ts: int, quote: tuple[float, float, float, float]) -> None:
        """Store bid, ask and their sizes, which nobody reads, of one contract at a time, nanoseconds UTC.

        NaN stands for a side that is not quoted.
        """
        self._pending.append((ts, place, quote))

    def close(self, ts_event: int, session_open_ns: int, spot: float) -> OptionChain:
        """Tell the chain at the close of a round, and begin the next round.

        Parameters
        ----------
        ts_event : int
            Close of the round, nanoseconds UTC.
        session_open_ns : int
            Open of its session, nanoseconds UTC; 0 outside of sessions, where only what was quoted in the round is
            listed.
        spot : float
            Price of the underlying in the unit of the strikes; NaN where it is not known.

        """
        terms = self.terms
        bid, ask = ([nan] * len(terms.names) for _ in range(2))
        waiting = [one for one in self._pending if one[0] > ts_event]
        seen_ns = self._seen_ns
        for ts, place, quote in self._pending:
            if seen_ns[place] <= ts <= ts_event:
                seen_ns[place] = ts
                if ts > self._closed_ns:
                    bid[place], ask[place], _, _ = quote
        listed_since = session_open_ns or self._closed_ns
        shown = np.flatnonzero((np.array(seen_ns, dtype=np.int64) > listed_since) & (terms.expiry_ns > ts_event))
        self._pending, self._closed_ns = waiting, ts_event
        return OptionChain(
            underlying=terms.underlying,
            spot=spot,
            strike=terms.strike[shown],
            expiry_ns=terms.expiry_ns[shown],
            is_call=terms.is_call[shown],
            bid=np.array(bid)[shown],
            ask=np.array(ask)[shown],
        )

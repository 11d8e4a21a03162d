"""What arrives -> the arrays of one round, with what is missing marked as stale."""

import numpy as np

from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes
from nautilus_ai_firm.models.market.watched_data import WatchedData


class OpenRound:
    """What has arrived of the round that is open.

    Parameters
    ----------
    n_instruments : int
        Size of the universe.
    n_inputs : int
        Number of inputs.
    initial_inputs : dict of int to float
        Inputs known before the first round, by place.
    awaited : set of int
        Places of the inputs that report once a round; the others come when they come.
    watched : WatchedData, optional
        Quotes, events and chains; nothing when absent.

    """

    __slots__ = (
        "_awaited",
        "_bars",
        "_fresh",
        "_input_ts",
        "_inputs",
        "_inputs_fresh",
        "_missing",
        "_reported",
        "_watched",
    )

    def __init__(
        self,
        n_instruments: int,
        n_inputs: int,
        initial_inputs: dict[int, float],
        awaited: frozenset[int],
        watched: WatchedData | None = None,
    ) -> None:
        self._watched = watched or WatchedData()
        self._awaited = awaited
        self._missing = set(awaited)
        self._bars = np.full((5, n_instruments), np.nan)  # open, high, low, close, volume
        self._reported: dict[int, tuple[float, float, float, float, float]] = {}
        self._fresh = np.zeros(n_instruments, dtype=np.bool_)
        self._inputs = np.array([initial_inputs.get(place, np.nan) for place in range(n_inputs)])
        self._inputs_fresh = np.isfinite(self._inputs)
        self._input_ts = [0] * n_inputs

    @property
    def is_full(self) -> bool:
        """Whether every instrument and every awaited input has reported."""
        return not self._missing and len(self._reported) == len(self._fresh)

    def store_bar(self, place: int, bar: tuple[float, float, float, float, float]) -> None:
        """Store open, high, low, close and volume of one instrument."""
        self._reported[place] = bar

    def store_input(self, place: int, value: float, ts_event: int) -> None:
        """Store an input; of figures published together, in whatever order, the latest period counts."""
        self._missing.discard(place)
        if ts_event < self._input_ts[place]:
            return
        self._input_ts[place] = ts_event
        self._inputs[place] = value
        self._inputs_fresh[place] = True

    def close(self, number: int, ts_event: int, session: tuple[int, int] = (0, 0)) -> MarketSnapshot:
        """Close the round and open the next one.

        An instrument without a bar keeps its last close in all four prices, with volume 0.

        Parameters
        ----------
        number : int
            Counter of rounds.
        ts_event : int
            Close of the decision bars, nanoseconds UTC.
        session : tuple of int
            Open and close of the session in which the round closes, nanoseconds UTC; 0 and 0 outside of sessions.

        """
        if self._reported:
            places = list(self._reported)
            self._bars[:, places] = np.array(list(self._reported.values())).T
            self._fresh[places] = True
            self._reported = {}
        stale = ~self._fresh
        self._bars[:3, stale] = self._bars[3, stale]
        self._bars[4, stale] = np.where(np.isnan(self._bars[3, stale]), np.nan, 0.0)
        open_, high, low, close, volume = self._bars.copy()
        watched = self._watched
        snapshot = MarketSnapshot(
            round=number,
            ts_event=ts_event,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            fresh=self._fresh.copy(),
            inputs=self._inputs.copy(),
            inputs_fresh=self._inputs_fresh.copy(),
            session_open_ns=session[0],
            session_close_ns=session[1],
            quotes=watched.quotes and watched.quotes.close(ts_event),
            events=watched.events and watched.events.close(ts_event),
            chains=tuple(chain.close(ts_event, session[0], self._spot(chain, ts_event)) for chain in watched.chains),
        )
        self._fresh[:] = False
        self._inputs_fresh[:] = False
        self._missing = set(self._awaited)
        return snapshot

    def _spot(self, chain: ChainQuotes, ts_event: int) -> float:
        """Close of this very round: one from before may be of another unit, as across a split."""
        place = chain.terms.spot_place
        if place is None:
            return np.nan
        if chain.terms.spot_is_input:
            return float(self._inputs[place]) if self._input_ts[place] == ts_event else np.nan
        return float(self._bars[3, place]) if self._fresh[place] else np.nan

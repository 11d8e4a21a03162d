"""Quotes and events as the engine delivers them -> their places in what the market desk keeps of an open round."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nautilus_trader.model import DataType

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.data.best_quote import BEST_QUOTE_TYPE, BestQuote
from nautilus_ai_firm.data.notice import ScheduledEvent, notice_type
from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes
from nautilus_ai_firm.models.market.event_times import EventTimes
from nautilus_ai_firm.models.market.last_quotes import LastQuotes
from nautilus_ai_firm.models.market.watched_data import WatchedData
from nautilus_ai_firm.settings import event_kinds

type Sides = tuple[float, float, float, float]


class Watcher:
    """Knows what the firm watches beside bars and inputs, and stores it.

    Parameters
    ----------
    universe : Universe
        What the firm trades and watches.

    Attributes
    ----------
    watched : WatchedData
        Where it is stored, for whoever closes the round.
    data_types : tuple of DataType
        What to subscribe to.

    """

    __slots__ = ("_event_places", "_quoted", "data_types", "watched")

    def __init__(self, universe: Universe) -> None:
        n_instruments, kinds = len(universe.names), event_kinds(universe.events)
        self.watched = WatchedData(
            quotes=LastQuotes(n_instruments) if universe.quotes else None,
            events=EventTimes(len(kinds), n_instruments) if universe.events else None,
            chains=tuple(map(ChainQuotes, universe.chains)),
        )
        self._quoted: dict[str, Callable[[Any], None]] = {}
        if self.watched.quotes is not None:
            of_instruments = self.watched.quotes.store
            self._quoted |= {name: partial(_store, of_instruments, place) for place, name in enumerate(universe.names)}
        for chain in self.watched.chains:
            self._quoted |= {name: partial(_chain, chain.store, place) for place, name in enumerate(chain.terms.names)}
        self._event_places = {series.name: (kinds.index(series.kind), series.place) for series in universe.events}
        self.data_types: tuple[DataType, ...] = (
            *((BEST_QUOTE_TYPE,) if universe.quotes or universe.chains else ()),
            *((notice_type("event"),) if universe.events else ()),
        )

    def store(self, data: Any) -> bool:
        """Store one quote or event, and say whether it was one; one that is not watched is nobody's."""
        kind = type(data)
        if kind is BestQuote:
            store = self._quoted.get(data.instrument_id)
            if store is not None:
                store(data)
            return True
        if kind is ScheduledEvent:
            places = self._event_places.get(data.series)
            if self.watched.events is not None and places is not None:
                self.watched.events.store(*places, data.ts_event, data.ts_init)
            return True
        return False


def _store(store: Callable[[int, int, Sides], None], place: int, quote: Any) -> None:
    store(place, quote.ts_event, (quote.bid, quote.ask, quote.bid_size, quote.ask_size))


def _chain(store: Callable[[int, int, float, float], None], place: int, quote: Any) -> None:
    store(place, quote.ts_event, quote.bid, quote.ask)

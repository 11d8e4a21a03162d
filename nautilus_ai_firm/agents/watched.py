"""Quotes and events as the engine delivers them -> their places in what the market desk keeps of an open round."""

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
        self._quoted: dict[str, tuple[LastQuotes | ChainQuotes, int]] = {}
        if self.watched.quotes is not None:
            self._quoted |= {name: (self.watched.quotes, place) for place, name in enumerate(universe.names)}
        for chain in self.watched.chains:
            self._quoted |= {name: (chain, place) for place, name in enumerate(chain.terms.names)}
        self._event_places = {series.name: (kinds.index(series.kind), series.place) for series in universe.events}
        self.data_types: tuple[DataType, ...] = (
            *((BEST_QUOTE_TYPE,) if universe.quotes or universe.chains else ()),
            *((notice_type("event"),) if universe.events else ()),
        )

    def store(self, data: Any) -> bool:
        """Store one quote or event, and say whether it was one; one that is not watched is nobody's."""
        kind = type(data)
        if kind is BestQuote:
            quoted = self._quoted.get(data.instrument_id)
            if quoted is not None:
                kept, place = quoted
                kept.store(place, data.ts_event, (data.bid, data.ask, data.bid_size, data.ask_size))
            return True
        if kind is ScheduledEvent:
            places = self._event_places.get(data.series)
            if self.watched.events is not None and places is not None:
                self.watched.events.store(*places, data.ts_event, data.ts_init)
            return True
        return False

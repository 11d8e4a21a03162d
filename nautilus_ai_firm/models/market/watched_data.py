"""What a firm watches beside bars and inputs: quotes of the universe, scheduled events, option chains."""

from dataclasses import dataclass

from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes
from nautilus_ai_firm.models.market.event_times import EventTimes
from nautilus_ai_firm.models.market.last_quotes import LastQuotes


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedData:
    """What has arrived of it; whatever is absent is not watched."""

    quotes: LastQuotes | None = None
    events: EventTimes | None = None
    chains: tuple[ChainQuotes, ...] = ()

"""The broker's quotes and five-second bars -> market data of the firm: its names, and its decision bars."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId, Bar, BarType, CustomData, InstrumentId, Price, Quantity, QuoteTick

from nautilus_ai_firm.agents.book import nearest_float
from nautilus_ai_firm.bus import Failures, Line, Topic, callback
from nautilus_ai_firm.data.best_quote import best_quote
from nautilus_ai_firm.data.objects import Instrument
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import MS_NS, SECOND_NS
from nautilus_ai_firm.messages import Connection
from nautilus_ai_firm.models.market.bar_builder import BarBuilder, Part, span_of

QUOTES, BARS = "quotes", "five-second bars"
PART_NS = 5 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One instrument: what the broker calls it, and what the firm makes of it.

    Attributes
    ----------
    broker_id : InstrumentId
        The broker's name.
    instrument : Instrument
        The firm's own.
    bar_type : BarType
        Its decision bars.
    traded : bool
        Whether orders go out in it.
    watched : bool
        Whether the last quote of a round is looked at.

    """

    broker_id: InstrumentId
    instrument: Instrument
    bar_type: BarType
    traded: bool
    watched: bool

    @property
    def part_type(self) -> BarType:
        """The broker's shortest bars."""
        return BarType.from_str(f"{self.broker_id}-5-SECOND-LAST-EXTERNAL")


class BrokerFeed(DataActor):
    """The only one who hears the broker's market; hands on what the firm is to hear of it.

    Attributes
    ----------
    heard_ns : int
        When anything was heard last, nanoseconds UTC.
    silent : set of tuple of InstrumentId and str
        Instruments, by the broker's name, and which of their streams, `QUOTES` or `BARS`, were not heard since they
        were asked for last.

    """

    def __new__(cls, *_: object) -> Self:
        """Give the engine the actor's id."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("FEED-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(
        self,
        streams: tuple[Stream, ...],
        sessions: Sessions,
        bar_ns: int,
        quote_interval_ms: int,
        hand_on: Callable[[Any], None],
        failures: Failures,
    ) -> None:
        self.line = Line("feed", self, failures)
        self._streams = {stream.broker_id: stream for stream in streams}
        self._sessions = sessions
        self._bar_ns = bar_ns
        self._quote_interval_ns = quote_interval_ms * MS_NS
        self._hand_on = hand_on
        self._builders = {stream.broker_id: BarBuilder() for stream in streams}
        self._quotes: dict[InstrumentId, deque[QuoteTick]] = {stream.broker_id: deque() for stream in streams}
        self._quoted_ns: dict[InstrumentId, int] = {}
        self.heard_ns = 0
        self.silent: set[tuple[InstrumentId, str]] = set()

    @callback
    def on_start(self) -> None:
        """Subscribe to everything, quotes of what is traded included: the adapter takes no market order without."""
        self.await_all()
        for broker_id, what in sorted(self.silent, key=str):
            self._subscribe(broker_id, what)

    def await_all(self) -> None:
        """Count every stream as silent from here on: quotes of what is traded, and bars of everything."""
        self.silent.update((broker_id, BARS) for broker_id in self._streams)
        self.silent.update((broker_id, QUOTES) for broker_id, stream in self._streams.items() if stream.traded)

    def renew(self) -> None:
        """Subscribe to everything anew: the broker has forgotten what was asked for."""
        self.await_all()
        for broker_id, what in sorted(self.silent, key=str):
            self.renew_one(broker_id, what)

    def renew_one(self, broker_id: InstrumentId, what: str) -> None:
        """Subscribe to one stream anew."""
        if what == QUOTES:
            self.unsubscribe_quotes(broker_id)
        else:
            self.unsubscribe_bars(self._streams[broker_id].part_type)
        self._subscribe(broker_id, what)

    def _subscribe(self, broker_id: InstrumentId, what: str) -> None:
        if what == QUOTES:
            self.subscribe_quotes(broker_id)
        else:
            self.subscribe_bars(self._streams[broker_id].part_type)

    def tell(self, connection: Connection) -> None:
        """Tell the firm whether orders reach the market; a bar over an interruption is not whole."""
        if not connection.trusted:
            for builder in self._builders.values():
                builder.interrupt()
        self.line.guard(self.line.publish)(Topic.CONNECTION, connection)

    @callback
    def on_quote(self, quote: QuoteTick) -> None:
        """Hand on a quote whose sides do not cross, the first in an interval."""
        now_ns = self.heard_ns = self.clock.timestamp_ns()
        self.silent.discard((quote.instrument_id, QUOTES))
        crossed = not 0 < quote.bid_price.as_decimal() <= quote.ask_price.as_decimal()
        if crossed or now_ns - self._quoted_ns.get(quote.instrument_id, 0) < self._quote_interval_ns:
            return
        self._quoted_ns[quote.instrument_id] = now_ns
        stream = self._streams[quote.instrument_id]
        own = stream.instrument
        handed_on = QuoteTick(
            own.id,
            _price(quote.bid_price.as_decimal(), own),
            _price(quote.ask_price.as_decimal(), own),
            _quantity(quote.bid_size.as_decimal(), own),
            _quantity(quote.ask_size.as_decimal(), own),
            now_ns,
            now_ns,
        )
        if stream.watched:
            self._quotes[quote.instrument_id].append(handed_on)
        self._hand_on(handed_on)

    @callback
    def on_bar(self, bar: Bar) -> None:
        """Build the decision bar, and hand on one that is over and whole."""
        self.heard_ns = self.clock.timestamp_ns()
        stream = self._streams[bar.bar_type.instrument_id]
        self.silent.discard((stream.broker_id, BARS))
        session = int(self._sessions.session_index(bar.ts_event))
        if session < 0:
            return
        opens_ns, closes_ns = int(self._sessions.opens_ns[session]), int(self._sessions.closes_ns[session])
        span = span_of(bar.ts_event, self._bar_ns, opens_ns, closes_ns)
        if span is None:
            return
        for whole in self._builders[stream.broker_id].add(_part(bar), span):
            if (quote := self._last_quote(stream.broker_id, whole.end_ns)) is not None:
                self._hand_on(quote)
            self._hand_on(_decision_bar(whole, stream, self.heard_ns))

    def _last_quote(self, broker_id: InstrumentId, until_ns: int) -> CustomData | None:
        """Return the last quote up to the close of a round, for who looks at quotes; older ones are forgotten."""
        quotes, last = self._quotes[broker_id], None
        while quotes and quotes[0].ts_event <= until_ns:
            last = quotes.popleft()
        if last is None:
            return None
        bid, ask = nearest_float(last.bid_price), nearest_float(last.ask_price)
        bid_size, ask_size = nearest_float(last.bid_size), nearest_float(last.ask_size)
        return best_quote(str(last.instrument_id), bid, ask, bid_size, ask_size, last.ts_event)


def _part(bar: Bar) -> Part:
    return Part(
        start_ns=bar.ts_event - PART_NS,
        end_ns=bar.ts_event,
        open=bar.open.as_decimal(),
        high=bar.high.as_decimal(),
        low=bar.low.as_decimal(),
        close=bar.close.as_decimal(),
        volume=bar.volume.as_decimal(),
    )


def _decision_bar(whole: Part, stream: Stream, now_ns: int) -> Bar:
    own = stream.instrument
    return Bar(
        stream.bar_type,
        _price(whole.open, own),
        _price(whole.high, own),
        _price(whole.low, own),
        _price(whole.close, own),
        _quantity(whole.volume, own),
        whole.end_ns,
        max(now_ns, whole.end_ns),
    )


def _price(value: Decimal, own: Instrument) -> Price:
    return Price.from_decimal_dp(value, own.price_precision)


def _quantity(value: Decimal, own: Instrument) -> Quantity:
    return Quantity.from_decimal_dp(value, own.size_precision)

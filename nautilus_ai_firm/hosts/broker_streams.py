"""Streams that were asked for and never heard -> asked for again, and after three times in vain no new risk in them."""

from collections.abc import Callable, Mapping

from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.ib_retry import TRIES
from nautilus_ai_firm.hosts.broker_connection import BrokerConnection
from nautilus_ai_firm.hosts.broker_feed import BrokerFeed

SILENT_S = 20.0
"""How long a stream may be silent while the exchange is open: the broker sends a bar of trades every five seconds."""


class BrokerStreams:
    """Asks again for quotes or bars of one instrument that do not come while others do.

    Parameters
    ----------
    feed : BrokerFeed
        Who subscribes and hears.
    connection : BrokerConnection
        Who bars an instrument.
    names : mapping of InstrumentId to str
        The firm's own names of instruments, by those of the broker.
    is_open : callable
        Whether the exchange is open at a time, nanoseconds UTC.
    silent_s : float
        How long a stream may be silent, seconds.

    """

    def __init__(
        self,
        feed: BrokerFeed,
        connection: BrokerConnection,
        names: Mapping[InstrumentId, str],
        is_open: Callable[[int], bool],
        silent_s: float = SILENT_S,
    ) -> None:
        self._feed = feed
        self._connection = connection
        self._names = names
        self._is_open = is_open
        self._silent_ns = int(silent_s * SECOND_NS)
        self._since_ns: dict[tuple[InstrumentId, str], int] = {}
        self._tries: dict[tuple[InstrumentId, str], int] = {}
        self._barred: set[tuple[InstrumentId, str]] = set()

    def look(self, now_ns: int) -> None:
        """See which streams are silent at a time, nanoseconds UTC; while nothing is heard at all, none is asked for."""
        for stream in sorted(self._barred - self._feed.silent, key=str):
            self._barred.remove(stream)
            broker_id, what = stream
            name = self._names[broker_id]
            self._connection.admit(name, what, f"{name}: {what} are heard")
        for stream in [one for one in self._since_ns if one not in self._feed.silent]:
            del self._since_ns[stream], self._tries[stream]
        if now_ns - self._feed.heard_ns > self._silent_ns or not self._is_open(now_ns - self._silent_ns):
            self._since_ns.clear()
            self._tries.clear()
            return
        for stream in sorted(self._feed.silent - self._barred, key=str):
            self._tries.setdefault(stream, 1)
            if now_ns - self._since_ns.setdefault(stream, now_ns) > self._silent_ns:
                self._ask_again(stream, now_ns)

    def _ask_again(self, stream: tuple[InstrumentId, str], now_ns: int) -> None:
        broker_id, what = stream
        if self._tries[stream] < TRIES:
            self._tries[stream] += 1
            self._since_ns[stream] = now_ns
            self._feed.renew_one(broker_id, what)
            return
        self._barred.add(stream)
        name = self._names[broker_id]
        self._connection.bar(name, what, f"{name}: no new risk, no {what} came in {TRIES} tries")

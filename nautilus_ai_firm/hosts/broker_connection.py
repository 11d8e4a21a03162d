"""What the watch hears of the broker -> whether the firm may take new risk."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.ib_account import AccountReading
from nautilus_ai_firm.hosts.broker_books import BrokerBooks
from nautilus_ai_firm.hosts.broker_feed import BrokerFeed
from nautilus_ai_firm.hosts.unfinished_work import UnfinishedWork
from nautilus_ai_firm.messages import Connection

DEAF_NS = 60 * SECOND_NS  # the adapter comes back within some seconds, or not at all


class NodeLostError(RuntimeError):
    """The gateway is there, and the node's own connection to it is not."""


class BrokerConnection:
    """Lets the firm trade only while orders reach the market and the books agree with the broker's.

    It begins without trust. Whenever the account was read, own positions and cash have so long to agree with it as the
    adapter needs to find what it missed; from then on the firm may trade, once the market was heard again too.

    Parameters
    ----------
    feed : BrokerFeed
        Who tells the firm, and hears the market.
    books : BrokerBooks
        The firm's own cash.
    held : callable
        Returns own positions by the broker's symbol.
    agree_seconds : float
        How long the books may differ.
    is_open : callable
        Whether the exchange is open at a time, nanoseconds UTC.
    work : UnfinishedWork
        What goes on when trust returns.
    trades : callable
        Called when the firm may trade.
    now_ns : callable
        The time, nanoseconds UTC.

    """

    def __init__(
        self,
        feed: BrokerFeed,
        books: BrokerBooks,
        *,
        held: Callable[[], Mapping[str, int]],
        agree_seconds: float,
        is_open: Callable[[int], bool],
        work: UnfinishedWork,
        trades: Callable[[], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._feed = feed
        self._books = books
        self._held = held
        self._agree_ns = int(agree_seconds * SECOND_NS)
        self._is_open = is_open
        self._work = work
        self._trades = trades
        self._now_ns = now_ns
        self._trusted = True
        self._lost_ns = 0
        self._back_ns = 0
        self._cause = ""
        self._reading: AccountReading | None = None
        self._said = ""
        self._barred: set[tuple[str, str]] = set()

    def begin(self) -> None:
        """Begin without trust."""
        self.lost("the account was not read yet")

    def lost(self, cause: str) -> None:
        """Take note that orders cannot reach the market: no new risk from here on."""
        self._reading = None
        now_ns = self._now_ns()
        if self._trusted:
            self._trusted = False
            self._lost_ns = now_ns
            self._work.interrupt()
        self._tell(Connection(ts_event=now_ns, trusted=False, cause=cause))

    def bar(self, instrument: str, what: str, cause: str) -> None:
        """Let no new risk be taken in an instrument while something of it, such as its quotes, is not fresh."""
        self._barred.add((instrument, what))
        self._tell(Connection(ts_event=self._now_ns(), trusted=self._trusted, cause=cause))

    def admit(self, instrument: str, what: str, cause: str) -> None:
        """Let new risk be taken in it again, as far as this alone stood against it."""
        self._barred.remove((instrument, what))
        self._tell(Connection(ts_event=self._now_ns(), trusted=self._trusted, cause=cause))

    def found(self, reading: AccountReading, cause: str, *, data_lost: bool) -> None:
        """Take the account as it is now; trust returns when `look` finds that all agrees."""
        self._reading, self._cause, self._back_ns = reading, cause, self._now_ns()
        if data_lost:
            self._feed.renew()
        else:
            self._feed.await_all()  # the adapter subscribes again by itself where the connection was lost

    def refuse_deafness(self) -> None:
        """Make sure that the node hears the market.

        Raises
        ------
        NodeLostError
            The account was read, the exchange is open, and the market was not heard for too long.

        """
        now_ns = self._now_ns()
        silent = self._feed.heard_ns < self._back_ns < now_ns - DEAF_NS
        if silent and self._reading is not None and self._is_open(now_ns - DEAF_NS):
            raise NodeLostError("the node did not hear the market again after the gateway came back")

    def look(self) -> None:
        """See whether the firm may trade again."""
        if self._trusted or self._reading is None or self._feed.heard_ns < self._back_ns:
            return
        now_ns = self._now_ns()
        difference = self._books.difference(self._reading, self._held())
        if difference:
            if now_ns - self._back_ns > self._agree_ns:
                self._tell(
                    Connection(ts_event=now_ns, trusted=False, cause=f"the books differ, {difference}"), once=True
                )
            return
        self._trusted = True
        without_s = (now_ns - self._lost_ns) / SECOND_NS
        resumed = self._work.resume()
        self._tell(
            Connection(
                ts_event=now_ns, trusted=True, cause=f"trading: {self._cause}", without_s=without_s, resumed=resumed
            )
        )
        self._trades()

    def _tell(self, connection: Connection, *, once: bool = False) -> None:
        if once and connection.cause == self._said:
            return
        self._said = connection.cause
        self._feed.tell(replace(connection, barred=tuple(sorted({name for name, _ in self._barred}))))

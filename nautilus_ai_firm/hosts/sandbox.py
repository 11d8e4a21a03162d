"""The whole live path without a broker: replayed market data and the engine's simulated execution on a live node."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Protocol
from zlib import crc32

from nautilus_trader.adapters.sandbox import SandboxExecutionClientConfig, SandboxExecutionClientFactory
from nautilus_trader.live import DataClientConfig, ExecutionClientConfig, LiveNodeBuilder, RoutingConfig
from nautilus_trader.model import AccountId, AccountType, Bar, Money, OmsType, Venue

from nautilus_ai_firm.durations import MS_NS
from nautilus_ai_firm.hosts.closing_auction import closing_ticks
from nautilus_ai_firm.hosts.sandbox_clients import Cashier, DataFactory, ExecutionFactory, Play, Replay
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.hosts.venue import FillCharges
from nautilus_ai_firm.runs.charges import FinancingEntry

REPLAY, FINANCING = "REPLAY", "FINANCING"
ROUNDS_PER_WINDOW = 100


class MarketRecord(Protocol):
    """Who writes down what the market did."""

    def market(self, data: Any) -> None:
        """Write down an event before the firm hears of it."""
        ...


@dataclass(slots=True)
class Sandbox:
    """The sandbox of one session: the clients of its node, and what the simulated venue does beside matching.

    Attributes
    ----------
    stage : Stage
        What the session needs.
    record : MarketRecord
        Who writes the market down.
    on_idle : callable
        Called with the market time, nanoseconds UTC, whenever the firm is idle.
    max_bar_delay_ms : int
        Bars arrive up to so late.

    """

    stage: Stage
    record: MarketRecord
    on_idle: Callable[[int], None]
    max_bar_delay_ms: int = 0
    cashier: Cashier | None = field(default=None, init=False)

    def add_clients(self, builder: LiveNodeBuilder, play: Play) -> LiveNodeBuilder:
        """Give a node replayed market data, simulated execution and overnight financing.

        Parameters
        ----------
        builder : LiveNodeBuilder
            The node.
        play : callable
            Makes the coroutine that plays the market, from what puts an event into the node's queue.

        """
        universe, firm = self.stage.universe, self.stage.firm
        names = dict.fromkeys([*bar_names(firm), *map(str, universe.input_bar_types.values())])
        instruments = self.stage.catalog.instruments(names)
        account_id = AccountId(f"{universe.venue}-001")
        balance = Money.from_decimal(Decimal(repr(firm.venue.starting_balance)), universe.currency)
        builder = builder.add_data_client(
            REPLAY,
            DataFactory(partial(Replay, instruments, play)),
            DataClientConfig(routing=RoutingConfig(default=True)),
        )
        builder = builder.add_simulated_exec_client(
            None,
            SandboxExecutionClientFactory(),
            SandboxExecutionClientConfig(
                venue=universe.venue,
                starting_balances=[balance],
                account_id=account_id,
                base_currency=universe.currency,
                oms_type=OmsType.NETTING,
                account_type=AccountType.MARGIN,
                default_leverage=Decimal(repr(firm.venue.leverage)),
                fee_model=FillCharges(self.stage.charges),
                reject_stop_orders=False,  # as in a backtest
            ),
        )
        return builder.add_exec_client(
            FINANCING, ExecutionFactory(partial(self._hire, account_id)), ExecutionClientConfig()
        )

    def _hire(self, account_id: AccountId, **context: Any) -> Cashier:
        self.cashier = Cashier(
            **context,
            venue=Venue(FINANCING),  # orders never go there
            account_id=account_id,
            account_type=AccountType.MARGIN,
            oms_type=OmsType.NETTING,
            base_currency=self.stage.universe.currency,
        )
        return self.cashier

    def events(self) -> Iterator[Any]:
        """Market data of the session by time of arrival, a window at a time."""
        stage = self.stage
        names, inputs = bar_names(stage.firm), input_names(stage.firm)
        waiting: list[Any] = []
        begin_ns = stage.catalog.last_close_before(names, int(stage.rounds_ns[0])) + 1
        for cut_ns in (*stage.rounds_ns[ROUNDS_PER_WINDOW - 1 : -1 : ROUNDS_PER_WINDOW], stage.rounds_ns[-1]):
            window = stage.catalog.window(names, inputs, begin_ns, int(cut_ns), stage.watching.beside)
            bars = (
                [_delayed(bar, self.max_bar_delay_ms) for bar in window.bars] if self.max_bar_delay_ms else window.bars
            )
            closing = closing_ticks(stage, window.bars, window.opening_ticks)
            waiting += [*bars, *window.opening_ticks, *closing, *window.observations]
            waiting.sort(key=_arrival)
            here = bisect_right(waiting, int(cut_ns), key=_arrival)  # what is late comes with a later window
            yield from waiting[:here]
            del waiting[:here]
            begin_ns = int(cut_ns) + 1
        yield from waiting

    def before(self, event: Any) -> Iterable[Callable[[], None]]:
        """Write an event down, and book overnight financing with the first of a day."""
        charges = self.stage.charges
        if _venue_of(event) == self.stage.universe.venue:
            charges.see(event)
        for entry in charges.due():
            yield partial(self._book, entry)
        self.record.market(event)

    def _book(self, entry: FinancingEntry) -> None:
        if self.cashier is None:
            raise RuntimeError("the node has no financing client")
        self.cashier.book(self.stage.charges.money(entry.amount), entry.ts)

    def after(self, ts_ns: int) -> None:
        """Say that the firm is idle."""
        self.on_idle(ts_ns)


def _arrival(event: Any) -> int:
    return event.ts_init


def _delayed(bar: Bar, most_ms: int) -> Bar:
    """Let a bar arrive late, by a delay that depends on nothing but the bar."""
    if not most_ms:
        return bar
    delay_ms = crc32(f"{bar.bar_type} {bar.ts_event}".encode()) % (most_ms + 1)
    arrival_ns = bar.ts_init + delay_ms * MS_NS
    return Bar(bar.bar_type, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event, arrival_ns)


def _venue_of(event: Any) -> Venue | None:
    if (bar_type := getattr(event, "bar_type", None)) is not None:
        return bar_type.instrument_id.venue
    instrument_id = getattr(event, "instrument_id", None)
    return None if instrument_id is None else instrument_id.venue

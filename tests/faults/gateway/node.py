"""A live node at a gateway, with a strategy that buys once; prints what it saw as JSON.

A thread holds one live node at a time, so tests run it as a process: `python -m tests.faults.gateway.node PORT FOLDER`.
With a limit as a third argument it buys at that price, with `opening` or `closing` in the auction, with `protected` at
the market with a stop, and leaves when that is filled or rejected; without, it buys at the market, and sees a bar
before it leaves. With a fourth, `orders`, it looks for what it missed in the orders alone.
"""

import json
import sys
import threading
from typing import Any

from nautilus_trader.adapters.interactive_brokers import (
    InteractiveBrokersDataClientConfig,
    InteractiveBrokersDataClientFactory,
    InteractiveBrokersExecutionClientConfig,
    InteractiveBrokersExecutionClientFactory,
    InteractiveBrokersInstrumentProviderConfig,
    MarketDataType,
    SymbologyMethod,
)
from nautilus_trader.common import Environment, FileWriterConfig, LoggerConfig, LogLevel
from nautilus_trader.core import UUID4
from nautilus_trader.live import LiveExecutionEngineConfig, LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.model import (
    AccountId,
    BarType,
    ClientId,
    ContingencyType,
    InstrumentId,
    MarketOrder,
    OrderSide,
    Price,
    Quantity,
    StopMarketOrder,
    StrategyId,
    TimeInForce,
    TraderId,
    TriggerType,
)
from nautilus_trader.trading import Strategy, StrategyConfig

STOCK = InstrumentId.from_str("AAPL.NASDAQ")
BARS = BarType.from_str(f"{STOCK}-1-MINUTE-LAST-EXTERNAL")
ACCOUNT = "DU1234567"
CLIENT = 3
WANTED = 100
LIMIT = next(iter(sys.argv[3:]), None)
AUCTIONS = {"opening": TimeInForce.AT_THE_OPEN, "closing": TimeInForce.AT_THE_CLOSE}
PROTECTED = "protected"
STOP = Price.from_str("95.00")
BY_ORDERS = sys.argv[4:] == ["orders"]
LONGEST_S = 45.0
SEEN: dict[str, Any] = {"events": [], "quotes": [], "bars": [], "trades": []}


class Buyer(Strategy):
    def __new__(cls, *_args: Any) -> Any:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("BUYER-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def on_start(self) -> None:
        self.subscribe_quotes(STOCK)
        self.subscribe_bars(BARS)
        self.subscribe_trades(STOCK)

    def on_quote(self, quote: Any) -> None:
        SEEN["quotes"].append([str(quote.bid_price), str(quote.ask_price), str(quote.bid_size), str(quote.ask_size)])
        if len(SEEN["quotes"]) == 1:
            shares = Quantity.from_int(100)
            if LIMIT == PROTECTED:
                self._buy_with_a_stop(shares)
                return
            if LIMIT is None or LIMIT in AUCTIONS:
                time_in_force = TimeInForce.GTC if LIMIT is None else AUCTIONS[LIMIT]
                order = self.order_factory.market(STOCK, OrderSide.BUY, shares, time_in_force=time_in_force)
            else:
                order = self.order_factory.limit(STOCK, OrderSide.BUY, shares, Price.from_str(LIMIT))
            self.submit_order(order, client_id=ClientId("IB"))

    def _buy_with_a_stop(self, shares: Quantity) -> None:
        """Buy with a stop that the broker holds until the order is filled, both in one list."""
        factory = self.order_factory
        list_id = factory.generate_order_list_id()
        entry_id, stop_id = factory.generate_client_order_id(), factory.generate_client_order_id()
        common = {"trader_id": self.trader_id, "strategy_id": self.strategy_id, "instrument_id": STOCK,
                  "quantity": shares, "order_list_id": list_id, "ts_init": self.clock.timestamp_ns(),
                  "reduce_only": False, "quote_quantity": False, "time_in_force": TimeInForce.GTC}  # fmt: skip
        entry = MarketOrder(
            **common, client_order_id=entry_id, order_side=OrderSide.BUY, init_id=UUID4(),
            contingency_type=ContingencyType.OTO, linked_order_ids=[stop_id],
        )  # fmt: skip
        stop = StopMarketOrder(
            **common, client_order_id=stop_id, order_side=OrderSide.SELL, init_id=UUID4(),
            trigger_price=STOP, trigger_type=TriggerType.DEFAULT, parent_order_id=entry_id,
        )  # fmt: skip
        self.submit_order_list([entry, stop], client_id=ClientId("IB"))

    def on_trade(self, trade: Any) -> None:
        SEEN["trades"].append([str(trade.price), str(trade.size)])

    def on_bar(self, bar: Any) -> None:
        SEEN["bars"].append([str(bar.open), str(bar.high), str(bar.low), str(bar.close), str(bar.volume), bar.ts_event])
        self._leave_when_done()

    def on_order_submitted(self, event: Any) -> None:  # noqa: ARG002 - the engine's name for it
        SEEN["events"].append("submitted")

    def on_order_accepted(self, event: Any) -> None:
        SEEN["events"].append(f"accepted {event.venue_order_id}")

    def on_order_rejected(self, event: Any) -> None:
        SEEN["events"].append(f"rejected {event.reason}")
        HANDLE.stop()

    def on_order_denied(self, event: Any) -> None:
        SEEN["events"].append(f"denied {event.reason}")

    def on_order_filled(self, event: Any) -> None:
        SEEN["events"].append(f"filled {event.last_qty} at {event.last_px}, commission {event.commission}")
        SEEN["filled_ns"] = event.ts_event
        self._leave_when_done()

    def _leave_when_done(self) -> None:
        position = self.portfolio.net_position(STOCK)
        if position == WANTED and (SEEN["bars"] or LIMIT is not None):
            account: Any = self.cache.account(AccountId(f"IB-{ACCOUNT}"))
            SEEN["position"] = str(position)
            SEEN["balances"] = [str(balance) for balance in account.balances().values()] if account else None
            HANDLE.stop()


def main(port: int, folder: str) -> None:
    """Run the node until it has bought and seen a bar."""
    global HANDLE  # noqa: PLW0603 - the strategy is made before the node
    provider = InteractiveBrokersInstrumentProviderConfig(symbology_method=SymbologyMethod.SIMPLIFIED, load_ids={STOCK})
    config = LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("GATE-001"),
        delay_post_stop_secs=0.5,
        timeout_connection_secs=10,
        exec_engine=LiveExecutionEngineConfig(
            reconciliation=True, reconciliation_startup_delay_secs=1.0, open_check_interval_secs=1,
            open_check_open_only=not BY_ORDERS, open_check_threshold_ms=1000,
            position_check_interval_secs=None if BY_ORDERS else 1, position_check_threshold_ms=1000,
        ),
        logging=LoggerConfig(
            stdout_level=LogLevel.OFF, fileout_level=LogLevel.DEBUG, print_config=False,
            file_config=FileWriterConfig(directory=folder, file_name="engine"),
        ),
    )  # fmt: skip
    builder = LiveNodeBuilder.from_config("gate", config)
    builder = builder.add_data_client(
        None,
        InteractiveBrokersDataClientFactory(),
        InteractiveBrokersDataClientConfig(
            host="127.0.0.1", port=port, client_id=CLIENT, market_data_type=MarketDataType.DELAYED,
            instrument_provider=provider,
        ),
    )  # fmt: skip
    node = builder.add_exec_client(
        None,
        InteractiveBrokersExecutionClientFactory(),
        InteractiveBrokersExecutionClientConfig(
            host="127.0.0.1", port=port, client_id=CLIENT, account_id=ACCOUNT, fetch_all_open_orders=True,
            instrument_provider=provider,
        ),
    ).build()  # fmt: skip
    HANDLE = node.handle()
    node.add_strategy(Buyer())
    watchdog = threading.Timer(LONGEST_S, HANDLE.stop)
    watchdog.start()
    node.run()
    watchdog.cancel()
    print(json.dumps(SEEN))  # noqa: T201 - what the tests read


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

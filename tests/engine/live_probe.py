"""One live node in the sandbox with a strategy that trades on two ticks; prints what was seen as JSON.

A process holds one live node at a time, so the tests run this as a process: `python -m tests.engine.live_probe FOLDER`.
"""

import asyncio
import json
import os
import signal
import sys
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.sandbox import SandboxExecutionClientConfig, SandboxExecutionClientFactory
from nautilus_trader.common import DataActor, DataActorConfig, Environment, FileWriterConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import FeeModel
from nautilus_trader.live import (
    DataClientConfig,
    ExecutionClientConfig,
    LiveExecutionEngineConfig,
    LiveNodeBuilder,
    LiveNodeConfig,
    RoutingConfig,
)
from nautilus_trader.live.clients import (
    DataClientFactory,
    ExecutionClient,
    ExecutionClientFactory,
    MarketDataClient,
)
from nautilus_trader.model import (
    AccountBalance,
    AccountId,
    AccountType,
    ActorId,
    CustomData,
    Money,
    OmsType,
    StrategyId,
    TraderId,
    Venue,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from nautilus_ai_firm.hosts.doorman import KNOCK_TYPE, Knock
from tests.engine.conftest import Tape

STOCK = Tape.equity()
ACCOUNT = AccountId("SIM-001")
SEEN: dict[str, Any] = {"sequence": [], "fills": [], "fees": 0, "stamps": [], "balances": [], "lost": 0}


class Trader(Strategy):
    def __new__(cls, *_args: Any) -> Any:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("TRADER-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def on_start(self) -> None:
        self.subscribe_trades(STOCK.id)

    def on_trade(self, trade: Any) -> None:
        SEEN["sequence"].append(f"tick {trade.price}")
        self.submit_order(Tape.market_order(self, STOCK, 10))

    def on_order_filled(self, event: Any) -> None:
        SEEN["sequence"].append(f"fill {event.last_px}")
        SEEN["stamps"].append(event.ts_event)
        account: Any = self.cache.account_for_venue(Tape.VENUE)
        SEEN["balances"].append(str(account.balance_total(Tape.USD).as_decimal()))


class Listener(DataActor):
    waiting: "asyncio.Future[None] | None" = None

    def __new__(cls, *_args: Any) -> Any:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("LISTENER-001")))  # pyright: ignore[reportCallIssue] - as above

    def on_start(self) -> None:
        self.subscribe_data(KNOCK_TYPE)

    def on_data(self, data: Any) -> None:
        SEEN["sequence"].append(f"knock {data.data.number}")
        if self.waiting is not None:
            self.waiting.set_result(None)
            self.waiting = None


class Fees(FeeModel):
    def get_commission(self, *_args: Any) -> Money:  # pyright: ignore[reportIncompatibleMethodOverride] - asked by place
        SEEN["fees"] += 1
        return Money.from_decimal(Decimal("1.25"), Tape.USD)


class Cashier(ExecutionClient):
    async def _connect(self) -> None:
        pass

    async def _disconnect(self) -> None:
        pass

    def pay(self, amount: str) -> None:
        account: Any = self.cache.account(ACCOUNT)
        total = account.balance_total(Tape.USD) + Money.from_decimal(Decimal(amount), Tape.USD)
        nothing = Money.from_decimal(Decimal(0), Tape.USD)
        self.generate_account_state([AccountBalance(total, nothing, total)], [], reported=False, ts_event=0)


class Market(MarketDataClient):
    async def _connect(self) -> None:
        self._handle_instrument(STOCK)
        self.create_task(self._play())

    async def _disconnect(self) -> None:
        pass

    async def _subscribe(self, command: Any) -> None:
        pass

    async def _subscribe_trades(self, command: Any) -> None:
        pass

    async def _knocked(self, number: int) -> None:
        LISTENER.waiting = asyncio.get_running_loop().create_future()
        self._handle_data(CustomData(KNOCK_TYPE, Knock(0, 0, number)))  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
        await LISTENER.waiting

    async def _play(self) -> None:
        while not HANDLE.is_running:  # noqa: ASYNC110 - the node has no event for it
            await asyncio.sleep(0.001)
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
        self._handle_data(Tape.tick(STOCK, Tape.T0, "100.00"))
        self._handle_data(Tape.tick(STOCK, Tape.T0 + 1, "101.00"))
        await self._knocked(1)
        CASHIER[0].pay("500.00")
        await self._knocked(2)
        self._handle_data(Tape.tick(STOCK, Tape.T0 + 2, "102.00"))
        await self._knocked(3)
        os.kill(os.getpid(), signal.SIGINT)
        await interrupted.wait()
        await asyncio.sleep(0.3)
        SEEN["running_after_sigint"] = HANDLE.is_running
        HANDLE.stop()


class MarketFactory(DataClientFactory):
    @staticmethod
    def create(**context: Any) -> Any:
        return Market(**context)


class CashierFactory(ExecutionClientFactory):
    @staticmethod
    def create(**context: Any) -> Any:
        CASHIER.append(
            Cashier(
                **context, venue=Venue("CASH"), account_id=ACCOUNT, account_type=AccountType.MARGIN,
                oms_type=OmsType.NETTING, base_currency=Tape.USD,
            )
        )  # fmt: skip
        return CASHIER[0]


CASHIER: list[Cashier] = []
LISTENER = Listener()


def main(folder: str) -> None:
    """Run the node."""
    global HANDLE  # noqa: PLW0603 - the client is made by the node and knows nobody else
    config = LiveNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=TraderId("PROBE-001"),
        delay_post_stop_secs=0.0,
        exec_engine=LiveExecutionEngineConfig(reconciliation=False),
        logging=LoggerConfig(
            stdout_level=LogLevel.OFF, fileout_level=LogLevel.WARNING, print_config=False,
            file_config=FileWriterConfig(directory=folder, file_name="engine"),
        ),
    )  # fmt: skip
    builder = LiveNodeBuilder.from_config("probe", config)
    builder = builder.add_data_client("MARKET", MarketFactory(), DataClientConfig(routing=RoutingConfig(default=True)))
    builder = builder.add_simulated_exec_client(
        None,
        SandboxExecutionClientFactory(),
        SandboxExecutionClientConfig(
            venue=Tape.VENUE, starting_balances=[Money.from_decimal(Decimal(100_000), Tape.USD)], account_id=ACCOUNT,
            base_currency=Tape.USD, oms_type=OmsType.NETTING, account_type=AccountType.MARGIN, fee_model=Fees(),
        ),
    )  # fmt: skip
    node = builder.add_exec_client("CASH", CashierFactory(), ExecutionClientConfig()).build()
    HANDLE = node.handle()
    node.add_strategy(Trader())
    node.add_actor(LISTENER)
    node.run()
    print(json.dumps(SEEN))  # noqa: T201 - what the tests read


if __name__ == "__main__":
    main(sys.argv[1])

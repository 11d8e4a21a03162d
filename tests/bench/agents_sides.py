"""What the bench of the ten agents compares: the engine alone, the engine with the firm's orders, and the firm.

All three read the same catalog as they run, and get the same bars, opening ticks, quotes and events.
"""

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, DataActorConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    ActorId,
    Bar,
    BarType,
    Currency,
    CustomData,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Quantity,
    StrategyId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from nautilus_ai_firm.data.best_quote import BEST_QUOTE_TYPE
from nautilus_ai_firm.data.notice import notice_type
from nautilus_ai_firm.hosts.backtest import run_stage
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.hosts.universe import bar_names
from tests.bench.agents_market import VENUE, ten_agents

type Orders = Mapping[tuple[int, InstrumentId], int]


class Listener(DataActor):
    """Hears all that the desks of the firm hear of the market, and does nothing."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("LISTENER-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, bar_types: list[BarType], instrument_ids: list[InstrumentId]) -> None:
        self._bar_types, self._instrument_ids = bar_types, instrument_ids

    def on_start(self) -> None:
        for bar_type in self._bar_types:
            self.subscribe_bars(bar_type)
        for instrument_id in self._instrument_ids:
            self.subscribe_trades(instrument_id)
        for data_type in (BEST_QUOTE_TYPE, notice_type("event")):
            self.subscribe_data(data_type)

    def on_bar(self, bar: Bar) -> None:
        pass

    def on_trade(self, trade: TradeTick) -> None:
        pass

    def on_data(self, data: CustomData) -> None:
        pass


class Sender(Strategy):
    """Sends given orders at given ticks, and does nothing else: what remains is the engine's own work on them."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("SENDER-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, orders: Orders) -> None:
        self.filled = 0
        self._orders = orders

    def on_start(self) -> None:
        for instrument_id in sorted({instrument_id for _, instrument_id in self._orders}, key=str):
            self.subscribe_trades(instrument_id)

    def on_trade(self, trade: TradeTick) -> None:
        if quantity := self._orders.get((trade.ts_event, trade.instrument_id)):
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            self.submit_order(self.order_factory.market(trade.instrument_id, side, Quantity.from_int(abs(quantity))))

    def on_order_filled(self, event: Any) -> None:  # noqa: ARG002 - the engine's signature
        self.filled += 1


def engine_alone(catalog: Path, run: Path) -> dict[str, float]:  # noqa: ARG001 - every side is called alike
    """Measure the engine with an actor that does nothing."""
    return _measured(lambda: _engine(prepare(Study(loaded=ten_agents(), catalog=catalog)), None))


def engine_with_orders(catalog: Path, run: Path) -> dict[str, float]:
    """Measure the engine with that actor and the orders of a run of the firm, without costs."""
    fills = pq.read_table(run / "fills.parquet", columns=["ts", "instrument_id", "side", "quantity"])
    columns = (fills["ts"].cast("int64"), fills["instrument_id"], fills["side"], fills["quantity"])
    orders: Orders = {
        (ts, InstrumentId.from_str(name)): int(quantity) if side == "BUY" else -int(quantity)
        for ts, name, side, quantity in zip(*(column.to_pylist() for column in columns), strict=True)
    }
    assert len(orders) == len(fills)  # one fill an instrument and tick, as these ticks have no end of volume
    return _measured(lambda: _engine(prepare(Study(loaded=ten_agents(), catalog=catalog)), orders))


def whole_firm(catalog: Path, run: Path) -> dict[str, float]:
    """Measure the whole firm, its records included."""
    return _measured(lambda: _firm(catalog, run))


def _measured(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    facts = work()
    return facts | {"cpu_s": time.process_time() - began_cpu, "wall_s": time.perf_counter() - began}


def _firm(catalog: Path, run: Path) -> dict[str, float]:
    summary = run_stage(prepare(Study(loaded=ten_agents(), catalog=catalog, out=run))).summary
    return {"fills": summary["fills"], "rounds": summary["rounds"]}


def _engine(stage: Stage, orders: Orders | None) -> dict[str, float]:
    names = bar_names(stage.firm)
    engine = BacktestEngine(
        BacktestEngineConfig(run_analysis=False, logging=LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF))
    )
    for venue in (VENUE, "X"):
        money = [Money(stage.firm.venue.starting_balance, Currency.from_str("USD"))]
        free = MakerTakerFeeModel(Decimal(0), Decimal(0))
        engine.add_venue(
            Venue(venue),
            OmsType.NETTING,
            AccountType.MARGIN,
            money,
            default_leverage=Decimal(repr(stage.firm.venue.leverage)),
            fee_model=free,
        )
    series = [*names, *map(str, stage.universe.input_bar_types.values())]
    for instrument in stage.catalog.instruments(series):
        engine.add_instrument(instrument)
    window = stage.catalog.window(names, series[len(names) :], 0, stage.end_ns, stage.watching.beside)
    for data in (window.bars, window.opening_ticks, window.observations, window.quotes):
        if data:
            engine.add_data(data)
    engine.add_actor(Listener([BarType.from_str(name) for name in series], list(stage.universe.instrument_ids)))
    sender = None if orders is None else Sender(orders)
    if sender is not None:
        engine.add_strategy(sender)
    engine.run()
    assert sender is None or sender.filled == len(orders or ())
    return {"fills": 0 if sender is None else sender.filled, "rounds": len(stage.rounds_ns)}

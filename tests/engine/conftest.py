"""Small markets and silent engines for the tests of what the pinned engine does."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    AggressorSide,
    Bar,
    BarType,
    Currency,
    Equity,
    ExecAlgorithmId,
    InstrumentId,
    Money,
    OmsType,
    OrderFilled,
    OrderSide,
    Price,
    Quantity,
    TradeId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import ExecutionAlgorithmConfig, Strategy

SECOND = 1_000_000_000


class Tape:
    """Builders of instruments, bars and opening ticks, and readers of what an engine did with them."""

    SECOND = SECOND
    MINUTE = 60 * SECOND
    HOUR = 3_600 * SECOND
    DAY = 86_400 * SECOND
    T0 = 1_600_041_600 * SECOND  # 2020-09-14 00:00 UTC
    USD = Currency.from_str("USD")
    VENUE = Venue("SIM")
    OPENING_SIZE = 10_000_000

    @classmethod
    def equity(cls, symbol: str = "AAA", venue: str = "SIM", decimals: int = 2, margin: str = "0") -> Equity:
        identifier = InstrumentId.from_str(f"{symbol}.{venue}")
        increment = Price.from_str(f"{Decimal(1).scaleb(-decimals):f}")
        return Equity(
            identifier,
            identifier.symbol,
            cls.USD,
            decimals,
            increment,
            0,
            0,
            margin_init=Decimal(margin),
            margin_maint=Decimal(margin),
        )

    @staticmethod
    def bar_type(instrument: Any, spec: str = "1-DAY-LAST") -> BarType:
        return BarType.from_str(f"{instrument.id}-{spec}-EXTERNAL")

    @classmethod
    def bar(cls, instrument: Any, ts: int, prices: Sequence[str], spec: str = "1-DAY-LAST") -> Bar:
        """Bar of (open, high, low, close), closed and known at `ts`."""
        o, h, low, c = (Price.from_str(price) for price in prices)
        return Bar(cls.bar_type(instrument, spec), o, h, low, c, Quantity(cls.OPENING_SIZE, 0), ts, ts)

    @classmethod
    def tick(cls, instrument: Any, ts: int, price: str, size: int = OPENING_SIZE) -> TradeTick:
        return TradeTick(
            instrument.id,
            Price.from_str(price),
            Quantity(size, 0),
            AggressorSide.NO_AGGRESSOR,
            TradeId(f"{ts}"),
            ts,
            ts,
        )

    @classmethod
    def ticks(cls, instrument: Any, prices: Sequence[str], step: int = SECOND) -> list[TradeTick]:
        return [cls.tick(instrument, cls.T0 + n * step, price) for n, price in enumerate(prices)]

    @staticmethod
    def market_order(strategy: Strategy, instrument: Any, quantity: int, **options: Any) -> Any:
        """Market order for a signed quantity."""
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        return strategy.order_factory.market(instrument.id, side, Quantity(abs(quantity), 0), **options)

    @staticmethod
    def algorithm_config(name: str = "SLICER") -> ExecutionAlgorithmConfig:
        return ExecutionAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId(name))

    @classmethod
    def balance(cls, engine: BacktestEngine, venue: str = "SIM") -> Decimal:
        return engine.cache.account_for_venue(Venue(venue)).balance_total(cls.USD).as_decimal()  # pyright: ignore[reportOptionalMemberAccess]

    @staticmethod
    def fills(engine: BacktestEngine) -> list[OrderFilled]:
        """Every fill in the order in which it happened; the venue numbers its trades."""
        events = [event for order in engine.cache.orders() for event in order.events()]
        fills = [event for event in events if isinstance(event, OrderFilled)]
        return sorted(fills, key=lambda fill: (fill.ts_event, int(str(fill.trade_id).rsplit("-", 1)[1])))

    @classmethod
    def off_market(cls, engine: BacktestEngine, ticks: Sequence[TradeTick]) -> list[OrderFilled]:
        """Fills whose (time, price) is no tick of their instrument."""
        market = {(tick.instrument_id, tick.ts_event, tick.price) for tick in ticks}
        return [f for f in cls.fills(engine) if (f.instrument_id, f.ts_event, f.last_px) not in market]


@pytest.fixture
def tape() -> type[Tape]:
    return Tape


@pytest.fixture
def new_engine() -> Iterator[Callable[..., BacktestEngine]]:
    """Make silent engines with one MARGIN venue `SIM`; keywords go to the engine's configuration."""
    engines: list[BacktestEngine] = []

    def make(
        instruments: Sequence[Any] = (),
        components: Sequence[Any] = (),
        data: Sequence[Sequence[Any]] = (),
        venue: dict[str, Any] | None = None,
        **config: Any,
    ) -> BacktestEngine:
        silent = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
        engine = BacktestEngine(BacktestEngineConfig(logging=silent, run_analysis=False, **config))
        engines.append(engine)
        add_venue(engine, "SIM", **(venue or {}))
        for instrument in instruments:
            engine.add_instrument(instrument)
        for component in components:
            if isinstance(component, Strategy):
                engine.add_strategy(component)
            elif hasattr(component, "spawn_market"):
                engine.add_exec_algorithm(component)
            else:
                engine.add_actor(component)
        for stream in data:
            engine.add_data(stream)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


def add_venue(engine: BacktestEngine, name: str, **options: Any) -> None:
    defaults: dict[str, Any] = {
        "oms_type": OmsType.NETTING,
        "account_type": AccountType.MARGIN,
        "starting_balances": [Money(1_000_000, Tape.USD)],
        "base_currency": Tape.USD,
        "default_leverage": Decimal(1),
        "fee_model": MakerTakerFeeModel(Decimal(0), Decimal(0)),
    }
    engine.add_venue(Venue(name), **(defaults | options))


@pytest.fixture(name="add_venue")
def add_venue_fixture() -> Callable[..., None]:
    """Add a MARGIN venue of one million USD to an engine."""
    return add_venue

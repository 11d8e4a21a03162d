"""What the engine does when a callback fails: it logs, goes on, and exits 0 unless it is told to stop."""

import subprocess
import sys
import textwrap

import pytest
from nautilus_trader.common import DataActor
from nautilus_trader.trading import ExecutionAlgorithm, Strategy

TICKS = 6


class FaultError(Exception):
    """The planted fault."""


class Faulty(Strategy):
    """Fails at its second tick, in the callback named `place`, by raising or by logging an error."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, stock, place, way):
        super().__init__()
        self.tape, self.stock, self.place, self.way = tape, stock, place, way
        self.ticks = 0

    def fail(self, place, component):
        if self.place == place and self.ticks == 2:
            if self.way == "raise":
                raise FaultError(place)
            component.log.error(place)

    def on_start(self):
        self.subscribe_trades(self.stock.id)
        self.subscribe_topic("ticks", lambda _tick: self.fail("topic handler", self), 1)

    def on_trade(self, trade):
        self.ticks += 1
        self.publish_message("ticks", trade)
        self.clock.set_time_alert_ns(f"{self.ticks}", trade.ts_init + 1, lambda _event: self.fail("alert", self))
        self.fail("on_trade", self)
        algorithm_id = self.tape.algorithm_config().exec_algorithm_id
        self.submit_order(self.tape.market_order(self, self.stock, 1, exec_algorithm_id=algorithm_id))

    def on_order_event(self, event):
        self.fail(f"on_order_event {type(event).__name__}", self)


class Passing(ExecutionAlgorithm):
    """Sends each parent on as it is, and shares the strategy's fault."""

    def __new__(cls, config, *_args):
        return super().__new__(cls, config)  # pyright: ignore[reportCallIssue] - the stub omits the parameter

    def __init__(self, config, faulty):
        super().__init__(config)
        self.faulty = faulty

    def on_start(self):
        self.subscribe_topic("ticks", lambda _tick: self.faulty.fail("algorithm's topic handler", self), 2)

    def on_order(self, order):
        self.faulty.fail("algorithm.on_order", self)
        self.submit_order(order)


PLACES = [
    "topic handler",
    "alert",
    "on_trade",
    "on_order_event OrderInitialized",
    "on_order_event OrderFilled",
    "algorithm's topic handler",
    "algorithm.on_order",
]


def run(tape, new_engine, place, way, *, shutdown_on_error):
    stock = tape.equity()
    faulty = Faulty(tape, stock, place, way)
    algorithm = Passing(tape.algorithm_config(), faulty)
    data = tape.ticks(stock, ["10.00"] * TICKS)
    engine = new_engine([stock], [faulty, algorithm], [data], shutdown_on_error=shutdown_on_error)
    engine.run(end=data[-1].ts_init + 1)
    return engine.get_result().iterations


@pytest.mark.parametrize("way", ["raise", "log.error"])
@pytest.mark.parametrize("place", PLACES)
def test_a_failing_callback_is_swallowed_and_the_run_goes_on(tape, new_engine, place, way):
    assert run(tape, new_engine, place, way, shutdown_on_error=False) == TICKS


@pytest.mark.parametrize("way", ["raise", "log.error"])
@pytest.mark.parametrize("place", PLACES)
def test_with_shutdown_on_error_the_run_stops_at_that_event_and_raises_nothing(tape, new_engine, place, way):
    assert run(tape, new_engine, place, way, shutdown_on_error=True) == 2


def test_after_a_shutdown_later_chunks_are_not_processed(tape, new_engine):
    stock = tape.equity()
    seen = []

    class Reader(DataActor):
        def on_start(self):
            self.subscribe_trades(stock.id)

        def on_trade(self, trade):
            seen.append(trade.ts_init)
            if len(seen) == 2:
                self.log.error("stop")

    engine = new_engine([stock], [Reader()], shutdown_on_error=True)
    ticks = tape.ticks(stock, ["10.00"] * 6)
    for chunk in (ticks[:3], ticks[3:]):
        engine.add_data(chunk)
        engine.run(streaming=True)
        engine.clear_data()
    engine.end()
    assert seen == [tick.ts_init for tick in ticks[:2]]


def test_a_failing_on_start_raises_from_run(tape, new_engine):
    stock = tape.equity()

    class Reader(DataActor):
        def on_start(self):
            raise FaultError

    engine = new_engine([stock], [Reader()], [tape.ticks(stock, ["10.00"])])
    with pytest.raises(RuntimeError, match="FaultError"):
        engine.run()


PROGRAM = textwrap.dedent(
    """
    from decimal import Decimal
    from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.common import DataActor, LoggerConfig, LogLevel
    from nautilus_trader.execution import MakerTakerFeeModel
    from nautilus_trader.model import *

    usd = Currency.from_str("USD")
    stock = Equity(InstrumentId.from_str("AAA.SIM"), Symbol("AAA"), usd, 2, Price(0.01, 2), 0, 0)

    class Reader(DataActor):
        def on_start(self):
            self.subscribe_trades(stock.id)

        def on_trade(self, trade):
            raise ValueError("planted fault")

    engine = BacktestEngine(BacktestEngineConfig(logging=LOGGING, shutdown_on_error=True))
    engine.add_venue(Venue("SIM"), OmsType.NETTING, AccountType.MARGIN, [Money(1, usd)], fee_model=MakerTakerFeeModel(
        Decimal(0), Decimal(0)))
    engine.add_instrument(stock)
    engine.add_actor(Reader())
    engine.add_data([TradeTick(stock.id, Price(1, 2), Quantity(1, 0), AggressorSide.NO_AGGRESSOR, TradeId(str(t)), t, t)
        for t in (1, 2, 3)])
    engine.run()
    assert engine.get_result().iterations == 1
    """
)


@pytest.mark.parametrize(
    ("logging", "shown"),
    [
        ("LoggerConfig(stdout_level=LogLevel.ERROR)", True),
        ("LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)", False),
    ],
)
def test_a_stopped_run_exits_0_and_shows_the_error_only_where_logging_is_on(logging, shown):
    program = PROGRAM.replace("LOGGING", logging)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert ("planted fault" in done.stdout + done.stderr) is shown
    assert shown or done.stdout == done.stderr == ""

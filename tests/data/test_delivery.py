"""The engine delivers what the catalog holds: every object once, in time order, figures at their publication."""

from decimal import Decimal
from itertools import pairwise

import pytest
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import DataActor, DataActorConfig, LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import AccountType, BarType, Currency, InstrumentId, Money, OmsType, Venue

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.observation import OBSERVATION_TYPE

AAPL = bar_type_id("AAPL.US", "1-DAY")
SPX = bar_type_id("SPX.INDEX", "1-DAY")


class Listener(DataActor):
    """Writes down what arrives and when."""

    def __init__(self, config=None):  # noqa: ARG002 - the engine's base class takes the config in __new__
        super().__init__()
        self.heard = []

    def on_start(self):
        self.subscribe_bars(BarType.from_str(AAPL))
        self.subscribe_bars(BarType.from_str(SPX))
        self.subscribe_trades(InstrumentId.from_str("AAPL.US"))
        self.subscribe_data(OBSERVATION_TYPE)

    def on_bar(self, bar):
        self.heard.append((self.clock.timestamp_ns(), str(bar.bar_type)))

    def on_trade(self, trade):  # noqa: ARG002 - its time is the clock's
        self.heard.append((self.clock.timestamp_ns(), "tick"))

    def on_data(self, data):
        observation = getattr(data, "data", data)
        self.heard.append((self.clock.timestamp_ns(), observation.series))
        assert self.clock.timestamp_ns() == observation.ts_init > observation.ts_event


def listen(catalog: Catalog, start_ns: int, end_ns: int, cuts: list[int]) -> list[tuple[int, str]]:
    quiet = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
    engine = BacktestEngine(BacktestEngineConfig(logging=quiet, run_analysis=False, shutdown_on_error=True))
    usd = Currency.from_str("USD")
    for venue in ("US", "INDEX"):
        engine.add_venue(
            Venue(venue),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            starting_balances=[Money(1_000_000, usd)],
            fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
        )
    for instrument in catalog.instruments([AAPL, SPX]):
        engine.add_instrument(instrument)
    listener = Listener(DataActorConfig())
    engine.add_actor(listener)
    edges = [start_ns - 1, *cuts, end_ns]
    for left, right in pairwise(edges):
        window = catalog.window([AAPL], [SPX, "wti", "credit_spread"], left + 1, right)
        for data in (window.bars, window.opening_ticks, window.observations):
            if data:
                engine.add_data(data)
        engine.run(streaming=True)
        engine.clear_data()
    engine.end()
    heard = list(listener.heard)
    engine.dispose()
    return heard


@pytest.mark.parametrize("n_cuts", [0, 3])
def test_the_engine_hears_everything_once_in_order(demo_catalog, n_cuts):
    closes = demo_catalog.bar_columns(AAPL).ts_close_ns.tolist()
    start, end = closes[0] - 30_000_000_000_000, closes[120]
    heard = listen(demo_catalog, start, end, closes[30 : 30 * (n_cuts + 1) : 30])
    kinds = [kind for _, kind in heard]
    assert [ts for ts, _ in heard] == sorted(ts for ts, _ in heard)
    assert kinds.count(AAPL) == kinds.count(SPX) == kinds.count("tick") == 121
    assert kinds.count("wti") > 100
    assert kinds.count("credit_spread") == 6
    of_stock = [kind for kind in kinds if kind in ("tick", AAPL)]
    assert of_stock == ["tick", AAPL] * 121

"""Trades whose balances were worked out by hand, and an engine that makes them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Self

import numpy as np
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.model import (
    AccountType,
    Currency,
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

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.manifest import Listing
from nautilus_ai_firm.data.objects import bar_objects, bar_type_id, instrument_object, opening_tick_objects
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.hosts.venue import Charges, FillCharges, OvernightFinancing
from nautilus_ai_firm.settings import Costs

# 1 bp commission, at least 1.00 an order, and 2 bps half-spread: 3 bps of notional, rounded to cents once.
BY_HAND = [
    # quantity, price, balance after the fill
    (1000, "100.0000", "999970.00"),  # open long: 100,000.00 costs 10.00 + 20.00
    (500, "103.0000", "999954.55"),  # add: 51,500.00 costs 5.15 + 10.30; average is now 101.00
    (-600, "105.5000", "1002635.56"),  # reduce: 600 x 4.50 = 2,700.00; 63,300.00 costs 6.33 + 12.66
    (-900, "99.0000", "1000808.83"),  # close: 900 x -2.00 = -1,800.00; 89,100.00 costs 8.91 + 17.82
    (-400, "98.0000", "1000797.07"),  # open short: 39,200.00 costs 3.92 + 7.84
    (-400, "96.0000", "1000785.55"),  # add: 38,400.00 costs 3.84 + 7.68; average is now 97.00
    (300, "95.1234", "1001339.97"),  # reduce: 300 x 1.8766 = 562.98; 28,537.02 costs 8.561106, so 8.56
    (1200, "96.5000", "1001555.23"),  # flip: 500 x 0.50 = 250.00; 115,800.00 costs 11.58 + 23.16; 700 at 96.50
    (-10, "97.0000", "1001559.04"),  # reduce: 10 x 0.50 = 5.00; minimum 1.00 + 0.194 = 1.19
    (-1090, "97.2500", "1002044.74"),  # flip: 690 x 0.75 = 517.50; 106,002.50 costs 31.80075, so 31.80; -400 at 97.25
    (400, "97.3000", "1002013.06"),  # close: 400 x -0.05 = -20.00; 38,920.00 costs 11.676, so 11.68
    (3, "97.3333", "1002012.00"),  # open long: minimum 1.00 + 0.05839998 = 1.06
]

COSTS: dict[str, float] = {
    "commission_bps": 1.0,
    "commission_minimum": 1.0,
    "half_spread_bps": 2.0,
    "impact_coefficient": 0.0,
    "cash_rate_per_year": 0.0,
    "margin_rate_per_year": 0.0,
    "borrow_rate_per_year": 0.0,
}
AAA = InstrumentId.from_str("AAA.US")
USD = Currency.from_str("USD")
WARM_UP = 2  # days before the first order: the venue measures volume and volatility


class Trader(Strategy):
    """Sends one order with each day's opening tick and notes the balance after it."""

    def __new__(cls, *_: object) -> Self:
        config = StrategyConfig(strategy_id=StrategyId("HAND-001"), order_id_tag="001")
        return super().__new__(cls, config)  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, quantities: Iterable[int]) -> None:
        self._quantities = list(quantities)
        self.balances: list[Decimal] = []

    def on_start(self) -> None:
        self.subscribe_trades(AAA)

    def on_trade(self, trade: TradeTick) -> None:
        del trade  # its coming is all that matters
        if self._quantities and (quantity := self._quantities.pop(0)):
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            self.submit_order(self.order_factory.market(AAA, side, Quantity.from_int(abs(quantity))))

    def on_order_filled(self, event: Any) -> None:
        del event  # as above
        account = self.cache.account_for_venue(Venue("US"))
        assert account is not None
        self.balances.append(account.balance_total(USD).as_decimal())


def days_of(prices: list[float], closes: list[float] | None = None, start: date = date(2024, 1, 2)) -> BarColumns:
    first_ns = int(np.datetime64(start, "ns").astype(np.int64))
    sessions = Sessions.between("XNYS", first_ns, first_ns + 40 * DAY_NS)
    begin = int(np.searchsorted(sessions.dates, np.datetime64(start, "D")))
    opened, closed = np.array(prices), np.array(closes or prices)
    days = slice(begin, begin + len(prices))
    return BarColumns(
        ts_open_ns=sessions.opens_ns[days],
        ts_close_ns=sessions.closes_ns[days],
        open=opened,
        high=np.maximum(opened, closed),
        low=np.minimum(opened, closed),
        close=closed,
        volume=np.full(len(prices), 1e6),
    )


def trade(quantities: list[int], bars: BarColumns, costs: dict[str, float]) -> tuple[Trader, Charges, Decimal]:
    charges = Charges(Costs(**costs), (AAA,), Decimal(1_000_000), 20, USD)
    silent = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
    engine = BacktestEngine(BacktestEngineConfig(logging=silent, run_analysis=False, shutdown_on_error=True))
    try:
        engine.add_venue(
            Venue("US"),
            OmsType.NETTING,
            AccountType.MARGIN,
            [Money(1_000_000, USD)],
            base_currency=USD,
            default_leverage=Decimal(2),
            fee_model=FillCharges(charges),
            modules=[OvernightFinancing(charges)],
        )
        engine.add_instrument(
            instrument_object("AAA.US", Listing(instrument_class="Equity", tradable=True, calendar="XNYS"))
        )
        trader = Trader([0] * WARM_UP + quantities)
        engine.add_strategy(trader)
        engine.add_data(bar_objects(bar_type_id("AAA.US", "1-DAY"), bars))
        engine.add_data(opening_tick_objects("AAA.US", bars))
        engine.run()
        account = engine.cache.account_for_venue(Venue("US"))
        assert account is not None
        return trader, charges, account.balance_total(USD).as_decimal()
    finally:
        engine.dispose()

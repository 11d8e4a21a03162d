"""What the simulated venue books: fees, modules, margin, balances, and whose account it is."""

import itertools
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from nautilus_trader.backtest import SimulationModule
from nautilus_trader.common import DataActor
from nautilus_trader.execution import FeeModel
from nautilus_trader.model import (
    IndexInstrument,
    InstrumentId,
    Money,
    OrderStatus,
    Price,
    Quantity,
    Symbol,
    Venue,
)
from nautilus_trader.trading import Strategy

CENT = Decimal("0.01")


class Trader(Strategy):
    """Sends the n-th signed quantity at the n-th tick and notes the balance at each fill."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, stock, quantities):
        super().__init__()
        self.tape, self.stock, self.quantities = tape, stock, list(quantities)
        self.balances = []
        self.denials = []
        self.positions = []

    def on_start(self):
        self.subscribe_trades(self.stock.id)

    def on_trade(self, trade):  # noqa: ARG002 - the engine's signature
        if self.quantities:
            self.submit_order(self.tape.market_order(self, self.stock, self.quantities.pop(0)))

    def on_order_filled(self, event):  # noqa: ARG002 - the engine's signature
        account = self.cache.account_for_venue(self.tape.VENUE)
        self.balances.append(account.balance_total(self.tape.USD).as_decimal())  # pyright: ignore[reportOptionalMemberAccess]

    def on_order_denied(self, event):
        self.denials.append(event.reason)

    def on_position_event(self, event):
        self.positions.append(type(event).__name__)


class BpsFee(FeeModel):
    """Commission in bps of notional, half-even to the cent."""

    def __init__(self, bps="5"):
        self.rate = Decimal(bps) / 10_000
        self.calls = []

    def get_commission(self, order, fill_quantity, fill_px, instrument):
        self.calls.append((str(order.client_order_id), str(fill_quantity), str(fill_px), type(instrument).__name__))
        return Money.from_decimal(
            fill_quantity.as_decimal() * fill_px.as_decimal() * self.rate, instrument.quote_currency
        )


def trade(tape, new_engine, orders, *, decimals=2, size=None, **venue):
    """Trade (quantity, price) pairs, one a tick, and return the engine and the trader."""
    stock = tape.equity(decimals=decimals, margin=venue.pop("margin", "0"))
    trader = Trader(tape, stock, [quantity for quantity, _price in orders])
    ticks = [
        tape.tick(stock, tape.T0 + n * tape.SECOND, price, size or tape.OPENING_SIZE)
        for n, (_quantity, price) in enumerate(orders)
    ]
    engine = new_engine([stock], [trader], [ticks], venue=venue)
    engine.run()
    return engine, trader


def test_a_fee_model_in_python_is_asked_once_for_each_fill(tape, new_engine):
    fee = BpsFee()
    engine, _trader = trade(tape, new_engine, [(100, "10.00"), (-10, "11.00")], size=30, fee_model=fee)
    assert [call[1:] for call in fee.calls] == [
        ("30", "10.00", "Equity"),
        ("70", "10.01", "Equity"),
        ("10", "11.00", "Equity"),
    ]
    assert [call[0] for call in fee.calls] == [str(f.client_order_id) for f in tape.fills(engine)]


@pytest.mark.parametrize("answer", ["raise", "not money"])
def test_a_failing_fee_model_drops_the_fill_and_leaves_the_order_submitted(tape, new_engine, answer):
    class Broken(FeeModel):
        def get_commission(self, order, fill_quantity, fill_px, instrument) -> Any:  # noqa: ARG002 - the engine's signature
            if answer == "raise":
                raise ValueError
            return 3

    engine, _trader = trade(tape, new_engine, [(100, "10.00"), (100, "10.00")], fee_model=Broken())
    assert [order.status for order in engine.cache.orders()] == [OrderStatus.SUBMITTED] * 2
    assert tape.balance(engine) == 1_000_000


def rounded(profit: float) -> Decimal:
    """Round as the engine does: half away from zero, on the binary float of the cents."""
    return Decimal(profit * 100.0).quantize(Decimal(1), rounding=ROUND_HALF_UP) / 100


def expected_balances(orders, rate):
    """Balances after each fill: realised profit in float as the engine's, commission half-even in Decimal."""
    balance, held, average = Decimal(1_000_000), 0, 0.0
    for quantity, text in orders:
        price = float(text)
        if held * quantity < 0:
            closed = min(abs(held), abs(quantity))
            balance += rounded(closed * (price - average if held > 0 else average - price))
        if held * quantity >= 0:
            average = (average * abs(held) + price * abs(quantity)) / abs(held + quantity)
        elif abs(quantity) > abs(held):
            average = price
        held += quantity
        balance -= (abs(quantity) * Decimal(text) * rate).quantize(CENT)
        yield balance


LEDGERS = {
    "long": [(100, "10.00"), (-100, "11.00")],
    "short": [(-100, "10.00"), (100, "11.00")],
    "added to": [(100, "10.00"), (33, "10.37"), (-133, "10.41")],
    "partly closed": [(100, "10.00"), (-40, "11.13"), (-60, "9.07")],
    "flipped": [(100, "10.00"), (-250, "10.50"), (300, "9.75"), (-150, "9.80")],
}


@pytest.mark.parametrize("bps", ["0", "5"])
@pytest.mark.parametrize("orders", LEDGERS.values(), ids=LEDGERS.keys())
def test_the_margin_balance_is_start_plus_realised_profit_minus_commissions(tape, new_engine, orders, bps):
    _engine, trader = trade(tape, new_engine, orders, fee_model=BpsFee(bps))
    assert trader.balances == list(expected_balances(orders, Decimal(bps) / 10_000))


def test_hand_computed_cash_of_a_flip_with_fees(tape, new_engine):
    _engine, trader = trade(tape, new_engine, LEDGERS["flipped"], fee_model=BpsFee())
    # fees 0.50, 1.31 (1.3125), 1.46 (1.4625), 0.74 (0.735, half-even); profits 50.00, 112.50, 7.50
    assert trader.balances == [Decimal(x) for x in ("999999.50", "1000048.19", "1000159.23", "1000165.99")]
    assert trader.positions == [
        "PositionOpened",
        *("PositionClosed", "PositionOpened"),
        *("PositionClosed", "PositionOpened"),
        "PositionClosed",
    ]


def test_random_trades_are_booked_to_the_cent_as_the_float_rule_says(tape, new_engine):
    rng = random.Random(11)  # noqa: S311 - a seeded ledger, not a secret
    orders = [
        ((1, -1)[n % 2] * rng.choice((25, 50, 75, 150)), f"{rng.randint(10_000, 10_100) / 10_000:.4f}")
        for n in range(2_000)
    ]
    _engine, trader = trade(tape, new_engine, orders, decimals=4, fee_model=BpsFee())
    assert trader.balances == list(expected_balances(orders, Decimal("0.0005")))


@pytest.mark.parametrize(
    ("quantity", "entry", "exit_price", "booked"),
    [(1, "0.5000", "0.6250", "0.13"), (1, "0.6250", "0.5000", "-0.13"), (25, "1.0000", "1.0002", "0.00")],
)
def test_half_a_cent_of_profit_rounds_away_from_zero_on_the_float(
    tape, new_engine, quantity, entry, exit_price, booked
):
    engine, _trader = trade(tape, new_engine, [(quantity, entry), (-quantity, exit_price)], decimals=4)
    assert tape.balance(engine) - 1_000_000 == Decimal(booked)


@pytest.mark.parametrize(("text", "cents"), [("0.005", "0.00"), ("0.015", "0.02"), ("0.025", "0.02")])
def test_money_from_decimal_rounds_half_even(tape, text, cents):
    assert Money.from_decimal(Decimal(text), tape.USD).as_decimal() == Decimal(cents)


@pytest.mark.parametrize(("margin", "denied"), [("0", False), ("1", True)])
def test_margin_is_checked_only_for_an_instrument_that_states_its_initial_margin(tape, new_engine, margin, denied):
    _engine, trader = trade(tape, new_engine, [(10_001, "100.00")], margin=margin)
    reason = "INITIAL_MARGIN_EXCEEDS_FREE_BALANCE: free=1000000.00 USD, margin=1000100.00 USD"
    assert trader.denials == ([reason] if denied else [])


@pytest.mark.parametrize(("leverage", "denials"), [(1, 1), (2, 0)])
def test_leverage_divides_the_margin(tape, new_engine, leverage, denials):
    options = {"margin": "1", "default_leverage": Decimal(leverage)}
    _engine, trader = trade(tape, new_engine, [(15_000, "100.00")], **options)
    assert len(trader.denials) == denials


def test_a_market_order_after_a_bar_takes_a_quarter_of_its_volume_at_the_close(tape, new_engine):
    stock = tape.equity()

    class Buyer(Strategy):
        def on_start(self):
            self.subscribe_bars(tape.bar_type(stock))

        def on_bar(self, bar):  # noqa: ARG002 - the engine's signature
            self.submit_order(tape.market_order(self, stock, 4_000_000))

    bar = tape.bar(stock, tape.T0, ["10.00", "10.50", "9.50", "10.20"])
    engine = new_engine([stock], [Buyer()], [[bar]])
    engine.run()
    assert [(str(f.last_qty), str(f.last_px)) for f in tape.fills(engine)] == [
        (f"{tape.OPENING_SIZE // 4}", "10.20"),
        (f"{4_000_000 - tape.OPENING_SIZE // 4}", "10.21"),
    ]


class Module(SimulationModule):
    """Writes down when it is called, and books what `adjust` says."""

    def __init__(self, tape, adjust=None, fails_in=None):
        self.tape, self.adjust, self.fails_in = tape, adjust, fails_in
        self.calls = []
        self.outcomes = []

    def pre_process(self, data):
        self.calls.append((type(data).__name__, data.ts_init - self.tape.T0))
        if self.fails_in == "pre_process":
            raise ValueError

    def process(self, ts_now, context):
        self.calls.append(("process", ts_now - self.tape.T0, [str(p.quantity) for p in context.positions]))
        if self.fails_in == "process":
            raise ValueError
        return None if self.adjust is None else [Money.from_decimal(Decimal(self.adjust), self.tape.USD)]

    def acknowledge(self, outcomes):
        self.outcomes += [outcome.applied for outcome in outcomes]

    def log_diagnostics(self):
        """Nothing to add to the log."""


class Alerted(Trader):
    """A trader with an alert 1 ns after each tick."""

    def on_trade(self, trade):
        super().on_trade(trade)
        self.clock.set_time_alert_ns(f"{trade.ts_init}", trade.ts_init + 1, lambda _event: None)


def with_module(tape, new_engine, module, cuts=()):
    stock, other = tape.equity(), tape.equity("BBB")
    data = [
        tape.tick(stock, tape.T0, "10.00"),
        tape.bar(other, tape.T0, ["50.00"] * 4),
        tape.tick(stock, tape.T0 + tape.SECOND, "11.00"),
    ]
    trader = Alerted(tape, stock, [100])
    engine = new_engine([stock, other], [trader], venue={"modules": [module]})
    for first, last in itertools.pairwise([0, *cuts, len(data)]):
        engine.add_data(data[first:last])
        engine.run(end=data[-1].ts_init + 1, streaming=bool(cuts))
        engine.clear_data()
    if cuts:
        engine.end()
    return engine


def test_a_module_sees_each_item_before_it_is_matched_and_each_timestamp_once_after_its_fills(tape, new_engine):
    module = Module(tape)
    with_module(tape, new_engine, module)
    assert module.calls == [
        ("TradeTick", 0),
        ("Bar", 0),
        ("process", 0, ["100"]),
        ("process", 1, ["100"]),  # the alert
        ("TradeTick", tape.SECOND),
        ("process", tape.SECOND, ["100"]),
        ("process", tape.SECOND + 1, ["100"]),
    ]


@pytest.mark.parametrize(("cut", "repeated"), [(2, 0), (1, 1)], ids=["between timestamps", "inside a timestamp"])
def test_a_chunk_that_ends_inside_a_timestamp_processes_modules_twice_at_it(tape, new_engine, cut, repeated):
    whole, chunked = Module(tape), Module(tape)
    with_module(tape, new_engine, whole)
    with_module(tape, new_engine, chunked, [cut])
    at_start = ("process", 0, ["100"])
    assert whole.calls.count(at_start) == 1
    assert chunked.calls.count(at_start) == 1 + repeated
    assert len(chunked.calls) == len(whole.calls) + repeated


def test_money_returned_by_a_module_is_booked_at_once(tape, new_engine):
    module = Module(tape, adjust="-1.25")
    engine = with_module(tape, new_engine, module)
    assert module.outcomes == [True] * 4
    assert tape.balance(engine) == Decimal(999_995)


@pytest.mark.parametrize("place", ["pre_process", "process"])
def test_a_failing_module_raises_from_run(tape, new_engine, place):
    with pytest.raises(RuntimeError, match=f"{place} failed"):
        with_module(tape, new_engine, Module(tape, fails_in=place))


def test_the_engines_cache_is_out_of_reach_in_a_module(tape, new_engine):
    class Asking(Module):
        errors: list[str]

        def process(self, ts_now, context):
            try:
                engine.cache.positions_open()
            except RuntimeError as error:
                self.errors.append(str(error))
            return super().process(ts_now, context)

    module = Asking(tape)
    module.errors = []
    stock = tape.equity()
    engine = new_engine([stock], [], [tape.ticks(stock, ["10.00"])], venue={"modules": [module]})
    engine.run()
    assert module.errors == ["Already mutably borrowed"]


def test_each_venue_has_its_own_account(tape, new_engine, add_venue):
    first, second = tape.equity("AAA", "SIM"), tape.equity("BBB", "XNYS")
    engine = new_engine()
    add_venue(engine, "XNYS")
    for stock in (first, second):
        engine.add_instrument(stock)
    engine.add_strategy(Trader(tape, second, [100, -100]))
    engine.add_data(tape.ticks(second, ["10.00", "11.00"]))
    engine.run()
    assert tape.balance(engine, "SIM") == 1_000_000
    assert tape.balance(engine, "XNYS") == 1_000_100


@pytest.mark.parametrize("routing", [False, True])
def test_an_instrument_needs_its_own_venue_even_beside_a_routing_one(tape, new_engine, routing):
    engine = new_engine(venue={"routing": routing})
    with pytest.raises(RuntimeError, match="without first adding its associated venue XNAS"):
        engine.add_instrument(tape.equity("AAA", "XNAS"))


def test_bars_of_an_index_on_the_trading_venue_need_no_other_account(tape, new_engine):
    index = IndexInstrument(
        InstrumentId.from_str("SPX.SIM"), Symbol("SPX"), tape.USD, 2, 0, Price(0.01, 2), Quantity(1, 0), 0, 0
    )
    bars = []

    class Reader(DataActor):
        def on_start(self):
            self.subscribe_bars(tape.bar_type(index))

        def on_bar(self, bar):
            bars.append(str(bar.close))

    engine = new_engine([index], [Reader()], [[tape.bar(index, tape.T0, ["3000.00"] * 4)]])
    engine.run()
    assert bars == ["3000.00"]
    assert engine.list_venues() == [Venue("SIM")]


def test_data_of_an_unknown_instrument_is_refused(tape, new_engine):
    with pytest.raises(RuntimeError, match=r"BBB\.SIM for the given data not found in the cache"):
        new_engine([tape.equity()], [], [tape.ticks(tape.equity("BBB"), ["10.00"])])


def test_the_portfolios_equity_marks_at_the_last_tick_not_at_the_close(tape, new_engine):
    stock = tape.equity()
    equities = []

    class Holder(Trader):
        def on_start(self):
            super().on_start()
            self.subscribe_bars(tape.bar_type(stock))

        def on_bar(self, bar):  # noqa: ARG002 - the engine's signature
            equities.append(self.portfolio.equity(tape.VENUE)[tape.USD].as_decimal())

    data = [
        tape.tick(stock, tape.T0, "10.00"),
        tape.bar(stock, tape.T0 + tape.DAY, ["10.00", "12.00", "10.00", "12.00"]),
    ]
    new_engine([stock], [Holder(tape, stock, [100])], [data]).run()
    assert equities == [Decimal(1_000_000)]

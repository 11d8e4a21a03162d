"""Limit orders that an algorithm spawned: where and when they fill, how they are changed and taken back."""

import pytest
from nautilus_trader.model import ClientOrderId, ExecAlgorithmId, OrderSide, OrderStatus, Price, Quantity
from nautilus_trader.trading import ExecutionAlgorithm, Strategy

PARENT, CHILD = ClientOrderId("P-1"), ClientOrderId("P-1-E1")
PLENTY = 1_000_000


class Owner(Strategy):
    """Hands a parent of 100 over at the first tick, forwards every tick, and cancels what it is told to."""

    def __new__(cls, *_args):
        return super().__new__(cls)

    def __init__(self, stock):
        super().__init__()
        self.stock, self.begun, self.events = stock, False, []

    def on_start(self):
        self.subscribe_trades(self.stock.id)
        self.subscribe_topic("cancel", self.cancel_order, 1)  # pyright: ignore[reportArgumentType] - an id

    def on_trade(self, trade):
        if not self.begun:
            self.begun = True
            algorithm = ExecAlgorithmId("SLICER")
            self.submit_order(
                self.order_factory.market(
                    self.stock.id, OrderSide.BUY, Quantity(100, 0), exec_algorithm_id=algorithm, client_order_id=PARENT
                )
            )
        self.publish_message("ticks", trade)

    def on_order_event(self, event):
        if event.client_order_id != PARENT:
            self.events.append(event)


class Slicer(ExecutionAlgorithm):
    """Runs the n-th of its steps at the n-th tick."""

    def __new__(cls, config, *_args):
        return super().__new__(cls, config)  # pyright: ignore[reportCallIssue] - the stub omits the parameter

    def __init__(self, config, *steps):
        super().__init__(config)
        self.steps = list(steps)

    def on_start(self):
        self.subscribe_topic("ticks", self.on_tick, 1)

    def on_order(self, order):
        pass

    def on_tick(self, _trade):
        if self.steps:
            self.steps.pop(0)(self)

    def order(self, order_id=CHILD):
        return self.cache.order(order_id)  # pyright: ignore[reportOptionalMemberAccess] - never None once started

    def rest(self, quantity, price):
        parent = self.order(PARENT)
        self.submit_order(self.spawn_limit(parent, Quantity(quantity, 0), Price(price, 2)))


def wait(_slicer):
    """Let a tick pass."""


@pytest.fixture
def worked(tape, new_engine):
    """Run steps over ticks of (price, size), one a minute, and over bars that begin with them."""

    def start(ticks, *steps, bars=()):
        stock = tape.equity()
        owner = Owner(stock)
        data = [
            tape.tick(stock, tape.T0 + n * tape.MINUTE + 1_000, price, size) for n, (price, size) in enumerate(ticks)
        ]
        streams = [data]
        if bars:
            spec = "1-MINUTE-LAST"
            streams.append([tape.bar(stock, tape.T0 + (n + 1) * tape.MINUTE, bar, spec) for n, bar in enumerate(bars)])
        engine = new_engine([stock], [owner, Slicer(tape.algorithm_config(), *steps)], streams)
        engine.run()
        return engine, owner

    return start


def names(owner):
    return [type(event).__name__ for event in owner.events]


def fills(owner, tape):
    return [
        (event.ts_event - tape.T0, str(event.last_px), int(event.last_qty.as_decimal()))
        for event in owner.events
        if type(event).__name__ == "OrderFilled"
    ]


def test_a_limit_that_rests_fills_at_itself_when_a_bar_touches_it_and_the_fill_is_stamped_with_the_bars_close(
    tape, worked
):
    bars = [["100.00", "100.20", "99.95", "100.00"], ["100.00", "100.10", "99.90", "100.00"]]
    _, owner = worked([("100.00", PLENTY)] * 2, lambda slicer: slicer.rest(40, 99.90), bars=bars)
    assert fills(owner, tape) == [(2 * tape.MINUTE, "99.90", 40)]


def test_a_gap_through_a_limit_fills_it_at_itself_and_not_at_the_better_open(tape, worked):
    _, owner = worked([("100.00", PLENTY), ("99.00", PLENTY)], lambda slicer: slicer.rest(40, 99.90))
    assert fills(owner, tape) == [(tape.MINUTE + 1_000, "99.90", 40)]


def test_a_limit_beyond_the_market_fills_at_once_at_the_markets_price(tape, worked):
    _, owner = worked([("100.00", PLENTY), ("99.00", PLENTY)], lambda slicer: slicer.rest(40, 100.50))
    assert fills(owner, tape) == [(1_000, "100.00", 40)]


def test_a_limit_at_the_price_of_a_small_tick_takes_its_size_twice_then_once_from_each_later_one(tape, worked):
    """Once as it arrives and once as it rests: small ticks are no measure of what a limit gets in a simulation."""
    ticks = [("100.00", 30), ("100.00", 30), ("99.00", 20)]
    _, owner = worked(ticks, lambda slicer: slicer.rest(100, 100.00))
    assert [(price, quantity) for _, price, quantity in fills(owner, tape)] == [
        ("100.00", 30), ("100.00", 30), ("100.00", 30), ("100.00", 10),
    ]  # fmt: skip


def test_an_algorithm_can_change_the_limit_of_its_child_and_it_fills_at_that_tick(tape, worked):
    _, owner = worked(
        [("100.00", PLENTY), ("100.10", PLENTY)],
        lambda slicer: slicer.rest(40, 99.00),
        lambda slicer: slicer.modify_order(slicer.order(), price=Price(100.10, 2)),
    )
    assert names(owner)[3:] == ["OrderPendingUpdate", "OrderUpdated", "OrderFilled"]
    assert fills(owner, tape) == [(tape.MINUTE + 1_000, "100.10", 40)]
    updated = owner.events[4]
    assert (str(updated.price), updated.trigger_price) == ("100.10", None)


@pytest.mark.parametrize("who", ["algorithm", "strategy"])
def test_a_child_that_rests_can_be_canceled_by_its_algorithm_and_by_the_strategy(worked, who):
    def cancel(slicer):
        if who == "algorithm":
            slicer.cancel_order(slicer.order())
        else:
            slicer.publish_message("cancel", CHILD)

    engine, owner = worked([("100.00", PLENTY)] * 3, lambda slicer: slicer.rest(40, 99.00), cancel)
    assert names(owner)[3:] == ["OrderPendingCancel", "OrderCanceled"]
    assert engine.cache.order(CHILD).status == OrderStatus.CANCELED


@pytest.mark.parametrize(("size", "filled"), [(PLENTY, 0), (15, 15)])
def test_a_canceled_child_gives_what_it_did_not_fill_back_to_its_parent(tape, new_engine, size, filled):
    stock = tape.equity()
    left = []

    def look(slicer):
        left.append(int(slicer.order(PARENT).quantity.as_decimal()))

    def cancel(slicer):
        look(slicer)
        slicer.cancel_order(slicer.order())

    steps = (lambda slicer: slicer.rest(40, 99.00), cancel, look)
    ticks = [("100.00", PLENTY), ("99.00" if filled else "100.00", size), ("100.00", PLENTY)]
    data = [tape.tick(stock, tape.T0 + n * tape.SECOND, *tick) for n, tick in enumerate(ticks)]
    new_engine([stock], [Owner(stock), Slicer(tape.algorithm_config(), *steps)], [data]).run()
    assert left == [60, 100 - filled]


def test_a_child_sent_in_the_callback_of_a_cancel_is_on_its_way_before_the_cancel_is_answered(worked):
    """Why a replacement waits: between the two the venue could have filled the first."""

    def replace(slicer):
        slicer.cancel_order(slicer.order())
        slicer.rest(40, 99.00)

    _, owner = worked([("100.00", PLENTY)] * 3, lambda slicer: slicer.rest(40, 99.00), replace)
    found = [(type(event).__name__, str(event.client_order_id)) for event in owner.events]
    assert found.index(("OrderSubmitted", "P-1-E2")) < found.index(("OrderCanceled", "P-1-E1"))

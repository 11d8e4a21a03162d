"""What becomes of orders: ids, parents and children, the RiskEngine, and what is not refused."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.model import ClientOrderId, ExecAlgorithmId, OrderStatus, Price, Quantity
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import ExecutionAlgorithm, Strategy

PARENT = ClientOrderId("P-1")


class Trader(Strategy):
    """Runs the n-th of its steps at the n-th tick and forwards every tick afterwards."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, stock, *steps):
        super().__init__()
        self.tape, self.stock, self.steps = tape, stock, list(steps)
        self.events = []

    def on_start(self):
        self.subscribe_trades(self.stock.id)
        self.subscribe_topic("cancel", self.end, 1)

    def on_trade(self, trade):
        if self.steps:
            self.steps.pop(0)(self)
        self.publish_message("ticks", trade)

    def end(self, order_id: Any):
        self.cancel_order(order_id)

    def send(self, quantity, order_id=None, **options):
        order = self.tape.market_order(self, self.stock, quantity, client_order_id=order_id, **options)
        self.submit_order(order)
        return order

    def on_order_event(self, event):
        self.events.append((type(event).__name__, str(event.client_order_id), event))

    def named(self, name):
        return [(order_id, event) for kind, order_id, event in self.events if kind == name]


class Slicer(ExecutionAlgorithm):
    """Runs the n-th of its steps at the n-th forwarded tick after it has got its parent."""

    def __new__(cls, config, *_args):
        return super().__new__(cls, config)  # pyright: ignore[reportCallIssue] - the stub omits the parameter

    def __init__(self, config, *steps):
        super().__init__(config)
        self.steps = list(steps)
        self.handed = None
        self.seen = []

    def on_start(self):
        self.subscribe_topic("ticks", self.on_tick, 1)

    def on_order(self, order):
        self.handed = order

    def on_tick(self, _trade):
        if self.handed is not None and self.steps:
            self.steps.pop(0)(self)

    def parent(self):
        return self.cache.order(PARENT)  # pyright: ignore[reportOptionalMemberAccess] - never None once started

    def spawn(self, quantity, **options):
        self.submit_order(self.spawn_market(self.handed, Quantity(quantity, 0), **options))

    def on_order_event(self, event):
        self.seen.append((type(event).__name__, str(event.client_order_id)))


def hand_over(trader):
    trader.send(100, PARENT, exec_algorithm_id=ExecAlgorithmId("SLICER"), tags=["R000001"])


def wait(_trader):
    """Let a tick pass."""


def statuses(engine):
    return {str(o.client_order_id): (o.status, int(o.quantity.as_decimal())) for o in engine.cache.orders()}


def position(engine):
    return sum(p.signed_qty for p in engine.cache.positions_open())


@pytest.fixture
def sliced(tape, new_engine):
    """Run a parent of 100 through the given steps of the algorithm, one a tick."""

    def start(*steps, then=(), **config):
        stock = tape.equity()
        trader = Trader(tape, stock, hand_over, *then)
        slicer = Slicer(tape.algorithm_config(), *steps)
        ticks = tape.ticks(stock, [f"{100 + n}.00" for n in range(6)])
        engine = new_engine([stock], [trader, slicer], [ticks], **config)
        engine.run()
        return engine, trader, slicer

    return start


def slice_30(slicer):
    slicer.spawn(30, tags=["R000001"])


def test_children_carry_their_parents_id_and_fill_at_the_tick_they_are_sent_on(tape, sliced):
    engine, trader, slicer = sliced(slice_30, slice_30)
    fills = tape.fills(engine)
    assert [(str(f.client_order_id), f.ts_event - tape.T0, str(f.last_px)) for f in fills] == [
        ("P-1-E1", 0, "100.00"),
        ("P-1-E2", tape.SECOND, "101.00"),
    ]
    children = [engine.cache.order(f.client_order_id) for f in fills]
    assert [(c.exec_spawn_id, c.parent_order_id, c.tags) for c in children] == [(PARENT, None, ["R000001"])] * 2
    life = ["OrderInitialized", "OrderSubmitted", "OrderFilled"]
    assert [kind for kind, order_id, _event in trader.events if order_id == "P-1-E1"] == life
    assert [kind for kind, order_id in slicer.seen if order_id == "P-1-E1"] == life


def test_a_child_without_tags_of_its_own_inherits_its_parents(sliced):
    engine, _trader, _slicer = sliced(lambda slicer: slicer.spawn(30), lambda slicer: slicer.spawn(30, tags=["own"]))
    tags = {str(order.client_order_id): order.tags for order in engine.cache.orders()}
    assert tags == {"P-1": ["R000001"], "P-1-E1": ["R000001"], "P-1-E2": ["own"]}


def test_a_parent_whose_last_slice_is_itself_read_again_ends_filled_with_the_whole_quantity_traded(sliced):
    engine, _trader, _slicer = sliced(slice_30, slice_30, lambda slicer: slicer.submit_order(slicer.parent()))
    assert statuses(engine)["P-1"] == (OrderStatus.FILLED, 40)
    assert position(engine) == 100


def test_the_order_object_handed_to_on_order_keeps_the_whole_quantity_and_overfills(sliced):
    engine, _trader, _slicer = sliced(slice_30, slice_30, lambda slicer: slicer.submit_order(slicer.handed))
    assert position(engine) == 160


def test_an_algorithms_own_cancel_leaves_the_parent_initialized(sliced):
    engine, _trader, _slicer = sliced(slice_30, lambda slicer: slicer.cancel_order(slicer.parent()))
    assert statuses(engine)["P-1"] == (OrderStatus.INITIALIZED, 70)


@pytest.mark.parametrize("way", ["the strategy's own tick", "a topic of the algorithm"])
def test_the_strategys_cancel_ends_an_unfinished_parent_canceled(sliced, way):
    if way == "a topic of the algorithm":
        engine, trader, slicer = sliced(slice_30, lambda algorithm: algorithm.publish_message("cancel", PARENT))
    else:
        engine, trader, slicer = sliced(slice_30, then=[wait, lambda strategy: strategy.cancel_order(PARENT)])
    assert statuses(engine) == {"P-1": (OrderStatus.CANCELED, 70), "P-1-E1": (OrderStatus.FILLED, 30)}
    assert ("OrderCanceled", "P-1") in slicer.seen
    assert [order_id for order_id, _event in trader.named("OrderCanceled")] == ["P-1"]


def test_an_algorithm_can_deny_its_parent(sliced):
    engine, trader, _slicer = sliced(lambda slicer: slicer.deny_order(slicer.handed, "collar"))
    assert statuses(engine)["P-1"] == (OrderStatus.DENIED, 100)
    assert [event.reason for _id, event in trader.named("OrderDenied")] == ["collar"]


def test_children_of_the_whole_quantity_leave_the_parent_initialized_with_none(sliced):
    engine, _trader, _slicer = sliced(lambda slicer: slicer.spawn(100))
    assert statuses(engine)["P-1"] == (OrderStatus.INITIALIZED, 0)
    assert position(engine) == 100


@pytest.mark.parametrize(("reduce_primary", "traded"), [(True, 60), (False, 110)])
def test_spawning_more_than_is_left_is_refused_only_with_reduce_primary(sliced, reduce_primary, traded):
    def two_then_too_much(slicer):
        for quantity in (30, 30, 50):
            slicer.spawn(quantity, reduce_primary=reduce_primary)

    engine, _trader, _slicer = sliced(two_then_too_much)
    assert position(engine) == traded


def test_an_order_is_initialized_and_in_no_open_or_inflight_list_until_its_callback_ends(tape, new_engine):
    stock = tape.equity()
    seen = []

    def look(trader):
        order = trader.send(100)
        cache = trader.cache
        seen.append((order.status, cache.orders_open_count(), cache.orders_inflight_count()))

    engine = new_engine([stock], [Trader(tape, stock, look)], [tape.ticks(stock, ["10.00"])])
    engine.run()
    assert seen == [(OrderStatus.INITIALIZED, 0, 0)]
    assert position(engine) == 100


def test_clock_and_cache_are_out_of_reach_in_the_event_of_ones_own_submit_but_messages_go_out(tape, new_engine):
    stock = tape.equity()
    tried = []
    heard = []

    class Asking(Trader):
        def on_order_event(self, event):
            for ask in (lambda: self.clock, self.open_orders):
                try:
                    ask()
                except RuntimeError as error:
                    tried.append((type(event).__name__, str(error)))
            self.publish_message("events", event)

        def open_orders(self):
            return self.cache.orders_open_count()

        def on_start(self):
            super().on_start()
            self.subscribe_topic("events", lambda event: heard.append(type(event).__name__), 1)

    trader = Asking(tape, stock, lambda strategy: strategy.send(1))
    new_engine([stock], [trader], [tape.ticks(stock, ["10.00"])]).run()
    assert tried == [("OrderInitialized", "Already mutably borrowed")] * 2
    assert heard == ["OrderInitialized", "OrderSubmitted", "OrderFilled"]


@pytest.mark.parametrize("limit", [2_000, "2000.00"])
def test_an_order_over_max_notional_is_denied_with_the_reason(tape, new_engine, limit):
    stock = tape.equity()
    trader = Trader(tape, stock, lambda strategy: strategy.send(100, PARENT))
    risk = RiskEngineConfig(max_notional_per_order={"AAA.SIM": limit})
    engine = new_engine([stock], [trader], [tape.ticks(stock, ["100.00"])], risk_engine=risk)
    engine.run()
    reasons = [event.reason for _id, event in trader.named("OrderDenied")]
    assert reasons == ["NOTIONAL_EXCEEDS_MAX_PER_ORDER: max=2000.00 USD, notional=10000.00 USD"]
    assert statuses(engine)["P-1"][0] == OrderStatus.DENIED


def test_children_pass_the_risk_engine_and_a_denied_child_gives_its_quantity_back(sliced):
    risk = RiskEngineConfig(max_notional_per_order={"AAA.SIM": 5_000})
    engine, trader, _slicer = sliced(lambda slicer: slicer.spawn(60), slice_30, risk_engine=risk)
    assert [order_id for order_id, _event in trader.named("OrderDenied")] == ["P-1-E1"]
    assert statuses(engine) == {
        "P-1": (OrderStatus.INITIALIZED, 70),  # 100 - 60 denied + 60 back - 30
        "P-1-E1": (OrderStatus.DENIED, 60),
        "P-1-E2": (OrderStatus.FILLED, 30),
    }


def test_the_submit_rate_counts_children_but_not_the_hand_over_of_their_parent(sliced):
    risk = RiskEngineConfig(max_order_submit_rate="2/00:01:00")
    _engine, trader, _slicer = sliced(slice_30, slice_30, slice_30, risk_engine=risk)
    assert [(i, event.reason) for i, event in trader.named("OrderDenied")] == [("P-1-E3", "RATE_LIMIT_EXCEEDED")]


@pytest.mark.parametrize(("shutdown_on_error", "iterations"), [(False, 3), (True, 1)])
def test_an_unknown_algorithm_leaves_the_order_initialized_and_logs_an_error(
    tape, new_engine, shutdown_on_error, iterations
):
    stock = tape.equity()
    trader = Trader(tape, stock, hand_over)
    ticks = tape.ticks(stock, ["10.00"] * 3)
    engine = new_engine([stock], [trader], [ticks], shutdown_on_error=shutdown_on_error)
    engine.run()
    assert statuses(engine) == {"P-1": (OrderStatus.INITIALIZED, 100)}
    assert [kind for kind, _id, _event in trader.events] == ["OrderInitialized"]
    assert engine.get_result().iterations == iterations


def test_a_second_order_with_the_same_id_silently_replaces_the_first(tape, new_engine):
    stock = tape.equity()

    def twice(trader):
        trader.send(100, PARENT)
        trader.send(7, PARENT)

    engine = new_engine([stock], [Trader(tape, stock, twice)], [tape.ticks(stock, ["10.00"])], shutdown_on_error=True)
    engine.run()
    assert statuses(engine) == {"P-1": (OrderStatus.FILLED, 7)}
    assert position(engine) == 7


def test_a_resting_order_cancelled_in_the_callback_that_sent_it_is_accepted_and_then_canceled(tape, new_engine):
    stock = tape.equity()

    def send_and_cancel(trader):
        side = tape.market_order(trader, stock, 1).side
        order = trader.order_factory.limit(stock.id, side, Quantity(1, 0), Price(9, 2), client_order_id=PARENT)
        trader.submit_order(order)
        trader.cancel_order(PARENT)

    trader = Trader(tape, stock, send_and_cancel)
    new_engine([stock], [trader], [tape.ticks(stock, ["10.00"] * 2)]).run()
    assert [kind for kind, order_id, _event in trader.events if order_id == "P-1"] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderAccepted",
        "OrderCanceled",
    ]


IDS_PROGRAM = """
import importlib.util, sys
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.trading import Strategy

spec = importlib.util.spec_from_file_location("market", sys.argv[1])
market = importlib.util.module_from_spec(spec)
spec.loader.exec_module(market)
tape, stock = market.Tape, market.Tape.equity()


class Buyer(Strategy):
    def on_start(self):
        self.subscribe_trades(stock.id)

    def on_trade(self, trade):
        self.submit_order(tape.market_order(self, stock, 10))


silent = LoggerConfig(bypass_logging=True, stdout_level=LogLevel.OFF)
engine = BacktestEngine(BacktestEngineConfig(logging=silent, run_analysis=False))
market.add_venue(engine, "SIM")
engine.add_instrument(stock)
engine.add_strategy(Buyer())
engine.add_data(tape.ticks(stock, ["10.00", "11.00", "12.00", "13.00"]))
engine.run()
for fill in tape.fills(engine):
    print(fill.client_order_id, fill.venue_order_id, fill.trade_id, fill.position_id)
"""


def test_order_venue_and_trade_ids_are_the_same_in_two_processes(tmp_path):
    program = tmp_path / "ids.py"
    program.write_text(IDS_PROGRAM)
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, str(program), str(Path(__file__).parent / "conftest.py")],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            timeout=60,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count("T-") == 4

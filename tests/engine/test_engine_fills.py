"""At which time and price the engine fills, with the firm's rule for sending orders and without it."""

import itertools
import random
from collections import defaultdict
from typing import Any

import pytest
from nautilus_trader.common import DataActor
from nautilus_trader.execution import StaticLatencyModel
from nautilus_trader.model import (
    ClientOrderId,
    CustomData,
    DataType,
    ExecAlgorithmId,
    OrderSide,
    Price,
    Quantity,
    QuoteTick,
    register_custom_data_class,
)
from nautilus_trader.model.custom import customdataclass
from nautilus_trader.trading import ExecutionAlgorithm, Strategy

SLICES = 3
LOT = 90
ROUNDS = 30
SPACINGS = ("daily", "hourly", "minute")


class Market:
    """Seeded bars and their opening ticks for three stocks, one of them with missing bars."""

    def __init__(self, tape, spacing):
        # daily bars leave the night open; hourly and minute bars are contiguous
        step, length, offset, self.spec = {
            "daily": (tape.DAY, 6.5 * tape.HOUR, 13.5 * tape.HOUR, "1-DAY-LAST"),
            "hourly": (tape.HOUR, tape.HOUR, 0, "1-HOUR-LAST"),
            "minute": (tape.MINUTE, tape.MINUTE, 0, "1-MINUTE-LAST"),
        }[spacing]
        self.step = int(step)
        self.stocks = [tape.equity(symbol) for symbol in ("AAA", "BBB", "CCC")]
        self.bars, self.ticks = [], []
        rng = random.Random(7)  # noqa: S311 - a seeded market, not a secret
        for level, stock in enumerate(self.stocks, start=1):
            for n in range(ROUNDS):
                if level == 3 and n % 4 == 2:
                    continue
                start = tape.T0 + n * self.step + int(offset)
                # no price comes twice and no close is an opening: a stale price cannot pass for a fresh one
                opening = 100 * level + n + rng.randint(1, 40) / 100
                close = opening + 0.5
                prices = [f"{x:.2f}" for x in (opening, close + 0.1, opening - 0.1, close)]
                self.ticks.append(tape.tick(stock, start + 1_000, prices[0]))
                self.bars.append(tape.bar(stock, start + int(length), prices, self.spec))
        self.bars.sort(key=lambda bar: bar.ts_init)
        self.ticks.sort(key=lambda tick: tick.ts_init)
        self.closes = {(bar.bar_type.instrument_id, bar.close) for bar in self.bars}

    def data(self, order):
        return {
            "bars first": [self.bars, self.ticks],
            "ticks first": [self.ticks, self.bars],
            "interleaved": [sorted(self.bars + self.ticks, key=lambda item: item.ts_init)],
        }[order]


class Desk(Strategy):
    """Decides on an alert 1 ns after the bars, holds its orders, releases each on its instrument's next tick."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, market, algorithm):
        super().__init__()
        self.tape, self.market, self.algorithm = tape, market, algorithm
        self.held = {}
        self.sign = 1
        self.round_ns = 0

    def on_start(self):
        for stock in self.market.stocks:
            self.subscribe_trades(stock.id)
            self.subscribe_bars(self.tape.bar_type(stock, self.market.spec))

    def on_bar(self, bar):
        if bar.ts_init > self.round_ns:
            self.round_ns = bar.ts_init
            self.clock.set_time_alert_ns(f"round {bar.ts_init}", bar.ts_init + 1, self.decide)

    def decide(self, event):
        self.sign = -self.sign
        for n, stock in enumerate(self.market.stocks):
            self.held[stock.id] = (event.ts_event, stock, self.sign * LOT * (n + 1))

    def on_trade(self, trade):
        _decided_ns, stock, quantity = self.held.pop(trade.instrument_id, (0, None, 0))
        if stock is not None:
            self.submit_order(self.tape.market_order(self, stock, quantity, **self.algorithm))
        self.publish_message("ticks", trade)


class Slicer(ExecutionAlgorithm):
    """Sends a third of each parent on the first ticks of its instrument at or after each due time."""

    def __new__(cls, config, _interval_ns):
        return super().__new__(cls, config)  # pyright: ignore[reportCallIssue] - the stub omits the constructor's parameter

    def __init__(self, config, interval_ns):
        super().__init__(config)
        self.interval_ns = interval_ns
        self.parents = defaultdict(dict)  # per instrument: parent -> (slices sent, next due time, size of a slice)

    def on_start(self):
        self.subscribe_topic("ticks", self.on_tick, 1)

    def on_order(self, order):
        size = Quantity(int(order.quantity.as_decimal()) // SLICES, 0)
        now_ns = self.clock.timestamp_ns()  # pyright: ignore[reportOptionalMemberAccess] - never None once started
        self.parents[order.instrument_id][order.client_order_id] = (0, now_ns, size)

    def on_tick(self, trade):
        parents = self.parents[trade.instrument_id]
        for parent_id, (sent, due_ns, size) in list(parents.items()):
            if trade.ts_init < due_ns:
                continue
            # the copy handed to on_order still has the whole quantity
            parent = self.cache.order(parent_id)  # pyright: ignore[reportOptionalMemberAccess] - never None once started
            if sent + 1 < SLICES:
                parents[parent_id] = (sent + 1, due_ns + self.interval_ns, size)
                self.submit_order(self.spawn_market(parent, size))
            else:
                del parents[parent_id]
                self.submit_order(parent)


class Stray(DataActor):
    """Another component with a busy timer and an alert just after each close, which does nothing at all."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, market):
        super().__init__()
        self.tape, self.market = tape, market
        self.calls = 0

    def on_start(self):
        self.clock.set_timer_ns("stray", self.market.step // 7, None, None, self.call)
        for stock in self.market.stocks:
            self.subscribe_bars(self.tape.bar_type(stock, self.market.spec))

    def on_bar(self, bar):
        self.clock.set_time_alert_ns(f"{bar.bar_type}{bar.ts_init}", bar.ts_init + 5, self.call)

    def call(self, _event):
        self.calls += 1


def run(new_engine, market, order, desk, *others, **venue):
    engine = new_engine(market.stocks, [desk, *others], market.data(order), venue=venue)
    engine.run(end=market.bars[-1].ts_init + 1)
    return engine


def filled(engine, tape):
    """What was traded, without random ids."""
    return [(f.ts_event, str(f.client_order_id), str(f.last_qty), str(f.last_px)) for f in tape.fills(engine)]


SLICED = {"exec_algorithm_id": ExecAlgorithmId("SLICER")}


def seated(tape, market, algorithm, stray):
    """Desk, and the algorithm and the stray component where asked for."""
    slicers = [Slicer(tape.algorithm_config(), market.step)] if algorithm == "twap" else []
    strays = [Stray(tape, market)] if stray else []
    return Desk(tape, market, SLICED if algorithm == "twap" else {}), slicers, strays


@pytest.mark.parametrize("order", ["bars first", "ticks first", "interleaved"])
@pytest.mark.parametrize("stray", [False, True], ids=["quiet", "stray timer"])
@pytest.mark.parametrize("algorithm", ["market", "twap"])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_an_order_sent_from_its_instruments_tick_fills_at_that_tick(tape, new_engine, spacing, algorithm, stray, order):
    market = Market(tape, spacing)
    desk, slicers, strays = seated(tape, market, algorithm, stray)
    engine = run(new_engine, market, order, desk, *slicers, *strays)
    fills = tape.fills(engine)
    assert tape.off_market(engine, market.ticks) == []
    assert [f for f in fills if (f.instrument_id, f.last_px) in market.closes] == []
    assert len(fills) > 2 * ROUNDS
    assert {f.instrument_id for f in fills} == {stock.id for stock in market.stocks}
    assert all(other.calls > 6 * ROUNDS for other in strays)


@pytest.mark.parametrize("algorithm", ["market", "twap"])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_fills_do_not_depend_on_other_timers_or_on_the_order_of_add_data(tape, new_engine, spacing, algorithm):
    market = Market(tape, spacing)
    results = []
    for stray, order in itertools.product((False, True), ("bars first", "ticks first", "interleaved")):
        desk, slicers, strays = seated(tape, market, algorithm, stray)
        results.append(filled(run(new_engine, market, order, desk, *slicers, *strays), tape))
    assert len(results[0]) > 2 * ROUNDS
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_children_of_a_finished_parent_sum_to_its_quantity(tape, new_engine, spacing):
    market = Market(tape, spacing)
    desk, slicers, strays = seated(tape, market, "twap", stray=True)
    engine = run(new_engine, market, "bars first", desk, *slicers, *strays)
    traded, slices = defaultdict(int), defaultdict(int)
    for fill in tape.fills(engine):
        order = engine.cache.order(fill.client_order_id)
        parent = (order.instrument_id, order.exec_spawn_id)
        traded[parent] += int(fill.last_qty.as_decimal())
        slices[parent] += 1
    lots = {stock.id: LOT * n for n, stock in enumerate(market.stocks, start=1)}
    finished = [parent for parent, count in slices.items() if count == SLICES]
    assert len(finished) > 2 * ROUNDS
    assert all(traded[parent] == lots[parent[0]] for parent in finished)


@pytest.mark.parametrize("cuts", ["each round", "inside each slicing", "inside each timestamp"])
@pytest.mark.parametrize("algorithm", ["market", "twap"])
def test_chunks_give_the_same_fills_as_the_whole(tape, new_engine, algorithm, cuts):
    market = Market(tape, "minute")
    (data,) = market.data("interleaved")
    end = market.bars[-1].ts_init + 1
    desk, slicers, strays = seated(tape, market, algorithm, stray=True)
    whole = run(new_engine, market, "interleaved", desk, *slicers, *strays)
    desk, slicers, strays = seated(tape, market, algorithm, stray=True)
    chunked = new_engine(market.stocks, [desk, *slicers, *strays])
    key = {
        "each round": lambda item: (item.ts_init - 1) // market.step,  # a bar belongs to the round it closes
        "inside each slicing": lambda item: (item.ts_init, type(item).__name__),
        "inside each timestamp": id,
    }[cuts]
    for _key, chunk in itertools.groupby(data, key):
        chunked.add_data(list(chunk))
        chunked.run(end=end, streaming=True)
        chunked.clear_data()
    chunked.end()
    assert len(filled(whole, tape)) > 2 * ROUNDS
    assert filled(chunked, tape) == filled(whole, tape)


class EagerDesk(Desk):
    """The fault: sends in the decision itself instead of holding."""

    def decide(self, event):
        super().decide(event)
        for _ns, stock, quantity in self.held.values():
            self.submit_order(self.tape.market_order(self, stock, quantity))
        self.held.clear()


class BarDesk(EagerDesk):
    """The same fault one call earlier: sends in on_bar."""

    def on_bar(self, bar):
        stock = next(s for s in self.market.stocks if s.id == bar.bar_type.instrument_id)
        self.submit_order(self.tape.market_order(self, stock, LOT))


@pytest.mark.parametrize("faulty", [EagerDesk, BarDesk])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_an_order_sent_by_the_decision_fills_at_the_close_it_was_decided_on(tape, new_engine, spacing, faulty):
    market = Market(tape, spacing)
    engine = run(new_engine, market, "bars first", faulty(tape, market, {}))
    fills = tape.fills(engine)
    assert len(fills) > 2 * ROUNDS
    assert tape.off_market(engine, market.ticks) == fills
    assert all((fill.instrument_id, fill.last_px) in market.closes for fill in fills)


def test_with_a_latency_model_another_components_timer_fills_every_order_at_a_stale_price(tape, new_engine):
    market = Market(tape, "daily")
    desk, stray = EagerDesk(tape, market, {}), Stray(tape, market)
    engine = run(new_engine, market, "bars first", desk, stray, latency_model=StaticLatencyModel(1))
    fills = tape.fills(engine)
    assert len(fills) > 2 * ROUNDS
    assert tape.off_market(engine, market.ticks) == fills


def test_with_a_latency_model_an_instrument_without_a_tick_fills_at_a_stale_price_on_the_tick_of_another(
    tape, new_engine
):
    market = Market(tape, "daily")
    desk = EagerDesk(tape, market, {})
    engine = run(new_engine, market, "bars first", desk, latency_model=StaticLatencyModel(1))
    last_ns = market.ticks[-1].ts_event  # after it the last round's orders meet no tick at all
    stale = {fill.instrument_id for fill in tape.off_market(engine, market.ticks) if fill.ts_event <= last_ns}
    assert {fill.instrument_id for fill in tape.fills(engine)} == {stock.id for stock in market.stocks}
    assert stale == {market.stocks[2].id}  # the one with missing bars


def test_a_slice_sent_by_a_timer_between_ticks_fills_at_a_stale_price(tape, new_engine):
    class TimerSlicer(ExecutionAlgorithm):
        def on_order(self, order):
            self.parent = order
            start_ns = tape.T0
            clock: Any = self.clock
            clock.set_timer_ns("slice", tape.HOUR, start_ns, start_ns + 3 * tape.HOUR, self.send)

        def send(self, _event):
            self.submit_order(self.spawn_market(self.parent, Quantity(10, 0)))

    class Sender(Strategy):
        def on_start(self):
            self.subscribe_trades(stock.id)

        def on_trade(self, trade):
            if trade.ts_init == tape.T0:
                self.submit_order(tape.market_order(self, stock, 100, exec_algorithm_id=ExecAlgorithmId("SLICER")))

    stock = tape.equity()
    ticks = tape.ticks(stock, ["10.00", "11.00"], step=tape.DAY)
    slicer = TimerSlicer(tape.algorithm_config())
    engine = new_engine([stock], [Sender(), slicer], [ticks])
    engine.run()
    fills = tape.fills(engine)
    assert [(f.ts_event - tape.T0, str(f.last_px)) for f in fills] == [(n * tape.HOUR, "10.00") for n in (1, 2, 3)]
    assert tape.off_market(engine, ticks) == fills


class OneShot(Strategy):
    """Sends one order on the first tick and what `protection` makes once the position is open."""

    def __new__(cls, *_args):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, stock, quantity, protection=()):
        super().__init__()
        self.tape, self.stock, self.quantity, self.protection = tape, stock, quantity, protection
        self.events = []

    def on_start(self):
        self.subscribe_trades(self.stock.id)

    def on_trade(self, trade):  # noqa: ARG002 - the engine's signature
        if self.quantity:
            self.submit_order(self.tape.market_order(self, self.stock, self.quantity))
            self.quantity = 0

    def on_position_opened(self, event):
        protection, self.protection = self.protection, ()  # once: a position that both legs flip opens again
        for make, price in protection:
            order = getattr(self.order_factory, make)(
                self.stock.id,
                OrderSide.SELL,
                event.quantity,
                Price.from_str(price),
                client_order_id=ClientOrderId(make),
            )
            self.submit_order(order)

    def on_order_event(self, event):
        self.events.append((type(event).__name__, str(event.client_order_id), event.ts_event - self.tape.T0))


@pytest.mark.parametrize(
    ("size", "expected"),
    [(30, [("30", "10.00"), ("70", "10.01")]), (100, [("100", "10.00")]), (10_000_000, [("100", "10.00")])],
)
def test_a_tick_fills_up_to_its_size_and_the_rest_one_increment_away(tape, new_engine, size, expected):
    stock = tape.equity()
    engine = new_engine([stock], [OneShot(tape, stock, 100)], [[tape.tick(stock, tape.T0, "10.00", size)]])
    engine.run()
    assert [(str(f.last_qty), str(f.last_px)) for f in tape.fills(engine)] == expected


def opened_and_protected(tape, new_engine, bars, protection, more=(), **venue):
    """Run one bought lot with protection over bars, each with its opening tick; return its fills after the entry."""
    stock = tape.equity()
    data = []
    for n, prices in enumerate(bars):
        data.append(tape.tick(stock, tape.T0 + n * tape.DAY + 1_000, prices[0]))
        data.append(tape.bar(stock, tape.T0 + (n + 1) * tape.DAY, prices))
    trader = OneShot(tape, stock, 100, protection)
    engine = new_engine([stock], [trader], [data, *more], venue=venue)
    engine.run()
    return trader, [(f.ts_event - tape.T0, str(f.last_px)) for f in tape.fills(engine)][1:]


def test_a_stop_sent_when_the_position_opens_is_live_inside_the_same_bar(tape, new_engine):
    bars = [["100.00", "105.00", "95.00", "101.00"]]
    trader, exits = opened_and_protected(tape, new_engine, bars, [("stop_market", "97.00")])
    assert ("OrderAccepted", "stop_market", 1_000) in trader.events
    assert exits == [(tape.DAY, "97.00")]


def test_a_gap_fills_the_stop_at_the_open(tape, new_engine):
    bars = [["100.00", "101.00", "99.00", "100.00"], ["90.00", "91.00", "89.00", "90.00"]]
    _trader, exits = opened_and_protected(tape, new_engine, bars, [("stop_market", "97.00")])
    assert exits == [(tape.DAY + 1_000, "90.00")]


@pytest.mark.parametrize(("adaptive", "first"), [(False, "104.00"), (True, "97.00")])
def test_a_bar_through_both_stop_and_target_takes_the_high_first_unless_adaptive(tape, new_engine, adaptive, first):
    bars = [["100.00", "106.00", "96.00", "101.00"]]
    protection = [("stop_market", "97.00"), ("limit", "104.00")]
    _trader, exits = opened_and_protected(tape, new_engine, bars, protection, bar_adaptive_high_low_ordering=adaptive)
    both = ["104.00", "97.00"] if first == "104.00" else ["97.00", "104.00"]
    assert exits == [(tape.DAY, price) for price in both]  # no OCO: the second leg flips the position


@pytest.mark.parametrize(("reject", "ending"), [(True, "OrderRejected"), (False, "OrderFilled")])
def test_a_stop_already_through_is_rejected_unless_the_venue_is_told_otherwise(tape, new_engine, reject, ending):
    bars = [["100.00", "101.00", "99.00", "100.00"]]
    trader, _exits = opened_and_protected(
        tape, new_engine, bars, [("stop_market", "103.00")], reject_stop_orders=reject
    )
    assert trader.events[-1] == (ending, "stop_market", 1_000)


@customdataclass
class Quoted:
    """A quote that matching does not hear."""

    bid: float = 0.0


register_custom_data_class(Quoted)


@pytest.mark.parametrize(("as_ticks", "exits"), [(True, [(3_600_000_000_000, "90.00")]), (False, [])])
def test_a_quote_fills_what_rests_inside_a_bar_that_never_was_there_and_custom_data_does_not(
    tape, new_engine, as_ticks, exits
):
    bars = [["100.00", "101.00", "99.00", "100.00"]]
    stock, ts, size = tape.equity(), tape.T0 + tape.HOUR, Quantity(tape.OPENING_SIZE, 0)
    quote = (
        QuoteTick(stock.id, Price.from_str("90.00"), Price.from_str("90.02"), size, size, ts, ts)
        if as_ticks
        else CustomData(DataType("Quoted"), Quoted(ts, ts, 90.0))  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
    )
    _trader, found = opened_and_protected(tape, new_engine, bars, [("stop_market", "97.00")], [[quote]])
    assert found == exits

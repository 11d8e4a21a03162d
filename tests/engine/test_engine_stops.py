"""Stops beside the orders that open and close a position: what the firm's protection relies on."""

from typing import Any

import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    Bar,
    ClientOrderId,
    ContingencyType,
    LimitOrder,
    MarketOrder,
    OrderListId,
    OrderSide,
    Price,
    Quantity,
    StopMarketOrder,
    StrategyId,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import Strategy, StrategyConfig

STOP = ClientOrderId("STOP")
DOWN = [["100.00", "105.00", "99.00", "101.00"], ["101.00", "102.00", "95.00", "96.00"]]


class Holder(Strategy):
    """Buys at the first tick, protects from the fill's own event, and does `then` at the second tick."""

    def __new__(cls, *_args: Any, **_options: Any) -> Any:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("HOLDER-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, tape: Any, stock: Any, then: Any, *, reduce_only: bool = False) -> None:
        self.tape, self.stock, self.then, self.reduce_only = tape, stock, then, reduce_only
        self.ticks = 0
        self.seen: list[tuple[str, str, Any]] = []
        self.stopped = False

    def on_start(self) -> None:
        self.subscribe_trades(self.stock.id)

    def on_trade(self, trade: Any) -> None:  # noqa: ARG002 - the engine's signature
        self.ticks += 1
        if self.ticks == 1:
            self.trade(100)
        elif self.ticks == 2:
            self.then(self)

    def trade(self, quantity: int) -> None:
        self.submit_order(self.tape.market_order(self, self.stock, quantity))

    def on_order_filled(self, event: Any) -> None:
        self.seen.append(("filled", str(event.client_order_id), float(self.portfolio.net_position(self.stock.id))))
        if not self.stopped:
            self.stopped = True
            trigger = Price.from_str("97.00")
            terms = {"client_order_id": STOP, "reduce_only": self.reduce_only, "time_in_force": TimeInForce.GTC}
            quantity = Quantity(100, 0)
            self.submit_order(self.order_factory.stop_market(self.stock.id, OrderSide.SELL, quantity, trigger, **terms))

    def on_order_accepted(self, event: Any) -> None:
        self.seen.append(("accepted", str(event.client_order_id), event.ts_event - self.tape.T0))

    def on_order_updated(self, event: Any) -> None:
        self.seen.append(("updated", str(event.client_order_id), str(event.quantity)))


def held(
    tape: Any, new_engine: Any, then: Any, *, reduce_only: bool = False
) -> tuple[Holder, list[tuple[int, str, str]]]:
    """Run the holder over two bars, each with its opening tick, and return it with what was filled."""
    stock = tape.equity()
    data = []
    for n, prices in enumerate(DOWN):
        data.append(tape.tick(stock, tape.T0 + n * tape.DAY + 1_000, prices[0]))
        data.append(tape.bar(stock, tape.T0 + (n + 1) * tape.DAY, prices))
    holder = Holder(tape, stock, then, reduce_only=reduce_only)
    engine = new_engine([stock], [holder], [data], venue={"reject_stop_orders": False})
    engine.run()
    return holder, [(f.ts_event - tape.T0, str(f.last_qty), str(f.last_px)) for f in tape.fills(engine)]


def test_a_stop_sent_from_the_fills_own_event_knows_the_position(tape, new_engine):
    holder, fills = held(tape, new_engine, lambda _strategy: None)
    assert holder.seen[0][2] == 100.0
    assert holder.seen[1] == ("accepted", "STOP", 1_000)
    assert fills == [(1_000, "100", "100.00"), (2 * tape.DAY, "100", "97.00")]


@pytest.mark.parametrize("change", ["modify", "cancel"])
def test_a_stop_is_changed_before_the_order_that_follows_it(tape, new_engine, change):
    def shrink(strategy):
        if change == "cancel":
            strategy.cancel_order(STOP)
        else:
            strategy.modify_order(STOP, quantity=Quantity(60, 0), trigger_price=Price.from_str("98.00"))
        strategy.trade(-40)

    holder, fills = held(tape, new_engine, shrink)
    assert fills[1] == (tape.DAY + 1_000, "40", "101.00")
    assert fills[2:] == ([(2 * tape.DAY, "60", "98.00")] if change == "modify" else [])
    if change == "modify":
        assert [one[:2] for one in holder.seen].index(("updated", "STOP")) == 2


@pytest.mark.parametrize(("reduce_only", "left"), [(True, ["60"]), (False, ["100"])])
def test_a_reduce_only_stop_follows_the_position_by_itself(tape, new_engine, reduce_only, left):
    """Without the flag it sells what it was sent for, and turns the position: whoever sends it must size it."""
    holder, fills = held(tape, new_engine, lambda strategy: strategy.trade(-40), reduce_only=reduce_only)
    assert [quantity for _, quantity, _ in fills[2:]] == left
    assert [one[2] for one in holder.seen if one[0] == "updated"] == (["60"] if reduce_only else [])


def test_the_stop_of_a_list_is_whole_from_the_first_part_of_the_entry_on(tape, new_engine):
    stock = tape.equity()

    class Entrant(Strategy):
        def __new__(cls, *_args: Any) -> Any:
            return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("ENTRANT-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

        def __init__(self) -> None:
            self.seen: list[tuple[str, str]] = []

        def on_start(self) -> None:
            self.subscribe_trades(stock.id)

        def on_trade(self, trade: Any) -> None:
            terms = {"trader_id": self.trader_id, "strategy_id": self.strategy_id, "instrument_id": stock.id,
                     "quantity": Quantity(100, 0), "order_list_id": OrderListId("L-1"), "ts_init": trade.ts_init,
                     "time_in_force": TimeInForce.GTC, "reduce_only": False, "quote_quantity": False}  # fmt: skip
            entry = MarketOrder(
                **terms, client_order_id=ClientOrderId("ENTRY"), order_side=OrderSide.BUY, init_id=UUID4(),
                contingency_type=ContingencyType.OTO, linked_order_ids=[STOP],
            )  # fmt: skip
            stop = StopMarketOrder(
                **terms, client_order_id=STOP, order_side=OrderSide.SELL, init_id=UUID4(),
                parent_order_id=ClientOrderId("ENTRY"), trigger_price=Price.from_str("97.00"),
                trigger_type=TriggerType.DEFAULT,
            )  # fmt: skip
            self.submit_order_list([entry, stop])

        def on_order_accepted(self, event: Any) -> None:
            order: Any = self.cache.order(event.client_order_id)
            self.seen.append((str(event.client_order_id), str(order.leaves_qty)))

        def on_order_filled(self, event: Any) -> None:
            self.seen.append((str(event.client_order_id), str(event.last_qty)))

    entrant = Entrant()
    new_engine([stock], [entrant], [[tape.tick(stock, tape.T0, "100.00", 30)]]).run()
    assert entrant.seen == [("ENTRY", "30"), ("STOP", "100"), ("ENTRY", "70")]


TAKE = ClientOrderId("TAKE")


class Bracketed(Holder):
    """Sends stop and limit order as a list from the fill's own event; `kind` says how they hang together."""

    def __init__(self, tape: Any, stock: Any, kind: Any) -> None:
        super().__init__(tape, stock, lambda _strategy: None)
        self.kind = kind

    def on_order_filled(self, event: Any) -> None:
        self.seen.append(("filled", str(event.client_order_id), str(event.last_qty)))
        if self.stopped:
            return
        self.stopped = True
        terms = {"trader_id": self.trader_id, "strategy_id": self.strategy_id, "instrument_id": self.stock.id,
                 "quantity": Quantity(100, 0), "order_list_id": OrderListId("L-1"), "ts_init": event.ts_init,
                 "time_in_force": TimeInForce.GTC, "reduce_only": False, "quote_quantity": False,
                 "order_side": OrderSide.SELL, "contingency_type": self.kind}  # fmt: skip
        stop = StopMarketOrder(
            **terms, client_order_id=STOP, init_id=UUID4(), trigger_price=Price.from_str("97.00"),
            trigger_type=TriggerType.DEFAULT, linked_order_ids=[TAKE],
        )  # fmt: skip
        take = LimitOrder(
            **terms, client_order_id=TAKE, init_id=UUID4(), price=Price.from_str("103.00"), post_only=False,
            linked_order_ids=[STOP],
        )  # fmt: skip
        self.submit_order_list([stop, take])

    def on_order_canceled(self, event: Any) -> None:
        self.seen.append(("canceled", str(event.client_order_id), ""))


UPDATES, CANCELS = ContingencyType.OUO, ContingencyType.OCO


@pytest.mark.parametrize(
    ("kind", "volume", "then"),
    [
        (UPDATES, 10_000, [("filled", "TAKE", "100"), ("canceled", "STOP", "")]),
        (CANCELS, 10_000, [("filled", "TAKE", "100"), ("canceled", "STOP", "")]),
        (UPDATES, 160, [("filled", "TAKE", "40"), ("updated", "STOP", "60"), ("filled", "STOP", "40"),
                        ("canceled", "TAKE", ""), ("filled", "STOP", "20")]),
        (CANCELS, 160, [("filled", "TAKE", "40"), ("canceled", "STOP", "")]),
    ],
)  # fmt: skip
def test_of_a_list_that_updates_itself_no_bar_fills_more_than_the_position(tape, new_engine, kind, volume, then):
    """One that cancels itself leaves what was filled in part without a stop."""
    stock = tape.equity()
    prices = [Price.from_str(price) for price in ("100.00", "104.00", "96.00", "100.00")]
    o, h, low, c = prices
    bar = Bar(tape.bar_type(stock), o, h, low, c, Quantity(volume, 0), tape.T0 + tape.DAY, tape.T0 + tape.DAY)
    holder = Bracketed(tape, stock, kind)
    new_engine(
        [stock], [holder], [[tape.tick(stock, tape.T0, "100.00"), bar]], venue={"reject_stop_orders": False}
    ).run()
    assert [one for one in holder.seen if one[0] != "accepted"][1:] == then


def test_a_resting_limit_that_a_gap_jumps_fills_at_its_limit_and_no_better(tape, new_engine):
    stock = tape.equity()
    holder = Bracketed(tape, stock, UPDATES)
    ticks = tape.ticks(stock, ["100.00", "108.00"])
    engine = new_engine([stock], [holder], [ticks], venue={"reject_stop_orders": False})
    engine.run()
    assert [str(fill.last_px) for fill in tape.fills(engine)] == ["100.00", "103.00"]


def test_an_order_over_max_notional_is_denied_even_where_it_closes(tape, new_engine):
    class Closer(Holder):
        def on_order_denied(self, event: Any) -> None:
            self.seen.append(("denied", str(event.client_order_id), event.reason.split(":")[0]))

    stock = tape.equity()
    closer = Closer(tape, stock, lambda strategy: strategy.trade(-100))
    ticks = tape.ticks(stock, ["100.00", "110.00"])
    risk = RiskEngineConfig(max_notional_per_order={"AAA.SIM": 10_500})
    new_engine([stock], [closer], [ticks], risk_engine=risk).run()
    assert closer.seen[-1][::2] == ("denied", "NOTIONAL_EXCEEDS_MAX_PER_ORDER")
    assert closer.portfolio.net_position(stock.id) == 100

"""The firm's own cash beside the broker's, and when the firm may trade: with books that agree and a market it hears."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.ib_account import AccountReading, Holding
from nautilus_ai_firm.hosts.broker_books import BrokerBooks
from nautilus_ai_firm.hosts.broker_connection import DEAF_NS, BrokerConnection, NodeLostError
from nautilus_ai_firm.messages import Connection, Interrupted, OrderEventKind, OrderRecord

D = Decimal
READING = AccountReading(currency="USD", cash=D(1_000), net_liquidation=D(1_500), holdings=(), open_orders=())


def fill(side: str = "BUY", quantity: int = 10, price: str = "5.25", commission: str | None = "1.00") -> OrderRecord:
    return OrderRecord(
        kind=OrderEventKind.FILLED, ts_event=1, round=1, decision_id="d", instrument_id="AAPL.US",
        client_order_id="o", parent_order_id="o", exec_algorithm=None, side=side, quantity=D(quantity),
        price=D(price), commission=None if commission is None else D(commission), currency="USD",
    )  # fmt: skip


def holding(symbol: str, quantity: int) -> Holding:
    return Holding(symbol=symbol, quantity=D(quantity), average_cost=1.0)


FILLS = st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 10_000), st.integers(1, 10**6), st.integers(0, 500))


@given(st.lists(FILLS, max_size=20))
def test_cash_is_what_was_paid_and_got_to_the_cent(fills: list[tuple[str, int, int, int]]) -> None:
    books, cents = BrokerBooks(READING), 100_000
    for side, quantity, price, commission in fills:
        books.fill(fill(side, quantity, str(D(price) / 100), str(D(commission) / 100)))
        cents += (-quantity if side == "BUY" else quantity) * price - commission
    assert books.cash == D(cents) / 100


@pytest.mark.parametrize("kind", [kind for kind in OrderEventKind if kind is not OrderEventKind.FILLED])
def test_what_is_no_fill_costs_nothing(kind: OrderEventKind) -> None:
    books = BrokerBooks(READING)
    books.fill(replace(fill(), kind=kind))
    assert books.cash == READING.cash


def test_books_that_agree_say_nothing() -> None:
    books = BrokerBooks(READING)
    books.fill(fill(commission=None))
    reading = replace(READING, cash=D("947.50"), holdings=(holding("AAPL", 10),))
    assert books.difference(reading, {"AAPL": 10, "IBM": 0}) == ""


@pytest.mark.parametrize(
    ("held", "theirs", "said"),
    [
        ({"AAPL": 10}, (), "AAPL: 10 held here, 0 at the broker"),
        ({"AAPL": 10}, (holding("AAPL", -10),), "AAPL: 10 held here, -10 at the broker"),
        ({}, (holding("TSLA", 5),), "TSLA: 0 held here, 5 at the broker"),
        ({"IBM": 1, "AAPL": 1}, (), "AAPL: 1 held here, 0 at the broker"),
    ],
)
def test_another_position_is_named(held: dict[str, int], theirs: tuple[Holding, ...], said: str) -> None:
    assert BrokerBooks(READING).difference(replace(READING, holdings=theirs), held) == said


@pytest.mark.parametrize(("fills", "cents", "differs"), [(0, 1, False), (0, 2, True), (2, 3, False), (2, -4, True)])
def test_cash_may_differ_by_a_cent_and_one_more_a_fill(fills: int, cents: int, *, differs: bool) -> None:
    books = BrokerBooks(READING)
    for side in ("BUY", "SELL")[:fills]:
        books.fill(fill(side, commission=None))
    found = books.difference(replace(READING, cash=READING.cash + D(cents) / 100), {})
    assert bool(found) == differs
    assert found.startswith("cash: 1,000.00 counted here, ") == differs


# --- Whether the firm may trade --------------------------------------------------------------------------------


class World:
    """A connection with a clock that a test moves, and what it tells."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND_NS
        self.heard_ns = 0
        self.told: list[Connection] = []
        self.renewed = self.awaited = 0
        self.traded = 0
        self.held: dict[str, int] = {}
        self.is_open = True
        self.books = BrokerBooks(READING)
        self.interrupted = 0
        self.left: tuple[Interrupted, ...] = ()
        feed: Any = self  # it is asked for these four alone
        work: Any = self  # and it for two
        self.connection = BrokerConnection(
            feed, self.books, held=lambda: self.held, agree_seconds=30.0, is_open=lambda _: self.is_open, work=work,
            trades=self._trades, now_ns=lambda: self.now_ns,
        )  # fmt: skip
        self.connection.begin()

    def interrupt(self) -> None:
        self.interrupted += 1

    def resume(self) -> tuple[Interrupted, ...]:
        return self.left

    def tell(self, connection: Connection) -> None:
        self.told.append(connection)

    def renew(self) -> None:
        self.renewed += 1

    def await_all(self) -> None:
        self.awaited += 1

    def _trades(self) -> None:
        self.traded += 1

    def found(self, reading: AccountReading = READING, *, data_lost: bool = False) -> None:
        self.connection.found(reading, "connected", data_lost=data_lost)

    def later(self, seconds: float, *, heard: bool = False) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        if heard:
            self.heard_ns = self.now_ns
        self.connection.look()

    @property
    def causes(self) -> list[tuple[bool, str]]:
        return [(one.trusted, one.cause) for one in self.told]


BEGUN = (False, "the account was not read yet")


def test_it_begins_without_trust_and_trades_when_account_and_market_are_there() -> None:
    world = World()
    world.later(1, heard=True)
    assert world.causes == [BEGUN]  # the account was not read
    world.later(1)
    world.found()
    world.later(1)
    assert world.causes == [BEGUN]  # the market was not heard since
    world.later(1, heard=True)
    assert world.causes == [BEGUN, (True, "trading: connected")]
    assert (world.told[-1].without_s, world.traded) == (4.0, 1)
    world.later(100)
    assert len(world.told) == 2


def test_a_loss_takes_trust_at_once_and_counts_from_the_first() -> None:
    world = World()
    world.found()
    world.later(1, heard=True)
    world.connection.lost("away")
    world.later(5)
    world.connection.lost("away for longer")
    world.found()
    world.later(2, heard=True)
    assert world.causes[2:] == [(False, "away"), (False, "away for longer"), (True, "trading: connected")]
    assert world.told[-1].without_s == 7.0


def test_work_is_interrupted_with_the_first_loss_and_goes_on_with_trust() -> None:
    world = World()
    assert world.interrupted == 1
    world.left = (Interrupted(instrument_id="AAPL.US", parent_order_id="P", quantity=5, execution_ns=0),)
    world.found()
    world.later(1, heard=True)
    assert [one.resumed for one in world.told] == [(), world.left]
    world.connection.lost("away")
    world.connection.lost("away for longer")  # what is left since then is not what was left
    assert world.interrupted == 2


def test_books_that_differ_have_their_time_and_are_then_told_once() -> None:
    world = World()
    world.held = {"AAPL": 3}
    world.found()
    world.later(30, heard=True)
    assert world.causes == [BEGUN]
    world.later(1)
    world.later(1)
    assert world.causes == [BEGUN, (False, "the books differ, AAPL: 3 held here, 0 at the broker")]
    world.held = {}
    world.later(1)
    assert world.causes[-1] == (True, "trading: connected")


@pytest.mark.parametrize("data_lost", [True, False])
def test_subscriptions_are_made_anew_where_they_were_lost(*, data_lost: bool) -> None:
    world = World()
    world.found(data_lost=data_lost)
    assert (world.renewed, world.awaited) == ((1, 0) if data_lost else (0, 1))


def test_a_node_that_hears_nothing_while_the_exchange_is_open_is_lost() -> None:
    world = World()
    world.found()
    world.now_ns += DEAF_NS
    world.connection.refuse_deafness()  # not too long yet
    world.now_ns += 1
    with pytest.raises(NodeLostError, match="did not hear the market again"):
        world.connection.refuse_deafness()
    world.is_open = False
    world.connection.refuse_deafness()
    world.is_open, world.heard_ns = True, world.now_ns
    world.connection.refuse_deafness()


def test_a_node_is_not_deaf_while_the_gateway_is_away() -> None:
    world = World()
    world.found()
    world.connection.lost("away")
    world.now_ns += 2 * DEAF_NS
    world.connection.refuse_deafness()
    assert world.causes[-1] == (False, "away")


def test_an_instrument_is_barred_until_nothing_of_it_is_stale_whether_the_firm_may_trade_or_not() -> None:
    world = World()
    world.connection.bar("IBM.US", "history", "cached")
    world.found()
    world.later(1, heard=True)
    world.connection.bar("AAPL.US", "quotes", "no quotes")
    world.connection.bar("IBM.US", "quotes", "no quotes either")
    world.connection.admit("IBM.US", "history", "fresh bars")
    world.connection.lost("away")
    world.connection.admit("IBM.US", "quotes", "heard")
    world.connection.admit("AAPL.US", "quotes", "heard too")
    assert [(one.trusted, one.barred) for one in world.told] == [
        (False, ()),
        (False, ("IBM.US",)),
        (True, ("IBM.US",)),
        (True, ("AAPL.US", "IBM.US")),
        (True, ("AAPL.US", "IBM.US")),
        (True, ("AAPL.US", "IBM.US")),
        (False, ("AAPL.US", "IBM.US")),
        (False, ("AAPL.US",)),
        (False, ()),
    ]

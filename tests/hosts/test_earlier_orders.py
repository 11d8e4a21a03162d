"""Which open orders a session at a broker takes over, which it takes back when it begins, and which refuse it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_account import AccountReading, Holding
from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.hosts.earlier_orders import (
    OpenOrders,
    open_orders,
    refuse_others,
    refuse_returning,
    taken_back_line,
)
from tests.firm_runs import settings

D = Decimal
CONTRACTS = {"A.US": InstrumentId.from_str("A.NYSE"), "BRK-B.US": InstrumentId.from_str("BRK-B.NYSE")}
STOPS = {"risk.stops": {"initial_atr": 3.0}}
CHILD = "SELL 100 A LMT (of an earlier session, client 7, 261121154000-R000001-A.US-E12)"
STOP = "SELL 100 A STP (of an earlier session, client 7, 261121154000-S000001-A.US)"
TAKE = "SELL 100 A LMT (of an earlier session, client 7, 261121154000-T000001-A.US)"


def sort(order: str, *, stops: bool = True, cancels: bool = True, held: int = 100) -> OpenOrders:
    firm = settings(["A", "BRK-B"], STOPS if stops else None).firm
    holding = Holding(symbol="A", quantity=D(held), average_cost=1.0)
    reading = AccountReading(
        currency="USD", cash=D(1), net_liquidation=D(1), holdings=(holding,) if held else (), open_orders=(order,)
    )
    return open_orders(reading, CONTRACTS, firm, cancels=cancels)


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (CHILD, "A.US"),
        (CHILD.replace("-E12", ""), "A.US"),
        (CHILD.replace("100 A LMT", "2.5 BRK B MKT").replace("-A.US", "-BRK-B.US"), "BRK-B.US"),
        (CHILD.replace("-R0", "-K0"), "A.US"),
        (CHILD.replace("-R0", "-X0"), "A.US"),
        (STOP.replace("STP", "MKT"), "A.US"),  # what a watched stop sent when its price was reached
        (TAKE.replace("LMT", "MKT"), "A.US"),
    ],
)
def test_what_an_earlier_session_left_working_is_taken_back(order: str, name: str) -> None:
    order_id = order.removesuffix(")").split()[-1]
    assert sort(order) == OpenOrders(exits=(), earlier={order_id: name}, others=())
    assert sort(order, cancels=False) == OpenOrders(exits=(), earlier={}, others=(order,))


@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("order", [STOP, TAKE])
def test_exits_are_taken_over_where_somebody_looks_after_them(order: str, *, cancels: bool) -> None:
    assert sort(order, cancels=cancels) == OpenOrders(exits=(order,), earlier={}, others=())
    assert sort(order, stops=False, cancels=cancels) == OpenOrders(exits=(), earlier={}, others=(order,))


@pytest.mark.parametrize(("side", "held"), [("SELL", 0), ("SELL", -100), ("BUY", 0), ("BUY", 100)])
@pytest.mark.parametrize("order", [STOP, TAKE])
def test_an_exit_that_would_open_a_position_is_taken_back(order: str, side: str, held: int) -> None:
    orphan = order.replace("SELL", side)
    order_id = order.removesuffix(")").split()[-1]
    for stops in (True, False):
        assert sort(orphan, held=held, stops=stops) == OpenOrders(exits=(), earlier={order_id: "A.US"}, others=())
    assert sort(orphan, held=held, cancels=False) == OpenOrders(exits=(orphan,), earlier={}, others=())


@pytest.mark.parametrize(
    "order",
    [
        CHILD.replace("of an earlier session, client 7", "of another program, client 8"),
        STOP.replace("of an earlier session, client 7", "of another program, client 8"),
        CHILD.replace("of an earlier session, client 7, ", "of a person, "),
        "SELL 100 A LMT (of a person)",
        "SELL 100 A LMT (of an earlier session, client 7)",
        CHILD.replace("261121154000-", ""),
        CHILD.replace("-R000001-", "-Q000001-"),
        CHILD.replace("-R000001-", "-R1-"),
        CHILD.replace("-E12", "-E"),
        CHILD.replace("-A.US", "-C.US").replace("100 A", "100 C"),  # of no instrument of the firm
        CHILD.replace("100 A", "100 C"),  # the id says another instrument than the order
        STOP.replace("-A.US", "-C.US").replace("100 A", "100 C"),
    ],
)
def test_what_is_not_the_firms_own_is_refused_by_name(order: str) -> None:
    sorted_out = sort(order)
    assert sorted_out == OpenOrders(exits=(), earlier={}, others=(order,))
    with pytest.raises(GatewayError) as refused:
        refuse_others(sorted_out)
    assert f"the account has open orders: {order} (allowed: none when a session begins; " in str(refused.value)


def test_orders_that_come_again_are_refused_by_name() -> None:
    refuse_returning(sort(STOP))
    with pytest.raises(
        GatewayError, match=r"open orders again after they were taken back: 2611.*-A\.US-E12 \(allowed: "
    ):
        refuse_returning(sort(CHILD))


def test_nothing_is_refused_where_all_is_the_firms_own() -> None:
    refuse_others(sort(CHILD))
    refuse_others(sort(STOP))


def test_what_became_of_orders_is_said_in_columns() -> None:
    order = TakenBack(
        client_order_id="ID-1", instrument_id="A.US", side="BUY", quantity=D(1_200), quantity_left=D(1_150),
        filled_meanwhile=D(50),
    )  # fmt: skip
    other = replace(order, client_order_id="ID-2", instrument_id="BRK-B.US", side="SELL", quantity=D(7))
    unknown = replace(other, client_order_id="ID-3", quantity_left=None, filled_meanwhile=None)
    width = len("BRK-B.US")
    assert [taken_back_line(one, width) for one in (order, other, unknown)] == [
        "taken back: BUY    1,200 A.US       1,150 canceled,      50 filled meanwhile  ID-1",
        "taken back: SELL       7 BRK-B.US   1,150 canceled,      50 filled meanwhile  ID-2",
        "taken back: SELL       7 BRK-B.US ended by itself                             ID-3",
    ]

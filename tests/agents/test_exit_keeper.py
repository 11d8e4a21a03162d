"""What the keeper of exits makes of the events of a broker that a simulated venue does not send."""

from typing import Any

import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import ClientOrderId, InstrumentId, OrderUpdated, Price, Quantity, StrategyId, TraderId

from nautilus_ai_firm.agents.exit_keeper import ExitKeeper
from nautilus_ai_firm.agents.exit_orders import Slot
from nautilus_ai_firm.messages import OrderRecord
from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels
from nautilus_ai_firm.models.execution.exit_pair import ExitPair
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.models.execution.stop_order import StopOrder


def told(order: StopOrder, *, is_take: bool, **prices: Price) -> OrderRecord | None:
    """Let the keeper hear that an order has its quantity, and these prices."""
    orders: Any = None  # nothing is sent here
    keeper = ExitKeeper(orders, ExitLevels(1), ("A.US",), rests=True, linked=False)
    keeper.hold(0, ExitPair(None, order) if is_take else ExitPair(order, None))
    name = "T000001" if is_take else "S000001"
    parent = Parent(
        parent_id=f"{name}-A.US", place=0, quantity=-order.quantity, round=1, decision_id=name, execution_ns=0
    )
    event = OrderUpdated(
        TraderId("FIRM-001"),
        StrategyId("EXECUTION-001"),
        InstrumentId.from_str("A.NYSE"),
        ClientOrderId(parent.parent_id),
        Quantity.from_int(order.quantity),
        UUID4(),
        1,
        1,
        reconciliation=False,
        price=prices.get("price"),
        trigger_price=prices.get("trigger_price"),
    )
    return keeper.hear(event, Slot(parent, BASE, is_take), 1, is_attached=False)


@pytest.mark.parametrize("is_take", [True, False])
def test_a_market_order_at_a_watched_price_is_repeated_by_the_broker_and_nothing_of_it_changes(
    *, is_take: bool
) -> None:
    order = StopOrder(sign=-1, quantity=100, trigger=102.0, order_id="ID", is_market=True)
    assert told(order, is_take=is_take) is None
    assert (order.quantity, order.trigger, order.left) == (100, 102.0, 100)


@pytest.mark.parametrize(("is_take", "price"), [(True, "price"), (False, "trigger_price")])
def test_the_control_one_that_rests_has_a_price_that_is_heard(*, is_take: bool, price: str) -> None:
    order = StopOrder(sign=-1, quantity=100, trigger=102.0, order_id="ID")
    record = told(order, is_take=is_take, **{price: Price.from_str("101.50")})
    assert record is not None
    assert (float(record.price or 0), order.trigger) == (101.5, 101.5)

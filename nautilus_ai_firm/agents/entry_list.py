"""An entry and the stop of what it opens -> one list of two orders, of which the broker holds the second until then."""

from typing import Any

from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    ClientOrderId,
    ContingencyType,
    InstrumentId,
    MarketOrder,
    OrderListId,
    OrderSide,
    Price,
    Quantity,
    StopMarketOrder,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.models.execution.ledger import Parent


def entry_list(
    desk: Strategy,
    parents: tuple[Parent, Parent],
    order_id: InstrumentId,
    trigger: Price,
    times: tuple[TimeInForce, int],
) -> list[Any]:
    """Make the list; the adapter sends the entry with the word to wait for the stop, and the stop last.

    Parameters
    ----------
    desk : Strategy
        Who owns the orders.
    parents : tuple of Parent
        The entry, and the stop as the records know it.
    order_id : InstrumentId
        What the broker calls the instrument.
    trigger : Price
        Of the stop.
    times : tuple of TimeInForce and int
        Of the entry, and when the list is made, nanoseconds UTC.

    """
    entry, stop = parents
    time_in_force, ts_init = times
    terms = {
        "trader_id": desk.trader_id,
        "strategy_id": desk.strategy_id,
        "instrument_id": order_id,
        "quantity": Quantity.from_int(abs(entry.quantity)),
        "order_list_id": OrderListId(f"{entry.parent_id}-L"),
        "ts_init": ts_init,
        "reduce_only": False,
        "quote_quantity": False,
    }
    first = MarketOrder(
        **terms,
        client_order_id=ClientOrderId(entry.parent_id),
        order_side=_side(entry),
        init_id=UUID4(),
        time_in_force=time_in_force,
        contingency_type=ContingencyType.OTO,
        linked_order_ids=[ClientOrderId(stop.parent_id)],
        tags=[entry.decision_id],
    )
    second = StopMarketOrder(
        **terms,
        client_order_id=ClientOrderId(stop.parent_id),
        order_side=_side(stop),
        init_id=UUID4(),
        time_in_force=TimeInForce.GTC,
        trigger_price=trigger,
        trigger_type=TriggerType.DEFAULT,
        parent_order_id=ClientOrderId(entry.parent_id),
        tags=[stop.decision_id],
    )
    return [first, second]


def _side(parent: Parent) -> OrderSide:
    return OrderSide.BUY if parent.quantity > 0 else OrderSide.SELL

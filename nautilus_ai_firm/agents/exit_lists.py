"""Stops and take profits -> orders that venues take as one: a list that reduces itself, or a group at the broker."""

import json
from typing import Any

from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    ClientOrderId,
    ContingencyType,
    InstrumentId,
    LimitOrder,
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

REDUCE_WITH_BLOCK = 2
"""What one order of a group fills is taken from the others, and only one of them is at the exchange at a time."""


def list_terms(desk: Strategy, parent: Parent, order_id: InstrumentId, list_id: str, ts_init: int) -> dict[str, Any]:
    """Return what every order of a list states; `order_id` is what the venue calls the instrument."""
    return {
        "trader_id": desk.trader_id,
        "strategy_id": desk.strategy_id,
        "instrument_id": order_id,
        "client_order_id": ClientOrderId(parent.parent_id),
        "order_side": OrderSide.BUY if parent.quantity > 0 else OrderSide.SELL,
        "quantity": Quantity.from_int(abs(parent.quantity)),
        "order_list_id": OrderListId(list_id),
        "init_id": UUID4(),
        "ts_init": ts_init,
        "reduce_only": False,
        "quote_quantity": False,
    }


def stop_in_list(terms: dict[str, Any], trigger: Price, **more: Any) -> StopMarketOrder:
    """Make a stop of a list."""
    return StopMarketOrder(
        **terms,
        trigger_price=trigger,
        trigger_type=TriggerType.DEFAULT,
        time_in_force=TimeInForce.GTC,
        **more,
    )


def take_in_list(terms: dict[str, Any], price: Price, **more: Any) -> LimitOrder:
    """Make a take profit of a list."""
    return LimitOrder(**terms, price=price, post_only=False, time_in_force=TimeInForce.GTC, **more)


def exit_list(
    desk: Strategy, parents: tuple[Parent, Parent], order_id: InstrumentId, prices: tuple[Price, Price], ts_init: int
) -> list[Any]:
    """Make stop and take profit as a list in which each fill of one reduces the other at once.

    Parameters
    ----------
    desk : Strategy
        Who owns the orders.
    parents : tuple of Parent
        The stop and the take profit as the records know them, of one quantity.
    order_id : InstrumentId
        What the venue calls the instrument.
    prices : tuple of Price
        Trigger of the stop, limit of the take profit.
    ts_init : int
        When the list is made, nanoseconds UTC.

    """
    stop, take = parents
    list_id, ids = f"{stop.parent_id}-L", [ClientOrderId(one.parent_id) for one in parents]
    one_updates_other = ContingencyType.OUO
    return [
        stop_in_list(
            list_terms(desk, stop, order_id, list_id, ts_init),
            prices[0],
            contingency_type=one_updates_other,
            linked_order_ids=[ids[1]],
            tags=[stop.decision_id],
        ),
        take_in_list(
            list_terms(desk, take, order_id, list_id, ts_init),
            prices[1],
            contingency_type=one_updates_other,
            linked_order_ids=[ids[0]],
            tags=[take.decision_id],
        ),
    ]


def group_tag(group: str) -> str:
    """Say to the broker's adapter that an order is of a group; it takes this no other way."""
    return "IBOrderTags:" + json.dumps({"ocaGroup": group, "ocaType": REDUCE_WITH_BLOCK}, separators=(",", ":"))

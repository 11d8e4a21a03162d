"""Exits that an earlier session left at the broker -> canceled, one after the other, before the firm places its own."""

import re
from typing import Any

from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.messages.orders import STOP, TAKE_PROFIT

EXIT_ID = re.compile(rf"[0-9]{{12}}-([{STOP}{TAKE_PROFIT}])[0-9]{{6}}-\S+")
"""The id of a stop or take profit of any session at a broker: its tag, its kind and number, the instrument."""


class EarlierStops:
    """Finds them once, when the firm has its first round, and takes them back.

    They protect until the moment in which they go, and no closing order leaves beside them: the two together could
    turn a position.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who counts messages.
    desk : Strategy
        Who cancels them.

    """

    def __init__(self, universe: Universe, gate: OrderGate, desk: Strategy) -> None:
        self._universe = universe
        self._gate = gate
        self._desk = desk
        self._places: set[int] | None = None

    def find(self, ts_event: int) -> list[tuple[int, float, bool]]:
        """Ask for their end, and return place, price and whether it takes a profit; nothing when asked again."""
        route = self._universe.route
        if self._places is not None or route is None:
            return []
        self._places, found = set(), []
        for place in range(len(self._universe.names)):
            for order in self._there(place):
                self._places.add(place)
                is_take = _kind(order) == TAKE_PROFIT
                found.append((place, nearest_float(order.price if is_take else order.trigger_price), is_take))
                self._gate.count_message(ts_event)
                self._desk.cancel_order(order.client_order_id, client_id=self._universe.client_id)
        return found

    def block(self, place: int) -> bool:
        """Whether one is still there."""
        if not self._places or place not in self._places:
            return False
        if self._there(place):
            return True
        self._places.discard(place)
        return False

    def _there(self, place: int) -> list[Any]:
        route = self._universe.route
        tag = "" if route is None else route.order_tag
        orders = self._desk.cache.orders_open(instrument_id=self._universe.order_ids[place])
        return [order for order in orders if _kind(order) and not str(order.client_order_id).startswith(tag)]


def _kind(order: Any) -> str | None:
    found = EXIT_ID.fullmatch(str(order.client_order_id))
    return None if found is None else found[1]

"""An entry and the exits of what it opens -> one list of orders, of which the broker holds the exits until then."""

from typing import Any

from nautilus_trader.model import ClientOrderId, ContingencyType, InstrumentId, MarketOrder, Price, TimeInForce
from nautilus_trader.trading import Strategy

from nautilus_ai_firm.agents.exit_lists import group_tag, list_terms, stop_in_list, take_in_list
from nautilus_ai_firm.models.execution.ledger import Parent


def entry_list(
    desk: Strategy,
    parents: tuple[Parent, ...],
    order_id: InstrumentId,
    prices: tuple[Price, ...],
    times: tuple[TimeInForce, int],
) -> list[Any]:
    """Make the list; the adapter sends the entry with the word to wait for the exits, and the last of them last.

    Parameters
    ----------
    desk : Strategy
        Who owns the orders.
    parents : tuple of Parent
        The entry, and the stop and the take profit, where there is one, as the records know them.
    order_id : InstrumentId
        What the broker calls the instrument.
    prices : tuple of Price
        Of the stop, and of the take profit.
    times : tuple of TimeInForce and int
        Of the entry, and when the list is made, nanoseconds UTC.

    """
    entry, stop, *takes = parents
    time_in_force, ts_init = times
    list_id = f"{entry.parent_id}-L"
    exits = [stop, *takes]

    def terms(parent: Parent) -> dict[str, Any]:
        return list_terms(desk, parent, order_id, list_id, ts_init)

    def tied(parent: Parent) -> dict[str, Any]:
        tags = [parent.decision_id, *([group_tag(stop.parent_id)] if takes else [])]
        return {"parent_order_id": ClientOrderId(entry.parent_id), "tags": tags}

    first = MarketOrder(
        **terms(entry),
        time_in_force=time_in_force,
        contingency_type=ContingencyType.OTO,
        linked_order_ids=[ClientOrderId(one.parent_id) for one in exits],
        tags=[entry.decision_id],
    )
    second = stop_in_list(terms(stop), prices[0], **tied(stop))
    return [first, second, *(take_in_list(terms(take), prices[1], **tied(take)) for take in takes)]

"""A session at a broker -> its journal, its status lines, and its books: every fill once, with what it cost."""

from decimal import Decimal
from typing import override

from nautilus_ai_firm.agents.records import Recorder
from nautilus_ai_firm.hosts.broker_books import BrokerBooks
from nautilus_ai_firm.hosts.recorders import Recorders
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord
from nautilus_ai_firm.runs.charges import FillCosts
from nautilus_ai_firm.runs.session import SessionJournal


class BrokerRecorder(Recorders):
    """Hands every message on, and a fill to the books too.

    Parameters
    ----------
    journal : SessionJournal
        The journal, which hears first.
    *recorders : Recorder
        Who hears next.
    books : BrokerBooks
        Who counts.

    """

    def __init__(self, journal: SessionJournal, *recorders: Recorder, books: BrokerBooks) -> None:
        super().__init__(journal, *recorders)
        self._journal = journal
        self._books = books

    @override
    def order(self, message: OrderRecord) -> None:
        if message.kind is OrderEventKind.FILLED:
            fee = message.commission or Decimal(0)  # spread and impact are in the price
            costs = FillCosts(fee=fee, half_spread_cost=Decimal(0), impact_cost=Decimal(0))
            self._journal.fill_costs(message.client_order_id, costs)
        super().order(message)
        self._books.fill(message)

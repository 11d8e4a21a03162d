"""What is open at the venue when a lost connection is back: kept or canceled, as configured; never a stop."""

from typing import Any

import pytest
from nautilus_trader.model import OrderSide, Price, Quantity

from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.agents.obedience import Safety
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.messages import Connection
from tests.agents.conftest import Bench


class Waiting(ExecutionDesk):
    """An execution desk with an order that rests far from the market."""

    ended: list[str]

    def on_trade(self, trade: Any) -> None:
        if not hasattr(self, "ended"):
            self.ended = []
            order_id = self._universe.order_ids[0]
            self.submit_order(
                self.order_factory.limit(order_id, OrderSide.BUY, Quantity.from_int(1), Price.from_str("0.0100"))
            )
        super().on_trade(trade)

    def on_order_event(self, event: Any) -> None:
        if type(event).__name__ in {"OrderCanceled", "OrderFilled", "OrderRejected"}:
            self.ended.append(type(event).__name__)
        super().on_order_event(event)


@pytest.mark.parametrize(("cancels", "ended"), [(True, ["OrderCanceled"]), (False, [])])
def test_after_a_loss_open_orders_are_canceled_or_kept(bench: Bench, cancels: bool, ended: list[str]) -> None:
    firm, universe, sessions = bench.stage.firm, bench.stage.universe, bench.stage.sessions
    seated: list[Waiting] = []

    def desks(book: Any, ledger: Any, failures: Any) -> list[Any]:
        gate = OrderGate(firm.execution.gate, firm.market, universe, halt_allows_reducing=True)
        safety = Safety(cancels_after_loss=cancels)
        seated.append(Waiting(firm.execution, book, ledger, gate, sessions, MarketTime(), failures, safety))
        return [MarketDesk(universe, sessions, Feed(), MarketTime(), failures), *seated]

    told = [
        (Topic.CONNECTION, Connection(ts_event=bench.close_ns + step, trusted=trusted, cause="a test"))
        for step, trusted in enumerate((False, True))
    ]
    bench.sit(desks, told, [Topic.CONNECTION])
    assert bench.failures.first is None
    assert seated[0].ended == ended

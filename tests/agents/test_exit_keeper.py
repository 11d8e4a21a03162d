"""What the keeper of exits makes of the events of a broker that a simulated venue does not send."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    OrderCanceled,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
    Price,
    Quantity,
    StrategyId,
    TraderId,
)

from nautilus_ai_firm.agents.exit_keeper import ANSWER_NS, ExitKeeper
from nautilus_ai_firm.agents.exit_orders import Slot
from nautilus_ai_firm.messages import OrderRecord
from nautilus_ai_firm.models.execution.exit_levels import BASE, ExitLevels, Wanted
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


@dataclass
class Sent:
    """Takes what the keeper sends, and knows nothing else."""

    steps: list[tuple[str, int, float]] = field(default_factory=list)
    slots: dict[str, Slot] = field(default_factory=dict)

    def slot_of(self, order_id: str) -> Slot | None:
        return self.slots.get(order_id)

    def submit_stop(self, pair: ExitPair, _where: Any, quantity: int, trigger: float, _ts: int) -> None:
        pair.stop = self._made("S", quantity, trigger)
        pair.stop.group, pair.stop.pending = "G", False

    def submit_take(self, pair: ExitPair, _where: Any, quantity: int, price: float, _ts: int) -> None:
        pair.take = self._made("T", quantity, price)
        pair.take.joins = True

    def modify(self, order: StopOrder, _place: int, quantity: int, price: float, ts_event: int) -> None:
        self.steps.append((f"modify {order.order_id}", quantity, price))
        order.ask(quantity, price, ts_event)

    def cancel(self, order: StopOrder, _ts: int) -> None:
        self.steps.append((f"cancel {order.order_id}", order.quantity, order.trigger))
        order.pending = order.leaving = True

    def record(self, *_: Any) -> None:
        """Nothing is written here."""

    def forget(self, order: StopOrder) -> None:
        del self.slots[order.order_id]

    def _made(self, kind: str, quantity: int, price: float) -> StopOrder:
        name = f"{kind}{sum(step[0].startswith('submit') for step in self.steps) + 1:06d}"
        parent = Parent(parent_id=name, place=0, quantity=quantity, round=1, decision_id=name, execution_ns=0)
        self.slots[name] = Slot(parent, BASE, kind == "T")
        self.steps.append((f"submit {name}", abs(quantity), price))
        return StopOrder(sign=-1, quantity=abs(quantity), trigger=price, order_id=name)


class Desk:
    """A keeper at a broker with one position of 100 to protect."""

    def __init__(self) -> None:
        self.sent = Sent()
        orders: Any = self.sent
        self.keeper = ExitKeeper(orders, ExitLevels(1), ("A.US",), rests=True, linked=False)

    def bring(self, quantity: int = 100, trigger: float = 97.0, ts: int = 0, *, may_join: bool = True) -> list[str]:
        """Ask for steps, and return those that are new."""
        before = len(self.sent.steps)
        wanted = Wanted(layer=BASE, quantity=quantity, trigger=trigger, take=103.0)
        self.keeper.bring(0, wanted, quantity, quantity, ts, may_join=may_join)
        return [f"{name} {quantity} {price}" for name, quantity, price in self.sent.steps[before:]]

    def says(self, name: str, quantity: int, price: float) -> None:
        """Let the broker say how an order stands."""
        is_take, told = name.startswith("T"), Price.from_str(f"{price:.2f}")
        event = OrderUpdated(
            *IDS,
            ClientOrderId(name),
            Quantity.from_int(quantity),
            UUID4(),
            1,
            1,
            reconciliation=False,
            price=told if is_take else None,
            trigger_price=None if is_take else told,
        )
        self.keeper.hear(event, self.sent.slots[name], 1, is_attached=False)

    def ends(self, name: str) -> None:
        event = OrderCanceled(*IDS, ClientOrderId(name), UUID4(), 1, 1, reconciliation=False, account_id=ACCOUNT)
        self.keeper.hear(event, self.sent.slots[name], 1, is_attached=False)

    def rejects(self, name: str) -> None:
        event = OrderRejected(*IDS, ClientOrderId(name), ACCOUNT, "no", UUID4(), 1, 1, reconciliation=False)
        self.keeper.hear(event, self.sent.slots[name], 1, is_attached=False)

    def refuses(self, name: str) -> None:
        event = OrderModifyRejected(*IDS, ClientOrderId(name), "no", UUID4(), 1, 1, reconciliation=False)
        self.keeper.hear(event, self.sent.slots[name], 1, is_attached=False)


IDS = TraderId("FIRM-001"), StrategyId("EXECUTION-001"), InstrumentId.from_str("A.NYSE")
ACCOUNT = AccountId("IB-1")


def paired() -> Desk:
    desk = Desk()
    assert desk.bring() == ["submit S000001 100 97.0"]
    assert desk.bring() == ["submit T000002 100 103.0"]
    assert desk.bring() == []  # nothing more before the broker says that it has come
    desk.says("T000002", 100, 103.0)
    return desk


def test_a_take_profit_follows_its_stop_and_both_are_changed_one_after_the_other_and_never_without_need() -> None:
    desk = paired()
    assert desk.bring() == []
    assert desk.bring(150) == ["modify S000001 150 97.0"]
    assert desk.bring(150) == []
    desk.says("S000001", 150, 97.0)
    assert desk.bring(150) == ["modify T000002 150 103.0"]
    desk.says("T000002", 150, 103.0)
    assert desk.bring(150) == []
    assert desk.bring(150, 98.0) == ["modify S000001 150 98.0"]  # the take profit stays as it is
    desk.says("S000001", 150, 98.0)
    assert desk.bring(150, 98.0) == []


def test_no_take_profit_is_sent_while_the_market_is_at_the_stop() -> None:
    desk = Desk()
    desk.bring()
    assert desk.bring(may_join=False) == []
    assert desk.bring() == ["submit T000002 100 103.0"]


def test_a_take_profit_that_the_broker_ends_beside_its_stop_is_watched_until_the_next_round() -> None:
    desk = paired()
    desk.ends("T000002")
    assert desk.bring() == []
    desk.keeper.retry()
    assert desk.bring() == ["submit T000003 100 103.0"]


def test_a_take_profit_that_the_broker_rejects_is_watched_from_then_on() -> None:
    desk = paired()
    assert desk.keeper.take_rests(0)
    desk.rejects("T000002")
    desk.keeper.retry()
    assert desk.bring() == []
    assert (desk.keeper.stop_rests(0), desk.keeper.take_rests(0)) == (True, False)


def test_a_stop_that_goes_with_its_take_profit_comes_again_with_another() -> None:
    desk = paired()
    desk.ends("S000001")
    assert desk.bring() == ["cancel T000002 100 103.0"]  # it may be there still
    desk.ends("T000002")
    assert desk.bring() == ["submit S000003 100 97.0"]
    assert desk.bring() == ["submit T000004 100 103.0"]


def test_a_change_without_an_answer_is_given_up_after_a_while_and_the_two_are_replaced() -> None:
    desk = paired()
    desk.bring(trigger=98.0, ts=5)
    assert not desk.keeper.give_up(0, ANSWER_NS + 4)
    assert desk.bring(trigger=98.0) == []
    assert desk.keeper.give_up(0, ANSWER_NS + 5)
    assert not desk.keeper.give_up(0, ANSWER_NS + 5)
    assert desk.bring(trigger=98.0) == ["cancel T000002 100 103.0"]
    desk.ends("T000002")
    assert desk.bring(trigger=98.0) == ["cancel S000001 100 97.0"]
    desk.ends("S000001")
    assert desk.bring(trigger=98.0) == ["submit S000003 100 98.0"]


def test_what_the_broker_refuses_to_change_is_asked_once_more_and_then_replaced() -> None:
    desk = paired()
    desk.bring(trigger=98.0)
    desk.refuses("S000001")
    assert desk.bring(trigger=98.0) == ["modify S000001 100 98.0"]
    desk.refuses("S000001")
    assert desk.bring(trigger=98.0) == ["cancel T000002 100 103.0"]


def test_a_change_that_is_made_after_a_refusal_starts_the_count_again() -> None:
    desk = paired()
    for trigger in (98.0, 99.0):
        desk.bring(trigger=trigger)
        desk.refuses("S000001")
        assert desk.bring(trigger=trigger) == [f"modify S000001 100 {trigger}"]
        desk.says("S000001", 100, trigger)
    assert desk.bring(trigger=99.0) == []


def test_an_order_that_is_refused_again_and_again_is_left_alone_until_the_next_round() -> None:
    desk = paired()
    desk.ends("S000001")
    for _ in range(4):
        assert desk.bring() == ["cancel T000002 100 103.0"]
        desk.refuses("T000002")
    assert desk.bring() == []
    desk.keeper.retry()
    assert desk.bring() == ["cancel T000002 100 103.0"]


def test_while_the_group_has_taken_something_of_which_the_fill_is_not_heard_nothing_is_changed() -> None:
    desk = paired()
    desk.says("S000001", 60, 97.0)
    assert desk.bring() == []
    desk.keeper.retry()  # no fill comes: somebody else changed it
    assert desk.bring() == ["modify S000001 100 97.0"]

from dataclasses import fields
from decimal import Decimal

import pytest

from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord, ParentRecord, RiskAction, RiskCommand
from nautilus_ai_firm.runs.facts import command_fact, gate_fact, order_fact, parent_fact

COMMON = {
    "ts_event": 7,
    "round": 3,
    "decision_id": "R000003",
    "instrument_id": "A.US",
    "side": "BUY",
}
ORDER = OrderRecord(
    kind=OrderEventKind.FILLED,
    **COMMON,
    client_order_id="R000003-A.US-E1",
    parent_order_id="R000003-A.US",
    exec_algorithm="TWAP",
    quantity=Decimal(5),
    price=Decimal("1.25"),
    commission=Decimal("1.00"),
    currency="USD",
    reason="none",
    received_ns=8,
    layer=2,
)
GATE = GateResult(
    **COMMON, client_order_id="R000003-A.US", quantity=5, price=1.25, breach=None, is_stop=True, is_auction=True
)
PARENT = ParentRecord(
    **COMMON, parent_order_id="R000003-A.US", exec_algorithm=None, quantity=5, filled_quantity=4, state="done"
)
COMMAND = RiskCommand(
    sequence=1,
    ts_event=7,
    action=RiskAction.SET_STOP,
    cause="initial",
    who="stops",
    place=0,
    price=1.0,
    sender="stops",
    layer=2,
    quantity=5,
)
RENAMED = {"ts_event": "ts", "kind": "event"}


@pytest.mark.parametrize(
    ("fact_of", "message"),
    [(order_fact, ORDER), (gate_fact, GATE), (parent_fact, PARENT), (command_fact, COMMAND)],
    ids=["order", "gate", "parent", "command"],
)
def test_a_fact_holds_every_field_of_its_message(fact_of, message):
    """A field that is added to a message and forgotten here would be in no audit chain."""
    expected = {RENAMED.get(one.name, one.name): getattr(message, one.name) for one in fields(message)}
    assert fact_of(message) == expected


def test_time_comes_first_and_the_others_follow_in_the_order_of_the_message():
    assert list(order_fact(ORDER)) == [
        "ts",
        "event",
        *(one.name for one in fields(ORDER) if one.name not in RENAMED),
    ]


def test_what_an_event_of_an_order_has_not_is_left_out():
    sent = OrderRecord(
        kind=OrderEventKind.SUBMITTED,
        **COMMON,
        client_order_id="R000003-A.US",
        parent_order_id="R000003-A.US",
        exec_algorithm=None,
        quantity=Decimal(0),
    )
    assert not {"exec_algorithm", "price", "commission", "currency", "reason"} & order_fact(sent).keys()

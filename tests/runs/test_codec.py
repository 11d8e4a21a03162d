"""What is written down is what is read back, to the bit; what cannot be written is refused."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model import CustomData, DataType, InstrumentId, MarkPriceUpdate, Price

from nautilus_ai_firm import messages
from nautilus_ai_firm.data.best_quote import best_quote
from nautilus_ai_firm.data.observation import MacroObservation, observation
from nautilus_ai_firm.messages import (
    Breach,
    ClearedDecision,
    DecisionEvent,
    OrderEventKind,
    OrderRecord,
    RiskedDecision,
    SignalEvent,
)
from nautilus_ai_firm.models.risk.memory import FRESH
from nautilus_ai_firm.runs.codec import CodecError, decode, encode
from nautilus_ai_firm.runs.market_codec import decode_market, encode_market
from nautilus_ai_firm.runs.session_facts import Start
from tests.runs.a_session import START
from tests.runs.any_fact import CLEARED, FACTS, MARKET, bits, market_bits

WITHIN_A_FIRM = {"ExecutionTick", "CancelParent", "ChildIntent", "ParentDone", "Absence", "Breach", "SessionEnd",
                 "Quotes", "Events", "OptionChain", "QuotingIntent", "Watched", "Interrupted"}  # fmt: skip
"""What only desks tell each other, and what is part of other messages."""


def raw(payload: bytes) -> dict[str, Any]:
    assert b"\n" not in payload
    return msgspec.json.decode(payload, type=dict)


@pytest.mark.parametrize("record", sorted(FACTS))
def test_every_fact_is_read_back_as_it_was_written(record: str) -> None:
    @given(FACTS[record])
    def check(fact: Any) -> None:
        found = raw(encode(record, fact))
        assert found["record"] == record
        assert bits(decode(type(fact), found)) == bits(fact)

    check()


@given(CLEARED)
def test_a_decision_is_written_once_and_joined_again(cleared: ClearedDecision) -> None:
    risked, decision = cleared.risked, cleared.risked.decision
    written = [raw(encode("x", fact, round=3)) for fact in (risked, cleared)]
    assert [set(line) & {"decision", "risked", "positions"} for line in written] == [set(), set()]
    again = decode(RiskedDecision, written[0], decision=decision)
    assert bits(decode(ClearedDecision, written[1], risked=again)) == bits(cleared)


def test_every_message_that_is_recorded_is_tested() -> None:
    declared = {
        name
        for name, value in vars(messages).items()
        if hasattr(value, "__dataclass_fields__") and value.__module__.startswith(messages.__name__)
    }
    tested = {"MarketSnapshot", "SignalEvent", "DecisionEvent", "RiskedDecision", "ClearedDecision", "RiskCommand",
              "OrderRecord", "GateResult", "ParentRecord", "Failure", "LateBar", "Connection", "RiskAlertEvent",
              "RiskReport", "StressResult", "TailSplit", "OptionGreeks", "PyramidLayer", "PyramidPlan",
              "ImpactRecord", "ExecutionReport"}  # fmt: skip
    assert declared - WITHIN_A_FIRM == tested


@given(FACTS["snapshot"])
def test_a_record_from_before_a_field_was_there_has_its_default(snapshot: messages.MarketSnapshot) -> None:
    line = raw(encode("snapshot", replace(snapshot, quotes=None, chains=())))
    del line["quotes"], line["chains"]
    assert bits(decode(type(snapshot), line)) == bits(replace(snapshot, quotes=None, chains=()))


@given(FACTS["start"])
def test_a_start_from_before_there_were_chains_has_none(start: Start) -> None:
    line = raw(encode("start", start))
    del line["contracts"], line["spots"]
    assert bits(decode(Start, line)) == bits(replace(start, contracts=(), spots={}))


@given(FACTS["start"])
def test_a_start_from_before_risk_was_remembered_began_anew(start: Start) -> None:
    line = raw(encode("start", start))
    del line["carried"]
    assert bits(decode(Start, line)) == bits(replace(start, carried=FRESH))


@given(FACTS["start"])
def test_a_start_from_before_orders_were_taken_back_took_none(start: Start) -> None:
    line = raw(encode("start", start))
    del line["taken_back"]
    assert bits(decode(Start, line)) == bits(replace(start, taken_back=()))


@given(FACTS["signal"])
def test_a_signal_from_before_there_was_quoting_has_none(signal: SignalEvent) -> None:
    line = raw(encode("signal", signal))
    del line["quoting"]
    assert bits(decode(SignalEvent, line)) == bits(replace(signal, quoting=None))


SIGNAL = SignalEvent(
    round=1, ts_event=5, agent="a", score=np.array([0.5, -0.0, np.nan]), confidence=np.array([1.0, 0.1, 0.0])
)
DECISION = DecisionEvent(
    round=1,
    ts_event=5,
    decision_id="R000001",
    execution_ts=np.array([6, 6, 0]),
    equity=Decimal("100.00"),
    balance=Decimal("90.10"),
    positions=np.array([1, -2, 0]),
    current=np.zeros(3),
    close=np.ones(3),
    fresh=np.ones(3, dtype=np.bool_),
    weights=np.zeros(3),
    agents=(),
    contributions=np.zeros((0, 3)),
)
ORDER = OrderRecord(
    kind=OrderEventKind.FILLED,
    ts_event=5,
    round=1,
    decision_id="R000001",
    instrument_id="A.US",
    client_order_id="O",
    parent_order_id="O",
    exec_algorithm=None,
    side="BUY",
    quantity=Decimal(10),
    price=Decimal("10.50"),
)


def test_a_line_is_what_a_person_expects() -> None:
    assert encode("signal", SIGNAL) == (
        b'{"record":"signal","round":1,"ts_event":5,"agent":"a","score":[0.5,-0.0,null],"confidence":[1.0,0.1,0.0],'
        b'"quoting":null}'
    )
    assert b'"kind":"filled"' in encode("order", ORDER)
    assert b'"quantity":"10","price":"10.50","commission":null' in encode("order", ORDER)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_an_infinite_number_is_refused_wherever_it_stands(infinite: float) -> None:
    with pytest.raises(CodecError, match=r"signal: \[0.5, -?inf\] holds an infinite number"):
        encode("signal", replace(SIGNAL, score=np.array([0.5, infinite])))
    breach = Breach(rule="r", instrument_id=None, observed=infinite, limit=0.0, action="a")
    with pytest.raises(CodecError, match=r"breach: observed is -?inf"):
        encode("breach", breach)
    for breaches, drawdown in (((breach,), 0.0), ((), infinite)):
        risked = RiskedDecision(decision=DECISION, drawdown=drawdown, weights=np.zeros(3), breaches=breaches)
        with pytest.raises(CodecError, match=r"risked: .* infinite"):
            encode("risked", risked)
    with pytest.raises(CodecError, match=r"start: initial_inputs.wti is -?inf"):
        encode("start", replace(START, initial_inputs={"wti": infinite}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"round": "1"}, "SignalEvent.round = '1': is not of type int"),
        ({"round": True}, "SignalEvent.round = True: is not of type int"),
        ({"agent": None}, "SignalEvent.agent = None: is not of type str"),
        ({"score": ["x"]}, "SignalEvent.score = ['x']: could not convert"),
        ({"score": [[1.0], [1.0, 2.0]]}, "SignalEvent.score = [[1.0], [1.0, 2.0]]: "),
    ],
)
def test_a_value_of_another_type_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CodecError, match=re.escape(said)):
        decode(SignalEvent, raw(encode("signal", SIGNAL)) | change)


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "melted"), ("quantity", "ten"), ("quantity", None), ("price", [1])]
)
def test_a_decimal_or_an_enum_that_is_none_is_named(field: str, value: Any) -> None:
    with pytest.raises(CodecError, match=rf"OrderRecord.{field} = "):
        decode(OrderRecord, raw(encode("order", ORDER)) | {field: value})


def test_flags_and_counts_are_not_made_of_something_else() -> None:
    written = raw(encode("decision", DECISION))
    for name, value in (("fresh", [None, True, True]), ("positions", [1.5, 0, 0])):
        with pytest.raises(CodecError, match=rf"DecisionEvent.{name} = .*: is not an array of"):
            decode(DecisionEvent, written | {name: value})


def test_a_missing_field_is_named() -> None:
    written = raw(encode("signal", SIGNAL))
    del written["score"]
    with pytest.raises(CodecError, match=r"SignalEvent.score is missing"):
        decode(SignalEvent, written)


@given(MARKET)
def test_market_data_is_read_back_as_it_was_written(data: Any) -> None:
    found = raw(encode_market("market", data))
    assert found["record"] == "market"
    again = decode_market(found["data"])
    assert market_bits(again) == market_bits(data)
    if not isinstance(data, CustomData):  # the engine's own has no equality
        assert again == data


def test_the_decimals_of_a_price_are_kept() -> None:
    assert Price.from_str("1.10") == Price.from_str("1.1"), "so equality alone would not tell"


@given(st.sampled_from([float("inf"), float("-inf")]))
def test_an_infinite_figure_is_refused(value: float) -> None:
    with pytest.raises(CodecError, match=r"wti at 7: value -?inf is infinite"):
        encode_market("market", observation("wti", value, "seed", 5, 7))


def test_an_infinite_bid_is_refused() -> None:
    with pytest.raises(CodecError, match=r"A.US at 7: ask inf is infinite"):
        encode_market("market", best_quote("A.US", 1.0, float("inf"), 1.0, 1.0, 7))


def test_other_market_data_is_refused() -> None:
    mark: Any = MarkPriceUpdate(InstrumentId.from_str("A.US"), Price.from_str("1"), 1, 1)
    with pytest.raises(CodecError, match=r"market: MarkPriceUpdate \(allowed: Bar, "):
        encode_market("market", mark)
    labelled = CustomData(DataType("MacroObservation", {"a": "b"}), MacroObservation(1, 2, "s", 1.0, "x"))  # pyright: ignore[reportCallIssue, reportArgumentType] - the decorator puts both times first
    with pytest.raises(CodecError, match="without metadata"):
        encode_market("market", labelled)
    with pytest.raises(CodecError, match="'Weather' is no market data"):
        decode_market({"type": "Weather"})
    with pytest.raises(CodecError, match="Bar: "):
        decode_market({"type": "Bar"})

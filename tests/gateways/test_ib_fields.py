"""Fields of a message are read and written as the broker's own definitions do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.gateways.ib_fields import (
    WireError,
    bytes_field,
    double,
    fields,
    number_field,
    repeated,
    text,
    whole,
)
from tests.faults.gateway.messages import make

PRICE = st.floats(allow_nan=False)
BAR = st.tuples(st.text(st.characters(categories=["L", "N"]), max_size=9), PRICE, PRICE)


@given(number=st.integers(0, 2**31 - 1), words=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_what_is_written_is_what_protobuf_writes(number: int, words: str) -> None:
    written = number_field(1, number) + bytes_field(3, words)
    theirs = make("HistoricalDataRequest")
    theirs.ParseFromString(written)
    assert (theirs.reqId, theirs.endDateTime) == (number, words)
    assert written == make("HistoricalDataRequest", reqId=number, endDateTime=words).SerializeToString()


@given(st.lists(BAR, max_size=20), st.integers(-(2**31), 2**31 - 1))
def test_a_list_of_messages_is_read_in_its_order(bars: list[tuple[str, float, float]], number: int) -> None:
    theirs = make(
        "HistoricalData",
        reqId=number,
        historicalDataBars=[make("HistoricalDataBar", date=date, open=o, close=c) for date, o, c in bars],
    )
    body = theirs.SerializeToString()
    assert whole(fields(body), 1) == number
    assert [(text(bar, 1), double(bar, 2), double(bar, 5)) for bar in repeated(body, 2)] == bars


def test_a_price_may_be_no_number_and_whoever_uses_it_has_to_look() -> None:
    bar = fields(make("HistoricalDataBar", open=math.nan).SerializeToString())
    assert math.isnan(double(bar, 2))


@pytest.mark.parametrize(
    ("body", "read", "found"),
    [
        (b"", lambda said: double(said, 2), "in place of a price"),
        (b"\x10\x01", lambda said: double(said, 2), "in place of a price"),
        (b"\x15\0\0\0\0", lambda said: double(said, 2), "in place of a price"),
        (b"\x0a\x01a", lambda said: whole(said, 1), "a text in place of a number"),
        (b"\x08\x01", lambda said: text(said, 1), "a number in place of a text"),
        (b"\x0a\x01\x1b", lambda said: text(said, 1), "cannot be printed"),
    ],
)
def test_a_field_of_another_form_is_refused(body: bytes, read: object, found: str) -> None:
    assert callable(read)
    with pytest.raises(WireError, match=found):
        read(fields(body))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_list_of_messages_or_a_wire_error(data: bytes) -> None:
    try:
        assert all(isinstance(said, dict) for said in repeated(data, 2))
    except WireError:
        return

"""Bars of the past come over a line of their own, within the pacing; three tries, and "too fast" is not "no data"."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError, HistoryError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_bars import Contract, HistoryRequest
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_history import HistoryLine
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.settings import InteractiveBrokers
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Stock, history_of
from tests.faults.gateway.wire import CLASSIC_VERSION
from tests.waiting import Waiting

MINUTE = 1_767_623_400  # 2026-01-05 14:30 UTC
PAST = history_of(Decimal(100), MINUTE - 600, 60, 10)
APPLE = Contract(symbol="AAPL", primary_exchange="NASDAQ")
REQUEST = HistoryRequest(contract=APPLE, length="1 min", duration="1 D", end="20260105-14:30:00")
SETTINGS = InteractiveBrokers(wait_seconds=1, answer_seconds=2)
PACED = "Historical Market Data Service error message:Historical data request pacing violation"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway([Stock(symbol="AAPL", con_id=265598)], {("AAPL", 60): PAST}) as served:
        yield served


class Caller:
    """A line whose clock moves when it waits."""

    def __init__(self, gateway: Gateway, pacing: Pacing | None = None, answer_s: float = 5.0) -> None:
        self.waiting = Waiting()
        self.said: list[str] = []
        endpoint = Endpoint(host=HOST, port=gateway.port, client_id=1, account="DU1234567", real_money=False)
        self.line = HistoryLine(
            endpoint, SETTINGS, self.said.append, pacing or Pacing(), self.waiting.patience(), answer_s
        )


def test_bars_are_those_of_the_tape_and_the_request_is_as_the_broker_reads_it(gateway: Gateway) -> None:
    caller = Caller(gateway)
    with caller.line as line:
        bars = line.bars(REQUEST)
        assert gateway.clients == [3001]
    gateway.wait_alone()
    assert [(bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars] == [
        (str(bar.time_s), *(float(price) for price in (bar.open, bar.high, bar.low, bar.close)), bar.volume)
        for bar in PAST
    ]
    asked = gateway.named("HistoricalDataRequest")[0].message
    assert (asked.contract.symbol, asked.contract.secType, asked.contract.exchange) == ("AAPL", "STK", "SMART")
    assert (asked.contract.primaryExch, asked.contract.currency) == ("NASDAQ", "USD")
    assert (asked.endDateTime, asked.barSizeSetting, asked.duration) == ("20260105-14:30:00", "1 min", "1 D")
    assert (asked.useRTH, asked.whatToShow, asked.formatDate, asked.keepUpToDate) == (True, "TRADES", 2, False)
    assert (caller.waiting.pauses, caller.said) == ([], [])


def test_without_an_end_up_to_now_is_asked_for(gateway: Gateway) -> None:
    with Caller(gateway).line as line:
        assert line.bars(replace(REQUEST, end="", what="ADJUSTED_LAST")) == []
    asked = gateway.named("HistoricalDataRequest")[0].message
    assert (asked.HasField("endDateTime"), asked.whatToShow) == (False, "ADJUSTED_LAST")


def test_no_data_is_an_empty_answer_and_the_line_goes_on(gateway: Gateway) -> None:
    with Caller(gateway).line as line:
        assert line.bars(replace(REQUEST, end="20200105-14:30:00")) == []
        assert len(line.bars(REQUEST)) == 10
    assert len(gateway.named("StartApiRequest")) == 1


def test_asked_too_fast_is_no_empty_answer_but_waited_out(gateway: Gateway) -> None:
    caller = Caller(gateway)
    gateway.fail_next("HistoricalDataRequest", 162, PACED)
    with caller.line as line:
        assert len(line.bars(REQUEST)) == 10
    assert caller.waiting.pauses == [30]
    assert caller.said == [f"AAPL: try 1 of 3: error 162, {PACED}; again in 30.0 s"]


def test_the_broker_has_two_ways_of_writing_too_fast(gateway: Gateway) -> None:
    caller = Caller(gateway)
    gateway.fail_next("HistoricalDataRequest", 162, "Historical Market Data Service error message:Pacing violation")
    with caller.line as line:
        assert len(line.bars(REQUEST)) == 10
    assert caller.waiting.pauses == [30]


def test_three_times_too_fast_is_one_clear_error(gateway: Gateway) -> None:
    caller = Caller(gateway)
    for _ in range(3):
        gateway.fail_next("HistoricalDataRequest", 162, PACED)
    with caller.line as line, pytest.raises(HistoryUnavailableError) as refused:
        line.bars(REQUEST)
    assert str(refused.value) == (
        f"AAPL: the gateway at {HOST}:{gateway.port} calls the request for bars too fast, 3 times over: error 162, "
        f"{PACED} (allowed: 60 requests in ten minutes, of all its clients together)"
    )
    assert caller.waiting.pauses == [30, 60]
    assert len(gateway.named("HistoricalDataRequest")) == 3


def test_the_line_keeps_to_the_pacing_by_itself(gateway: Gateway) -> None:
    caller = Caller(gateway)
    with caller.line as line:
        line.bars(REQUEST)
        line.bars(REQUEST)
        assert caller.waiting.pauses == [16]
        for number in range(58):
            line.bars(replace(REQUEST, contract=replace(APPLE, primary_exchange=f"X{number}")))
        assert caller.waiting.now_s == 1_016
        line.bars(replace(REQUEST, duration="2 D"))
    assert caller.waiting.now_s == 1_601
    assert caller.said[-1] == "AAPL: pacing, next request in 585 s"


def test_what_another_line_asked_counts_too(gateway: Gateway) -> None:
    pacing = Pacing()
    with Caller(gateway, pacing).line as line:
        line.bars(REQUEST)
    caller = Caller(gateway, pacing)
    with caller.line as line:
        line.bars(REQUEST)
    assert caller.waiting.pauses == [16]


def test_a_gateway_that_counts_refuses_who_does_not_wait(gateway: Gateway) -> None:
    gateway.faults.paced = True
    with Caller(gateway).line as line:
        assert len(line.bars(REQUEST)) == 10
    caller = Caller(gateway)  # knows nothing of the first, and its waits take no time
    with caller.line as line, pytest.raises(HistoryError, match="too fast, 3 times over"):
        line.bars(REQUEST)


def test_a_line_that_breaks_is_made_again(gateway: Gateway) -> None:
    caller = Caller(gateway)
    with caller.line as line:
        line.bars(REQUEST)
        gateway.drop()
        assert len(line.bars(replace(REQUEST, duration="2 D"))) == 10
    assert caller.said[0].startswith("AAPL: try 1 of 3: it ended the connection without an answer; again in ")
    assert len(gateway.named("StartApiRequest")) == 2


def test_a_gateway_that_comes_back_between_the_tries_is_enough(gateway: Gateway) -> None:
    gateway.refuse()
    caller = Caller(gateway)
    caller.waiting.on_pause = lambda _: gateway.accept() if len(caller.waiting.pauses) == 2 else None
    with caller.line as line:
        assert len(line.bars(REQUEST)) == 10


def test_nobody_there_in_three_tries_is_one_clear_error(gateway: Gateway) -> None:
    gateway.refuse()
    caller = Caller(gateway)
    with (
        caller.line as line,
        pytest.raises(HistoryUnavailableError, match=r"AAPL: no bars from .* in 3 tries: Connection refused"),
    ):
        line.bars(REQUEST)
    assert len(caller.waiting.pauses) == 2


def test_no_answer_is_tried_again_over_another_connection(gateway: Gateway) -> None:
    gateway.faults.ignored.add("HistoricalDataRequest")
    with Caller(gateway, answer_s=0.2).line as line, pytest.raises(HistoryError, match=r"no answer within 0\.2 s"):
        line.bars(REQUEST)
    assert len(gateway.named("StartApiRequest")) == 3


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (162, "Historical Market Data Service error message:No market data permissions", HistoryUnavailableError),
        (200, "?", HistoryError),
    ],
)
def test_a_refusal_is_final(gateway: Gateway, code: int, text: str, kind: type[HistoryError]) -> None:
    gateway.fail_next("HistoricalDataRequest", code, text)
    caller = Caller(gateway)
    with caller.line as line, pytest.raises(HistoryError) as refused:
        line.bars(REQUEST)
    assert type(refused.value) is kind
    assert f"AAPL: the gateway at {HOST}:{gateway.port} refuses bars of the past: error {code}, {text} (" in str(
        refused.value
    )
    assert caller.waiting.pauses == []


def test_a_client_id_in_use_is_a_refusal_and_not_tried_again(gateway: Gateway) -> None:
    caller = Caller(gateway)
    there = Endpoint(host=HOST, port=gateway.port, client_id=1, account="DU1234567", real_money=False)
    with (
        call(there, 3_001, 5.0).connection,
        caller.line as line,
        pytest.raises(ClientIdError, match="the client id 3001 is already in use"),
    ):
        line.bars(REQUEST)
    assert caller.waiting.pauses == []


def test_an_unknown_stock_is_refused(gateway: Gateway) -> None:
    with Caller(gateway).line as line, pytest.raises(HistoryError, match="error 200, No security definition"):
        line.bars(replace(REQUEST, contract=Contract(symbol="NONE")))


def test_a_gateway_without_its_broker_is_tried_again(gateway: Gateway) -> None:
    gateway.fail_next("HistoricalDataRequest", 1100, "Connectivity between IB and Trader Workstation has been lost")
    caller = Caller(gateway)
    with caller.line as line:
        assert len(line.bars(REQUEST)) == 10
    assert "error 1100" in caller.said[0]


def test_errors_of_others_and_notices_are_passed_over(gateway: Gateway) -> None:
    caller = Caller(gateway)
    with caller.line as line:
        line.bars(REQUEST)
        gateway.say(2107, "HMDS data farm connection is inactive")
        gateway.say(321, "of another request", 77)
        assert len(line.bars(replace(REQUEST, duration="2 D"))) == 10
    assert caller.said == []


def test_who_is_too_old_is_refused_at_once(gateway: Gateway) -> None:
    gateway.server_version = CLASSIC_VERSION
    with Caller(gateway).line as line, pytest.raises(GatewayError, match="has server version 178"):
        line.bars(REQUEST)

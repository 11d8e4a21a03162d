"""The watch tells what becomes of gateway and account: losses, returns, strangers, silence, an account that is gone."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal

import pytest

from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError
from nautilus_ai_firm.gateways.ib_account import AccountReading, read_account
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_watch import watch
from nautilus_ai_firm.gateways.ib_wire import asked
from tests.faults.gateway.messages import error, make
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Quote, Stock
from tests.faults.gateway.wire import frame
from tests.gateways.test_account_probe import ACCOUNTS, GREETING, Stranger, answer, until_it_hangs_up

D = Decimal
ACCOUNT = "DU1234567"
APPLE = Stock(symbol="AAPL", con_id=265598)
BERKSHIRE = Stock(symbol="BRK B", con_id=72063691, exchange="NYSE")
ANSWER_S, QUIET_S = 0.5, 0.2
LONGEST_WAIT_S = 15.0
PLACE_ORDER = 203


class Heard:
    """What was told, oldest first."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.readings: list[AccountReading] = []
        self.data_lost: list[bool] = []
        self._news = asyncio.Event()

    def lost(self, cause: str) -> None:
        self.told.append(("lost", cause))
        self._news.set()

    def found(self, reading: AccountReading, cause: str, *, data_lost: bool) -> None:
        self.told.append(("found", cause))
        self.readings.append(reading)
        self.data_lost.append(data_lost)
        self._news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LONGEST_WAIT_S):
            while len(self.told) < count:
                self._news.clear()
                await self._news.wait()


def endpoint(port: int) -> Endpoint:
    return Endpoint(host=HOST, port=port, client_id=3, account=ACCOUNT, real_money=False)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway([APPLE, BERKSHIRE], accounts=("DU7654321", ACCOUNT)) as served:
        yield served


def watched(port: int, body: Callable[[Heard], Awaitable[None]]) -> Heard:
    """Watch while a test does something, and return what was told."""
    heard = Heard()

    async def run() -> None:
        watching = asyncio.create_task(watch(endpoint(port), ANSWER_S, heard, QUIET_S))
        doing = asyncio.ensure_future(body(heard))
        await asyncio.wait({watching, doing}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            doing.cancel()
            await watching  # raises what ended it
        watching.cancel()
        await doing

    asyncio.run(run())
    return heard


def test_the_account_is_read_under_a_client_id_of_its_own(gateway: Gateway) -> None:
    books = gateway.books[ACCOUNT]
    books.book(APPLE, D(-30), D(200), D(1))
    books.book(BERKSHIRE, D(10), D(400), D(1))
    gateway.books["DU7654321"].book(APPLE, D(7), D(200), D(1))
    reading = asyncio.run(read_account(endpoint(gateway.port), ANSWER_S))
    assert (reading.currency, reading.cash, reading.open_orders) == ("USD", books.cash, ())
    assert [(one.symbol, one.quantity) for one in reading.holdings] == [("AAPL", D(-30)), ("BRK-B", D(10))]
    assert {one.client_id for one in gateway.received} == {2_003}
    gateway.wait_alone()


def test_a_drop_is_told_and_the_account_is_read_anew_after_the_return(gateway: Gateway) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(1)
        gateway.refuse()
        await heard.until(2)
        gateway.books[ACCOUNT].cash += D(5)
        gateway.accept()
        await heard.until(3)

    heard = watched(gateway.port, body)
    assert heard.told == [
        ("found", "connected"),
        ("lost", f"the gateway at {HOST}:{gateway.port} went away: it ended the connection"),
        ("found", "the gateway is back"),
    ]
    assert heard.readings[1].cash - heard.readings[0].cash == 5
    assert heard.data_lost == [False, False]


@pytest.mark.parametrize("away", [1100, 2110])
@pytest.mark.parametrize(("back", "data_lost"), [(1101, True), (1102, False)])
def test_a_broker_that_is_lost_and_comes_back_is_told(
    gateway: Gateway, away: int, back: int, *, data_lost: bool
) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(1)
        gateway.say(2104, "Market data farm connection is OK:usfarm")
        gateway.say(away, "lost")
        await heard.until(2)
        gateway.books[ACCOUNT].cash -= D(3)
        gateway.say(back, "restored")
        await heard.until(3)

    heard = watched(gateway.port, body)
    assert heard.told[1] == ("lost", f"the gateway lost the broker ({away})")
    assert heard.told[2][0] == "found"
    assert heard.told[2][1].endswith(f"({back})")
    assert heard.data_lost == [False, data_lost]
    assert heard.readings[0].cash - heard.readings[1].cash == 3


def test_an_account_that_is_managed_no_more_ends_the_watch(gateway: Gateway) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(1)
        gateway.refuse()
        gateway.accounts = ("DU7654321",)
        gateway.accept()
        await heard.until(9)

    with pytest.raises(GatewayError, match=r"does not manage the account DU…567 any more \(it manages: DU…321\)"):
        watched(gateway.port, body)


def test_a_gateway_that_falls_silent_is_lost_and_found_when_it_speaks_again(gateway: Gateway) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(1)
        gateway.faults.silent = True
        await heard.until(2)
        gateway.faults.silent = False
        await heard.until(3)

    heard = watched(gateway.port, body)
    assert heard.told[1] == ("lost", f"the gateway at {HOST}:{gateway.port} went away: no answer within 0.5 s")
    assert heard.told[-1] == ("found", "the gateway is back")


def test_a_gateway_that_is_quiet_and_there_is_not_lost(gateway: Gateway) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(1)
        await asyncio.sleep(3 * QUIET_S)

    assert watched(gateway.port, body).told == [("found", "connected")]
    assert len(gateway.named("CurrentTimeRequest")) >= 2


def test_an_account_that_is_not_told_is_a_refusal_when_it_is_read_once(gateway: Gateway) -> None:
    gateway.faults.ignored.add("PositionsRequest")
    with pytest.raises(GatewayError, match=r"cannot be read: the account was not told within 0\.5 s"):
        asyncio.run(read_account(endpoint(gateway.port), ANSWER_S))


def test_open_orders_are_told_with_whose_they_are(gateway: Gateway) -> None:
    gateway.play(Quote("AAPL", D("100.00"), D("100.02")))
    terms = {"action": "BUY", "totalQuantity": "10", "orderType": "LMT", "lmtPrice": 1.0, "tif": "GTC"}
    share = make("Contract", symbol="AAPL", secType="STK", exchange="SMART", currency="USD")
    theirs = [(3, ACCOUNT, "R-1"), (44, ACCOUNT, ""), (0, ACCOUNT, ""), (3, "DU7654321", "")]
    for count, (client_id, account, name) in enumerate(theirs, 1):
        order = make("Order", account=account, orderRef=name, **terms)
        request = make("PlaceOrderRequest", orderId=count, contract=share, order=order)
        with call(endpoint(gateway.port), client_id, 5.0).connection as connection:
            connection.sendall(asked(PLACE_ORDER, request.SerializeToString()))
            gateway.wait_for("PlaceOrderRequest", count)
        gateway.wait_alone()
    assert asyncio.run(read_account(endpoint(gateway.port), ANSWER_S)).open_orders == (
        "BUY 10 AAPL LMT (of a person)",
        "BUY 10 AAPL LMT (of an earlier session, client 3, R-1)",
        "BUY 10 AAPL LMT (of another program, client 44)",
    )


def test_a_client_id_in_use_is_a_refusal_when_it_is_read_once_and_ends_the_watch(gateway: Gateway) -> None:
    async def body(heard: Heard) -> None:
        await heard.until(9)

    with call(endpoint(gateway.port), 2_003, 5.0).connection:
        with pytest.raises(ClientIdError, match=r"the client id 2003 is already in use at .*\(allowed: "):
            asyncio.run(read_account(endpoint(gateway.port), ANSWER_S))
        with pytest.raises(ClientIdError, match="the client id 2003 is already in use"):
            watched(gateway.port, body)


def test_nobody_there_is_a_refusal_when_it_is_read_once(gateway: Gateway) -> None:
    gateway.refuse()
    with pytest.raises(GatewayError, match="cannot be read: "):
        asyncio.run(read_account(endpoint(gateway.port), ANSWER_S))


STRANGE = [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of 1213486160 bytes"),
    (b"\0\0\0\x05hello", "b'hello' in place of a server version"),
    (GREETING + b"\0\0\0\x02ab", "a message of 2 bytes"),
    (GREETING + frame(b"\0\0\0\xd7\x0a\xff\x01"), "a message that is not protobuf"),
    (GREETING + frame(b"\0\0\0\xd7\x08\x01"), "a number in place of a text"),
    (GREETING + ACCOUNTS + answer(make("Position", account=ACCOUNT, position="many")), "a position of 'many'"),
]


@pytest.mark.parametrize(("sent", "found"), STRANGE)
@pytest.mark.parametrize("once", [True, False])
def test_who_sends_something_else_is_not_the_gateway(sent: bytes, found: str, *, once: bool) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(sent)
        until_it_hangs_up(connection)

    async def body(heard: Heard) -> None:
        await heard.until(9)

    def look(port: int) -> None:
        if once:
            asyncio.run(read_account(endpoint(port), ANSWER_S))
        else:
            watched(port, body)

    with Stranger(talk) as stranger, pytest.raises(GatewayError) as refused:
        look(stranger.port)
    assert str(refused.value).startswith(f"{HOST}:{stranger.port} is not the broker's gateway: it sent {found} (")


def test_nonsense_after_the_account_was_read_is_refused_too() -> None:
    rows = [
        make("AccountSummary", reqId=1, account=ACCOUNT, tag=tag, value="5", currency="USD")
        for tag in ("TotalCashValue", "NetLiquidation")
    ]
    ends = [make("AccountSummaryEnd", reqId=1), make("PositionEnd"), make("OpenOrdersEnd")]
    told = b"".join(answer(one) for one in [*rows, *ends, error(-1, 2104, "well")])

    def talk(connection: socket.socket) -> None:
        connection.sendall(GREETING + ACCOUNTS + told + frame(struct.pack(">I", 204) + b"\x1a\x01a"))
        until_it_hangs_up(connection)

    async def body(heard: Heard) -> None:
        await heard.until(9)

    with Stranger(talk) as stranger, pytest.raises(GatewayError, match="it sent a text in place of a number"):
        watched(stranger.port, body)
